//! Tokens and certificates, made from their descriptions for the moment at which they are sent.

use super::corpus;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use lab_cluster::decode::merge;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, date_time_ymd,
};
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use sha2::Sha256;
use signing::SigningKey;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The keys that cases call by name. Both servers know the same.
///
/// - `first` signs tokens unless flags say otherwise, `old` is one that a server may still accept,
/// - `p256` and `p384` are elliptic,
/// - `stranger` is nobody's.
pub(crate) static KEYS: LazyLock<BTreeMap<&'static str, SigningKey>> = LazyLock::new(|| {
    let elliptic = |algorithm| {
        let pem = KeyPair::generate_for(algorithm).unwrap().serialize_pem();
        SigningKey::from_pem(pem.as_bytes()).unwrap()
    };
    BTreeMap::from([
        ("first", signing::samples::lab_key()),
        ("old", SigningKey::generate()),
        ("p256", elliptic(&rcgen::PKCS_ECDSA_P256_SHA256)),
        ("p384", elliptic(&rcgen::PKCS_ECDSA_P384_SHA384)),
        ("stranger", SigningKey::generate()),
    ])
});

/// Puts together the token that is described, with all placeholders filled in.
pub(crate) fn token(
    token: &corpus::Token,
    now: i64,
    account_uid: &str,
    fill: &dyn Fn(&str) -> String,
) -> String {
    let key = &KEYS[token.key.as_deref().unwrap_or("first")];
    let algorithm = token.sign.as_deref().unwrap_or_else(|| key.algorithm().name());
    let mut header = json!({"alg": algorithm, "kid": key.public_key().key_id()});
    let mut claims = match token.kind.as_deref() {
        Some("legacy") => json!({
            "iss": "kubernetes/serviceaccount",
            "kubernetes.io/serviceaccount/namespace": "default",
            "kubernetes.io/serviceaccount/secret.name": "robot-token",
            "kubernetes.io/serviceaccount/service-account.name": "robot",
            "kubernetes.io/serviceaccount/service-account.uid": account_uid,
            "sub": "system:serviceaccount:default:robot",
        }),
        None | Some("bound") => json!({
            "aud": ["https://kubernetes.default.svc"], "exp": now + 3600, "iat": now,
            "iss": "https://kubernetes.default.svc", "jti": "11111111-2222-4333-8444-555555555555",
            "kubernetes.io": {
                "namespace": "default", "serviceaccount": {"name": "robot", "uid": account_uid}
            },
            "nbf": now, "sub": "system:serviceaccount:default:robot",
        }),
        Some(other) => panic!("no such kind of token: {other}"),
    };
    let parsed = |text: &str| {
        let text = fill(text);
        serde_json::from_str::<Value>(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    if let Some(text) = &token.header {
        merge(&mut header, parsed(text));
    }
    if let Some(text) = &token.claims {
        merge(&mut claims, parsed(text));
    }
    for path in &token.without {
        let mut path: Vec<_> = path.split(" > ").collect();
        let last = path.pop().unwrap();
        for object in [&mut header, &mut claims] {
            let object = path.iter().try_fold(object, |object, step| object.get_mut(*step));
            if let Some(object) = object.and_then(Value::as_object_mut) {
                object.shift_remove(last);
            }
        }
    }
    let text = |raw: &Option<String>, made: Value| raw.as_deref().map_or(made.to_string(), fill);
    let header = URL_SAFE_NO_PAD.encode(text(&token.raw_header, header));
    let payload = URL_SAFE_NO_PAD.encode(text(&token.raw_payload, claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(key, algorithm, &format!("{header}.{payload}")));
    let form = token.form.as_deref().unwrap_or("${header}.${payload}.${signature}");
    let form = form
        .replace("${header}", &header)
        .replace("${payload}", &payload)
        .replace("${signature}", &signature)
        .replace("${signature with spare bits}", &with_spare_bits(&signature))
        .replace("${signature changed}", &changed(&signature));
    fill(&form)
}

/// Another last character that stands for the same bytes.
fn with_spare_bits(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
    let lax = base64::engine::GeneralPurpose::new(
        &base64::alphabet::URL_SAFE,
        base64::engine::general_purpose::NO_PAD.with_decode_allow_trailing_bits(true),
    );
    let others = ('A'..='Z').map(|last| format!("{}{last}", &text[..text.len() - 1]));
    let mut same =
        others.filter(|other| other != text && lax.decode(other).is_ok_and(|b| b == bytes));
    same.next().unwrap_or_else(|| text.to_owned())
}

fn changed(text: &str) -> String {
    let first = if text.starts_with('A') { "B" } else { "A" };
    format!("{first}{}", text.get(1..).unwrap_or_default())
}

fn sign(key: &SigningKey, algorithm: &str, message: &str) -> Vec<u8> {
    let scheme = match algorithm {
        "none" => return Vec::new(),
        // The classic forgery: the public key, which everybody has, as the secret.
        "HS256" => {
            let mut mac =
                Hmac::<Sha256>::new_from_slice(key.public_key().to_pem().as_bytes()).unwrap();
            mac.update(message.as_bytes());
            return mac.finalize().into_bytes().to_vec();
        }
        "RS384" => SignatureScheme::RSA_PKCS1_SHA384,
        "RS512" => SignatureScheme::RSA_PKCS1_SHA512,
        "PS256" => SignatureScheme::RSA_PSS_SHA256,
        "PS384" => SignatureScheme::RSA_PSS_SHA384,
        "PS512" => SignatureScheme::RSA_PSS_SHA512,
        // As TLS has it, and JWT does not.
        "ES256 in DER" => SignatureScheme::ECDSA_NISTP256_SHA256,
        _ => {
            let (header, payload) = message.split_once('.').unwrap();
            let part = |text| URL_SAFE_NO_PAD.decode(text).unwrap();
            let token = key.sign_parts(&part(header), &part(payload)).unwrap();
            return part(token.rsplit('.').next().unwrap());
        }
    };
    let key = PrivateKeyDer::from_pem_slice(key.to_pem().as_bytes()).unwrap();
    let signer = any_supported_type(&key).unwrap().choose_scheme(&[scheme]).unwrap();
    signer.sign(message.as_bytes()).unwrap()
}

/// Whoever vouches for client certificates.
pub(crate) struct Authority {
    params: CertificateParams,
    key: KeyPair,
    pub(crate) certificate: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { params, key, certificate }
    }
}

/// The authority that servers are told of, one that they are not, and one that only has the name.
pub(crate) static CLIENT_CA: LazyLock<Authority> = LazyLock::new(|| Authority::new("clients"));
pub(crate) static STRANGER_CA: LazyLock<Authority> = LazyLock::new(|| Authority::new("strangers"));
static NAMESAKE_CA: LazyLock<Authority> = LazyLock::new(|| Authority::new("clients"));

/// A certificate and its key, PEM.
pub(crate) fn certificate(described: &corpus::Certificate, now: i64) -> (String, String) {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    let text = |text: &str| match described.text.as_deref() {
        Some("printable") => DnValue::PrintableString(text.try_into().unwrap()),
        Some("ia5") => DnValue::Ia5String(text.try_into().unwrap()),
        Some("teletex") => DnValue::TeletexString(text.try_into().unwrap()),
        Some("bmp") => DnValue::BmpString(text.try_into().unwrap()),
        _ => DnValue::Utf8String(text.to_owned()),
    };
    let uid = DnType::CustomDnType(vec![1, 3, 6, 1, 4, 1, 57683, 2]);
    for (what, name) in [(DnType::CommonName, &described.common_name), (uid, &described.uid)] {
        if let Some(name) = name {
            params.distinguished_name.push(what, text(name));
        }
    }
    for organisation in &described.organisations {
        params.distinguished_name.push(DnType::OrganizationName, text(organisation));
    }
    let [from, to] = described.valid.unwrap_or([-3600, 3600]);
    params.not_before =
        date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs((now + from).unsigned_abs());
    params.not_after =
        date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs((now + to).unsigned_abs());
    let (client, server) =
        (ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth);
    params.extended_key_usages = match described.usage.as_deref() {
        None | Some("client") => vec![client],
        Some("server") => vec![server],
        Some("both") => vec![server, client],
        _ => vec![],
    };
    let key = KeyPair::generate().unwrap();
    let by = |authority: &Authority| {
        params.signed_by(&key, &Issuer::from_params(&authority.params, &authority.key)).unwrap()
    };
    let certificate = match described.authority.as_deref() {
        None | Some("client") => by(&CLIENT_CA),
        Some("stranger") => by(&STRANGER_CA),
        Some("namesake") => by(&NAMESAKE_CA),
        _ => params.self_signed(&key).unwrap(),
    };
    (certificate.pem(), key.serialize_pem())
}

/// What is kept from one case to the next, and what fills placeholders.
#[derive(Default)]
pub(crate) struct Memory {
    /// Every uid that an object of this name had, the last one last.
    pub(crate) uids: BTreeMap<String, Vec<String>>,
    pub(crate) tokens: BTreeMap<String, String>,
    /// The revision of the object of this name that was seen last.
    pub(crate) revisions: BTreeMap<String, String>,
}

impl Memory {
    pub(crate) fn uid(&self, name: &str) -> &str {
        self.uids.get(name).and_then(|uids| uids.last()).map_or("", String::as_str)
    }

    /// Fills `${...}` in.
    pub(crate) fn fill(&self, text: &str, now: i64, token: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (inside, after) =
                after.split_once('}').unwrap_or_else(|| panic!("no }} in {text}"));
            filled += before;
            filled += &self.value(inside, now, token);
            rest = after;
        }
        filled + rest
    }

    fn value(&self, placeholder: &str, now: i64, token: &str) -> String {
        let (what, which) = placeholder.split_once(' ').unwrap_or((placeholder, ""));
        let date = |seconds: i64| {
            let date: DateTime<Utc> = DateTime::from_timestamp(now, 0).unwrap();
            (date + TimeDelta::seconds(seconds)).format("%Y-%m-%dT%H:%M:%SZ").to_string()
        };
        match what {
            "token" if which.is_empty() => token.to_owned(),
            "token" => self.tokens[which].clone(),
            "uid" => self.uid(which).to_owned(),
            "first-uid" => self.uids[which][0].clone(),
            "revision" => self.revisions[which].clone(),
            "kid" => KEYS[which].public_key().key_id(),
            "jwk" => KEYS[which].public_key().to_jwk().to_string(),
            "base64" => STANDARD.encode(self.value(which, now, token)),
            "date" => date(which.parse().unwrap()),
            "repeat" => {
                let (times, text) = which.split_once(' ').unwrap();
                text.repeat(times.parse().unwrap())
            }
            _ => match what.strip_prefix("now") {
                Some("") => now.to_string(),
                Some(offset) => (now + offset.parse::<i64>().unwrap()).to_string(),
                None => panic!("no such placeholder: {placeholder}"),
            },
        }
    }
}
