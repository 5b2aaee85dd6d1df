//! A kid is a name, not a key: the solution, and why.

use crate::{Header, KeyFile, bytes};

/// What the token says about how to check it; `None` when it is no JWT.
#[must_use]
pub fn header(token: &str) -> Option<Header> {
    // `splitn(3, '.')` would leave a fourth part in the third, and `nth(0)` would not miss the others.
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        return None;
    };
    // Only the header is read here, but a token is taken apart as a whole or not at all.
    bytes(claims)?;
    bytes(signature)?;
    // The type decides: with a `serde_json::Value`, `["kid"].as_str()` would take the number 7 for no
    // kid at all, and a token that is none for one that fits every key.
    serde_json::from_slice(&bytes(header)?).ok()
}

/// The keys to try, out of `keys`.
#[must_use]
pub fn candidates<'k>(header: &Header, keys: &'k [KeyFile]) -> Vec<&'k KeyFile> {
    // As GetPublicKeys of Kubernetes does (pkg/serviceaccount/jwt.go). No name is no harm: the signature still has to fit one of the keys. And alg picks nothing, for
    // its writer is not to be believed: which algorithms may be used, the key says (chapter 3).
    let named = header.kid.as_deref().filter(|kid| !kid.is_empty());
    keys.iter().filter(|key| named.is_none_or(|kid| key.kid == kid)).collect()
}
