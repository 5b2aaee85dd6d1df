//! Where does a token come from? From whoever has the private key.

mod algorithm;
mod errors;
mod jwk;
mod keys;
mod pem;
pub mod samples;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use errors::{Reason, SignatureError};
pub use keys::{PublicKey, SignError, SigningKey};
pub use pem::KeyError;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_anatomy::json::parse_strict;
use jwt_anatomy::{Claims, UnverifiedToken};
use rsa::sha2::{Digest, Sha256};
use serde::Serialize;
use serde_json::{Value, json};

impl PublicKey {
    /// The key's name, `kid` in a token's header: SHA-256 of [`PublicKey::to_spki_der`], base64url.
    /// 43 characters.
    #[must_use]
    pub fn key_id(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.to_spki_der()))
    }
}

impl SigningKey {
    /// Signs claims as the API server does: `{"alg":...,"kid":...}`, the claims with their keys
    /// sorted at every level, and the signature over both.
    ///
    /// # Errors
    /// When the claims are no JSON object, or the key can't sign.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, SignError> {
        let mut claims = serde_json::to_value(claims).map_err(|_| SignError)?;
        claims.sort_all_objects();
        self.sign_payload(claims.to_string().as_bytes())
    }

    /// Signs bytes as they are.
    ///
    /// # Errors
    /// When the key can't sign.
    pub fn sign_payload(&self, payload: &[u8]) -> Result<String, SignError> {
        let algorithm = self.algorithm();
        let header = json!({"alg": algorithm.name(), "kid": self.public_key().key_id()});

        let signing_input = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(payload)
        );
        let signature = self.sign_hash(&algorithm.hash(signing_input.as_bytes()))?;
        Ok(format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl PublicKey {
    /// Checks one signature.
    ///
    /// # Errors
    /// [`SignatureError::Cryptography`], with the reason inside.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        signing_input: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        let hash = algorithm.hash(signing_input);
        self.check(algorithm, &hash, signature).map_err(SignatureError::Cryptography)
    }
}

/// The public keys a server checks with, each under its key id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<(String, PublicKey)>,
}

/// Claims that somebody with the private key signed. Whether they hold now is chapter 4's question.
/// Nobody but [`KeySet::verify`] can make one.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedClaims {
    claims: Claims,
    key_id: String,
}

impl SignedClaims {
    /// What was signed.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The key that checked it.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }
}

impl KeySet {
    /// The keys of `--service-account-key-file`, all files together.
    #[must_use]
    pub fn new(keys: Vec<PublicKey>) -> Self {
        Self { keys: keys.into_iter().map(|key| (key.key_id(), key)).collect() }
    }

    /// The keys of a JSON Web Key Set (RFC 7517, section 5), as `/openid/v1/jwks` prints it. Keys
    /// that check no signatures here are passed over.
    ///
    /// # Errors
    /// When it is no such set, or no key is left.
    pub fn from_jwks(jwks: &[u8]) -> Result<Self, KeyError> {
        let jwks = parse_strict(jwks).map_err(|error| KeyError::Jwk(error.to_string()))?;
        let Some(list) = jwks["keys"].as_array() else {
            return Err(KeyError::Jwk("there is no list \"keys\"".to_owned()));
        };
        let mut keys = Vec::new();
        let mut why = KeyError::Jwk("the list \"keys\" is empty".to_owned());
        for jwk in list.iter().filter(|jwk| jwk["use"].as_str().is_none_or(|use_| use_ == "sig")) {
            match PublicKey::from_jwk(jwk) {
                Ok(key) => {
                    let kid = jwk["kid"].as_str().map_or_else(|| key.key_id(), str::to_owned);
                    keys.push((kid, key));
                }
                Err(error) => why = error,
            }
        }
        if keys.is_empty() { Err(why) } else { Ok(Self { keys }) }
    }

    /// The keys, in the order they came.
    pub fn keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.iter().map(|(_, key)| key)
    }

    /// What `/openid/v1/jwks` answers.
    #[must_use]
    pub fn to_jwks(&self) -> Value {
        json!({"keys": self.keys().map(PublicKey::to_jwk).collect::<Vec<_>>()})
    }

    /// Checks a token's signature, and gives what was signed.
    ///
    /// # Errors
    /// As the real server words them.
    pub fn verify(&self, token: &UnverifiedToken) -> Result<SignedClaims, SignatureError> {
        let wanted = token.header().key_id.as_deref().unwrap_or_default();
        let mut objections = Vec::new();
        for (key_id, key) in self.keys.iter().filter(|(id, _)| wanted.is_empty() || wanted == id) {
            let checked = key.verify_token(token).and_then(|()| Ok(token.unverified_claims()?));
            match checked {
                Ok(claims) => return Ok(SignedClaims { claims, key_id: key_id.clone() }),
                Err(objection) => objections.push(objection),
            }
        }
        match objections.len() {
            0 => Err(SignatureError::NoKeysFound),
            1 => Err(objections.remove(0)),
            _ => Err(SignatureError::Several(objections)),
        }
    }
}

impl PublicKey {
    fn verify_token(&self, token: &UnverifiedToken) -> Result<(), SignatureError> {
        for name in token.header().critical()? {
            if name != "b64" {
                return Err(SignatureError::Cryptography(Reason::Critical(name)));
            }
        }
        let algorithm = token.header().alg.parse().map_err(|UnknownAlgorithm(name)| {
            SignatureError::Cryptography(Reason::UnknownAlgorithm(name))
        })?;
        self.verify(algorithm, token.signing_input().as_bytes(), token.signature())
    }
}
