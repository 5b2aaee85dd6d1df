//! Keys that a header brings along (RFC 7515, sections 4.1.3 and 4.1.6). Nothing is ever checked
//! with them. But `go-jose` [reads them][1], and a token that brings what is no key is no token to
//! it. Chapter 2 sees to their form; what takes arithmetic, or a reader of certificates, is here.
//!
//! [1]: https://github.com/go-jose/go-jose/blob/v2.6.3/jwk.go

use crate::{KeyError, PublicKey};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use jwt_anatomy::UnverifiedHeader;
use rsa::pkcs8::der::Decode;
use serde_json::Value;
use x509_cert::Certificate;

/// As Go reads it: the bits that are left over at the end are not looked at.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// Whether what a header brings along is what it says: the point of an EC key lies on its curve, and
/// each certificate is one.
#[must_use]
pub fn brings_whole_keys(header: &UnverifiedHeader) -> bool {
    let jwk = header.raw.get("jwk").filter(|jwk| jwk["kty"] == "EC");
    let off_its_curve = |jwk| matches!(PublicKey::from_jwk(jwk), Err(KeyError::Jwk(_)));
    let chain = header.raw.get("x5c").and_then(Value::as_array);
    !jwk.is_some_and(off_its_curve) && chain.into_iter().flatten().all(is_certificate)
}

fn is_certificate(item: &Value) -> bool {
    let text = item.as_str().unwrap_or_default().replace(['\r', '\n'], "");
    BASE64.decode(text).is_ok_and(|der| Certificate::from_der(&der).is_ok())
}
