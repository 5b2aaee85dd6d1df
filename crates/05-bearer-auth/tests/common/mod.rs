//! The program as a person meets it: a process, with its own environment, and no cluster by
//! accident.
#![allow(clippy::unwrap_used, reason = "a test may")]
#![allow(dead_code, reason = "each test file takes what it needs")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bearer-auth"));
    command.args(arguments).env("TZ", "UTC").env_remove("RUST_BACKTRACE");
    // Whatever these say, it must make no difference.
    command.env("KUBECONFIG", "/nowhere/kubeconfig").env("HTTPS_PROXY", "http://127.0.0.1:9");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it on `input`; what it does not read of it is no matter.
pub(crate) fn run(arguments: &[&str], input: impl AsRef<[u8]>) -> Output {
    let mut child = program(arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.as_ref().to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// Everything that is seen, as documentation.
pub(crate) fn seen(output: &Output) -> String {
    let mut text = String::from_utf8(output.stdout.clone()).unwrap();
    let errors = String::from_utf8(output.stderr.clone()).unwrap();
    if !errors.is_empty() {
        write!(text, "--- standard error\n{errors}").unwrap();
    }
    write!(text, "--- exit status {}", output.status.code().unwrap()).unwrap();
    assert!(!text.contains("panicked"), "{text}");
    text
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A kubeconfig with one cluster, one user and one context, `there`.
pub(crate) fn kubeconfig(server: &str, ca_pem: &str, user: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let authority = match ca_pem {
        "" => String::new(),
        pem => format!("    certificate-authority-data: {}\n", STANDARD.encode(pem)),
    };
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: there\n\
         clusters:\n- name: c\n  cluster:\n    server: {server}\n{authority}\
         contexts:\n- name: there\n  context:\n    cluster: c\n    user: u\n\
         users:\n- name: u\n  user: {user}\n"
    )
}

pub(crate) fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// What differs from run to run, taken out: when a token ends, and the admin's fingerprint.
pub(crate) fn steady(text: &str) -> String {
    let steady = |line: &str| match (line.find("good until "), line.find("X509SHA256=")) {
        (Some(at), _) => line[..at].to_owned() + "good until DATE",
        (_, Some(at)) => line[..at].to_owned() + "X509SHA256=FINGERPRINT",
        _ => line.to_owned(),
    };
    text.lines().map(steady).collect::<Vec<_>>().join("\n")
}
