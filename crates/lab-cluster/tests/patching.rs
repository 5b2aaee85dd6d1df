//! Patches and server-side apply, over HTTP: what is refused, in the words of kube-apiserver 1.37.2,
//! and what is warned of. What patches do to objects is tried in `registry_as_the_real_one.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::Lab;
use serde_json::json;

const ALICE: &[u8] = b"Bearer alices-token";

/// A cluster that knows alice.
async fn lab(mode: &str) -> Lab {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.csv");
    std::fs::write(&file, "alices-token,alice,u1\n").unwrap();
    let tokens = format!("--token-auth-file={}", file.display());
    Lab::start(&[&tokens, &format!("--authorization-mode={mode}")]).await
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// Sends a patch as alice; what was said, and warned of.
async fn patch(lab: &Lab, kind: &str, path: &str, body: &str) -> (u16, String, String) {
    let media_type = format!("application/{kind}");
    let headers = [("authorization", ALICE), ("content-type", media_type.as_bytes())];
    let answer = lab.send(None, &headers, "PATCH", path, body.as_bytes()).await;
    let warning = answer.header("warning").to_owned();
    let message = answer.json()["message"].as_str().unwrap_or_default().to_owned();
    (answer.status, message, warning)
}

#[tokio::test]
async fn server_side_apply() {
    let lab = lab("AlwaysAllow").await;
    let apply = async |path: &str, body: &str| {
        let (status, message, _) = patch(&lab, "apply-patch+yaml", path, body).await;
        (status, message)
    };
    let at = &format!("{MAPS}/a?fieldManager=me")[..];
    let a = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {n: '1'}";
    assert_eq!(apply(at, a).await, (201, String::new()));
    assert_eq!(apply(at, a).await, (200, String::new()));
    assert_eq!(apply(at, &a.replace("n: '1'", "m: '2'")).await.0, 200);
    let stored = lab.admin("GET", &format!("{MAPS}/a"), "").await.json();
    assert_eq!(stored["data"], json!({"m": "2", "n": "1"}), "nobody has taken it back");

    for (path, body, code, message) in [
        (
            "a",
            a,
            422,
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
        ),
        (
            "b?fieldManager=me",
            a,
            400,
            "the name of the object (a) does not match the name on the URL (b)",
        ),
        ("a?fieldManager=me", "data: {}", 400, "invalid object type: /, Kind="),
        (
            "a?fieldManager=me",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}",
            400,
            "invalid object type: /v1, Kind=Secret",
        ),
        (
            "a?fieldManager=me",
            "[1]",
            400,
            "error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
        (
            "a?fieldManager=me",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndada: {}",
            500,
            "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .dada: field not declared in schema",
        ),
        (
            "c?fieldManager=me",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, uid: '1'}",
            409,
            "Operation cannot be fulfilled on configmaps \"c\": uid mismatch: the provided object specified uid 1, and no existing object was found",
        ),
        (
            "c?fieldManager=me",
            "apiVersion: v1\nkind: ConfigMap",
            400,
            "the name of the object (c based on URL) was undeterminable: name must be provided",
        ),
        (
            "a?fieldManager=me",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, managedFields: [{}]}",
            400,
            "metadata.managedFields must be nil",
        ),
    ] {
        let said = apply(&format!("{MAPS}/{path}"), body).await;
        assert_eq!(said, (code, message.to_owned()), "{body}");
    }
}

/// Who may patch may not make, unless who may.
#[tokio::test]
async fn applying_what_is_not_there_needs_the_right_to_create() {
    let lab = lab("RBAC").await;
    let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
    let role = json!({
        "metadata": {"name": "patcher"},
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["patch"]}],
    });
    let binding = json!({
        "metadata": {"name": "patcher"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "patcher"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "alice"}],
    });
    for (kind, body) in [("roles", role), ("rolebindings", binding)] {
        let answer = lab.admin("POST", &format!("{rbac}/{kind}"), &body.to_string()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    let body = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#;
    let at = format!("{MAPS}/a?fieldManager=me");
    let (code, message, _) = patch(&lab, "apply-patch+yaml", &at, body).await;
    assert_eq!(
        (code, &message[..]),
        (
            403,
            "configmaps \"a\" is forbidden: User \"alice\" cannot create resource \"configmaps\" in API group \"\" in the namespace \"default\""
        )
    );
    lab.admin("POST", MAPS, r#"{"metadata":{"name":"a"}}"#).await;
    assert_eq!(patch(&lab, "apply-patch+yaml", &at, body).await.0, 200);
}

#[tokio::test]
async fn patches_that_nobody_understands() {
    let lab = lab("AlwaysAllow").await;
    lab.admin("POST", MAPS, r#"{"metadata":{"name":"a"}}"#).await;
    let at = format!("{MAPS}/a");
    for kind in ["merge-patch+json", "strategic-merge-patch+json", "json-patch+json"] {
        let (code, message, _) = patch(&lab, kind, &at, r#"{"data":"#).await;
        assert_eq!((code, &message[..]), (400, "invalid JSON patch"), "{kind}");
    }
    let (_, _, warning) = patch(&lab, "merge-patch+json", &at, r#"{"dada":1}"#).await;
    assert_eq!(warning, r#"299 - "unknown field \"dada\"""#);
    let strict = format!("{at}?fieldValidation=Strict");
    for (patched, why) in [
        (r#"{"dada":1}"#, "map[dada:1]\": strict decoding error: unknown field \"dada\""),
        (r#"{"data":{"n":1}}"#, "map[data:map[n:1]]\": cannot convert int64 to string"),
        (r#"{"data":"x"}"#, "map[data:x]\": cannot restore map from string"),
        (
            r#"{"metadata":{"labels":["x"]}}"#,
            "map[metadata:map[labels:[x]]]\": cannot restore map from slice",
        ),
        (r#"{"metadata":"x"}"#, "map[metadata:x]\": cannot restore struct from: string"),
        (r#"{"immutable":"x"}"#, "map[immutable:x]\": unrecognized type: bool"),
        (
            r#"{"metadata":{"finalizers":{}}}"#,
            "map[metadata:map[finalizers:map[]]]\": cannot restore slice from map",
        ),
    ] {
        let (code, message, _) = patch(&lab, "strategic-merge-patch+json", &strict, patched).await;
        let expected = format!(" \"\" is invalid: patch: Invalid value: \"{why}");
        assert_eq!((code, message), (422, expected), "{patched}");
    }
}

#[tokio::test]
async fn a_token_in_a_namespace_that_is_not_there() {
    let lab = lab("AlwaysAllow").await;
    let path = "/api/v1/namespaces/nonesuch/serviceaccounts/default/token";
    let answer = lab.admin("POST", path, "{}").await;
    assert_eq!(answer.json()["message"], "namespaces \"nonesuch\" not found");
}

/// kubectl says so in the query of a POST, a PUT and a PATCH, and in the body of a DELETE.
#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let lab = lab("AlwaysAllow").await;
    let a = &format!("{MAPS}/a")[..];
    let map = r#"{"metadata":{"name":"a"}}"#;
    assert_eq!(lab.admin("POST", &format!("{MAPS}?dryRun=All"), map).await.status, 201);
    assert_eq!(lab.admin("GET", a, "").await.status, 404);
    lab.admin("POST", MAPS, map).await;
    for (path, body) in [
        (a.to_owned(), r#"{"dryRun":["All"]}"#),
        (format!("{a}?dryRun=All"), ""),
        (format!("{a}?dryRun=All"), r#"{"dryRun":["All"]}"#),
        (MAPS.to_owned(), r#"{"dryRun":["All"]}"#),
        (format!("{MAPS}?dryRun=All"), ""),
    ] {
        assert_eq!(lab.admin("DELETE", &path, body).await.status, 200, "{path} {body}");
        assert_eq!(lab.admin("GET", a, "").await.status, 200, "{path} {body}");
    }
    for (method, path, body, kind) in [
        ("POST", MAPS.to_owned() + "?dryRun=Some", map, "CreateOptions"),
        ("PUT", format!("{a}?dryRun=Some"), map, "UpdateOptions"),
        ("DELETE", format!("{a}?dryRun=Some"), "", "DeleteOptions"),
        ("DELETE", a.to_owned(), r#"{"dryRun":["Some"]}"#, "DeleteOptions"),
    ] {
        let answer = lab.admin(method, &path, body).await;
        let message = format!(
            "{kind}.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"Some\"]: supported values: \"All\""
        );
        assert_eq!((answer.status, answer.json()["message"].as_str()), (422, Some(&message[..])));
    }
}
