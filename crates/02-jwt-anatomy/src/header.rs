//! The header: which key signed, and how. Read as [`go-jose`][1] reads it, before any signature has
//! been checked, so nothing in it is to be believed.
//!
//! A header may bring along the very key that is to verify it (`jwk`, `x5c`). The API server
//! ignores such keys, and so does this course; but one that is malformed, or a private one, makes
//! the whole token no token. Whether an embedded point lies on its curve, and what is inside an
//! embedded certificate, is for chapter 3 to see. One corner is not gone into: an embedded `jwk`
//! that comes with certificates is refused.
//!
//! [1]: https://github.com/go-jose/go-jose/blob/v2.6.3/shared.go

use crate::base64url;
use crate::json::{self, JsonError, Node};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

/// What the first part of a token says about how to verify it. Anyone can write anything there.
#[derive(Debug, Clone, PartialEq)]
pub struct UnverifiedHeader {
    /// The algorithm, as it is written: `RS256` in most clusters. Empty when there is none.
    pub alg: String,
    /// Which key signed. Kubernetes writes a hash of the public key; see chapter 3.
    pub key_id: Option<String>,
    /// Every member, in the order of the text.
    pub raw: Map<String, Value>,
}

/// Why a header is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// It is not JSON, or a name stands in it twice.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It is JSON, but no object.
    #[error("it is a JSON {0}, not an object")]
    NotAnObject(&'static str),
    /// A member is not what it must be.
    #[error("its `{name}` {why}")]
    Member {
        /// Which.
        name: String,
        /// What is wrong with it, to follow the name.
        why: String,
    },
}

/// `crit` is there, but no list of names. The text is the real server's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("json: cannot unmarshal {found} into Go value of type {wanted}")]
pub struct CriticalError {
    found: &'static str,
    wanted: &'static str,
}

impl UnverifiedHeader {
    /// Reads the decoded first part of a token. No bytes at all are a header with nothing in it,
    /// and so is `null`: such a token is taken apart and then fails its signature.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, HeaderError> {
        let node = if bytes.is_empty() { Node::Null } else { json::parse(bytes)? };
        let members = match node {
            Node::Object(members) => members,
            Node::Null => Vec::new(),
            other => return Err(HeaderError::NotAnObject(other.kind())),
        };
        for member in json::distinct(&members) {
            let (name, node) = member?;
            check(name, node)?;
        }

        let mut header = Self { alg: String::new(), key_id: None, raw: Map::new() };
        for (name, node) in members {
            let value = node.lenient();
            match (name.as_str(), &value) {
                ("alg", Value::String(alg)) => header.alg.clone_from(alg),
                ("kid", Value::String(kid)) => header.key_id = Some(kid.clone()),
                _ => {}
            }
            header.raw.insert(name, value);
        }
        Ok(header)
    }

    /// The extensions that a verifier must understand or else refuse ([RFC 7515, section
    /// 4.1.11][1]). The API server understands `b64` alone.
    ///
    /// # Errors
    /// When `crit` is no list of strings, which the API server finds out as it verifies.
    ///
    /// [1]: https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11
    pub fn critical(&self) -> Result<Vec<String>, CriticalError> {
        let wrong = |value: &Value, wanted| CriticalError { found: kind(value), wanted };
        match self.raw.get("crit") {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(names)) => names
                .iter()
                .map(|name| match name {
                    Value::String(name) => Ok(name.clone()),
                    Value::Null => Ok(String::new()),
                    other => Err(wrong(other, "string")),
                })
                .collect(),
            Some(other) => Err(wrong(other, "[]string")),
        }
    }

    /// The certificates that the header brings along (`x5c`), DER.
    pub fn certificates(&self) -> impl Iterator<Item = Vec<u8>> {
        let chain = self.raw.get("x5c").and_then(Value::as_array);
        chain.into_iter().flatten().filter_map(|item| certificate(item.as_str()?))
    }

    /// Whether the payload was signed as base64url, as always in a JWT. `"b64": false`
    /// ([RFC 7797][1]) says that its bytes were signed instead.
    ///
    /// [1]: https://www.rfc-editor.org/rfc/rfc7797
    pub(crate) fn payload_is_encoded(&self) -> bool {
        self.raw.get("b64") != Some(&Value::Bool(false))
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn member(name: &str, why: impl Into<String>) -> HeaderError {
    HeaderError::Member { name: name.to_owned(), why: why.into() }
}

/// What `go-jose` asks of each member when it reads a token. `null` is as good as absent.
fn check(name: &str, node: &Node) -> Result<(), HeaderError> {
    match (name, node) {
        (_, Node::Null) | ("alg" | "kid" | "nonce", Node::String(_)) => Ok(()),
        ("alg" | "kid" | "nonce", other) => {
            Err(member(name, format!("is a {}, not a string", other.kind())))
        }
        ("jwk", node) => public_jwk(node).map_err(|why| member(name, why)),
        ("x5c", node) => certificates(node).map_err(|why| member(name, why)),
        (_, node) => Ok(node.clone().strict().map(drop)?),
    }
}

/// A list of certificates.
fn certificates(node: &Node) -> Result<(), &'static str> {
    let Node::Array(items) = node else { return Err("is no list of certificates") };
    let is_certificate = |item: &Node| {
        let Node::String(text) = item else { return false };
        certificate(text).is_some_and(|der| is_der_sequence(&der))
    };
    if items.iter().all(is_certificate) {
        Ok(())
    } else {
        Err("holds something else than a certificate")
    }
}

/// DER out of base64: the ordinary one, padded, on as many lines as it likes.
fn certificate(text: &str) -> Option<Vec<u8>> {
    const PADDED: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    PADDED.decode(text.replace(['\r', '\n'], "")).ok()
}

/// Whether `der` is one ASN.1 SEQUENCE from its first byte to its last.
fn is_der_sequence(der: &[u8]) -> bool {
    match der {
        [0x30, length @ 0..=0x7F, rest @ ..] => rest.len() == usize::from(*length),
        [0x30, count @ 0x81..=0x84, rest @ ..] => {
            let count = usize::from(count - 0x80);
            rest.len() > count
                && rest[..count].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
                    == rest.len() - count
        }
        _ => false,
    }
}

/// An embedded key has to be the public half of an RSA, EC or Ed25519 pair ([RFC 7515, section
/// 4.1.3](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.3)).
fn public_jwk(node: &Node) -> Result<(), String> {
    const TEXTS: [&str; 5] = ["use", "kty", "kid", "crv", "alg"];
    const NUMBERS: [&str; 11] = ["k", "x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi"];

    let Node::Object(members) = node else {
        return Err(format!("is a {}, not a key", node.kind()));
    };
    for member in json::distinct(members) {
        let (name, node) = member.map_err(|_| "has a member twice")?;
        let well_formed = match (name, node) {
            (_, Node::Null) => true,
            ("x5c", Node::Array(items)) => items.is_empty(),
            ("x5c" | "x5u", _) => false,
            ("x5t", Node::String(text)) => thumbprint(text, 20),
            ("x5t#S256", Node::String(text)) => thumbprint(text, 32),
            (name, Node::String(text)) if NUMBERS.contains(&name) => {
                base64url::decode_loosely(text).is_ok()
            }
            (name, node) if TEXTS.contains(&name) => matches!(node, Node::String(_)),
            (name, _) => !NUMBERS.contains(&name) && !matches!(name, "x5t" | "x5t#S256"),
        };
        if !well_formed {
            return Err(format!("is a key whose {name:?} is malformed"));
        }
    }

    let text = |wanted: &str| match members.iter().find(|(name, _)| name == wanted) {
        Some((_, Node::String(text))) => Some(text.as_str()),
        _ => None,
    };
    let bytes = |name| text(name).and_then(|text| base64url::decode_loosely(text).ok());
    let length = |name| bytes(name).map(|bytes| bytes.len());
    let coordinates = |size| length("x") == Some(size) && length("y") == Some(size);
    let exponent = |bytes: Vec<u8>| bytes.iter().rev().take(8).any(|byte| *byte != 0);
    let whole = match (text("kty").unwrap_or(""), text("crv").unwrap_or("")) {
        _ if text("d").is_some() => return Err("is a private key".to_owned()),
        ("RSA", _) => text("n").is_some() && bytes("e").is_some_and(exponent),
        ("EC", "P-256") => coordinates(32),
        ("EC", "P-384") => coordinates(48),
        ("EC", "P-521") => coordinates(66),
        ("OKP", "Ed25519") => text("x").is_some(),
        ("oct", _) => return Err("is a secret key".to_owned()),
        _ => return Err("is a key of no known kind".to_owned()),
    };
    if whole { Ok(()) } else { Err("is not a whole public key".to_owned()) }
}

/// A hash as base64url of its bytes, or of their hexadecimal digits.
fn thumbprint(text: &str, size: usize) -> bool {
    base64url::decode_loosely(text).is_ok_and(|hash| {
        let hexadecimal = hash.len() == 2 * size && hash.iter().all(u8::is_ascii_hexdigit);
        hash.is_empty() || hash.len() == size || hexadecimal
    })
}

#[cfg(test)]
mod tests {
    use super::is_der_sequence;

    #[test]
    fn a_sequence_is_as_long_as_it_says() {
        let long = |length: &[u8], size| [&[0x30], length, &vec![0; size]].concat();
        assert!(is_der_sequence(&long(&[0], 0)));
        assert!(is_der_sequence(&long(&[0x7f], 0x7f)));
        assert!(is_der_sequence(&long(&[0x81, 0x80], 0x80)));
        assert!(is_der_sequence(&long(&[0x82, 1, 1], 0x101)));
        for (length, size) in [
            (&[0][..], 1),
            (&[1], 0),
            (&[0x80], 0),
            (&[0x81, 0x80], 0x7f),
            (&[0x82, 1, 1], 0x100),
            (&[0x85, 0, 0, 0, 0, 1], 1),
        ] {
            assert!(!is_der_sequence(&long(length, size)), "{length:x?}, {size} bytes");
        }
        assert!(!is_der_sequence(b""));
        assert!(!is_der_sequence(&[0x31, 0]));
    }
}
