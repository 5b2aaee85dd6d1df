//! What a flag changes, asked from outside.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::Lab;
use serde_json::Value;

const ROBOT: &str = "/api/v1/namespaces/default/serviceaccounts/default";

/// The claims of a pod's token, and the whole answer that it came in.
async fn pods_token(flags: &[&str]) -> (Value, Value) {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let lab = Lab::start(flags).await;
    let pod = r#"{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}"#;
    let answer = lab.admin("POST", "/api/v1/namespaces/default/pods", pod).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let request = r#"{"spec":{"expirationSeconds":3607,
        "boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p"}}}"#;
    let answer = lab.admin("POST", &format!("{ROBOT}/token"), request).await.json();
    let token = answer["status"]["token"].as_str().unwrap().to_owned();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    (serde_json::from_slice(&claims).unwrap(), answer)
}

#[tokio::test]
async fn a_pods_token_gets_a_year_unless_a_flag_says_no() {
    let (claims, answer) = pods_token(&[]).await;
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 31_536_000);
    let warn_after = claims["kubernetes.io"]["warnafter"].as_i64().unwrap();
    assert_eq!(warn_after - claims["iat"].as_i64().unwrap(), 3607);
    assert_eq!(answer["spec"]["expirationSeconds"], 3607);
    assert_eq!(answer["status"]["expirationTimestamp"], "2026-11-23T13:00:07Z");

    let (claims, answer) = pods_token(&["--service-account-extend-token-expiration=false"]).await;
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3607);
    assert_eq!(claims["kubernetes.io"].get("warnafter"), None);
    assert_eq!(answer["status"]["expirationTimestamp"], "2026-11-23T13:00:07Z");
}

#[tokio::test]
async fn keys_may_lie_elsewhere() {
    let keys = "https://keys.example.com/jwks";
    let lab = Lab::start(&["--service-account-jwks-uri", keys]).await;
    let document = lab.admin("GET", "/.well-known/openid-configuration", "").await.json();
    assert_eq!(document["jwks_uri"], keys);
    // The server's own list is there all the same.
    let list = lab.admin("GET", "/openid/v1/jwks", "").await.json();
    assert_eq!(list["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn always_deny_leaves_the_masters_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.csv");
    std::fs::write(&file, "bob-token,bob,u\n").unwrap();
    let file = format!("--token-auth-file={}", file.display());
    for modes in ["AlwaysDeny", "AlwaysDeny,RBAC"] {
        let lab = Lab::start(&["--bare", "--authorization-mode", modes, &file]).await;
        let refused = lab.bearer("bob-token", "GET", "/api/v1/pods", "").await;
        assert_eq!(
            refused.json()["message"],
            "pods is forbidden: User \"bob\" cannot list resource \"pods\" in API group \"\" at the \
             cluster scope: alwaysdeny: Everything is forbidden."
        );
        assert_eq!(lab.admin("GET", "/api/v1/pods", "").await.status, 200);
        // It is no veto: a role behind it still counts.
        let version = lab.bearer("bob-token", "GET", "/version", "").await.status;
        assert_eq!(version, if modes == "AlwaysDeny" { 403 } else { 200 });
    }
}

/// The same of a real one, at every place in the list.
#[tokio::test]
async fn always_allow_allows_whatever_stands_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.csv");
    std::fs::write(&file, "bob-token,bob,u\n").unwrap();
    let file = format!("--token-auth-file={}", file.display());
    let reset = "AnonymousAuth is not allowed with the AlwaysAllow authorizer. Resetting \
                 AnonymousAuth to false. You should use a different authorizer";
    for modes in
        ["AlwaysAllow,RBAC", "RBAC,AlwaysAllow", "AlwaysDeny,AlwaysAllow", "Node,AlwaysAllow"]
    {
        let lab = Lab::start(&["--bare", "--authorization-mode", modes, &file]).await;
        let secrets = lab.bearer("bob-token", "GET", "/api/v1/secrets", "").await;
        assert_eq!(secrets.status, 200, "{modes}");
        assert_eq!(lab.get("/version", &[]).await.status, 401, "{modes}");
        assert!(lab.cluster.notes().iter().any(|note| note == reset), "{modes}");
        // Roles are there, and their rules are told, where RBAC is among the modes.
        let path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
        let review = r#"{"spec":{"namespace":"default"}}"#;
        let rules = lab.bearer("bob-token", "POST", path, review).await.json();
        let rules = rules["status"]["resourceRules"].as_array().unwrap();
        let everything =
            serde_json::json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]});
        assert!(rules.contains(&everything), "{modes}: {rules:?}");
        assert_eq!(rules.len() > 1, modes.contains("RBAC"), "{modes}: {rules:?}");
    }
}

#[tokio::test]
async fn the_node_mode_is_read_as_nothing() {
    let alone = Lab::start(&["--authorization-mode=Node"]).await;
    assert_eq!(alone.get("/version", &[]).await.status, 403);
    assert_eq!(alone.admin("GET", "/api/v1/pods", "").await.status, 200);

    let lab = Lab::start(&["--authorization-mode=Node,RBAC"]).await;
    let note = "authorization mode Node is read as nothing: the lab has no kubelets";
    assert_eq!(lab.cluster.notes(), [note]);
    assert_eq!(lab.get("/version", &[]).await.status, 200);
    assert_eq!(lab.get("/api", &[]).await.status, 403);
}

#[tokio::test]
async fn the_server_shows_the_certificate_that_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate =
        rcgen::CertificateParams::new(["127.0.0.1".to_owned(), "mine.example".into()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
    std::fs::write(path("mine.crt"), certificate.pem()).unwrap();
    std::fs::write(path("mine.key"), key.serialize_pem()).unwrap();
    let (certificate_file, key_file) = (path("mine.crt"), path("mine.key"));
    let flags = ["--tls-cert-file", &certificate_file, "--tls-private-key-file", &key_file];
    let lab = Lab::start(&flags).await;
    // The client trusts what is in the kubeconfig; the administrator's certificate still counts.
    assert!(lab.cluster.ca_pem().ends_with(&certificate.pem()));
    assert_eq!(lab.admin("GET", "/api/v1/nodes", "").await.status, 200);
}
