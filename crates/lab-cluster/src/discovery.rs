//! What there is to ask for, as documents: by these `kubectl` learns what `pods` are and where they
//! live, and a service outside of the cluster learns by which keys its tokens are checked.
//!
//! | path | says |
//! |---|---|
//! | `/api`, `/apis` | which groups there are, and their versions |
//! | `/api/v1`, `/apis/GROUP/VERSION` | which resources they have, and what can be done to them |
//! | `/.well-known/openid-configuration` | who issues tokens, and where the keys are |
//! | `/openid/v1/jwks` | the public keys |
//! | `/openapi/v3` | which fields the objects have |
//! | `/version` | which server this is |
//!
//! All of it is generated from what the lab serves: [`kinds::ALL`] and [`reviews::ALL`].
//!
//! Who accepts [`AGGREGATED`] gets all groups with all their resources at `/api` and `/apis`, which
//! saves kubectl a request a group.
//!
//! The real server's: [`pkg/endpoints/discovery`][1], [`openidmetadata.go`][2].
//!
//! [1]: https://github.com/kubernetes/kubernetes/tree/v1.37.2/staging/src/k8s.io/apiserver/pkg/endpoints/discovery
//! [2]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/serviceaccount/openidmetadata.go

use crate::openapi;
use crate::registry::kinds;
use crate::reviews;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use signing::KeySet;
use std::collections::BTreeSet;

/// Where the keys are: `https://ADDRESS/openid/v1/jwks`.
pub const KEYS_PATH: &str = "/openid/v1/jwks";
/// Where a verifier begins ([OpenID Connect Discovery, section 4][1]).
///
/// [1]: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
pub const ISSUER_PATH: &str = "/.well-known/openid-configuration";

/// The media type of the documents that say everything at once, in two requests
/// ([kubernetes.io][1]).
///
/// [1]: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery
pub const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The only version of every group here.
const VERSION: &str = "v1";
/// How long a verifier may keep the keys: an hour. A new key must be listed that long before it
/// signs.
const ONE_HOUR: Option<&str> = Some("public, max-age=3600");

/// What a server says about itself.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    /// Where clients reach it: `127.0.0.1:16443`.
    pub address: &'a str,
    /// The first `--service-account-issuer`.
    pub issuer: &'a str,
    /// The keys that tokens are checked with.
    pub keys: &'a KeySet,
    /// Where they are: `--service-account-jwks-uri`, or [`KEYS_PATH`] of the server itself.
    pub jwks_uri: Option<&'a str>,
}

impl Server<'_> {
    fn keys_url(&self) -> String {
        let own = || format!("https://{}{KEYS_PATH}", self.address);
        self.jwks_uri.map_or_else(own, str::to_owned)
    }
}

/// What is at a path. The documents are there for `GET` alone: any other method is a 405.
#[derive(Debug, Clone, PartialEq)]
pub enum Page {
    /// An object, in JSON or YAML, as the client likes.
    Object(Value),
    /// A document of one media type: a client that accepts only another gets a 406.
    Document {
        /// Its type.
        media_type: &'static str,
        /// How long it may be kept, if it may.
        cache_control: Option<&'static str>,
        /// The document.
        text: String,
    },
    /// 404, as an object.
    NoSuchResource,
    /// 404, as text: below this path there is no API at all.
    NoSuchPage,
}

/// Looks at a path that is no resource: percent-decoded, without the query.
#[must_use]
pub fn page(path: &str, server: &Server) -> Page {
    let Some(below) = path.strip_prefix('/') else {
        return Page::NoSuchPage;
    };
    let segments: Vec<&str> = below.strip_suffix('/').unwrap_or(below).split('/').collect();
    let object = |found: Option<Value>| found.map_or_else(|| missing(path), Page::Object);
    match segments[..] {
        ["" | "index.html"] => indented(&paths(server)),
        ["api"] => Page::Object(core_versions(server.address)),
        ["api", version] => object(resources("", version)),
        ["apis"] => Page::Object(groups()),
        ["apis", group] => object(group_versions(group)),
        ["apis", group, version] if !group.is_empty() => object(resources(group, version)),
        ["version"] => indented(&version()),
        ["openapi", "v2"] => Page::Document {
            media_type: openapi::V2_MEDIA_TYPE,
            cache_control: None,
            text: openapi::V2.to_owned(),
        },
        ["openapi", "v3", ..] => match openapi::page(path) {
            Some(page) => Page::Document {
                media_type: "application/json",
                cache_control: None,
                text: page.to_string(),
            },
            None => Page::NoSuchPage,
        },
        [".well-known", "openid-configuration"] => {
            published("application/json", server, || openid_configuration(server))
        }
        ["openid", "v1", "jwks"] => {
            published("application/jwk-set+json", server, || server.keys.to_jwks())
        }
        _ => missing(path),
    }
}

/// How the real server compares the types that a client accepts with what it has at a path: some
/// paths are its router's, others have a handler of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// [`negotiate::routed`](crate::negotiate::routed).
    LetterByLetter,
    /// `application/*` covers `application/json`.
    Ranges,
    /// It does not look.
    Never,
}

/// How types are compared at a path that is no resource.
#[must_use]
pub fn comparison(path: &str) -> Comparison {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match segments[..] {
        ["" | "index.html"] | ["openapi", "v3"] => Comparison::Never,
        ["openapi", ..] | ["apis"] | ["apis", _] => Comparison::Ranges,
        _ => Comparison::LetterByLetter,
    }
}

/// Which of the two 404s a path gets that nothing is behind: an object below a path that is served,
/// text elsewhere.
#[must_use]
pub fn missing(path: &str) -> Page {
    let mut segments = path.split('/').skip(1);
    let served = match (segments.next(), segments.next()) {
        (Some("api" | "version"), Some(_)) => true,
        (Some("apis"), Some(group)) => group_names().contains(group),
        (Some(".well-known"), Some(next)) => next == "openid-configuration",
        _ => false,
    };
    if served { Page::NoSuchResource } else { Page::NoSuchPage }
}

/// `/api` and `/apis` for who accepts [`AGGREGATED`]; `None` elsewhere.
#[must_use]
pub fn aggregated(path: &str) -> Option<Value> {
    let groups: Vec<&str> = match path.trim_end_matches('/') {
        "/api" => vec![""],
        "/apis" => group_names().into_iter().collect(),
        _ => return None,
    };
    let items: Vec<_> = groups.into_iter().map(aggregated_group).collect();
    Some(json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {},
        "items": items,
    }))
}

/// What [`resources`] says, in other words.
fn aggregated_group(group: &str) -> Value {
    let document = resources(group, VERSION).unwrap_or_default();
    let mut listed: Vec<Value> = Vec::new();
    for resource in document["resources"].as_array().into_iter().flatten() {
        let kind = json!({
            "group": resource["group"].as_str().unwrap_or_default(),
            "version": resource["version"].as_str().unwrap_or_default(),
            "kind": resource["kind"],
        });
        let name = resource["name"].as_str().unwrap_or_default();
        if let Some((_, below)) = name.split_once('/') {
            // It stands right behind the resource that it belongs to.
            let sub =
                json!({"subresource": below, "responseKind": kind, "verbs": resource["verbs"]});
            if let Some(parent) = listed.last_mut() {
                parent["subresources"] = json!([sub]);
            }
            continue;
        }
        let mut entry = json!({
            "resource": name,
            "responseKind": kind,
            "scope": if resource["namespaced"] == true { "Namespaced" } else { "Cluster" },
            "singularResource": resource["singularName"],
            "verbs": resource["verbs"],
        });
        for field in ["shortNames", "categories"] {
            if let Some(names) = resource.get(field) {
                entry[field] = names.clone();
            }
        }
        listed.push(entry);
    }
    let metadata = if group.is_empty() { json!({}) } else { json!({"name": group}) };
    let version = json!({"version": VERSION, "resources": listed, "freshness": "Current"});
    json!({"metadata": metadata, "versions": [version]})
}

/// `/api`: the core group, which is older than groups and lives beside them.
fn core_versions(address: &str) -> Value {
    json!({
        "kind": "APIVersions",
        "versions": [VERSION],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    })
}

/// `/apis`: all other groups.
fn groups() -> Value {
    let groups: Vec<_> = group_names().into_iter().map(group).map(Value::from).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/GROUP`.
fn group_versions(name: &str) -> Option<Value> {
    group_names().contains(name).then(|| {
        let mut document = json!({"kind": "APIGroup", "apiVersion": "v1"});
        if let Some(fields) = document.as_object_mut() {
            fields.extend(group(name));
        }
        document
    })
}

fn group(name: &str) -> Map<String, Value> {
    let version = json!({"groupVersion": format!("{name}/{VERSION}"), "version": VERSION});
    let mut group = Map::new();
    group.insert("name".into(), name.into());
    group.insert("versions".into(), json!([version]));
    group.insert("preferredVersion".into(), version);
    group
}

/// The groups besides the core group, in the order in which a real server lists these.
fn group_names() -> BTreeSet<&'static str> {
    let all = kinds::ALL.iter().map(|kind| kind.group);
    let all = all.chain(reviews::ALL.iter().map(|kind| kind.group));
    all.filter(|group| !group.is_empty()).collect()
}

/// `/api/v1` and `/apis/GROUP/VERSION`: each resource, and what can be done to it.
fn resources(group: &str, version: &str) -> Option<Value> {
    let mut listed = Vec::new();
    for kind in kinds::ALL.iter().filter(|kind| kind.group == group && kind.version == version) {
        let mut resource = json!({
            "name": kind.plural,
            "singularName": kind.singular,
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": kind.verbs,
        });
        for (field, names) in [("shortNames", kind.short_names), ("categories", kind.categories)] {
            if !names.is_empty() {
                resource[field] = names.into();
            }
        }
        resource["storageVersionHash"] = storage_version_hash(group, version, kind.kind).into();
        listed.push(resource);
        if kind.plural == "serviceaccounts" {
            // Where tokens come from: a kind of another group, below one of this.
            listed.push(json!({
                "name": "serviceaccounts/token",
                "singularName": "",
                "namespaced": true,
                "group": "authentication.k8s.io",
                "version": "v1",
                "kind": "TokenRequest",
                "verbs": ["create"],
            }));
        }
    }
    for kind in reviews::ALL.iter().filter(|kind| kind.group == group && version == VERSION) {
        listed.push(json!({
            "name": kind.plural,
            "singularName": kind.singular,
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": ["create"],
        }));
    }
    if listed.is_empty() {
        return None;
    }

    // The core group's list is the only one without `apiVersion`.
    let mut document = json!({"kind": "APIResourceList"});
    let mut group_version = version.to_owned();
    if !group.is_empty() {
        document["apiVersion"] = "v1".into();
        group_version = format!("{group}/{version}");
    }
    document["groupVersion"] = group_version.into();
    document["resources"] = listed.into();
    Some(document)
}

/// Changes when the version changes in which objects are stored, so that somebody may rewrite them.
fn storage_version_hash(group: &str, version: &str, kind: &str) -> String {
    STANDARD.encode(&Sha256::digest(format!("{group}/{version}/{kind}"))[..8])
}

/// `/version`. What comes after the plus tells that this is no Kubernetes.
fn version() -> Value {
    json!({
        "major": "1",
        "minor": "37",
        "emulationMajor": "1",
        "emulationMinor": "37",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "36",
        "gitVersion": "v1.37.2+lab",
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, architecture()),
    })
}

/// The processor by the name that Go has for it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// `/`: every path with something behind it.
fn paths(server: &Server) -> Value {
    let mut paths: BTreeSet<String> =
        ["/api", "/api/v1", "/apis", "/apis/", "/healthz", "/livez", "/readyz", "/version"]
            .into_iter()
            .chain(["/openapi/v2", "/openapi/v3"])
            .map(str::to_owned)
            .collect();
    for group in group_names() {
        paths.extend([format!("/apis/{group}"), format!("/apis/{group}/{VERSION}")]);
    }
    if publishable(server.issuer).is_ok() {
        paths.extend([ISSUER_PATH.to_owned(), KEYS_PATH.to_owned()]);
    }
    json!({"paths": paths})
}

/// `/.well-known/openid-configuration`: the least that a verifier needs. Nobody logs in here, so
/// there is nothing about logging in.
fn openid_configuration(server: &Server) -> Value {
    let algorithms: BTreeSet<_> =
        server.keys.keys().map(|key| key.algorithms()[0].name()).collect();
    json!({
        "issuer": server.issuer,
        "jwks_uri": server.keys_url(),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
    })
}

/// Why the two documents for verifiers are not there. Tokens are made and checked all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "Could not construct pre-rendered responses for ServiceAccountIssuerDiscovery endpoints. \
     Endpoints will not be enabled. Error: issuer URL {0}"
)]
pub struct NotPublished(String);

/// May an issuer's keys be published? A verifier takes the issuer for the address where it finds
/// them.
///
/// # Errors
/// What the real server writes into its log: the issuer is no plain `https` URL.
pub fn publishable(issuer: &str) -> Result<(), NotPublished> {
    let (rest, fragment) = issuer.split_once('#').unwrap_or((issuer, ""));
    let (_, query) = rest.split_once('?').unwrap_or((rest, ""));
    let scheme = issuer.split_once(':').map_or("", |(scheme, _)| scheme);
    let problem = if !scheme.eq_ignore_ascii_case("https") {
        "must use https scheme"
    } else if !query.is_empty() {
        "may not include a query"
    } else if !fragment.is_empty() {
        "may not include a fragment"
    } else {
        return Ok(());
    };
    Err(NotPublished(format!("{problem}, got: {issuer}")))
}

fn published(media_type: &'static str, server: &Server, document: impl Fn() -> Value) -> Page {
    match publishable(server.issuer) {
        Ok(()) => {
            Page::Document { media_type, cache_control: ONE_HOUR, text: document().to_string() }
        }
        Err(_) => Page::NoSuchPage,
    }
}

/// Always for people, whoever asks.
fn indented(document: &Value) -> Page {
    let text = format!("{document:#}");
    Page::Document { media_type: "application/json", cache_control: None, text }
}
