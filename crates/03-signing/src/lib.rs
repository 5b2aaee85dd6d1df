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
use rsa::sha2::{Digest, Sha256};
use serde::Serialize;
use serde_json::json;

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
