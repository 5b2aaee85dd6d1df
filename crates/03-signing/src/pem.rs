//! Keys in PEM files, read as kube-apiserver reads `--service-account-key-file` and
//! `--service-account-signing-key-file`.
//!
//! The rules are those of [keyutil]: a public key may stand in a file as itself, as its private
//! half, or inside a certificate; several may follow one another; what is no key is skipped. Text
//! before, between and after the blocks is skipped too.
//!
//! [keyutil]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/client-go/util/keyutil/key.go

use crate::{PublicKey, SigningKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::BoxedUint;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey, RsaPublicKeyRef};
use rsa::pkcs8::der::{Decode, Encode};
use rsa::pkcs8::{LineEnding, PrivateKeyInfoRef, SubjectPublicKeyInfoRef};
use x509_cert::Certificate;

/// Why a file gives no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No block in the file is a public key, or holds one.
    #[error("data does not contain any valid RSA or ECDSA public keys")]
    NoPublicKey,
    /// No block in the file is a private key that can sign.
    #[error("data does not contain a valid RSA or ECDSA private key")]
    NoPrivateKey,
    /// A JSON Web Key that can't be read, or a set of them.
    #[error("not a JSON Web Key: {0}")]
    Jwk(String),
}

/// What stands between one pair of BEGIN and END lines.
struct Block {
    label: String,
    der: Vec<u8>,
}

/// The blocks of a file, in order. One whose base64 is broken is passed over, as Go does.
fn blocks(pem: &[u8]) -> Vec<Block> {
    let text = String::from_utf8_lossy(pem);
    let mut lines = text.lines().map(str::trim_end);
    let mut blocks = Vec::new();
    while let Some(line) = lines.next() {
        let label = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----"));
        let Some(label) = label else { continue };
        let end = format!("-----END {label}-----");
        let body: String = lines
            .by_ref()
            .take_while(|line| *line != end)
            .filter(|line| !line.contains(':')) // `Proc-Type: 4,ENCRYPTED` and its like
            .flat_map(|line| line.split_ascii_whitespace())
            .collect();
        if let Ok(der) = STANDARD.decode(body) {
            blocks.push(Block { label: label.to_owned(), der });
        }
    }
    blocks
}

impl PublicKey {
    /// Every public key of a PEM file, in order: `PUBLIC KEY`, a certificate's, or the public half
    /// of a private key.
    ///
    /// # Errors
    /// When there is none.
    pub fn all_from_pem(pem: &[u8]) -> Result<Vec<Self>, KeyError> {
        // The label is only a label: the real server tries each kind on each block.
        let keys: Vec<Self> = blocks(pem)
            .iter()
            .filter_map(|block| {
                let der = block.der.as_slice();
                rsa_private(der)
                    .or_else(|| sec1_private(der))
                    .map(|key| key.public_key())
                    .or_else(|| Self::from_spki_der(der))
                    .or_else(|| from_certificate(der))
            })
            .collect();
        if keys.is_empty() { Err(KeyError::NoPublicKey) } else { Ok(keys) }
    }

    /// A DER `SubjectPublicKeyInfo`: the algorithm's name, then the key.
    pub(crate) fn from_spki_der(der: &[u8]) -> Option<Self> {
        let info = SubjectPublicKeyInfoRef::from_der(der).ok()?;
        let key = info.subject_public_key.as_bytes()?;
        if info.algorithm.oid == rsa::pkcs1::ALGORITHM_OID {
            info.algorithm.parameters?.is_null().then_some(())?;
            let key = RsaPublicKeyRef::from_der(key).ok()?;
            return Self::from_rsa_parts(key.modulus.as_bytes(), key.public_exponent.as_bytes());
        }
        // Go reads points in full only, never compressed to one coordinate.
        (key.first() == Some(&4)).then_some(())?;
        p256::PublicKey::try_from(&info)
            .map(Self::P256)
            .or_else(|_| p384::PublicKey::try_from(&info).map(Self::P384))
            .or_else(|_| p521::PublicKey::try_from(&info).map(Self::P521))
            .ok()
    }

    /// An RSA key from its two numbers, big-endian. Any size is taken, as Go takes it; one that is
    /// too small is refused when it is asked to verify.
    pub(crate) fn from_rsa_parts(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        if modulus.len() > MAX_RSA_BYTES || exponent.len() > 8 {
            return None;
        }
        let n = BoxedUint::from_be_slice_vartime(modulus);
        let e = BoxedUint::from_be_slice_vartime(exponent);
        rsa::PublicKey::new_with_size_limits(n, e, 1..=8 * MAX_RSA_BYTES).map(Self::Rsa).ok()
    }
}

/// 16384 bits, four times what anybody uses: verifying costs the square of it.
const MAX_RSA_BYTES: usize = 2048;

impl SigningKey {
    /// The first private key of a PEM file: `RSA PRIVATE KEY` (PKCS #1), `EC PRIVATE KEY` (SEC 1)
    /// or `PRIVATE KEY` (PKCS #8), none of them encrypted.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        blocks(pem)
            .iter()
            .find_map(|block| match block.label.as_str() {
                "RSA PRIVATE KEY" => {
                    rsa::PrivateKey::from_pkcs1_der(&block.der).ok().map(Self::Rsa)
                }
                "EC PRIVATE KEY" => sec1_private(&block.der),
                "PRIVATE KEY" => rsa_private(&block.der).or_else(|| pkcs8_ec(&block.der)),
                _ => None,
            })
            .ok_or(KeyError::NoPrivateKey)
    }

    /// The private key as a file, its secret included: PKCS #1 for RSA, SEC 1 for ECDSA, as
    /// Kubernetes itself writes them.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a key that was read or made can be written")]
    pub fn to_pem(&self) -> String {
        let pem = match self {
            Self::Rsa(key) => key.to_pkcs1_pem(LineEnding::LF).ok(),
            Self::P256(key) => key.to_sec1_pem(LineEnding::LF).ok(),
            Self::P384(key) => key.to_sec1_pem(LineEnding::LF).ok(),
            Self::P521(key) => key.to_sec1_pem(LineEnding::LF).ok(),
        };
        pem.expect("a private key has a PEM form").to_string()
    }
}

fn rsa_private(der: &[u8]) -> Option<SigningKey> {
    let key = rsa::PrivateKey::from_pkcs1_der(der).ok();
    key.or_else(|| PrivateKeyInfoRef::from_der(der).ok()?.try_into().ok()).map(SigningKey::Rsa)
}

fn sec1_private(der: &[u8]) -> Option<SigningKey> {
    p256::SecretKey::from_sec1_der(der)
        .map(SigningKey::P256)
        .or_else(|_| p384::SecretKey::from_sec1_der(der).map(SigningKey::P384))
        .or_else(|_| p521::SecretKey::from_sec1_der(der).map(SigningKey::P521))
        .ok()
}

fn pkcs8_ec(der: &[u8]) -> Option<SigningKey> {
    let info = PrivateKeyInfoRef::from_der(der).ok()?;
    let p256 = p256::SecretKey::try_from(info.clone()).ok().map(SigningKey::P256);
    p256.or_else(|| p384::SecretKey::try_from(info.clone()).ok().map(SigningKey::P384))
        .or_else(|| p521::SecretKey::try_from(info).ok().map(SigningKey::P521))
}

fn from_certificate(der: &[u8]) -> Option<PublicKey> {
    let certificate = Certificate::from_der(der).ok()?;
    let key = certificate.tbs_certificate().subject_public_key_info().to_der().ok()?;
    PublicKey::from_spki_der(&key)
}
