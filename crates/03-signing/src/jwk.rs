//! Keys as JSON (RFC 7517): what `/openid/v1/jwks` of an API server gives to everybody who wants to
//! check its tokens.

use crate::{KeyError, KeySet, NamedKey, PublicKey};
use jwt_anatomy::{base64url, json};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};

impl KeySet {
    /// Reads a JSON Web Key Set (RFC 7517, section 5). Keys of other kinds, or for other uses than
    /// signing, are passed over. A key is found under the `kid` it is listed with.
    ///
    /// # Errors
    /// When it is no such set, or none of its keys can check a token.
    pub fn from_jwks(jwks: &[u8]) -> Result<Self, KeyError> {
        let jwks = json::parse_strict(jwks).map_err(|error| KeyError::Jwk(error.to_string()))?;
        let list = jwks["keys"].as_array();
        let list = list.ok_or_else(|| KeyError::Jwk("it has no list `keys`".to_owned()))?;

        let mut keys = Vec::new();
        let mut problem = "its list `keys` holds no key for signatures".to_owned();
        let signs = |jwk: &&Value| jwk["use"].as_str().is_none_or(|purpose| purpose == "sig");
        for jwk in list.iter().filter(signs) {
            match PublicKey::from_jwk(jwk) {
                Ok(key) => {
                    let id = jwk["kid"].as_str().map_or_else(|| key.key_id(), str::to_owned);
                    keys.push(NamedKey { id, key });
                }
                Err(KeyError::Jwk(why)) => problem = why,
                Err(other) => return Err(other),
            }
        }
        if keys.is_empty() { Err(KeyError::Jwk(problem)) } else { Ok(Self { keys }) }
    }

    /// What `/openid/v1/jwks` answers.
    #[must_use]
    pub fn to_jwks(&self) -> Value {
        json!({"keys": self.keys().map(PublicKey::to_jwk).collect::<Vec<_>>()})
    }
}

/// The two coordinates of a point: the byte 4, then `x`, then `y`, both in the curve's full width.
macro_rules! coordinates {
    ($key:expr) => {{
        let point = $key.to_sec1_bytes();
        let (x, y) = point[1..].split_at(point.len() / 2);
        (base64url::encode(x), base64url::encode(y))
    }};
}

impl PublicKey {
    /// The key as the real server prints it: `use`, `kty`, `kid`, then `alg`, `n`, `e` for RSA, or
    /// `crv`, `alg`, `x`, `y` for ECDSA.
    #[must_use]
    pub fn to_jwk(&self) -> Value {
        let (kid, alg) = (self.key_id(), self.algorithms()[0].name());
        let elliptic = |crv: &str, (x, y): (String, String)| json!({"use": "sig", "kty": "EC", "kid": kid, "crv": crv, "alg": alg, "x": x, "y": y});
        match self {
            Self::Rsa(key) => {
                let n = base64url::encode(&key.n_bytes());
                let e = base64url::encode(&key.e_bytes());
                json!({"use": "sig", "kty": "RSA", "kid": kid, "alg": alg, "n": n, "e": e})
            }
            Self::P256(key) => elliptic("P-256", coordinates!(key)),
            Self::P384(key) => elliptic("P-384", coordinates!(key)),
            Self::P521(key) => elliptic("P-521", coordinates!(key)),
        }
    }

    /// Reads one key. What it says of itself (`kid`, `alg`, `use`) is a label; the numbers are the
    /// key. Of a private key only the public half is read.
    ///
    /// # Errors
    /// When a number is missing, is no base64url, or makes no key; and for every `kty` and `crv`
    /// that signs no tokens here.
    pub fn from_jwk(jwk: &Value) -> Result<Self, KeyError> {
        let wrong = |why: String| KeyError::Jwk(why);
        let text = |name: &str| jwk[name].as_str().unwrap_or_default();
        let number = |name: &str| match base64url::decode(text(name)) {
            Ok(bytes) if !bytes.is_empty() => Ok(bytes),
            Ok(_) => Err(wrong(format!("a key has no `{name}`"))),
            Err(why) => Err(wrong(format!("a key's `{name}` is not base64url: {why}"))),
        };
        let point = || Ok([&[4], number("x")?.as_slice(), number("y")?.as_slice()].concat());
        let key = match (text("kty"), text("crv")) {
            ("RSA", _) => Self::from_rsa_numbers(&number("n")?, &number("e")?),
            ("EC", "P-256") => p256::PublicKey::from_sec1_bytes(&point()?).ok().map(Self::P256),
            ("EC", "P-384") => p384::PublicKey::from_sec1_bytes(&point()?).ok().map(Self::P384),
            ("EC", "P-521") => p521::PublicKey::from_sec1_bytes(&point()?).ok().map(Self::P521),
            (kty, _) => return Err(wrong(format!("a key of type {kty:?} checks no tokens"))),
        };
        key.ok_or_else(|| wrong("the numbers of a key make no key".to_owned()))
    }
}
