//! Kubeconfigs that lead nowhere, and servers that do not answer: each has its own sentence.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use bearer_auth::lab::Lab;
use common::{kubeconfig, run, seen, write};
use insta::assert_snapshot;
use std::io::Write as _;
use std::net::TcpListener;

const NOBODY: &str = "{}";

/// Who am I, by this kubeconfig?
fn whoami(text: impl AsRef<[u8]>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "FILE", text);
    let output = run(&["whoami", "--kubeconfig", &file], "");
    assert_eq!(output.status.code().unwrap() == 2, output.stdout.is_empty());
    seen(&output).replace(folder.path().to_str().unwrap(), "DIR")
}

#[test]
fn files_that_are_none() {
    for (name, text) in [
        ("empty", vec![]),
        ("binary", vec![0xff, 0, 1, 2]),
        ("json_of_something_else", b"{\"kind\": \"Status\"}".to_vec()),
        ("a_token", b"eyJhbGciOiJSUzI1NiJ9.e30.c2ln".to_vec()),
        ("no_yaml", b"users:\n- name: a\n  user:\n    token: SECRET\n   bad: [SECRET\n".to_vec()),
        ("wrong_types", b"users: {token: SECRET}\n".to_vec()),
        ("five_megabytes", vec![b'a'; 5 << 20]),
    ] {
        let output = whoami(text);
        assert!(!output.contains("SECRET"), "{output}");
        assert_snapshot!(name, output);
    }
}

#[test]
fn no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let there = |output| seen(&output).replace(&path, "DIR");
    assert_snapshot!("missing", there(run(&["--kubeconfig", &format!("{path}/config")], "")));
    assert_snapshot!("a_folder", there(run(&["--kubeconfig", &path], "")));
    assert_snapshot!("nothing_piped", there(run(&["--kubeconfig", "-"], "")));
}

#[test]
fn contexts() {
    let text = kubeconfig("https://127.0.0.1:1", "", NOBODY);
    assert_snapshot!("no_current_context", whoami(text.replace("current-context: there", "")));
    assert_snapshot!("no_such_context", whoami(text.replace("text: there", "text: elsewhere")));
    assert_snapshot!("no_such_cluster", whoami(text.replace("cluster: c", "cluster: gone")));
}

#[test]
fn users_that_this_course_does_not_play() {
    let folder = tempfile::tempdir().unwrap();
    let witness = folder.path().join("witness");
    for (name, user) in [
        ("exec", format!("{{exec: {{command: touch, args: [{}]}}}}", witness.display())),
        (
            "auth_provider",
            "{auth-provider: {name: gcp, config: {cmd-path: /bin/false}}}".to_owned(),
        ),
        ("password", "{username: admin, password: SECRET}".to_owned()),
        ("certificate_without_key", "{client-certificate-data: QUJD}".to_owned()),
        ("key_without_certificate", "{client-key-data: QUJD}".to_owned()),
        ("not_base64", "{client-certificate-data: '*', client-key-data: QUJD}".to_owned()),
        ("not_pem", "{client-certificate-data: QUJD, client-key-data: QUJD}".to_owned()),
        ("files_missing", "{client-certificate: a.crt, client-key: a.key}".to_owned()),
        ("token_in_two_lines", "{token: \"SEC\\nRET\"}".to_owned()),
        ("token_file_missing", "{tokenFile: nowhere}".to_owned()),
    ] {
        let output = whoami(kubeconfig("https://127.0.0.1:1", "", &user));
        assert!(!output.contains("SECRET") && !output.contains("QUJD"), "{output}");
        assert_snapshot!(name, output);
    }
    assert!(!witness.exists(), "a program named in a kubeconfig was run");
}

#[test]
fn servers_that_are_none() {
    for (name, server) in [
        ("not_https", "http://127.0.0.1:8001"),
        ("no_scheme", "127.0.0.1:16443"),
        ("no_address", "https://"),
        ("words", "\"my cluster\""),
    ] {
        assert_snapshot!(name, whoami(kubeconfig(server, "", NOBODY)));
    }
}

fn port(listener: &TcpListener) -> String {
    listener.local_addr().unwrap().port().to_string()
}

/// Asks the server at this address, with an authority that has signed nothing there.
fn asks(server: &str, ca_pem: &str, port: &str) -> String {
    let output = whoami(kubeconfig(server, ca_pem, NOBODY));
    output.replace(port, "PORT")
}

const ANOTHER_AUTHORITY: &str = include_str!("certificates/ca.crt");

#[test]
fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = port(&listener);
    drop(listener);
    assert_snapshot!(asks(&format!("https://127.0.0.1:{port}"), ANOTHER_AUTHORITY, &port));
}

#[test]
fn what_listens_speaks_no_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = port(&listener);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream.unwrap().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    assert_snapshot!(asks(&format!("https://127.0.0.1:{port}"), ANOTHER_AUTHORITY, &port));
}

#[test]
fn what_listens_hangs_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = port(&listener);
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let output = asks(&format!("https://127.0.0.1:{port}"), ANOTHER_AUTHORITY, &port);
    assert!(output.ends_with("--- exit status 1"), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_proves_nothing() {
    let lab = Lab::by_the_real_clock().await.unwrap();
    let port = lab.server().address().port().to_string();
    let server = format!("https://127.0.0.1:{port}");
    assert_snapshot!("another_authority", asks(&server, ANOTHER_AUTHORITY, &port));
    let ours = lab.server().ca_pem();
    let mut renamed = kubeconfig(&server, ours, NOBODY);
    renamed = renamed.replace("    server:", "    tls-server-name: elsewhere.example\n    server:");
    assert_snapshot!("another_name", whoami(renamed).replace(&port, "PORT"));
    let mut trusting = kubeconfig(&server, "", "{token: garbage}");
    trusting = trusting.replace("    server:", "    insecure-skip-tls-verify: true\n    server:");
    let output = whoami(trusting).replace(&port, "PORT");
    assert!(output.contains("401"), "{output}");
    lab.stop().await;
}

#[test]
#[ignore = "waits 20 seconds"]
fn a_server_that_never_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = port(&listener);
    assert_snapshot!(asks(&format!("https://127.0.0.1:{port}"), ANOTHER_AUTHORITY, &port));
}

/// microk8s' own certificates since 1.34. That one works is shown with a real server (real.rs).
#[tokio::test]
async fn a_certificate_of_version_1_is_no_reason_to_stop() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let encoded = |pem: &str| STANDARD.encode(pem);
    let user = format!(
        "{{client-certificate-data: {}, client-key-data: {}}}",
        encoded(include_str!("certificates/admin.crt")),
        encoded(include_str!("certificates/admin.key"))
    );
    let text = kubeconfig("https://127.0.0.1:1", ANOTHER_AUTHORITY, &user);
    let cluster = bearer_auth::Cluster::from_kubeconfig_text(&text).await.unwrap();
    assert_eq!(cluster.credential(), bearer_auth::cluster::Credential::Certificate);
    cluster.as_its_user().unwrap();
    assert!(!format!("{cluster:?}").contains("BEGIN"));
}
