//! The dashboard beside the API: what it serves, to whom, and that the API does not notice.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Answer, Lab};
use lab_cluster::dashboard::{PATH, POLICY};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const FILES: [&str; 7] = ["", "style.css", "icon.svg", "page.js", "show.js", "api.js", "token.js"];
const HERE: (&str, &[u8]) = ("host", b"127.0.0.1:16443");
const TRACED: (&str, &[u8]) = ("lab-trace", b"yes");

fn trace(answer: &Answer) -> Value {
    serde_json::from_str(answer.header("lab-trace")).unwrap()
}

#[tokio::test]
async fn its_files_are_for_everybody_and_may_do_little() {
    for mode in ["AlwaysAllow", "RBAC"] {
        let lab = Lab::start(&["--authorization-mode", mode]).await;
        for file in FILES {
            let answer = lab.get(&format!("{PATH}{file}"), &[HERE]).await;
            assert_eq!(answer.status, 200, "{file}");
            assert_eq!(answer.header("content-security-policy"), POLICY);
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert_eq!(answer.header("x-frame-options"), "DENY");
            assert_eq!(answer.header("referrer-policy"), "no-referrer");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
            assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
            assert!(answer.headers.get("set-cookie").is_none());
            assert!(!answer.text.is_empty());

            let head = lab.send(None, &[HERE], "HEAD", &format!("{PATH}{file}"), b"").await;
            assert_eq!((head.status, head.text.as_str()), (200, ""));
        }
        let moved = lab.get("/dashboard", &[HERE]).await;
        assert_eq!((moved.status, moved.header("location")), (308, "/dashboard/"));
        assert!(lab.cluster.traces().is_empty(), "a file is no request to the API");
    }
}

#[tokio::test]
async fn it_refuses_other_methods_and_other_names() {
    let lab = Lab::start(&[]).await;
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let answer = lab.send(None, &[HERE], method, PATH, b"").await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"), "{method}");
    }
    let answer = lab.get(PATH, &[("host", b"rebound.example:16443")]).await;
    assert_eq!(answer.status, 421);
    assert_eq!(answer.header("content-security-policy"), POLICY);
    assert!(!answer.text.contains("rebound"), "{}", answer.text);
}

/// What every kind of client gets for every kind of path, as one text.
async fn everything(lab: &Lab, more: &[(&str, &[u8])], wanted: bool) -> String {
    let token = lab.token("default", "default", "{}").await;
    let bearer = format!("Bearer {token}");
    let credentials: [&[(&str, &[u8])]; 3] =
        [&[], &[("authorization", b"Bearer garbage")], &[("authorization", bearer.as_bytes())]];
    let review = br#"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}"#;
    let requests: [(&str, &str, &[u8]); 12] = [
        ("GET", "/", b""),
        ("GET", "/api", b""),
        ("GET", "/version", b""),
        ("GET", "/healthz", b""),
        ("GET", "/api/v1/pods?limit=2", b""),
        ("GET", "/api/v1/namespaces/nowhere", b""),
        ("GET", "/dashboardx", b""),
        ("GET", "/dashboard/x", b""),
        ("POST", "/dashboard/index.html", b""),
        ("GET", "/api/v1/namespaces/default/services/dashboard/proxy/", b""),
        ("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review),
        ("DELETE", "/api/v1/namespaces/default/serviceaccounts/nobody", b""),
    ];
    let mut story = Vec::new();
    for (method, path, body) in requests {
        for headers in credentials {
            let headers = [headers, &[HERE], more].concat();
            let answer = lab.send(None, &headers, method, path, body).await;
            let mut named: Vec<String> = answer
                .headers
                .iter()
                .filter(|(name, _)| *name != "date" && *name != "lab-trace")
                .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
                .collect();
            named.sort();
            let traced = answer.headers.contains_key("lab-trace");
            let text = answer.text.replace(&lab.cluster.address().to_string(), "ADDRESS");
            let (status, named) = (answer.status, named.join("; "));
            story.push(format!("{method} {path} {status} [{named}] {text}"));
            assert_eq!(traced, wanted, "{method} {path}: a trace comes when it is asked for");
        }
    }
    story.join("\n")
}

#[tokio::test]
async fn the_api_answers_as_if_there_were_none() {
    for mode in ["AlwaysAllow", "RBAC"] {
        let without = Lab::start(&["--authorization-mode", mode, "--dashboard=false"]).await;
        let with = Lab::start(&["--authorization-mode", mode]).await;
        let asked = Lab::start(&["--authorization-mode", mode]).await;
        let not_there = Lab::start(&["--authorization-mode", mode, "--dashboard=false"]).await;
        let expected = everything(&without, &[], false).await;
        assert_eq!(everything(&with, &[], false).await, expected);
        assert_eq!(everything(&asked, &[TRACED], true).await, expected, "and a trace beside it");
        assert_eq!(everything(&not_there, &[TRACED], false).await, expected);
        assert_eq!(without.cluster.traces(), asked.cluster.traces());

        let gone = not_there.get(PATH, &[HERE]).await;
        let status = if mode == "RBAC" { 403 } else { 401 };
        assert_eq!(gone.status, status, "as of any path that is none: {}", gone.text);
    }
}

#[tokio::test]
async fn a_trace_says_why_to_the_one_who_asked() {
    let lab = Lab::start(&["--authorization-mode=RBAC"]).await;
    let token = lab.token("default", "default", "{}").await;
    let bearer = format!("Bearer {token}");
    let mine: [(&str, &[u8]); 3] = [("authorization", bearer.as_bytes()), HERE, TRACED];

    let refused = lab.get("/api/v1/secrets", &mine).await;
    assert_eq!(refused.status, 403);
    let why = trace(&refused);
    assert_eq!(why["time"], "2026-11-23T12:00:00.000Z");
    assert!(why["user"].as_str().unwrap().starts_with("system:serviceaccount:default:default ["));
    assert_eq!(why["authorizer"], "denied: no rule allows it");
    assert_eq!(why["request"], Value::Null, "its sender knows it");

    // Another's request in between is not told.
    lab.admin("GET", "/api/v1/secrets", "").await;
    let why = trace(&lab.get("/api", &mine).await);
    assert!(!why.to_string().contains("admin"), "{why}");

    lab.pass(3600 + 60 + 11);
    let over = lab.get("/api", &mine).await;
    assert_eq!(over.status, 401);
    let why = trace(&over);
    assert_eq!(why["user"], Value::Null);
    let said = why["authenticators"].to_string();
    assert!(said.contains("expired"), "{said}");
    assert!(!over.text.contains("expired"), "the answer itself stays silent: {}", over.text);
}

#[tokio::test]
async fn a_trace_is_for_those_who_ask_rightly() {
    let lab = Lab::start(&[]).await;
    for headers in [
        vec![HERE],
        vec![HERE, ("lab-trace", b"no")],
        vec![HERE, ("lab-trace", b"")],
        vec![("host", b"rebound.example" as &[u8]), TRACED],
    ] {
        let answer = lab.get("/api", &headers).await;
        assert_eq!(answer.status, 401);
        assert!(!answer.headers.contains_key("lab-trace"), "{headers:?}");
    }
    // A page of another origin has to ask first whether it may send that header, and may not.
    let first = [
        HERE,
        ("origin", b"https://elsewhere.example" as &[u8]),
        ("access-control-request-method", b"GET"),
        ("access-control-request-headers", b"authorization,lab-trace"),
    ];
    let answer = lab.send(None, &first, "OPTIONS", "/api", b"").await;
    assert_eq!(answer.status, 401);
    assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control")));
}

#[tokio::test]
async fn no_token_is_in_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("known_tokens.csv");
    std::fs::write(&file, "static-token-of-alice,alice,1\n").unwrap();
    let lab = Lab::start(&["--token-auth-file", file.to_str().unwrap()]).await;
    let good = lab.token("default", "default", "{}").await;
    let forged = format!("{}AAAA", &good[..good.len() - 4]);
    for token in ["static-token-of-alice", "garbage-of-mallory", "a.b.c", &good, &forged] {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_bytes()), HERE, TRACED];
        let answer = lab.get("/api/v1/pods", &headers).await;
        let (told, kept) =
            (answer.header("lab-trace"), lab.cluster.traces().pop().unwrap().to_string());
        for part in [token].into_iter().chain(token.split('.').filter(|part| part.len() > 20)) {
            assert!(!told.contains(part), "{part} in {told}");
            assert!(!kept.contains(part), "{part} in {kept}");
        }
    }
}

/// A program that is ended when the test is.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_program_says_where_it_is() {
    let said = |flags: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_lab-cluster"));
        program.args(["--secure-port=0", "--data-dir"]).arg(folder.path()).args(flags);
        let mut running = Running(program.stdout(Stdio::piped()).spawn().unwrap());
        let lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
        lines.take_while(|line| !line.contains("Try, in another")).collect::<Vec<_>>().join("\n")
    };
    let with = said(&[]);
    let address = with.split("https://").nth(1).unwrap().split_whitespace().next().unwrap();
    assert!(with.contains(&format!("https://{address}{PATH} (paste a token)")), "{with}");
    let without = said(&["--dashboard=false"]);
    assert!(without.contains("https://") && !without.contains("dashboard"), "{without}");
}
