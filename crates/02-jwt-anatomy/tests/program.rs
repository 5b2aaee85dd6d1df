//! The program as a person meets it: a process, on good input and bad.
#![allow(clippy::unwrap_used, reason = "a test may")]

use base64::{Engine, engine::general_purpose::STANDARD};
use jwt_anatomy::sample;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};

/// 10:30 in London, 43 minutes before the token of 2022 ended.
const THEN: &str = "1664703000";

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jwt-anatomy"));
    command.args(arguments).env("TZ", "Europe/London").env_remove("RUST_BACKTRACE");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the program on `input`; what it does not read of it is no matter.
fn run(arguments: &[&str], input: impl AsRef<[u8]>) -> Output {
    let mut child = program(arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.as_ref().to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// Everything that is seen, as documentation.
fn seen(output: &Output) -> String {
    let mut text = String::from_utf8(output.stdout.clone()).unwrap();
    let errors = String::from_utf8(output.stderr.clone()).unwrap();
    if !errors.is_empty() {
        write!(text, "--- standard error\n{errors}").unwrap();
    }
    for line in text.lines().filter(|line| !line.contains("--- ")) {
        assert!(
            line.chars().count() <= 80 || line.contains("error:") || line.contains("try:"),
            "{line}"
        );
    }
    write!(text, "--- exit status {}", output.status.code().unwrap()).unwrap();
    text
}

fn at_then(input: impl AsRef<[u8]>) -> String {
    seen(&run(&["-", "--at", THEN], input))
}

fn pod() -> String {
    sample::unsigned(sample::HEADER_OF_2022, sample::CLAIMS_OF_A_POD)
}

fn legacy() -> String {
    sample::unsigned(sample::HEADER_OF_2022, sample::LEGACY_CLAIMS)
}

#[test]
fn without_arguments_it_tells_the_walk_and_reads_nothing() {
    let output = run(&[], "not read");
    let mut walk = Vec::new();
    jwt_anatomy::walk::tell(&mut narration::Story::new(&mut walk)).unwrap();
    assert_eq!(output.stdout, walk);
    assert!(output.stderr.is_empty() && output.status.success());
}

#[test]
fn a_bound_token() {
    insta::assert_snapshot!(at_then(sample::token_of_2022()));
}

#[test]
fn a_pods_token() {
    insta::assert_snapshot!(seen(&run(&["-", "--at", "2025-12-02 09:00"], pod())));
}

#[test]
fn a_legacy_token_out_of_yaml() {
    let yaml =
        format!("apiVersion: v1\nkind: Secret\ndata:\n  token: {}\n", STANDARD.encode(legacy()));
    insta::assert_snapshot!(at_then(yaml));
}

#[test]
fn another_issuers_token() {
    let header = r#"{"alg":"ES256","typ":"JWT"}"#;
    let claims = r#"{"iss":"https://accounts.example.com","sub":"1234","aud":"my-app","exp":1664706600,"email":"ada@example.com","groups":["dev","ops"]}"#;
    insta::assert_snapshot!(at_then(format!("Bearer {}", sample::unsigned(header, claims))));
}

#[test]
fn claims_that_cannot_be_read() {
    let claims = r#"{"iss":"https://kubernetes.default.svc","kubernetes.io":{},"exp":"never"}"#;
    insta::assert_snapshot!(at_then(sample::unsigned(r#"{"alg":"RS256","kid":"k"}"#, claims)));
}

/// A stranger wrote this token: it does not get to move the reader's cursor, and it has an end.
#[test]
fn claims_that_play_with_the_terminal() {
    let claims = format!(
        r#"{{"iss":"a\u001b[2Jb","sub":"\u202etluafed","exp":1e300,"x\u0007":"{}"}}"#,
        "long ".repeat(1000)
    );
    let header = r#"{"alg":"\u001b[31mRS256","kid":"a\nb"}"#;
    let output = at_then(sample::unsigned(header, &claims));
    assert!(!output.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{output}");
    insta::assert_snapshot!(output);
}

#[test]
fn for_programs() {
    let mut shown = String::new();
    let wrapped = format!("'{}'", pod());
    let broken = sample::unsigned(r#"{"alg":"RS256"}"#, r#"{"exp":"never","exp":1}"#);
    for input in [wrapped, legacy(), broken, "92b2db237428470dc4fcfc4ebbd9dc81".to_owned()] {
        let output = run(&["-", "--output", "json", "--at", THEN], input);
        let _: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        write!(shown, "{text}--- exit status {}\n\n", output.status.code().unwrap()).unwrap();
        assert!(output.stderr.is_empty());
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn no_token() {
    let token = sample::token_of_2022();
    let mut shown = String::new();
    for (name, input) in [
        ("a join token", "192.168.1.230:25000/92b2db237428470dc4fcfc4ebbd9dc81/2c0cb3284b05"),
        ("a static token", &STANDARD.encode(STANDARD.encode([7; 32]) + "\n")),
        ("a token without its end", &token[..300]),
        ("a certificate", "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n"),
        (
            "what kubectl config view shows",
            "apiVersion: v1\nkind: Config\nusers:\n- user:\n    token: REDACTED\n",
        ),
        ("a letter", "Dear admin,\nplease let me in.\n"),
    ] {
        let output = run(&["-"], input);
        assert_eq!(output.status.code(), Some(1), "{name}");
        writeln!(shown, "=== {name}\n{}\n", seen(&output)).unwrap();
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn input_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let name = folder.path().to_str().unwrap();
    let mut shown = String::new();
    for (what, output) in [
        ("empty", run(&["-"], "")),
        ("blank", run(&["-"], " \n\n")),
        ("binary", run(&["-"], [0, 159, 146, 150, 255])),
        ("not UTF-8", run(&["-"], b"caf\xe9")),
        ("5 MB", run(&["-"], vec![b'a'; 5 << 20])),
        ("a missing file", run(&[missing.to_str().unwrap()], "")),
        ("a folder", run(&[name], "")),
    ] {
        assert_eq!(output.status.code(), Some(1), "{what}");
        assert!(output.stdout.is_empty());
        let text = seen(&output).replace(name, "FOLDER");
        writeln!(shown, "=== {what}\n{text}\n").unwrap();
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn large_input() {
    let deep = format!("{}1{}", "[".repeat(90_000), "]".repeat(90_000));
    for input in [
        vec![b'a'; 1 << 20], // as much as is allowed
        vec![b'.'; 1 << 18],
        vec![b'['; 1 << 18],
        b"e30.".repeat(1 << 16),
        b"token: x\n".repeat(20_000),
        sample::unsigned(r#"{"alg":"RS256"}"#, &deep).into_bytes(),
    ] {
        let output = run(&["-"], &input);
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn arguments_that_make_no_sense() {
    let mut shown = String::new();
    for arguments in [
        &["-", "--at", "yesterday"] as &[&str],
        &["--at", THEN],
        &["--output", "json"],
        &["-", "--output", "yaml"],
        &["one", "two"],
        &["--token", "eyJ"],
    ] {
        let output = run(arguments, sample::token_of_2022());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
        let errors = String::from_utf8(output.stderr).unwrap();
        writeln!(shown, "=== {}\n{errors}", arguments.join(" ")).unwrap();
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn help() {
    insta::assert_snapshot!(String::from_utf8(run(&["--help"], "").stdout).unwrap());
}

/// `| head` has seen enough.
#[test]
fn a_closed_pipe_is_no_error() {
    for arguments in [&[] as &[&str], &["-"], &["-", "--output", "json"]] {
        let mut child = program(arguments).stdin(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        child
            .stdin
            .take()
            .unwrap()
            .write_all(sample::token_of_2022().as_bytes())
            .unwrap_or_default();
        let mut errors = String::new();
        child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        assert_eq!((child.wait().unwrap().code(), errors.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

/// No piece of the signature, and so nothing to let anyone in with.
#[test]
fn the_signature_stays_unseen() {
    let token = sample::token_of_2022();
    let signature = token.rsplit('.').next().unwrap();
    for input in
        [token.clone(), STANDARD.encode(&token), format!("{token}.x"), token.replacen('.', "", 1)]
    {
        for form in ["text", "json"] {
            let output = run(&["-", "--output", form], &input);
            let all = [output.stdout, output.stderr].concat();
            let all = String::from_utf8(all).unwrap();
            for piece in signature.as_bytes().chunks(16) {
                assert!(!all.contains(std::str::from_utf8(piece).unwrap()), "{all}");
            }
            assert!(!all.contains("this is a sample, no signature"), "{all}");
        }
    }
}

#[test]
fn the_readers_zone_and_the_moment() {
    let one = |zone: &str, at: &str| {
        let mut child =
            program(&["-", "--at", at]).env("TZ", zone).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(sample::token_of_2022().as_bytes()).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    };
    let tokyo = one("Asia/Tokyo", "2022-10-02 19:00");
    assert!(tokyo.contains("Sun  2 Oct 18:13:25 JST 2022"), "{tokyo}");
    assert!(tokyo.contains("13 minutes 25 seconds left"), "{tokyo}");
    let utc = one("Nowhere/Land", "2022-10-02T10:13:25Z");
    assert!(!utc.contains("BST") && utc.contains("over, this second"), "{utc}");
    assert!(one("UTC", "@1664702004").contains("begins in 1 second"));
}
