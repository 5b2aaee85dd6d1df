//! Roles and bindings written over HTTPS by people who hold some permissions, and what a real
//! kube-apiserver 1.37.2 with RBAC said to it: `data/authz_escalation.jsonl`.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Lab, recorded};
use serde_json::{Value, json};

const RECORDED: &str = include_str!("data/authz_escalation.jsonl");

#[tokio::test]
async fn every_answer_is_the_real_ones() {
    recorded::the_lab_says_so(RECORDED).await;
}

#[tokio::test]
#[ignore = "needs a real kube-apiserver"]
async fn a_real_api_server_still_says_so() {
    recorded::a_real_one_says_so(RECORDED).await;
}

/// A patch is tried, what comes of it is looked at, and then it is made. Nobody may change the role
/// in between: this one takes a verb out of an annotation, where anybody who may write the role may
/// put any word, and copies it into a rule.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_writes_do_not_slip_past_the_check_together() {
    const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.csv");
    std::fs::write(&file, "alice-token,alice,u\n").unwrap();
    let file = format!("--token-auth-file={}", file.display());
    let lab = Lab::start(&["--bare", "--authorization-mode=RBAC", &file]).await;
    // Alice may write roles, and get pods.
    let rules = |verbs: &[&str], group: &str, resource: &str| json!([{"verbs": verbs, "apiGroups": [group], "resources": [resource]}]);
    let mut held = rules(&["update", "patch", "get"], "rbac.authorization.k8s.io", "clusterroles");
    // Many rules: to look at them takes a while.
    let many: Vec<Value> = (0..100)
        .map(|n| json!({"verbs": ["get"], "apiGroups": [""], "resources": [format!("pods/{n}")]}))
        .collect();
    held.as_array_mut().unwrap().extend(many.clone());
    let binding = json!({
        "metadata": {"name": "alice"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "held"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "alice"}],
    });
    let role = json!({"metadata": {"name": "x", "annotations": {"verb": "get"}}, "rules": many});
    for (path, object) in [
        (ROLES, json!({"metadata": {"name": "held"}, "rules": held})),
        ("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding),
        (ROLES, role),
    ] {
        let made = lab.admin("POST", path, &object.to_string()).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }

    let at = &format!("{ROLES}/x");
    let patch = async |kind: &str, body: &Value| {
        let (kind, body) = (format!("application/{kind}"), body.to_string());
        let headers: &[(&str, &[u8])] =
            &[("authorization", b"Bearer alice-token"), ("content-type", kind.as_bytes())];
        lab.send(None, headers, "PATCH", at, body.as_bytes()).await.status
    };
    let (from, into) = ("/metadata/annotations/verb", "/rules/0/verbs/0");
    let copy = json!([{"op": "remove", "path": into}, {"op": "copy", "from": from, "path": into}]);
    let tries = 60;
    let write = async |word: &str| {
        let body = json!({"metadata": {"annotations": {"verb": word}}});
        assert_eq!(patch("merge-patch+json", &body).await, 200);
    };
    // One after the other.
    write("*").await;
    assert_eq!(patch("json-patch+json", &copy).await, 403);
    write("get").await;
    assert_eq!(patch("json-patch+json", &copy).await, 200);
    // Both at once.
    let writes_the_word = async {
        for n in 0..tries {
            write(if n % 2 == 0 { "*" } else { "get" }).await;
        }
    };
    let copies_it = async {
        for _ in 0..tries {
            let said = patch("json-patch+json", &copy).await;
            assert!([200, 403].contains(&said), "{said}");
            let role = lab.bearer("alice-token", "GET", at, "").await.json();
            assert_eq!(role["rules"][0]["verbs"], json!(["get"]), "alice has made herself more");
        }
    };
    tokio::join!(writes_the_word, copies_it);
}
