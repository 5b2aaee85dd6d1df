//! The same by the crate [`jsonwebtoken`], which a program of your own would rather use.
//!
//! Version 11 of it leaves the arithmetic to a [`CryptoProvider`], and panics without one. Its own
//! provider in pure Rust brings an `rsa` of its own, one with an open advisory
//! ([RUSTSEC-2023-0071]). So here is a provider over the `rsa` that this crate signs with by hand.
//!
//! What it checks by default is not what Kubernetes checks. Here it checks the signature alone;
//! chapter 4 sets the two lists side by side.
//!
//! [RUSTSEC-2023-0071]: https://rustsec.org/advisories/RUSTSEC-2023-0071.html

use crate::{PublicKey, SigningKey};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{Error as SignatureError, Signer, Verifier};
use jsonwebtoken::{DecodingKey, DecodingKeyKind, EncodingKey, Header, Validation};
use rsa::BoxedUint;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey};
use rsa::traits::PublicKeyParts;
use serde_json::Value;
use sha2::Sha256;
use std::sync::Once;

/// Signs `claims` in the order they have, with RS256 and the key's kid.
///
/// # Errors
/// Those of the library; `InvalidKeyFormat` for a key that is not RSA.
pub fn sign(key: &SigningKey, claims: &Value) -> Result<String, Error> {
    install();
    let SigningKey::Rsa(private) = key else { return Err(ErrorKind::InvalidKeyFormat.into()) };
    let pkcs1 = private.to_pkcs1_der().map_err(|_| ErrorKind::InvalidKeyFormat)?;

    let mut header = Header::new(jsonwebtoken::Algorithm::RS256);
    header.typ = None; // the library would add "JWT"; Kubernetes does not
    header.kid = Some(key.public_key().key_id());
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_rsa_der(pkcs1.as_bytes()))
}

/// Gives the claims of a token that this key signed with RS256.
///
/// # Errors
/// Those of the library: `InvalidSignature`, or what else it finds wrong.
pub fn verify(key: &PublicKey, token: &str) -> Result<Value, Error> {
    install();
    let PublicKey::Rsa(public) = key else { return Err(ErrorKind::InvalidKeyFormat.into()) };
    let key = DecodingKey::from_rsa_raw_components(&public.n_bytes(), &public.e_bytes());

    let mut signature_alone = Validation::new(jsonwebtoken::Algorithm::RS256);
    signature_alone.required_spec_claims.clear();
    signature_alone.validate_exp = false;
    signature_alone.validate_aud = false;
    Ok(jsonwebtoken::decode(token, &key, &signature_alone)?.claims)
}

/// Makes the library ready. Its provider is one for the whole process, and a call to the library
/// that comes before it spoils the process for good; so call this first, as often as you like.
pub fn install() {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: |algorithm, key| match algorithm {
            jsonwebtoken::Algorithm::RS256 => Ok(Box::new(Rs256Signer::new(key)?)),
            _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
        },
        verifier_factory: |algorithm, key| match algorithm {
            jsonwebtoken::Algorithm::RS256 => Ok(Box::new(Rs256Verifier::new(key)?)),
            _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
        },
        key_utils: KeyUtils::new_unimplemented(),
    };
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Somebody else's provider, installed before, is as welcome.
        let _ = PROVIDER.install_default();
    });
}

struct Rs256Signer(rsa::PrivateKey);

impl Rs256Signer {
    fn new(key: &EncodingKey) -> Result<Self, Error> {
        let key = rsa::PrivateKey::from_pkcs1_der(key.as_bytes());
        Ok(Self(key.map_err(|_| ErrorKind::InvalidKeyFormat)?))
    }
}

impl Signer<Vec<u8>> for Rs256Signer {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        self.0.pkcs1v15_sign::<Sha256>(message).map_err(SignatureError::from_source)
    }
}

impl JwtSigner for Rs256Signer {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        jsonwebtoken::Algorithm::RS256
    }
}

struct Rs256Verifier(rsa::PublicKey);

impl Rs256Verifier {
    fn new(key: &DecodingKey) -> Result<Self, Error> {
        let DecodingKeyKind::RsaModulusExponent { n, e } = key.kind() else {
            return Err(ErrorKind::InvalidKeyFormat.into());
        };
        let [n, e] = [n, e].map(|number| BoxedUint::from_be_slice_vartime(number));
        Ok(Self(rsa::PublicKey::new(n, e).map_err(|_| ErrorKind::InvalidKeyFormat)?))
    }
}

impl Verifier<Vec<u8>> for Rs256Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        let verified = self.0.pkcs1v15_verify::<Sha256>(message, signature);
        verified.map_err(SignatureError::from_source)
    }
}

impl JwtVerifier for Rs256Verifier {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        jsonwebtoken::Algorithm::RS256
    }
}
