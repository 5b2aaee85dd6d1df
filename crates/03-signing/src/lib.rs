//! Chapter 3: where does a token come from?
//!
//! From whoever has the private key, and from nowhere else. The API server has a key pair: with one
//! half it signs tokens, with the other it checks them. No certificate authority vouches for the
//! pair, nobody renews it, nothing ties it to TLS. Whether a token is genuine is arithmetic on its
//! text and the public half, which anybody may do ([RFC 7515][1]):
//!
//! ```
//! use jwt_anatomy::UnverifiedToken;
//! use signing::{KeySet, SigningKey};
//!
//! let key = SigningKey::generate();
//! let token = key.sign(&serde_json::json!({"sub": "system:serviceaccount:default:default"}))?;
//!
//! let server = KeySet::new(vec![key.public_key()]);
//! let signed = server.verify(&UnverifiedToken::read(&token)?)?;
//! assert_eq!(signed.claims().subject, "system:serviceaccount:default:default");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The order of this file is the order of the story: a key's name, signing, checking with one key,
//! checking with many. It answers as Kubernetes 1.37 does ([`pkg/serviceaccount/jwt.go`][2] over
//! [`go-jose`][3]), to the message. [`by_library`] does the same with the crate `jsonwebtoken`.
//!
//! [1]: https://www.rfc-editor.org/rfc/rfc7515#section-5
//! [2]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/serviceaccount/jwt.go
//! [3]: https://github.com/go-jose/go-jose/blob/v2.6.3/asymmetric.go

use jwt_anatomy::{Claims, UnverifiedToken, base64url};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

mod algorithm;
mod brought;
pub mod by_library;
mod errors;
mod go_json;
mod jwk;
mod keys;
mod pem;
pub mod samples;
pub mod tool;
pub mod walk;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use brought::brings_whole_keys;
pub use errors::{Instead, KeyError, Reason, SignError, SignatureError};
pub use keys::{PublicKey, SigningKey};

impl PublicKey {
    /// The key's name, which a token's header repeats as `kid`: SHA-256 of
    /// [`PublicKey::to_spki_der`] as base64url, 43 characters. Whoever has the key can compute its
    /// name; nobody has to hand out names.
    #[must_use]
    pub fn key_id(&self) -> String {
        base64url::encode(&Sha256::digest(self.to_spki_der()))
    }
}

impl SigningKey {
    /// A token that states `claims`, as the API server makes it: their names sorted at every level,
    /// and a header of exactly `alg` and `kid`.
    ///
    /// # Errors
    /// When the claims are no JSON object, or the key is too short to sign.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, SignError> {
        self.sign_payload(go_json::object(claims)?.as_bytes())
    }

    /// A token whose payload is these bytes, whatever they are.
    ///
    /// # Errors
    /// When the key is too short to sign.
    pub fn sign_payload(&self, payload: &[u8]) -> Result<String, SignError> {
        let header = json!({"alg": self.algorithm().name(), "kid": self.public_key().key_id()});
        self.sign_parts(header.to_string().as_bytes(), payload)
    }

    /// A token with these bytes for a header too: for the examples of the RFCs, and for forgeries.
    /// However `header` reads, the signature is made by [`SigningKey::algorithm`].
    ///
    /// # Errors
    /// When the key is too short to sign.
    pub fn sign_parts(&self, header: &[u8], payload: &[u8]) -> Result<String, SignError> {
        let signing_input = [base64url::encode(header), base64url::encode(payload)].join(".");
        // No key signs a text of any length: it signs the text's hash.
        let hash = self.algorithm().hash(signing_input.as_bytes());
        let signature = self.sign_hash(&hash)?;
        Ok([signing_input, base64url::encode(&signature)].join("."))
    }
}

impl PublicKey {
    /// Whether the private half of this key signed `signing_input`. The type of the key, not the
    /// token, decides which algorithms come into question.
    ///
    /// # Errors
    /// [`SignatureError::Cryptography`], with the reason that the real server keeps to itself.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        signing_input: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        let hash = algorithm.hash(signing_input);
        self.check_hash(algorithm, &hash, signature).map_err(SignatureError::Cryptography)
    }

    /// The same for a token, which says itself by what algorithm it was signed.
    fn verify_token(&self, token: &UnverifiedToken) -> Result<Claims, SignatureError> {
        let unknown = token.header().critical()?.into_iter().find(|extension| extension != "b64");
        if let Some(extension) = unknown {
            return Err(SignatureError::Cryptography(Reason::Critical(extension)));
        }
        let algorithm = token.header().alg.parse::<Algorithm>()?;
        self.verify(algorithm, token.signing_input().as_bytes(), token.signature())?;
        Ok(token.unverified_claims()?)
    }
}

/// The keys a server checks tokens with. During a rotation it holds the new one and the old one,
/// for as long as tokens live that the old one signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<NamedKey>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct NamedKey {
    id: String,
    key: PublicKey,
}

/// Claims that somebody who has the key signed. Only [`KeySet::verify`] makes one. Whether they
/// hold at this moment, and here, is the next chapter's question.
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

    /// The name of the key that the signature fits.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }
}

impl KeySet {
    /// The keys of all `--service-account-key-file`s together.
    #[must_use]
    pub fn new(keys: Vec<PublicKey>) -> Self {
        Self { keys: keys.into_iter().map(|key| NamedKey { id: key.key_id(), key }).collect() }
    }

    /// The keys, in the order they came.
    pub fn keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.iter().map(|named| &named.key)
    }

    /// The first key of this name.
    #[must_use]
    pub fn get(&self, key_id: &str) -> Option<&PublicKey> {
        self.keys.iter().find(|named| named.id == key_id).map(|named| &named.key)
    }

    /// Checks a token with the key it names, or with every key if it names none.
    ///
    /// # Errors
    /// [`SignatureError::NoKeysFound`] if there is nothing to check it with; otherwise what each
    /// key that was tried had to object.
    pub fn verify(&self, token: &UnverifiedToken) -> Result<SignedClaims, SignatureError> {
        let name = token.header().key_id.as_deref().unwrap_or_default();
        let candidates = self.keys.iter().filter(|named| name.is_empty() || named.id == name);

        let mut objections = Vec::new();
        for named in candidates {
            match named.key.verify_token(token) {
                Ok(claims) => return Ok(SignedClaims { claims, key_id: named.id.clone() }),
                Err(objection) => objections.push(objection),
            }
        }
        Err(SignatureError::from_all(objections))
    }
}
