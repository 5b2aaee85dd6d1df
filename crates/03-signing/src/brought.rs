//! Keys that a header brings along (RFC 7515, sections 4.1.3 and 4.1.6). Nothing is ever checked
//! with them. But `go-jose` [reads them][1], and a token that brings what is no key is no token to
//! it. Chapter 2 sees to their form; what takes arithmetic, or a reader of certificates, is here.
//!
//! [1]: https://github.com/go-jose/go-jose/blob/v2.6.3/jwk.go

use crate::{KeyError, PublicKey};
use jwt_anatomy::UnverifiedHeader;
use rsa::pkcs8::der::Decode;
use x509_cert::Certificate;

/// Whether what a header brings along is what it says: the point of an EC key lies on its curve, and
/// each certificate is one.
#[must_use]
pub fn brings_whole_keys(header: &UnverifiedHeader) -> bool {
    let jwk = header.raw.get("jwk").filter(|jwk| jwk["kty"] == "EC");
    let off_its_curve = |jwk| matches!(PublicKey::from_jwk(jwk), Err(KeyError::Jwk(_)));
    !jwk.is_some_and(off_its_curve)
        && header.certificates().all(|der| Certificate::from_der(&der).is_ok())
}
