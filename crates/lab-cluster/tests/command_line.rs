//! The program as a person meets it.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

fn lab_cluster(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lab-cluster")).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    let status = output.status.code().unwrap();
    format!(
        "status {status}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn help() {
    insta::assert_snapshot!(said(&lab_cluster(&["--help"])));
}

#[test]
fn flags_that_are_unknown_or_contradict_each_other() {
    let all = [
        vec!["--secure-prot", "1"],
        vec!["--secure-port", "65536"],
        vec!["--authorization-mode", "rbac"],
        vec!["--authorization-mode", "RBAC,RBAC"],
        vec!["--service-account-jwks-uri", "http://keys.example.com"],
        vec!["--service-account-jwks-uri", "https://keys.example.com:https"],
        vec!["--service-account-extend-token-expiration=maybe"],
        vec!["--tls-cert-file", "server.crt"],
        vec!["--anonymous-auth=maybe"],
        vec!["--ephemeral", "--data-dir", "x"],
        vec!["--service-account-max-token-expiration", "1 day"],
        vec!["--service-account-max-token-expiration", "10m"],
        vec!["--service-account-issuer", ""],
        vec!["--bind-address", "localhost"],
    ];
    let story: Vec<String> = all
        .into_iter()
        .map(|arguments| {
            let output = lab_cluster(&arguments);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
            format!("$ lab-cluster {}\n{}", arguments.join(" "), said(&output))
        })
        .collect();
    insta::assert_snapshot!(story.join("\n"));
}

#[test]
fn a_file_that_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let all = [
        ("--token-auth-file", file("two_columns.csv", "token,user\n")),
        ("--token-auth-file", folder.path().join("missing.csv").display().to_string()),
        ("--service-account-signing-key-file", file("public.pem", "-----BEGIN PUBLIC KEY-----\n")),
        ("--service-account-key-file", file("empty.pem", "")),
        ("--client-ca-file", file("none.crt", "no certificate\n")),
        ("--client-ca-file", folder.path().display().to_string()),
        ("--audit-policy-file", file("policy.yaml", "kind: Policy\napiVersion: audit.k8s.io/v1\n")),
        ("--audit-policy-file", folder.path().join("missing.yaml").display().to_string()),
        ("--audit-log-path", folder.path().display().to_string()),
        ("--tls-cert-file", file("none.pem", "no certificate\n")),
        ("--tls-cert-file", folder.path().join("missing.crt").display().to_string()),
    ];
    let key = file("server.key", signing::samples::LAB_KEY_PEM);
    let story: Vec<String> = all
        .into_iter()
        .map(|(flag, path)| {
            let mut arguments = vec!["--ephemeral", "--secure-port", "0", flag, &path];
            if flag == "--tls-cert-file" {
                arguments.extend(["--tls-private-key-file", &key]);
            }
            let output = lab_cluster(&arguments);
            assert_eq!(output.status.code(), Some(1), "{flag} {path}");
            format!("$ lab-cluster {flag} {path}\n{}", said(&output))
                .replace(&folder.path().display().to_string(), "FOLDER")
        })
        .collect();
    insta::assert_snapshot!(story.join("\n"));
}

#[test]
fn a_port_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = lab_cluster(&["--ephemeral", "--secure-port", &port]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(said(&output).replace(&port, "PORT"));
}

#[test]
fn the_folders_own_flags_are_read_and_the_command_line_wins() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("args")).unwrap();
    let arguments = folder.path().join("args/kube-apiserver");
    let data_dir = folder.path().display().to_string();

    // A wrong flag in the file is named with the file, and a right one typed does not mend it.
    std::fs::write(&arguments, "# microk8s writes it so\n--authorization-mode=Nonsense\n").unwrap();
    let output = lab_cluster(&["--data-dir", &data_dir]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("Nonsense"), "{}", said(&output));

    // The same flag, typed, takes its place: what is wrong now is the file it names.
    std::fs::write(&arguments, "--secure-port 0\n--token-auth-file=a.csv\n").unwrap();
    let output = lab_cluster(&["--data-dir", &data_dir, "--token-auth-file=b.csv"]);
    assert!(said(&output).contains("open b.csv"), "{}", said(&output));
}

/// `kill`, a closed terminal, Ctrl-C: whatever ends it, the keys of an ephemeral cluster are gone.
#[cfg(unix)]
#[test]
fn however_it_is_stopped_an_ephemeral_cluster_leaves_nothing() {
    for signal in ["TERM", "HUP", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut cluster = Command::new(env!("CARGO_BIN_EXE_lab-cluster"))
            .args(["--ephemeral", "--secure-port", "0"])
            .env("TMPDIR", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(cluster.stdout.take().unwrap()).lines();
        assert!(told.any(|line| line.unwrap().contains("https://")), "it starts");
        let left = || std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left(), 1, "its folder");
        let pid = cluster.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        assert!(cluster.wait().unwrap().success(), "SIG{signal}");
        assert_eq!(left(), 0, "SIG{signal} leaves its folder behind");
    }
}
