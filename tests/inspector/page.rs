//! The inspector's file, and what is written into it from the crates: the list of sayings, the
//! samples, and the hashes by which its policy knows its own scripts.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jwt_anatomy::oddities::CATALOGUE;
use jwt_anatomy::{Half, Mend, PemKind, TokenKind, What, base64url, sample};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use signing::{PublicKey, SigningKey, samples};
use std::path::PathBuf;

pub(crate) fn path() -> PathBuf {
    let book = concat!(env!("CARGO_MANIFEST_DIR"), "/book/src/02-jwt-anatomy");
    PathBuf::from(book).join("token-inspector.html")
}

pub(crate) fn read() -> String {
    std::fs::read_to_string(path()).unwrap()
}

/// What stands between `<TAG...>` (the first whose attributes hold `with`) and `</TAG>`.
pub(crate) fn element<'p>(page: &'p str, tag: &str, with: &str) -> &'p str {
    let open = format!("<{tag}");
    let starts = page.match_indices(&open).map(|(at, _)| &page[at..]);
    let mut inside = starts.filter_map(|rest| rest.split_once('>'));
    let (_, rest) = inside.find(|(attributes, _)| attributes.contains(with)).unwrap();
    rest.split_once(&format!("</{tag}>")).unwrap().0
}

/// The page as it has to be: with the list, the samples and the hashes of this moment.
pub(crate) fn up_to_date(page: &str) -> String {
    let sayings = element(page, "script", "id=\"sayings\"");
    let page = page.replace(sayings, &format!("\n{}\n", written(&expected_sayings())));
    let policy = page.split_once("Content-Security-Policy\" content=\"").unwrap().1;
    let policy = policy.split_once('"').unwrap().0.to_owned();
    page.replace(&policy, &policy_of(&page))
}

/// Nothing may be loaded or sent; two scripts and a style may run, known by their hashes.
pub(crate) fn policy_of(page: &str) -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let script = |id: &str| hash(element(page, "script", &format!("id=\"{id}\"")));
    format!(
        "default-src 'none'; script-src {} {}; style-src {}; base-uri 'none'; form-action 'none'; \
         trusted-types 'none'; require-trusted-types-for 'script'",
        script("logic"),
        script("page"),
        hash(element(page, "style", "")),
    )
}

/// One entry a line, so that a change shows as one; `<` is spelled out, for nothing in a script
/// element may look like its end.
fn written(sayings: &Value) -> String {
    let lists = sayings.as_object().unwrap().iter().map(|(name, list)| {
        let lines: Vec<String> = match list {
            Value::Array(items) => items.iter().map(Value::to_string).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| format!("{}: {value}", json!(name))).collect()
            }
            other => return format!("{}: {other}", json!(name)),
        };
        let (open, close) = if list.is_array() { ('[', ']') } else { ('{', '}') };
        format!("{}: {open}\n  {}\n{close}", json!(name), lines.join(",\n  "))
    });
    format!("{{\n{}\n}}", lists.collect::<Vec<_>>().join(",\n")).replace('<', "\\u003c")
}

fn expected_sayings() -> Value {
    let oddities = CATALOGUE.iter().map(|kind| {
        json!({ "code": kind.code, "weight": kind.weight.to_string(), "meaning": kind.meaning })
    });
    let what = things();
    let says = what.iter().map(|(code, what)| {
        let says = what.says();
        (code.clone(), Value::from(says.replace(&format!("{PLACE:?}"), "{}").replace(PLACE, "{}")))
    });
    let advice = what.iter().map(|(_, what)| {
        let ways = what.advice().iter().map(|way| json!({ "to": way.to, "command": way.command }));
        (what.code().to_owned(), ways.collect())
    });
    let mends = MENDS.iter().map(|mend| (mend.code().to_owned(), Value::from(mend.says())));
    json!({
        "oddities": oddities.collect::<Vec<_>>(),
        "what": says.collect::<serde_json::Map<_, _>>(),
        "advice": advice.collect::<serde_json::Map<_, _>>(),
        "mends": mends.collect::<serde_json::Map<_, _>>(),
        "samples": samples_shown(),
        "keys": format!("{:#}", keys()),
    })
}

/// Stands for the word or number that a saying has a place for.
const PLACE: &str = "987654321";

const MENDS: [Mend; 11] = [
    Mend::Label,
    Mend::Quotes,
    Mend::Backslash,
    Mend::WhiteSpace,
    Mend::Invisible,
    Mend::PromptMark,
    Mend::Padding,
    Mend::Alphabet,
    Mend::Base64,
    Mend::Surroundings,
    Mend::Document,
];

/// Everything a text can turn out to be, under the name that the page's logic has for it.
fn things() -> Vec<(String, What)> {
    let half = |name: &str, half| (format!("half-a-jwt/{name}"), What::HalfAJwt(half));
    let mut things = vec![
        half("only-the-header", Half::OnlyTheHeader),
        half("claims-cut", Half::ClaimsCut),
        half("signature-missing", Half::SignatureMissing),
        half("start-missing", Half::StartMissing),
        half("too-many-parts", Half::TooManyParts(PLACE.parse().unwrap())),
        half("damaged", Half::Damaged(PLACE.to_owned())),
    ];
    let others = [
        What::Jwt(TokenKind::Bound),
        What::Jwt(TokenKind::Legacy),
        What::Jwt(TokenKind::Other),
        What::EncryptedJwt,
        What::JsonSignature,
        What::ClaimsAlone,
        What::HeaderAlone,
        What::Microk8sStaticToken,
        What::OpaqueToken,
        What::TokenFile,
        What::Microk8sJoinToken,
        What::BootstrapToken,
        What::K3sNodeToken,
        What::Microk8sCallbackToken,
        What::Pem(PemKind::Certificate),
        What::Pem(PemKind::PrivateKey),
        What::Pem(PemKind::PublicKey),
        What::Pem(PemKind::Other),
        What::PublicKeys,
        What::Kubeconfig,
        What::KubernetesObject(PLACE.to_owned()),
        What::UserName,
        What::Uid,
        What::ErrorMessage,
        What::Empty,
        What::SomethingElse,
    ];
    things.extend(others.into_iter().map(|what| (what.code().to_owned(), what)));
    things
}

/// A good moment in the life of the samples that have one.
const GOOD: i64 = 1_764_665_000;

const BOUND: &str = r#"{"aud":["https://kubernetes.default.svc"],"exp":1764667600,"iat":1764664000,"iss":"https://kubernetes.default.svc","jti":"4f0d8a52-6f0e-4f0b-9d4c-2f6f3b1a7c55","kubernetes.io":{"namespace":"default","serviceaccount":{"name":"default","uid":"c7158494-1bba-4227-b861-f485e9993c6c"}},"nbf":1764664000,"sub":"system:serviceaccount:default:default"}"#;

/// What an identity provider says of a person.
const FOREIGN: &str = r#"{"iss":"https://accounts.example.com","sub":"248289761001","aud":"kubernetes","exp":1764667600,"iat":1764664000,"email":"jo@example.com","email_verified":true,"groups":["family","admins"]}"#;

/// The private key of [RFC 7515, A.3](https://www.rfc-editor.org/rfc/rfc7515#appendix-A.3).
fn foreign_key() -> SigningKey {
    let number = base64url::decode("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI").unwrap();
    SigningKey::P256(p256::SecretKey::from_slice(&number).unwrap())
}
const FOREIGN_KEY_ID: &str = "2025-winter";

/// The public keys of the samples' issuers.
fn keys() -> Value {
    let lab = samples::lab_key().public_key().to_jwk();
    let mut foreign = foreign_key().public_key().to_jwk();
    foreign["kid"] = FOREIGN_KEY_ID.into();
    json!({ "keys": [lab, foreign] })
}

/// The samples: a name, the text, and the moment at which it is looked at (`null` is now).
fn samples_shown() -> Value {
    let lab = samples::lab_key();
    let sign = |claims: &str| lab.sign_payload(claims.as_bytes()).unwrap();
    let bound = sign(BOUND);
    let parts: Vec<&str> = bound.split('.').collect();
    let claims_of_an_admin = BOUND.replace(
        r#""namespace":"default","serviceaccount":{"name":"default""#,
        r#""namespace":"kube-system","serviceaccount":{"name":"admin""#,
    );
    let claims_of_an_admin = claims_of_an_admin.replace("default:default", "kube-system:admin");
    let admin = base64url::encode(claims_of_an_admin.as_bytes());
    let none = base64url::encode(br#"{"alg":"none"}"#);
    let foreign_header = json!({ "alg": "ES256", "kid": FOREIGN_KEY_ID, "typ": "JWT" }).to_string();
    let foreign = foreign_key().sign_parts(foreign_header.as_bytes(), FOREIGN.as_bytes()).unwrap();
    let random = Sha256::digest("thirty-two bytes that only look random");
    let static_token = STANDARD.encode(STANDARD.encode(random) + "\n");
    let sample =
        |name: &str, text: &str, at: Option<i64>| json!({ "name": name, "text": text, "at": at });
    json!([
        sample("bound", &bound, Some(GOOD)),
        sample("bound, expired", &bound, None),
        sample("a pod's, for a year", &sign(sample::CLAIMS_OF_A_POD), Some(GOOD)),
        sample("legacy", &sign(sample::LEGACY_CLAIMS), None),
        sample("tampered", &[parts[0], &admin, parts[2]].join("."), Some(GOOD)),
        sample("unsigned (none)", &format!("{none}.{admin}."), Some(GOOD)),
        sample("forged (HS256)", &forged(&lab.public_key(), &admin), Some(GOOD)),
        sample("another issuer's", &foreign, Some(GOOD)),
        sample("in a header, quoted", &format!("\"Authorization: Bearer {bound}\""), Some(GOOD)),
        sample("cut off", &bound[..bound.len() / 2], None),
        sample("static", &static_token, None),
        sample("bootstrap", "abcdef.0123456789abcdef", None),
        sample("join", "192.168.1.230:25000/92b2db237428470dc4fcfc4ebbd9dc81/2c0cb3284b05", None),
        sample("callback", &"Q7ZK2M9XW4RT6YP1B8NC3VD5FG0HJLSA".repeat(2), None),
        sample("kubeconfig", KUBECONFIG, None),
        sample("garbage", "correct horse battery staple", None),
    ])
}

const KUBECONFIG: &str = "apiVersion: v1\nkind: Config\nclusters:\n- name: microk8s-cluster\n  cluster:\n    server: https://192.168.1.230:16443\nusers:\n- name: admin\n  user:\n    client-certificate-data: LS0tLS1C\n";

/// The classic: the public key, which everybody has, taken as the secret of an HMAC.
fn forged(key: &PublicKey, claims: &str) -> String {
    let header = json!({ "alg": "HS256", "kid": key.key_id() }).to_string();
    let input = format!("{}.{claims}", base64url::encode(header.as_bytes()));
    let mut mac = Hmac::<Sha256>::new_from_slice(key.to_pem().as_bytes()).unwrap();
    mac.update(input.as_bytes());
    format!("{input}.{}", base64url::encode(&mac.finalize().into_bytes()))
}
