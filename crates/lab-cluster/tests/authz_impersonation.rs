//! Acting as somebody else, as a real kube-apiserver 1.37.2 with RBAC answered it:
//! `data/authz_impersonation.jsonl`.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Lab, recorded};
use serde_json::json;

const RECORDED: &str = include_str!("data/authz_impersonation.jsonl");

#[tokio::test]
async fn every_answer_is_the_real_ones() {
    recorded::the_lab_says_so(RECORDED).await;
}

#[tokio::test]
#[ignore = "needs a real kube-apiserver"]
async fn a_real_api_server_still_says_so() {
    recorded::a_real_one_says_so(RECORDED).await;
}

#[tokio::test]
async fn the_trace_tells_both() {
    let lab = recorded::lab(&[json!({"as": "admin"}), json!({"as": "bob"})]).await;
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
