//! The program as a reader runs it: what it prints, and with which status it ends.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const MICROK8S: &str = "\
U2FtcGxlVG9rZW5PZkFkbWlu,admin,admin,\"system:masters\"
U2FtcGxlVG9rZW5PZlByb3h5,system:kube-proxy,kube-proxy
U2FtcGxlVG9rZW5PZk5vZGU=,system:node:homelab,kubelet-0,\"system:nodes\"
";

/// A folder with these files in it.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_static-tokens"));
    command.args(arguments).current_dir(folder).env_remove("COLUMNS");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(folder: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = program(folder, arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // In its own thread, and whatever comes of it: a program may well end before it has read all.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// A run as one would see it on a terminal, and how it ended.
fn transcript(arguments: &[&str], output: &Output) -> String {
    let mut text = format!("$ static-tokens {}\n", arguments.join(" "));
    text += &String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    if !errors.is_empty() {
        write!(text, "[standard error]\n{errors}").unwrap();
    }
    write!(text, "[exit status {}]", output.status.code().unwrap()).unwrap();
    text
}

/// Asks whose token this is.
fn whose(file: &[u8], token: &[u8]) -> String {
    let folder = folder(&[("tokens.csv", file)]);
    let arguments = ["--token-auth-file", "tokens.csv", "-"];
    transcript(&arguments, &run(folder.path(), &arguments, token))
}

/// Asks whether a server would start with this file.
fn check(file: &[u8]) -> String {
    let folder = folder(&[("tokens.csv", file)]);
    let arguments = ["--token-auth-file", "tokens.csv"];
    transcript(&arguments, &run(folder.path(), &arguments, b""))
}

fn status(text: &str) -> &str {
    text.rsplit("[exit status ").next().unwrap().trim_end_matches(']')
}

#[test]
fn a_token_and_whose_it_is() {
    insta::assert_snapshot!(whose(MICROK8S.as_bytes(), b"U2FtcGxlVG9rZW5PZkFkbWlu"));
}

#[test]
fn white_space_around_a_token() {
    let text = whose(MICROK8S.as_bytes(), b"  U2FtcGxlVG9rZW5PZk5vZGU=\r\n");
    insta::assert_snapshot!(text);
}

#[test]
fn a_token_from_a_file() {
    let folder = folder(&[("tokens.csv", MICROK8S.as_bytes()), ("token.txt", b"nobodys\n")]);
    let arguments = ["--token-auth-file", "tokens.csv", "token.txt"];
    insta::assert_snapshot!(transcript(&arguments, &run(folder.path(), &arguments, b"")));
}

#[test]
fn what_is_no_token_of_the_file() {
    let mut all = String::new();
    for (what, token) in [
        ("with Bearer", &b"bearer U2FtcGxlVG9rZW5PZkFkbWlu\n"[..]),
        ("in quotes", b"\"U2FtcGxlVG9rZW5PZkFkbWlu\""),
        ("in other quotes", b"'U2FtcGxlVG9rZW5PZkFkbWlu'"),
        ("a JWT", b"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln"),
        ("three parts, and no JWT", b"a.b.c"),
        ("two lines", b"U2FtcGxl\nVG9rZW5PZkFkbWlu\n"),
        ("not UTF-8", b"\xff\xfe\x9f"),
    ] {
        write!(all, "# {what}\n{}\n\n", whose(MICROK8S.as_bytes(), token)).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_token_that_no_header_can_carry_is_nobodys_even_if_the_file_has_it() {
    let text = whose(b"two words,tess,u1\n", b"two words");
    assert_eq!(status(&text), "1", "{text}");
    let text = whose(b"caf\xe9,rene,u1\n", b"caf\xe9\n");
    assert_eq!(status(&text), "0", "{text}");
}

#[test]
fn no_token_at_all() {
    insta::assert_snapshot!(whose(MICROK8S.as_bytes(), b" \n"));
}

#[test]
fn a_token_of_5_megabytes() {
    insta::assert_snapshot!(whose(MICROK8S.as_bytes(), &vec![b'a'; 5 << 20]));
}

#[test]
fn the_token_itself_as_an_argument_is_not_repeated() {
    let folder = folder(&[("tokens.csv", MICROK8S.as_bytes())]);
    let arguments = ["--token-auth-file", "tokens.csv", "U2FtcGxlVG9rZW5PZkFkbWlu"];
    let output = run(folder.path(), &arguments, b"");
    let text = transcript(&["--token-auth-file", "tokens.csv", "THE-TOKEN"], &output);
    assert!(!text.contains("U2FtcGxl"), "{text}");

    // A signed one is too long for a file's name, which is another error to the system.
    let jwt = "eyJhbGciOiJSUzI1NiJ9.".repeat(50);
    let output = run(folder.path(), &["--token-auth-file", "tokens.csv", &jwt], b"");
    assert!(!String::from_utf8(output.stderr).unwrap().contains("eyJ"));
    insta::assert_snapshot!(text);
}

#[test]
fn a_folder_as_the_token() {
    let folder = folder(&[("tokens.csv", MICROK8S.as_bytes())]);
    let arguments = ["--token-auth-file", "tokens.csv", "."];
    insta::assert_snapshot!(transcript(&arguments, &run(folder.path(), &arguments, b"")));
}

#[test]
fn a_good_file() {
    insta::assert_snapshot!(check(MICROK8S.as_bytes()));
}

#[test]
fn an_odd_file_that_a_server_starts_with() {
    insta::assert_snapshot!(check(
        b"# old tokens,x,x\n\
          first,alice,u1,\"dev, qa\"\n\
          ,bob,u2\n\
          first,carol,u3,\n\
          second,\x1b[31mred,\"u,4\",dev,qa\n\
          third ,\xff,\n"
    ));
}

#[test]
fn a_file_with_one_token_and_a_file_with_none() {
    insta::assert_snapshot!(format!("{}\n\n{}", check(b"t,alice,u1"), check(b"")));
}

#[test]
fn files_that_no_server_starts_with() {
    let mut all = String::new();
    for file in [
        &b"t,alice,u1\nt,alice\n"[..],
        b"t, \"alice\",u1\n",
        b"t,\"alice\"s,u1\n",
        b"t,alice,u1,\"dev\nt,bob,u2\n",
    ] {
        write!(all, "{}{}\n\n", String::from_utf8_lossy(file), check(file)).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_missing_file_and_a_folder() {
    let folder = folder(&[]);
    let missing = ["--token-auth-file", "known_tokens.csv", "-"];
    let a_folder = ["--token-auth-file", "."];
    insta::assert_snapshot!(format!(
        "{}\n\n{}",
        transcript(&missing, &run(folder.path(), &missing, b"t")),
        transcript(&a_folder, &run(folder.path(), &a_folder, b"")),
    ));
}

#[test]
fn a_binary_file_of_5_megabytes() {
    let bytes: Vec<u8> =
        (0..5_u64 << 20).map(|n| n.wrapping_mul(n ^ 0x9e37).to_le_bytes()[1]).collect();
    let text = check(&bytes);
    assert_eq!(status(&text), "1", "{text}");
    assert!(text.len() < 1000, "{text}");
}

#[test]
fn a_file_without_end() {
    let folder = folder(&[]);
    let endless = fs::File::create(folder.path().join("endless")).unwrap();
    endless.set_len(static_tokens::MAX_FILE_BYTES + 1).unwrap();
    let arguments = ["--token-auth-file", "endless"];
    insta::assert_snapshot!(transcript(&arguments, &run(folder.path(), &arguments, b"")));
}

#[test]
fn more_users_than_anyone_reads() {
    let lines: Vec<String> =
        (0..20_000).map(|n| format!("token-{n},user-{n},{n}\n,nobody,0\n")).collect();
    let text = check(lines.concat().as_bytes());
    assert_eq!(status(&text), "0");
    assert!(text.contains("It holds 20000 tokens, for:"), "{}", &text[..300]);
    assert!(text.contains("user-999 ") && !text.contains("user-1000 "));
    assert!(
        text.contains("And 19000 more, not listed.") && text.contains("And 19000 more like these.")
    );
}

#[test]
fn a_new_token_and_nothing_else() {
    let folder = folder(&[]);
    let make = || String::from_utf8(run(folder.path(), &["new-token"], b"").stdout).unwrap();
    let (one, other) = (make(), make());
    assert_eq!((one.len(), other.len()), (61, 61));
    assert!(one.ends_with("0K\n") && one != other);
}

#[test]
fn arguments_that_make_no_sense() {
    let folder = folder(&[]);
    for arguments in
        [&["-"][..], &["--token-auth-file"], &["--what"], &["--token-auth-file", "F", "-", "-"]]
    {
        let output = run(folder.path(), arguments, b"");
        assert_eq!(output.status.code(), Some(2), "{}", transcript(arguments, &output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn help() {
    let folder = folder(&[]);
    insta::assert_snapshot!(transcript(&["--help"], &run(folder.path(), &["--help"], b"")));
}

#[test]
fn without_arguments_it_is_the_walk_and_reads_no_standard_input() {
    let folder = folder(&[]);
    let mut child = program(folder.path(), &[]).stdin(Stdio::piped()).spawn().unwrap();
    // Open, and silent: who reads it waits for ever.
    let stdin = child.stdin.take().unwrap();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    assert!(output.status.success() && output.stderr.is_empty());

    let mut walk = Vec::new();
    static_tokens::walk::tell(&mut narration::Story::new(&mut walk)).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), String::from_utf8(walk).unwrap());
}

#[test]
fn a_closed_pipe_is_no_error() {
    let folder = folder(&[("tokens.csv", MICROK8S.as_bytes())]);
    for arguments in [&[][..], &["--token-auth-file", "tokens.csv"], &["new-token"]] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let output = program(folder.path(), arguments).stdout(writer).output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{arguments:?}");
    }
}
