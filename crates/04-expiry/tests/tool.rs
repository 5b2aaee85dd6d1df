//! The program on input of the reader's own, good and bad, as a process of its own.
#![allow(clippy::unwrap_used, reason = "a test may")]

use serde_json::{Value, json};
use signing::samples;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

const IAT: i64 = 1_664_702_005;
const EXP: i64 = 1_664_705_605;

fn claims() -> Value {
    json!({
        "aud": ["https://kubernetes.default.svc"], "exp": EXP, "iat": IAT,
        "iss": "https://kubernetes.default.svc",
        "kubernetes.io": {"namespace": "default", "serviceaccount": {"name": "default", "uid": "u"}},
        "nbf": IAT, "sub": "system:serviceaccount:default:default",
    })
}

fn token(payload: &str) -> Vec<u8> {
    samples::lab_key().sign_payload(payload.as_bytes()).unwrap().into_bytes()
}

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_expiry"))
        .args(arguments)
        .env("TZ", "Europe/London")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that has seen enough closes the pipe before all is written.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// The command, what it printed where, and its exit status.
fn transcript(arguments: &[&str], input: &[u8]) -> String {
    let output = run(arguments, input);
    let mut text = format!("$ expiry {}\n", arguments.join(" "));
    text += &String::from_utf8(output.stdout).unwrap();
    for line in String::from_utf8(output.stderr).unwrap().lines() {
        writeln!(text, "stderr: {line}").unwrap();
    }
    assert!(!text.contains("panicked"), "{text}");
    writeln!(text, "exit status {}", output.status.code().unwrap()).unwrap();
    text
}

fn transcripts(calls: &[(&[&str], &[u8])]) -> String {
    let texts: Vec<_> = calls.iter().map(|(args, input)| transcript(args, input)).collect();
    texts.join("\n")
}

/// A snapshot whose header names no arguments: they stand in its first line.
macro_rules! assert_printed {
    ($text:expr) => {
        let printed = $text;
        insta::assert_snapshot!(printed);
    };
}

#[test]
fn a_token_in_its_hour() {
    let token = token(&claims().to_string());
    assert_printed!(transcript(&["--at", "iat+31m35s", "-"], &token));
}

#[test]
fn the_same_token_elsewhere_and_at_other_times() {
    let token = &token(&claims().to_string());
    assert_printed!(transcripts(&[
        (&["--at", "exp+61s", "-"], token),
        (&["--at", "2022-10-02T09:12:24.999999999Z", "-"], token),
        (&["--at", "exp+30s", "--audience", "vault", "-"], token),
        (&["--at", "exp", "--issuer", "https://example.com", "-"], token),
        (
            &[
                "--at",
                "exp",
                "--issuer",
                "a",
                "--issuer",
                "https://kubernetes.default.svc",
                "--audience",
                "vault",
                "--audience",
                "https://kubernetes.default.svc",
                "-",
            ],
            token
        ),
    ]));
}

/// Every edge, by exit status alone.
#[test]
fn the_edges() {
    let token = token(&claims().to_string());
    for (at, status) in [
        ("nbf-60s", 0),
        ("nbf-60s1ns", 1),
        ("nbf-1m1ms", 1),
        ("iat-1m", 0),
        ("exp", 0),
        ("exp+59s999ms", 0),
        ("exp+60s", 0),
        ("exp+1m", 0),
        ("exp+60s1ns", 1),
        ("exp+60s1us", 1),
        ("exp+1h30m", 1),
        ("exp+1d", 1),
        ("exp+1y", 1),
        ("now", 1),
        ("+10m", 1),
        ("-10m", 1),
        ("2022-10-02T11:14:25+01:00", 0),
        ("2022-10-02 11:14:25", 0), // London, the reader's zone here
        ("2022-10-02 11:14:26", 1),
        ("@1664705665", 0),
        ("1664705666", 1),
    ] {
        let output = run(&["--at", at, "-"], &token);
        assert_eq!(output.status.code(), Some(status), "--at {at}");
    }
}

#[test]
fn tokens_of_other_kinds() {
    let mut pod = claims();
    pod["exp"] = json!(IAT + 31_536_000);
    pod["kubernetes.io"]["pod"] = json!({"name": "p", "uid": "p"});
    pod["kubernetes.io"]["warnafter"] = json!(IAT + 3607);
    let mut endless = claims();
    endless.as_object_mut().unwrap().remove("exp");
    let legacy = json!({
        "iss": "kubernetes/serviceaccount", "sub": "system:serviceaccount:default:default",
        "kubernetes.io/serviceaccount/namespace": "default", "exp": 1,
    });
    let another = json!({"iss": "https://accounts.example.com", "aud": "my-app", "exp": EXP});
    let hostile =
        json!({"iss": "\u{1b}[2J\u{7}x", "sub": "a\nverdict: accepted", "aud": ["\u{202e}"]});

    assert_printed!(transcripts(&[
        (&["--at", "iat+30d", "-"], &token(&pod.to_string())),
        (&["--at", "iat+9000d", "-"], &token(&endless.to_string())),
        (&["--at", "1664705605", "-"], &token(&legacy.to_string())),
        (&["--at", "1664705605", "-"], &token(&another.to_string())),
        (&["--at", "1664705605", "-"], &token(&hostile.to_string())),
    ]));
}

#[test]
fn what_is_no_token_or_no_claims() {
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        token(&claims.to_string())
    };
    assert_printed!(transcripts(&[
        (&["-"], b""),
        (&["-"], b" \n"),
        (&["-"], b"x5h2Ykk1bHhGUlVaTzBRbU5hTnJ"),
        (&["-"], b"a.b.c"),
        (&["-"], b"\x00\x01\x02\x03"),
        (&["-"], b"ey\xff\xfe"),
        (&["-"], &with("exp", json!("1664705605"))),
        (&["-"], &with("aud", Value::Null)),
        (&["-"], &token("[]")),
        (&["-"], &token(r#"{"exp":1,"exp":1}"#)),
        (&["--at", "nbf", "-"], &token(r#"{"exp":1}"#)),
        (&["--at", "exp", "-"], &token(r#"{"exp":1e18}"#)),
        (&["--at", "exp+290y", "-"], &token(r#"{"exp":8000000000000}"#)),
    ]));
}

#[test]
fn bad_usage() {
    assert_printed!(transcripts(&[
        (&["/"], b""),
        (&["no-such-file"], b""),
        (&["--at", "teatime", "-"], b""),
        (&["--at", "10m", "-"], b""),
        (&["--at", "exp+", "-"], b""),
        (&["--at", "exp+10", "-"], b""),
        (&["--at", "exp+99999999999999999999s", "-"], b""),
        (&["--at", "", "-"], b""),
        (&["--at", "exp"], b""),
        (&["--audience", "vault"], b""),
        (&["--issuer", "x"], b""),
        (&["a", "b"], b""),
    ]));
}

#[test]
fn help() {
    assert_printed!(transcript(&["--help"], b""));
}

#[test]
fn five_megabytes() {
    let mut input = token(&claims().to_string());
    input.resize(5 << 20, b'A');
    assert_printed!(transcript(&["-"], &input));
}

#[test]
fn a_file_and_white_space_around_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token.txt");
    let mut text = b"\n  ".to_vec();
    text.extend(token(&claims().to_string()));
    text.extend(b" \r\n");
    std::fs::write(&path, text).unwrap();
    let output = run(&["--at", "exp", path.to_str().unwrap()], b"");
    assert_eq!(output.status.code(), Some(0));
}

/// Nothing of a token is printed that could be used as one.
#[test]
fn the_token_itself_is_never_printed() {
    let token = token(&claims().to_string());
    let text = String::from_utf8(token.clone()).unwrap();
    for at in ["exp", "exp+61s"] {
        let printed = transcript(&["--at", at, "-"], &token);
        for part in text.split('.') {
            assert!(!printed.contains(&part[..16]));
        }
    }
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_error() {
    let script = format!("{} | head -1", env!("CARGO_BIN_EXE_expiry"));
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.stdout, b"cluster: none: this chapter needs no cluster\n");
}
