//! Who gets in, and what the server says when it does not let somebody in: over real TLS, with real
//! signatures. Expected answers were given by kube-apiserver 1.37.2.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use common::{Lab, NOON};
use serde_json::{Value, json};
use static_tokens::{Authenticator, User, Verdict};
use std::sync::Arc;

const WHOAMI: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

/// A look-up that knows one token.
struct OneToken;

impl Authenticator for OneToken {
    fn authenticate(&self, token: &[u8]) -> Verdict {
        if token == b"t" {
            let groups = vec!["system:masters".to_owned()];
            Verdict::Authenticated(User { name: "ann".into(), groups, ..User::default() })
        } else {
            Verdict::NotMine
        }
    }
}

async fn lab_with_one_token(flags: &[&str]) -> Lab {
    Lab::with(flags, |options| options.static_tokens = Some(Arc::new(OneToken))).await
}

async fn whoami(lab: &Lab, token: &str) -> Value {
    let answer = lab.bearer(token, "POST", WHOAMI, "{}").await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["status"]["userInfo"].clone()
}

#[tokio::test]
async fn the_header_in_all_its_forms() {
    let lab = lab_with_one_token(&["--authorization-mode=RBAC"]).await;
    for (value, status) in [
        ("Bearer t", 200),
        ("bearer t", 200),
        ("BEARER t", 200),
        ("Bearer t junk", 200),
        (" Bearer t ", 200),
        ("Bearer  t", 403),
        ("Bearer", 403),
        ("Bearer ", 403),
        ("", 403),
        ("Basic dDp0", 403),
        ("Token t", 403),
        ("Bearer: t", 403),
        ("Bearer\tt", 403),
        ("t", 403),
        ("Bearer \"t\"", 401),
        ("Bearer t, Bearer t", 401),
        ("Bearer x", 401),
        ("Bearer x t", 401),
        ("Bearer \u{e9}", 401),
    ] {
        let answer = lab.get("/api/v1/pods", &[("authorization", value.as_bytes())]).await;
        assert_eq!(answer.status, status, "{value:?}: {}", answer.text);
        let warned = answer.header("warning");
        if value == "Bearer  t" {
            assert_eq!(
                warned,
                "299 - \"the provided Authorization header contains extra space before the bearer \
                 token, and is ignored\""
            );
        } else {
            assert_eq!(warned, "", "{value:?}");
        }
    }
}

#[tokio::test]
async fn only_the_first_header_counts_and_nothing_else_carries_a_token() {
    let lab = lab_with_one_token(&["--authorization-mode=RBAC"]).await;
    let (good, bad): (&[u8], &[u8]) = (b"Bearer t", b"Bearer x");
    for (headers, status) in [
        (vec![("authorization", good), ("authorization", bad)], 200),
        (vec![("authorization", bad), ("authorization", good)], 401),
        (vec![("authorization", b"Basic x".as_slice()), ("authorization", good)], 403),
        (vec![("authentication", good)], 403),
        (vec![("proxy-authorization", good)], 403),
        (vec![("cookie", b"token=t".as_slice())], 403),
        (vec![("x-remote-user", b"admin".as_slice())], 403),
        (vec![], 403),
    ] {
        assert_eq!(lab.get("/api/v1/pods", &headers).await.status, status, "{headers:?}");
    }
    assert_eq!(lab.get("/api/v1/pods?access_token=t", &[]).await.status, 403);
}

#[tokio::test]
async fn a_401_tells_a_client_nothing() {
    let lab = Lab::start(&[]).await;
    let answer = lab.get("/api/v1/pods", &[("authorization", b"Bearer nobody's")]).await;
    assert_eq!(
        answer.text,
        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\
         \"message\":\"Unauthorized\",\"reason\":\"Unauthorized\",\"code\":401}\n"
    );
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-cache, private");
    assert_eq!(answer.header("content-length"), "129");
    assert!(!answer.header("audit-id").is_empty());
    for never in ["www-authenticate", "x-content-type-options", "server"] {
        assert_eq!(answer.header(never), "", "{never}");
    }
}

#[tokio::test]
async fn a_request_without_credentials() {
    let rbac = Lab::start(&["--authorization-mode=RBAC"]).await;
    for open in ["/healthz", "/livez", "/readyz", "/version"] {
        assert_eq!(rbac.get(open, &[]).await.status, 200, "{open}");
    }
    let answer = rbac.get("/api/v1/pods", &[]).await;
    assert_eq!(
        answer.json()["message"],
        "pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API group \
         \"\" at the cluster scope"
    );
    assert_eq!(answer.json()["details"], json!({"kind": "pods"}));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");

    let off = Lab::start(&["--authorization-mode=RBAC", "--anonymous-auth=false"]).await;
    for path in ["/healthz", "/version", "/api/v1/pods", "/nope"] {
        assert_eq!(off.get(path, &[]).await.status, 401, "{path}");
    }
    // Where everybody may do everything, nobody may be anonymous.
    let allow = Lab::start(&[]).await;
    assert_eq!(allow.get("/healthz", &[]).await.status, 401);
    assert!(allow.cluster.notes()[0].starts_with("AnonymousAuth is not allowed"));
}

#[tokio::test]
async fn a_token_from_its_making_to_its_end() {
    let lab = Lab::start(&[]).await;
    let token = lab.token("default", "default", "{}").await;
    let user = whoami(&lab, &token).await;
    assert_eq!(user["username"], "system:serviceaccount:default:default");
    assert_eq!(
        user["groups"],
        json!(["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"])
    );
    let credential = &user["extra"]["authentication.kubernetes.io/credential-id"][0];
    assert!(credential.as_str().unwrap().starts_with("JTI="), "{credential}");

    // An hour, and a minute of leeway; then not a second more.
    lab.pass(3600 + 60);
    assert_eq!(lab.bearer(&token, "GET", "/api/v1/pods", "").await.status, 200);
    lab.pass(11);
    assert_eq!(lab.bearer(&token, "GET", "/api/v1/pods", "").await.status, 401);
    assert_eq!(lab.last_rejection(), "service account token has expired");
}

#[tokio::test]
async fn an_account_that_is_deleted_and_made_again_is_another_one() {
    let lab = Lab::start(&["--bare"]).await;
    let accounts = "/api/v1/namespaces/default/serviceaccounts";
    let robot = r#"{"metadata":{"name":"robot"}}"#;
    assert_eq!(lab.admin("POST", accounts, robot).await.status, 201);
    let token = lab.token("default", "robot", "{}").await;
    let first = whoami(&lab, &token).await;

    let gone = lab.admin("DELETE", &format!("{accounts}/robot"), "").await;
    assert_eq!(gone.status, 200, "{}", gone.text);
    lab.pass(9);
    assert_eq!(lab.bearer(&token, "GET", "/api", "").await.status, 200, "remembered for 10 s");
    lab.pass(2);
    assert_eq!(lab.bearer(&token, "GET", "/api", "").await.status, 401);
    assert_eq!(lab.last_rejection(), "serviceaccounts \"robot\" not found");

    lab.admin("POST", accounts, robot).await;
    assert_eq!(lab.bearer(&token, "GET", "/api", "").await.status, 401);
    let anew = lab.token("default", "robot", "{}").await;
    let second = whoami(&lab, &anew).await;
    lab.bearer(&token, "GET", "/api", "").await;
    let (first, second) = (first["uid"].as_str().unwrap(), second["uid"].as_str().unwrap());
    assert_eq!(
        lab.last_rejection(),
        format!("service account UID ({second}) does not match claim ({first})")
    );
}

#[tokio::test]
async fn a_token_bound_to_an_object_ends_with_it() {
    let lab = Lab::start(&["--bare"]).await;
    lab.admin("POST", "/api/v1/namespaces/default/serviceaccounts", r#"{"metadata":{"name":"a"}}"#)
        .await;
    let pod = json!({"metadata": {"name": "p"}, "spec": {"serviceAccountName": "a",
        "nodeName": "gone", "containers": [{"name": "c", "image": "i"}]}});
    for (plural, body) in [
        ("namespaces/default/pods", pod),
        ("namespaces/default/secrets", json!({"metadata": {"name": "s"}})),
        ("nodes", json!({"metadata": {"name": "n"}})),
    ] {
        let answer = lab.admin("POST", &format!("/api/v1/{plural}"), &body.to_string()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    for (kind, name, path) in [
        ("Pod", "p", "namespaces/default/pods/p"),
        ("Secret", "s", "namespaces/default/secrets/s"),
        ("Node", "n", "nodes/n"),
    ] {
        let bound = json!({"boundObjectRef": {"kind": kind, "apiVersion": "v1", "name": name}});
        let token = lab.token("default", "a", &bound.to_string()).await;
        let user = whoami(&lab, &token).await;
        let about =
            |key: &str| user["extra"][format!("authentication.kubernetes.io/{key}")].clone();
        match kind {
            "Pod" => {
                assert_eq!(about("pod-name"), json!(["p"]));
                assert_eq!(about("node-name"), json!(["gone"]), "a node that is not there");
            }
            "Node" => assert_eq!(about("node-name"), json!(["n"])),
            _ => assert_eq!(about("node-name"), Value::Null),
        }
        let answer = lab.admin("DELETE", &format!("/api/v1/{path}?gracePeriodSeconds=0"), "").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        lab.pass(11);
        assert_eq!(lab.bearer(&token, "GET", "/api", "").await.status, 401, "{kind}");
        assert_eq!(lab.last_rejection(), "service account token has been invalidated");
    }
}

#[tokio::test]
async fn a_legacy_token_lives_as_long_as_its_secret() {
    let lab = Lab::start(&[]).await;
    let secrets = "/api/v1/namespaces/default/secrets";
    let secret = json!({
        "metadata": {"name": "old", "annotations": {"kubernetes.io/service-account.name": "default"}},
        "type": "kubernetes.io/service-account-token",
    });
    assert_eq!(lab.admin("POST", secrets, &secret.to_string()).await.status, 201);
    let stored = lab.admin("GET", &format!("{secrets}/old"), "").await.json();
    let data = |key: &str| {
        let text = stored["data"][key].as_str().unwrap_or_else(|| panic!("no {key}: {stored}"));
        String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap()
    };
    assert_eq!(data("namespace"), "default");
    assert_eq!(data("ca.crt"), lab.cluster.ca_pem());
    let token = data("token");

    lab.pass(5 * 365 * 86400);
    let user = whoami(&lab, &token).await;
    assert_eq!(user["username"], "system:serviceaccount:default:default");
    assert_eq!(user["extra"], Value::Null, "no jti, no credential id");
    let marked = lab.admin("GET", &format!("{secrets}/old"), "").await.json();
    let label = &marked["metadata"]["labels"]["kubernetes.io/legacy-token-last-used"];
    assert_eq!(*label, lab.now().format("%Y-%m-%d").to_string());

    // The Secret's copy is compared: the same claims, signed again, are not the same token.
    let tampered = format!("{}A", &token[..token.len() - 1]);
    assert_eq!(lab.bearer(&tampered, "GET", "/api", "").await.status, 401);
    lab.admin("DELETE", &format!("{secrets}/old"), "").await;
    lab.pass(11);
    assert_eq!(lab.bearer(&token, "GET", "/api", "").await.status, 401);
    assert_eq!(lab.last_rejection(), "Token has been invalidated");
}

#[tokio::test]
async fn the_wrong_audience_issuer_key_or_time() {
    let lab = Lab::start(&["--api-audiences=api,other"]).await;
    let account = lab.admin("GET", "/api/v1/namespaces/default/serviceaccounts/default", "").await;
    let uid = account.json()["metadata"]["uid"].clone();
    let claims = |change: Value| {
        let mut claims = json!({
            "aud": ["api"], "exp": NOON + 600, "iat": NOON, "nbf": NOON,
            "iss": "https://kubernetes.default.svc",
            "kubernetes.io": {
                "namespace": "default", "serviceaccount": {"name": "default", "uid": uid}
            },
            "sub": "system:serviceaccount:default:default",
        });
        for (key, value) in change.as_object().unwrap() {
            claims[key] = value.clone();
        }
        claims
    };
    let key = signing::samples::lab_key();
    let sign = |change: Value| key.sign(&claims(change)).unwrap();
    let other_key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let other_key = signing::SigningKey::from_pem(other_key.as_bytes()).unwrap();
    for (what, token, said) in [
        ("good", sign(json!({})), ""),
        ("second audience", sign(json!({"aud": ["x", "other"]})), ""),
        ("audience as text", sign(json!({"aud": "api"})), ""),
        ("no audience", sign(json!({"aud": []})), ""),
        ("no exp", sign(json!({"exp": null})), ""),
        ("float exp", sign(json!({"exp": 1_795_435_800.5})), ""),
        ("wrong sub", sign(json!({"sub": "system:serviceaccount:a:b"})), ""),
        (
            "foreign audience",
            sign(json!({"aud": ["vault"]})),
            "token audiences [\"vault\"] is invalid for the target audiences [\"api\" \"other\"]",
        ),
        ("foreign issuer", sign(json!({"iss": "https://elsewhere"})), "nobody's"),
        (
            "issuer with a slash",
            sign(json!({"iss": "https://kubernetes.default.svc/"})),
            "nobody's",
        ),
        ("expired", sign(json!({"exp": NOON - 61})), "service account token has expired"),
        ("not yet", sign(json!({"nbf": NOON + 61})), "service account token is not valid yet"),
        (
            "future",
            sign(json!({"iat": NOON + 61})),
            "service account token is issued in the future",
        ),
        (
            "another key",
            other_key.sign(&claims(json!({}))).unwrap(),
            "invalid signature, no keys found",
        ),
        (
            "missing account",
            sign(json!({"kubernetes.io": {"namespace": "default",
                "serviceaccount": {"name": "ghost", "uid": "u"}}})),
            "serviceaccounts \"ghost\" not found",
        ),
    ] {
        let answer = lab.bearer(&token, "GET", "/api", "").await;
        assert_eq!(answer.status, if said.is_empty() { 200 } else { 401 }, "{what}");
        let rejection = lab.last_rejection();
        let rejection = if said == "nobody's" { "nobody's" } else { rejection.as_str() };
        assert_eq!(rejection, said, "{what}");
    }
}

#[tokio::test]
async fn no_change_to_a_signed_token_gets_in() {
    let lab = Lab::start(&[]).await;
    let token = lab.token("default", "default", "{}").await;
    let parts: Vec<&str> = token.split('.').collect();
    let header = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let none = header(r#"{"alg":"none"}"#);
    let hs256 = header(r#"{"alg":"HS256"}"#);
    for tampered in [
        format!("{}.{}.", parts[0], parts[1]),
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{hs256}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], parts[2], parts[1]),
        format!("{}.{}.{}=", parts[0], parts[1], parts[2]),
        format!("{token}.{}", parts[2]),
        format!("{}.{}", parts[0], parts[1]),
        format!(
            "{}.{}.{}",
            parts[0],
            header(r#"{"iss":"https://kubernetes.default.svc"}"#),
            parts[2]
        ),
    ] {
        assert_eq!(lab.bearer(&tampered, "GET", "/api", "").await.status, 401, "{tampered}");
    }
}

#[tokio::test]
async fn the_certificate_is_asked_before_the_token() {
    let lab = lab_with_one_token(&[]).await;
    let kubeconfig: Value = serde_saphyr::from_str(&lab.cluster.admin_kubeconfig()).unwrap();
    let pem = |key: &str| {
        let text = kubeconfig["users"][0]["user"][key].as_str().unwrap();
        String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap()
    };
    let (certificate, key) = (pem("client-certificate-data"), pem("client-key-data"));
    let admin = Some((certificate.as_str(), key.as_str()));
    let garbage: &[(&str, &[u8])] = &[("authorization", b"Bearer garbage")];
    let good: &[(&str, &[u8])] = &[("authorization", b"Bearer t")];

    let who = async |certificate, headers| {
        let answer = lab.send(certificate, headers, "POST", WHOAMI, b"{}").await;
        (answer.status, answer.json()["status"]["userInfo"]["username"].clone())
    };
    assert_eq!(who(admin, &[]).await, (201, json!("admin")));
    assert_eq!(who(admin, garbage).await, (201, json!("admin")), "the trap");
    assert_eq!(who(admin, good).await, (201, json!("admin")));

    // A certificate that nobody here vouches for: the handshake succeeds, the request does not.
    let foreign = lab_cluster::pki::Pki::generate("127.0.0.1".parse().unwrap()).unwrap().admin;
    let foreign = Some((foreign.certificate.as_str(), foreign.key.as_str()));
    assert_eq!(who(foreign, &[]).await.0, 401);
    let why = lab.last_rejection();
    assert!(why.starts_with("verifying certificate SN="), "{why}");
    assert!(why.contains(" failed: x509: certificate signed by unknown authority"), "{why}");
    assert_eq!(who(foreign, good).await, (201, json!("ann")));
    assert_eq!(who(foreign, garbage).await.0, 401);
}

#[tokio::test]
async fn a_static_token_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("known_tokens.csv");
    std::fs::write(&path, "secret,ann,1,\"dev,ops\"\n,empty,2\n").unwrap();
    let flag = format!("--token-auth-file={}", path.display());
    let lab = Lab::start(&[&flag]).await;
    let user = whoami(&lab, "secret").await;
    assert_eq!(
        user,
        json!({"username": "ann", "uid": "1", "groups": ["dev", "ops", "system:authenticated"]})
    );
    let warning =
        format!("empty token has been found in token file '{}', record number '2'", path.display());
    assert!(lab.cluster.notes().contains(&warning), "{:?}", lab.cluster.notes());
    // A change needs a restart.
    std::fs::write(&path, "changed,ann,1\n").unwrap();
    assert_eq!(lab.bearer("changed", "GET", "/api", "").await.status, 401);
    assert_eq!(lab.bearer("secret", "GET", "/api", "").await.status, 200);
}

#[tokio::test]
async fn no_copy_of_a_token_is_stored() {
    let lab = Lab::start(&[]).await;
    let token = lab.token("kube-system", "coredns", "{}").await;
    let signature = token.rsplit('.').next().unwrap();
    for (kind, object) in lab.cluster.registry().all_objects() {
        let text = object.to_string();
        assert!(!text.contains(signature), "{}: {text}", kind.kind);
    }
}
