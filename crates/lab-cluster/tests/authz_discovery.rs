//! What a real kube-apiserver 1.37.2 says about the kinds that the lab serves. The recorded documents
//! (`data/authz_discovery.jsonl`) are whole but for the groups and resources that the lab has not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use lab_cluster::discovery::{self, Page, Server};
use lab_cluster::{registry::kinds, reviews};
use proptest::prelude::*;
use serde_json::{Value, json};
use signing::{KeySet, PublicKey};

const ISSUER: &str = "https://kubernetes.default.svc";

fn keys() -> KeySet {
    KeySet::new(PublicKey::all_from_pem(include_bytes!("data/authz_keys.pem")).unwrap())
}

fn page(path: &str) -> Page {
    let keys = keys();
    discovery::page(
        path,
        &Server { address: "127.0.0.1:17615", issuer: ISSUER, keys: &keys, jwks_uri: None },
    )
}

#[test]
fn every_document_is_the_real_servers() {
    for line in include_str!("data/authz_discovery.jsonl").lines() {
        let recorded: Value = serde_json::from_str(line).unwrap();
        let page = page(recorded["path"].as_str().unwrap());
        let (code, media_type) = match &page {
            Page::Object(object) => {
                assert_eq!(object.to_string(), recorded["object"].to_string(), "{line}");
                (200, "application/json")
            }
            Page::NoSuchResource => (404, "application/json"),
            Page::NoSuchPage => (404, "text/plain; charset=utf-8"),
            Page::Document { .. } => panic!("{line}: {page:?}"),
        };
        assert_eq!(
            json!([code, media_type]),
            json!([recorded["code"], recorded["type"]]),
            "{line}"
        );
    }
}

#[test]
fn verifiers_get_the_real_servers_documents() {
    let mut recorded = include_str!("data/authz_keys.json").lines();
    let keys = keys();
    let server = Server { address: "127.0.0.1:17618", issuer: ISSUER, keys: &keys, jwks_uri: None };
    for (path, its_type) in [
        (discovery::KEYS_PATH, "application/jwk-set+json"),
        (discovery::ISSUER_PATH, "application/json"),
    ] {
        let expected = Page::Document {
            media_type: its_type,
            cache_control: Some("public, max-age=3600"),
            text: recorded.next().unwrap().to_owned(),
        };
        assert_eq!(discovery::page(path, &server), expected);
        assert_eq!(discovery::page(&format!("{path}/"), &server), expected);
    }
}

#[test]
fn keys_are_published_for_an_https_issuer_alone() {
    let keys = keys();
    let refusals = [
        ("foo", "must use https scheme"),
        ("", "must use https scheme"),
        ("http://x", "must use https scheme"),
        ("https//x", "must use https scheme"),
        ("https://x?q=1", "may not include a query"),
        ("https://x?q#f", "may not include a query"),
        ("https://x#f", "may not include a fragment"),
        ("https://x#f?q", "may not include a fragment"),
    ];
    for (issuer, problem) in refusals {
        let why = discovery::publishable(issuer).unwrap_err().to_string();
        assert_eq!(
            why,
            format!(
                "Could not construct pre-rendered responses for ServiceAccountIssuerDiscovery \
                 endpoints. Endpoints will not be enabled. Error: issuer URL {problem}, got: {issuer}"
            )
        );
        let server = Server { address: "a:1", issuer, keys: &keys, jwks_uri: None };
        assert_eq!(discovery::page(discovery::KEYS_PATH, &server), Page::NoSuchPage);
        assert_eq!(discovery::page(discovery::ISSUER_PATH, &server), Page::NoSuchPage);
        let Page::Document { text, .. } = discovery::page("/", &server) else { panic!() };
        assert!(!text.contains("openid"), "{text}");
    }
    for issuer in ["https://x", "HTTPS://x", "https:x", "https://x?", "https://x/#"] {
        assert_eq!(discovery::publishable(issuer), Ok(()), "{issuer}");
    }
}

#[test]
fn the_server_says_that_it_is_a_lab() {
    let Page::Document { media_type, cache_control, text } = page("/version") else { panic!() };
    assert_eq!((media_type, cache_control), ("application/json", None));
    let version: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(version["gitVersion"], "v1.37.2+lab");
    assert!(text.starts_with("{\n  \"major\": \"1\",\n  \"minor\": \"37\",\n"), "{text}");
    assert!(text.ends_with("\n}"), "no line feed at its end: {text:?}");
    assert_eq!(page("/version/"), page("/version"));
}

#[test]
fn every_path_of_the_list_is_there() {
    let Page::Document { text, .. } = page("/") else { panic!() };
    assert_eq!(
        text,
        r#"{
  "paths": [
    "/.well-known/openid-configuration",
    "/api",
    "/api/v1",
    "/apis",
    "/apis/",
    "/apis/authentication.k8s.io",
    "/apis/authentication.k8s.io/v1",
    "/apis/authorization.k8s.io",
    "/apis/authorization.k8s.io/v1",
    "/apis/rbac.authorization.k8s.io",
    "/apis/rbac.authorization.k8s.io/v1",
    "/healthz",
    "/livez",
    "/openapi/v2",
    "/openapi/v3",
    "/openid/v1/jwks",
    "/readyz",
    "/version"
  ]
}"#
    );
    let list: Value = serde_json::from_str(&text).unwrap();
    for path in list["paths"].as_array().unwrap() {
        let path = path.as_str().unwrap();
        // How the server is doing it must say itself.
        let health = ["/healthz", "/livez", "/readyz"].contains(&path);
        let found = !matches!(page(path), Page::NoSuchPage | Page::NoSuchResource);
        assert_ne!(found, health, "{path}");
    }
}

#[test]
fn every_kind_is_listed_once() {
    let mut listed = Vec::new();
    let groups = ["authentication.k8s.io", "authorization.k8s.io", "rbac.authorization.k8s.io"];
    let paths = groups.map(|group| format!("/apis/{group}/v1"));
    for path in ["/api/v1".to_owned()].iter().chain(&paths) {
        let Page::Object(list) = page(path) else { panic!("{path}") };
        for resource in list["resources"].as_array().unwrap() {
            listed.push(resource["name"].as_str().unwrap().to_owned());
        }
    }
    let kinds = kinds::ALL.iter().map(|kind| kind.plural);
    let mut served: Vec<_> = kinds.chain(reviews::ALL.iter().map(|kind| kind.plural)).collect();
    served.push("serviceaccounts/token");
    served.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, served);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_path_panics(path in "(/?(api|apis|v1|version|openid|rbac.authorization.k8s.io|[^a]{0,3})){0,5}") {
        let _ = page(&path);
        let _ = discovery::missing(&path);
        let _ = discovery::publishable(&path);
    }
}
