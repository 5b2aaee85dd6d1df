//! What each target starts from: the conformance corpus (`tests/conformance/corpus`), cut into what
//! the target reads, and what the chapters' tests have recorded.

use crate::header::SERVER;
use jwt_anatomy::{UnverifiedToken, base64url};
use k8s_pb::api::authentication::v1 as authentication;
use k8s_pb::api::authorization::v1 as authorization;
use k8s_pb::api::core::v1 as core;
use k8s_pb::api::rbac::v1 as rbac;
use k8s_pb::apimachinery::pkg::apis::meta::v1 as meta;
use k8s_pb::apimachinery::pkg::runtime::{TypeMeta, Unknown};
use prost::Message;
use serde_json::{Value, json};
use signing::{KeySet, PublicKey};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Tokens, each with the key that fits: the two that the lab's server made, and that of RFC 7515,
/// appendix A.3.
pub(crate) static SIGNED: LazyLock<Vec<(String, PublicKey)>> = LazyLock::new(|| {
    let lab = signing::samples::lab_key().public_key();
    let rfc = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leG\
        FtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa\
        8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let elliptic = PublicKey::from_jwk(&json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }));
    let by_lab = SERVER.tokens[..2].iter().map(|token| (token.clone(), lab.clone()));
    by_lab.chain([(rfc.to_owned(), elliptic.expect("the RFC's key"))]).collect()
});

/// The longest seed: what is longer is slow to try, and teaches little more.
const LONGEST: usize = 4096;

/// The seeds of a target, each once, in an order that is always the same; none for a name that is
/// no target's.
#[must_use]
pub fn of(target: &str) -> Vec<Vec<u8>> {
    let seeds = match target {
        "token" => tokens(),
        "claims" => payloads(),
        "token_file" => token_files(),
        "jwks" => key_sets(),
        "header" => headers(),
        "rbac" => roles(),
        "protobuf" => bodies(),
        "selectors" => selectors(),
        _ => Vec::new(),
    };
    let seeds: BTreeSet<Vec<u8>> =
        seeds.into_iter().filter(|seed| seed.len() <= LONGEST).chain([Vec::new()]).collect();
    seeds.into_iter().collect()
}

/// Inputs that broke a law once, or took too long: `kept/TARGET/*`.
///
/// # Panics
/// When the folder can't be read.
#[must_use]
pub fn kept(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("kept").join(target);
    let Ok(files) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
    files.sort();
    files.into_iter().map(|file| (file.clone(), fs::read(file).expect("a file"))).collect()
}

fn tokens() -> Vec<Vec<u8>> {
    let recorded = lines("02-jwt-anatomy/tests/go-jose.jsonl");
    let recorded = recorded.into_iter().filter_map(|line| Some(line["token"].as_str()?.to_owned()));
    let headers = lines("02-jwt-anatomy/tests/headers.jsonl");
    let with_headers = headers.iter().filter_map(|line| {
        let header = base64url::encode(line["header"].as_str()?.as_bytes());
        Some(format!("{header}.{}.c2lnbmF0dXJl", base64url::encode(b"{}")))
    });
    let signed = SIGNED.iter().map(|(token, _)| token.clone());
    let tokens = signed.chain(corpus_tokens()).chain(with_headers);
    tokens.chain(recorded).map(String::into_bytes).collect()
}

fn payloads() -> Vec<Vec<u8>> {
    let of_token = |token: Vec<u8>| {
        let token = String::from_utf8(token).ok()?;
        Some(UnverifiedToken::read(&token).ok()?.payload().to_vec())
    };
    tokens().into_iter().filter_map(of_token).collect()
}

fn token_files() -> Vec<Vec<u8>> {
    let tables = everything_called("tokens").into_iter();
    tables.filter_map(|file| Some(file.as_str()?.as_bytes().to_vec())).collect()
}

fn key_sets() -> Vec<Vec<u8>> {
    let folder = "03-signing/tests/vectors";
    let published = text(&format!("{folder}/jwks-1.37.2.json"));
    let of_the_rfc: Value =
        serde_json::from_str(&text(&format!("{folder}/rfc.json"))).expect("JSON");
    let keys = of_the_rfc.as_array().into_iter().flatten().map(|case| case["key"].clone());
    let lab = KeySet::new(vec![signing::samples::lab_key().public_key()]).to_jwks();
    let all: Value = serde_json::from_str(&published).expect("JSON");
    let all = all["keys"].as_array().into_iter().flatten().cloned();
    let mut sets: Vec<String> =
        keys.chain(all).map(|key| json!({"keys": [key]}).to_string()).collect();
    sets.extend([published.clone(), lab.to_string(), r#"{"keys":[]}"#.to_owned()]);
    sets.into_iter().map(String::into_bytes).collect()
}

fn headers() -> Vec<Vec<u8>> {
    let written = everything_called("headers").into_iter().flat_map(|headers| {
        let lines = headers.as_array().cloned().unwrap_or_default();
        lines.into_iter().filter_map(|line| {
            let (name, value) = line.as_str()?.split_once(':')?;
            name.eq_ignore_ascii_case("authorization").then(|| value.trim_matches(' ').to_owned())
        })
    });
    let tokens = SERVER.tokens.iter().cloned().chain(corpus_tokens());
    let with_tokens = tokens.map(|token| format!("Bearer {token}"));
    written.chain(with_tokens).map(String::into_bytes).collect()
}

/// Each role and binding by itself, and each role with a binding of it.
fn roles() -> Vec<Vec<u8>> {
    let mut objects = Vec::new();
    for (ask, body) in requests() {
        let Ok(mut object) = serde_json::from_str::<Value>(&body) else { continue };
        for (plural, kind) in [
            ("/clusterroles", "ClusterRole"),
            ("/clusterrolebindings", "ClusterRoleBinding"),
            ("/roles", "Role"),
            ("/rolebindings", "RoleBinding"),
        ] {
            if ask.ends_with(plural) && object.is_object() {
                object["kind"] = kind.into();
                objects.push(object.clone());
            }
        }
    }
    let recorded: Value =
        serde_json::from_str(&text("lab-cluster/tests/data/authz_rbac.json")).expect("JSON");
    for role in recorded["clusterRoles"].as_array().into_iter().flatten() {
        let mut role = role.clone();
        role["kind"] = "ClusterRole".into();
        objects.push(role);
    }
    let bound = objects.iter().filter(|object| object["rules"].is_array()).map(|role| {
        let (of, name) = (&role["kind"], &role["metadata"]["name"]);
        let kind = if of == "Role" { "RoleBinding" } else { "ClusterRoleBinding" };
        let group = "rbac.authorization.k8s.io";
        let binding = json!({
            "kind": kind,
            "metadata": {"name": "bound"},
            "roleRef": {"apiGroup": group, "kind": of, "name": name},
            "subjects": [
                {"kind": "User", "apiGroup": group, "name": "ann"},
                {"kind": "Group", "apiGroup": group, "name": "dev"},
                {"kind": "ServiceAccount", "name": "robot", "namespace": "default"},
            ],
        });
        format!("{role}\n---\n{binding}")
    });
    let yaml = "kind: Role\nmetadata:\n  name: reader\nrules:\n- &one\n  apiGroups: ['']\n  \
        resources: [pods, pods/log]\n  verbs: [get]\n- *one\n---\nkind: RoleBinding\nmetadata: {name: \
        reads}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}\nsubjects:\n- \
        kind: ServiceAccount\n  name: robot\n  namespace: default\n";
    let alone = objects.iter().map(Value::to_string);
    bound.chain(alone).chain([yaml.to_owned()]).map(String::into_bytes).collect()
}

fn selectors() -> Vec<Vec<u8>> {
    let asks = requests().into_iter().map(|(ask, _)| ask);
    let recorded = lines("lab-cluster/tests/registry_exchanges.jsonl");
    let recorded = recorded.into_iter().filter_map(|line| Some(line["ask"].as_str()?.to_owned()));
    let mut seeds = Vec::new();
    for ask in asks.chain(recorded) {
        let Some((_, query)) = ask.split_once('?') else { continue };
        let query: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let value = |name: &str| {
            let found = query.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.to_string()).unwrap_or_default()
        };
        let [labels, fields, token] = ["labelSelector", "fieldSelector", "continue"].map(value);
        seeds.push(format!("{labels}\n{fields}\n{token}"));
    }
    for more in [
        "a=b,app==web,!x,n>5,n<9,a in (b,c,),example.com/tier notin (x)\nmetadata.name=one",
        "a\nmetadata.name!=two,type=Opaque\n",
        "\nmetadata.namespace=default,metadata.name=\\,\\=\\\\\n\
         eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6Nywic3RhcnQiOiIvZGVmYXVsdC9vbmVcdTAwMDAifQ",
    ] {
        seeds.push(more.to_owned());
    }
    seeds.into_iter().map(String::into_bytes).collect()
}

/// One body of each kind that clients send in this form.
fn bodies() -> Vec<Vec<u8>> {
    let rbac_v1 = "rbac.authorization.k8s.io/v1";
    let [asks, reviews] = ["authentication.k8s.io/v1", "authorization.k8s.io/v1"];
    let text = |text: &str| Some(text.to_owned());
    let metadata = Some(meta::ObjectMeta {
        name: text("x"),
        namespace: text("default"),
        labels: [("a".to_owned(), "b".to_owned())].into(),
        creation_timestamp: Some(meta::Time { seconds: Some(1_664_702_005), nanos: None }),
        owner_references: vec![meta::OwnerReference { name: text("o"), ..Default::default() }],
        ..Default::default()
    });
    let rules = vec![rbac::PolicyRule {
        verbs: vec!["get".to_owned()],
        api_groups: vec![String::new()],
        resources: vec!["pods".to_owned()],
        ..Default::default()
    }];
    let binding = rbac::RoleBinding {
        metadata: metadata.clone(),
        subjects: vec![rbac::Subject {
            kind: text("User"),
            name: text("ann"),
            ..Default::default()
        }],
        role_ref: Some(rbac::RoleRef { kind: text("Role"), name: text("r"), ..Default::default() }),
    };
    let attributes = Some(authorization::ResourceAttributes {
        verb: text("get"),
        resource: text("pods"),
        ..Default::default()
    });
    let token_request = authentication::TokenRequest {
        spec: Some(authentication::TokenRequestSpec {
            audiences: vec!["vault".to_owned()],
            expiration_seconds: Some(600),
            bound_object_ref: Some(authentication::BoundObjectReference::default()),
        }),
        ..Default::default()
    };
    let token_review = authentication::TokenReview {
        spec: Some(authentication::TokenReviewSpec { token: text("t"), audiences: vec![] }),
        ..Default::default()
    };
    let may_i = authorization::SelfSubjectAccessReview {
        spec: Some(authorization::SelfSubjectAccessReviewSpec {
            resource_attributes: attributes.clone(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let may_they = authorization::SubjectAccessReview {
        spec: Some(authorization::SubjectAccessReviewSpec {
            resource_attributes: attributes,
            user: text("ann"),
            extra: [("k".to_owned(), authorization::ExtraValue { items: vec!["v".to_owned()] })]
                .into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let secret = core::Secret {
        metadata: metadata.clone(),
        data: [("k".to_owned(), b"v\xff".to_vec())].into(),
        r#type: text("Opaque"),
        ..Default::default()
    };
    let role = rbac::Role { metadata: metadata.clone(), rules: rules.clone() };
    let cluster_role = rbac::ClusterRole {
        metadata: metadata.clone(),
        rules,
        aggregation_rule: Some(rbac::AggregationRule {
            cluster_role_selectors: vec![meta::LabelSelector::default()],
        }),
    };
    let account = core::ServiceAccount { metadata: metadata.clone(), ..Default::default() };
    let map = core::ConfigMap { metadata: metadata.clone(), ..Default::default() };
    let namespace = core::Namespace { metadata, ..Default::default() };
    vec![
        envelope("v1", "Namespace", &namespace),
        envelope("v1", "ServiceAccount", &account),
        envelope("v1", "Secret", &secret),
        envelope("v1", "ConfigMap", &map),
        envelope(rbac_v1, "Role", &role),
        envelope(rbac_v1, "ClusterRole", &cluster_role),
        envelope(rbac_v1, "RoleBinding", &binding),
        envelope(rbac_v1, "ClusterRoleBinding", &binding),
        envelope(asks, "TokenRequest", &token_request),
        envelope(asks, "TokenReview", &token_review),
        envelope(asks, "SelfSubjectReview", &authentication::SelfSubjectReview::default()),
        envelope(reviews, "SelfSubjectAccessReview", &may_i),
        envelope(reviews, "SubjectAccessReview", &may_they),
        envelope(reviews, "LocalSubjectAccessReview", &may_they),
        envelope(
            reviews,
            "SelfSubjectRulesReview",
            &authorization::SelfSubjectRulesReview::default(),
        ),
        envelope("v1", "DeleteOptions", &meta::DeleteOptions::default()),
        b"k8s\0".to_vec(),
    ]
}

fn envelope(api_version: &str, kind: &str, object: &impl Message) -> Vec<u8> {
    let about = TypeMeta { api_version: Some(api_version.into()), kind: Some(kind.into()) };
    let unknown =
        Unknown { type_meta: Some(about), raw: Some(object.encode_to_vec()), ..Unknown::default() };
    [b"k8s\0", &unknown.encode_to_vec()[..]].concat()
}

/// The tokens that the corpus describes, put together as it says; all signatures are alike, and
/// fit none.
fn corpus_tokens() -> impl Iterator<Item = String> {
    let signature = base64url::encode(&[0x5a; 256]);
    everything_called("token").into_iter().filter(Value::is_object).map(move |token| {
        let text = |name: &str| token[name].as_str().map(plainly);
        let mut header = json!({"alg": "RS256", "kid": "k"});
        let mut claims = json!({
            "aud": ["https://kubernetes.default.svc"], "exp": 1_664_705_605, "iat": 1_664_702_005,
            "iss": "https://kubernetes.default.svc", "jti": "11111111-2222-4333-8444-555555555555",
            "kubernetes.io": {
                "namespace": "default", "serviceaccount": {"name": "robot", "uid": "u"},
            },
            "nbf": 1_664_702_005, "sub": "system:serviceaccount:default:robot",
        });
        for (part, more) in [(&mut header, text("header")), (&mut claims, text("claims"))] {
            let more = more.and_then(|more| serde_json::from_str::<Value>(&more).ok());
            let more = more.as_ref().and_then(Value::as_object).into_iter().flatten();
            more.for_each(|(name, value)| part[name.as_str()] = value.clone());
        }
        for name in token["without"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            for part in [&mut header, &mut claims] {
                part.as_object_mut().and_then(|part| part.shift_remove(name));
            }
        }
        let form = text("form").unwrap_or_else(|| "${header}.${payload}.${signature}".to_owned());
        let header = text("raw_header").unwrap_or_else(|| header.to_string());
        let payload = text("raw_payload").unwrap_or_else(|| claims.to_string());
        form.replace("${header}", &base64url::encode(header.as_bytes()))
            .replace("${payload}", &base64url::encode(payload.as_bytes()))
            .replace("${signature}", &signature)
    })
}

/// What the corpus would fill in when it is sent: here, a moment of the walk's, and nothing else.
fn plainly(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (what, behind) = after.split_once('}').unwrap_or((after, ""));
        plain.push_str(before);
        match what {
            "header" | "payload" | "signature" => plain.extend(["${", what, "}"]),
            what if what.starts_with("now") => plain.push_str("1664702005"),
            _ => {}
        }
        rest = behind;
    }
    plain + rest
}

/// Requests of the corpus that have a path, each with its body.
fn requests() -> Vec<(String, String)> {
    let mut requests = Vec::new();
    let mut seek = |table: &serde_json::Map<String, Value>| {
        if let Some(ask) = table.get("ask").and_then(Value::as_str) {
            let body = table.get("body").and_then(Value::as_str).unwrap_or_default();
            requests.push((ask.to_owned(), plainly(body)));
        }
    };
    for file in corpus() {
        walk(file, &mut seek);
    }
    requests
}

/// The values of every field of this name, wherever it stands in the corpus.
fn everything_called(name: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut seek = |table: &serde_json::Map<String, Value>| found.extend(table.get(name).cloned());
    for file in corpus() {
        walk(file, &mut seek);
    }
    found
}

fn walk(value: &Value, seek: &mut impl FnMut(&serde_json::Map<String, Value>)) {
    match value {
        Value::Object(table) => {
            seek(table);
            table.values().for_each(|value| walk(value, seek));
        }
        Value::Array(items) => items.iter().for_each(|value| walk(value, seek)),
        _ => {}
    }
}

fn corpus() -> &'static [Value] {
    static CORPUS: LazyLock<Vec<Value>> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/corpus");
        let files = fs::read_dir(folder).expect("the corpus").flatten();
        let mut files: Vec<PathBuf> = files.map(|file| file.path()).collect();
        files.sort();
        let read = |file: &PathBuf| {
            let text = fs::read_to_string(file).expect("a file of the corpus");
            toml::from_str::<Value>(&text).expect("TOML")
        };
        files
            .iter()
            .filter(|file| file.extension().is_some_and(|e| e == "toml"))
            .map(read)
            .collect()
    });
    &CORPUS
}

/// A file of some crate's tests.
fn text(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn lines(path: &str) -> Vec<Value> {
    text(path).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
