//! Keys as JSON (RFC 7517): what `/openid/v1/jwks` of an API server hands to everybody who wants
//! to check its tokens.

use crate::{KeyError, PublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};

/// `x` and `y` of a point on a curve, base64url, each in the curve's full width.
macro_rules! coordinates {
    ($key:expr) => {{
        let point = $key.to_sec1_bytes(); // one byte 04, then x, then y
        let (x, y) = point[1..].split_at((point.len() - 1) / 2);
        (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y))
    }};
}

impl PublicKey {
    /// The key as the real server prints it: `{use, kty, kid, alg, n, e}` for RSA, `{use, kty, kid,
    /// crv, alg, x, y}` for ECDSA, in this order.
    #[must_use]
    pub fn to_jwk(&self) -> Value {
        let (kid, alg) = (self.key_id(), self.algorithms()[0].name());
        let elliptic = |crv: &str, (x, y): (String, String)| json!({"use": "sig", "kty": "EC", "kid": kid, "crv": crv, "alg": alg, "x": x, "y": y});
        match self {
            Self::Rsa(key) => {
                let n = URL_SAFE_NO_PAD.encode(key.n_bytes());
                let e = URL_SAFE_NO_PAD.encode(key.e_bytes());
                json!({"use": "sig", "kty": "RSA", "kid": kid, "alg": alg, "n": n, "e": e})
            }
            Self::P256(key) => elliptic("P-256", coordinates!(key)),
            Self::P384(key) => elliptic("P-384", coordinates!(key)),
            Self::P521(key) => elliptic("P-521", coordinates!(key)),
        }
    }

    /// Reads the public part of one JSON Web Key. Its `kid`, `alg` and `use` are only labels: the
    /// numbers are the key.
    ///
    /// # Errors
    /// When a number is missing, is no base64url, or makes no key; and for a `kty` that signs
    /// nothing here (`oct`, `OKP`).
    pub fn from_jwk(jwk: &Value) -> Result<Self, KeyError> {
        let number = |name: &str| {
            let text = jwk[name].as_str().ok_or_else(|| KeyError::Jwk(format!("no {name:?}")))?;
            let bytes = URL_SAFE_NO_PAD.decode(text);
            bytes.map_err(|_| KeyError::Jwk(format!("{name:?} is not base64url")))
        };
        let kty = jwk["kty"].as_str().unwrap_or_default();
        let crv = jwk["crv"].as_str().unwrap_or_default();
        let key = match (kty, crv) {
            ("RSA", _) => Self::from_rsa_parts(&number("n")?, &number("e")?),
            ("EC", _) => {
                let (x, y) = (number("x")?, number("y")?);
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                match crv {
                    "P-256" => p256::PublicKey::from_sec1_bytes(&point).ok().map(Self::P256),
                    "P-384" => p384::PublicKey::from_sec1_bytes(&point).ok().map(Self::P384),
                    "P-521" => p521::PublicKey::from_sec1_bytes(&point).ok().map(Self::P521),
                    other => return Err(KeyError::Jwk(format!("unknown curve {other:?}"))),
                }
            }
            _ => return Err(KeyError::Jwk(format!("a key of type {kty:?} checks no token here"))),
        };
        key.ok_or_else(|| KeyError::Jwk("its numbers make no key".to_owned()))
    }
}
