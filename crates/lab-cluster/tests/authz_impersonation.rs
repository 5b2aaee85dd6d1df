//! Acting as somebody else, as a real kube-apiserver 1.37.2 with RBAC answered it:
//! `data/authz_impersonation.jsonl`.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::real::{RealServer, WITH_RBAC};
use common::{Lab, recorded};
use serde_json::Value;

fn exchanges() -> Vec<Value> {
    recorded::exchanges(include_str!("data/authz_impersonation.jsonl"))
}

async fn lab(tokens: &str) -> Lab {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.csv");
    std::fs::write(&file, tokens).unwrap();
    let file = format!("--token-auth-file={}", file.display());
    Lab::start(&["--bare", "--authorization-mode=RBAC", &file]).await
}

#[tokio::test]
async fn every_answer_is_the_real_ones() {
    let exchanges = exchanges();
    let lab = lab(&recorded::token_file(&exchanges)).await;
    let wrong =
        recorded::differences(&exchanges, async |request| recorded::ask_lab(&lab, request).await)
            .await;
    assert!(wrong.is_empty(), "{wrong}");
}

#[tokio::test]
#[ignore = "needs a real kube-apiserver"]
async fn a_real_api_server_still_says_so() {
    let exchanges = exchanges();
    let server = RealServer::start(WITH_RBAC, &recorded::token_file(&exchanges));
    let wrong =
        recorded::differences(&exchanges, async |request| recorded::ask_real(&server, request))
            .await;
    assert!(wrong.is_empty(), "{wrong}");
}

#[tokio::test]
async fn the_trace_tells_both() {
    let lab = lab("admin-token,admin,u1,system:masters\nbob-token,bob,u2\n").await;
    let as_jane: &[(&str, &[u8])] =
        &[("authorization", b"Bearer admin-token"), ("impersonate-user", b"jane")];
    assert_eq!(lab.get("/api/v1/pods", as_jane).await.status, 403);
    let trace = lab.cluster.traces().pop().unwrap();
    assert_eq!(trace.user.as_deref(), Some("admin [system:masters, system:authenticated]"));
    let impersonation = "as jane [system:authenticated], by impersonate:user-info";
    assert_eq!(trace.impersonation.as_deref(), Some(impersonation));
    assert_eq!(trace.authorizer.as_deref(), Some("denied: no rule allows it"));
    assert!(trace.to_string().contains("\n  impersonation    as jane ["), "{trace}");

    let as_admin: &[(&str, &[u8])] = &[
        ("authorization", b"Bearer bob-token"),
        ("impersonate-user", b"admin"),
        ("impersonate-group", b"system:masters"),
    ];
    assert_eq!(lab.get("/api/v1/pods", as_admin).await.status, 403);
    let trace = lab.cluster.traces().pop().unwrap();
    assert!(trace.impersonation.unwrap().starts_with("denied: pods is forbidden: User \"bob\""));
    assert_eq!(trace.authorizer, None);
}

#[tokio::test]
async fn with_always_allow_whoever_is_in_is_anybody() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.csv");
    std::fs::write(&file, "bob-token,bob,u2\n").unwrap();
    let lab = Lab::start(&["--bare", &format!("--token-auth-file={}", file.display())]).await;
    let headers: &[(&str, &[u8])] = &[
        ("authorization", b"Bearer bob-token"),
        ("impersonate-user", b"jane"),
        ("impersonate-group", b"system:masters"),
        ("impersonate-uid", b"7"),
        ("impersonate-extra-reason", b"x"),
    ];
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let review = lab.send(None, headers, "POST", path, b"{}").await;
    let user = &review.json()["status"]["userInfo"];
    assert_eq!(
        user.to_string(),
        r#"{"username":"jane","uid":"7","groups":["system:masters","system:authenticated"],"extra":{"reason":["x"]}}"#
    );
    // The first way with system:masters is the old one.
    let trace = lab.cluster.traces().pop().unwrap();
    assert!(trace.impersonation.unwrap().ends_with(", by impersonate"));
}
