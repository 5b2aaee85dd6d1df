//! Keys in PEM files, read as kube-apiserver reads `--service-account-key-file` (public halves,
//! [`PublicKey::all_from_pem`]) and `--service-account-signing-key-file` (the private one,
//! [`SigningKey::from_pem`]).
//!
//! The rules are those of [`keyutil`][1] over [`encoding/pem`][2]. A public key may stand in a file
//! as itself, as its private half, or inside a certificate, and several may follow one another;
//! whatever is no key is passed over, and so is text around the blocks. Go reads two kinds that this
//! crate passes over as well: RSA keys of three primes, and the curve P-224, with whose keys the API
//! server could not sign.
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/client-go/util/keyutil/key.go
//! [2]: https://pkg.go.dev/encoding/pem#Decode

use crate::errors::{Instead, KeyError};
use crate::{PublicKey, SigningKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::BoxedUint;
use rsa::pkcs1::{self, DecodeRsaPrivateKey, EncodeRsaPrivateKey, RsaPublicKeyRef};
use rsa::pkcs8::der::{Decode, Encode};
use rsa::pkcs8::{EncodePublicKey, LineEnding, PrivateKeyInfoRef, SubjectPublicKeyInfoRef};
use x509_cert::Certificate;

/// 16384 bits. Nobody uses a quarter of it, and checking a signature costs the square.
const MAX_RSA_BYTES: usize = 2048;

impl PublicKey {
    /// Every public key of a PEM file, in order.
    ///
    /// # Errors
    /// When there is none: the real server's message, and what to try instead.
    pub fn all_from_pem(pem: &[u8]) -> Result<Vec<Self>, KeyError> {
        let blocks = blocks(pem);
        let keys: Vec<Self> = blocks.iter().filter_map(|block| public_key(&block.der)).collect();
        if keys.is_empty() { Err(KeyError::NoPublicKey(instead(pem, &blocks))) } else { Ok(keys) }
    }

    /// The key as a file of its own: `-----BEGIN PUBLIC KEY-----`.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a key that was read can be written")]
    pub fn to_pem(&self) -> String {
        let pem = match self {
            Self::Rsa(key) => key.to_public_key_pem(LineEnding::LF),
            Self::P256(key) => key.to_public_key_pem(LineEnding::LF),
            Self::P384(key) => key.to_public_key_pem(LineEnding::LF),
            Self::P521(key) => key.to_public_key_pem(LineEnding::LF),
        };
        pem.expect("a public key has a PEM form")
    }

    /// An RSA key from its two numbers, big-endian. One that is too short is taken here, and refused
    /// when it is to check something; the real server does the same.
    pub(crate) fn from_rsa_numbers(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let (n, e) = (without_zeros(modulus), without_zeros(exponent));
        // Go works with exponents of up to 31 bits.
        if n.len() > MAX_RSA_BYTES || e.len() > 4 || (e.len() == 4 && e[0] >= 0x80) {
            return None;
        }
        let (n, e) = (BoxedUint::from_be_slice_vartime(n), BoxedUint::from_be_slice_vartime(e));
        rsa::PublicKey::new_with_size_limits(n, e, 1..=8 * MAX_RSA_BYTES).map(Self::Rsa).ok()
    }
}

impl SigningKey {
    /// The first private key of a PEM file: `RSA PRIVATE KEY` (PKCS #1), `EC PRIVATE KEY` (SEC 1)
    /// or `PRIVATE KEY` (PKCS #8), not encrypted.
    ///
    /// # Errors
    /// When there is none: the real server's message, and what to try instead.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let blocks = blocks(pem);
        let key = blocks.iter().find_map(|block| match block.label.as_str() {
            "RSA PRIVATE KEY" => rsa_from_pkcs1(&block.der),
            "EC PRIVATE KEY" => elliptic_from_sec1(&block.der),
            "PRIVATE KEY" => rsa_from_pkcs8(&block.der).or_else(|| elliptic_from_pkcs8(&block.der)),
            _ => None,
        });
        key.ok_or_else(|| KeyError::NoPrivateKey(instead(pem, &blocks)))
    }

    /// The private key as a file, its secret included: PKCS #1 for RSA and SEC 1 for ECDSA, the
    /// forms that Kubernetes reads both halves from.
    ///
    /// # Panics
    /// Never.
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

/// What stands between a BEGIN and an END line.
struct Block {
    label: String,
    der: Vec<u8>,
    encrypted: bool,
}

/// The blocks of a file, in order. One that is cut off, or not base64, is passed over.
fn blocks(pem: &[u8]) -> Vec<Block> {
    let text = String::from_utf8_lossy(pem);
    let mut blocks = Vec::new();
    // The label and the lines since the last BEGIN line: one without an END line ends here.
    let mut open: Option<(&str, Vec<&str>)> = None;
    for line in text.lines().map(str::trim_end) {
        let label = |prefix| line.strip_prefix(prefix).and_then(|rest| rest.strip_suffix("-----"));
        if let Some(begun) = label("-----BEGIN ") {
            open = Some((begun, Vec::new()));
        } else if let Some(ended) = label("-----END ") {
            if let Some((begun, body)) = open.take()
                && begun == ended
            {
                blocks.extend(block(begun, &body));
            }
        } else if let Some((_, body)) = &mut open {
            body.push(line);
        }
    }
    blocks
}

fn block(label: &str, body: &[&str]) -> Option<Block> {
    // `Proc-Type: 4,ENCRYPTED` and its like come first.
    let headers = body.iter().take_while(|line| line.contains(':')).count();
    let (headers, body) = body.split_at(headers);
    let base64: String = body.concat().split_ascii_whitespace().collect();
    Some(Block {
        label: label.to_owned(),
        der: STANDARD.decode(base64).ok()?,
        encrypted: headers.iter().any(|line| line.contains("ENCRYPTED")),
    })
}

/// What is in a block, whatever its label says. An ECDSA key in PKCS #8 is not looked for, because
/// the real server does not.
fn public_key(der: &[u8]) -> Option<PublicKey> {
    rsa_from_pkcs1(der)
        .or_else(|| rsa_from_pkcs8(der))
        .or_else(|| elliptic_from_sec1(der))
        .map(|key| key.public_key())
        .or_else(|| from_spki(der))
        .or_else(|| from_certificate(der))
}

fn from_spki(der: &[u8]) -> Option<PublicKey> {
    let info = SubjectPublicKeyInfoRef::from_der(der).ok()?;
    let key = info.subject_public_key.as_bytes()?;
    if info.algorithm.oid == pkcs1::ALGORITHM_OID {
        // RFC 3279 (2.3.1) wants the parameters there, and NULL; so does Go.
        let _null = info.algorithm.parameters.filter(|parameters| parameters.is_null())?;
        let key = RsaPublicKeyRef::from_der(key).ok()?;
        return PublicKey::from_rsa_numbers(key.modulus.as_bytes(), key.public_exponent.as_bytes());
    }
    let uncompressed = key.first() == Some(&4);
    let point = uncompressed.then_some(&info)?;
    p256::PublicKey::try_from(point)
        .map(PublicKey::P256)
        .or_else(|_| p384::PublicKey::try_from(point).map(PublicKey::P384))
        .or_else(|_| p521::PublicKey::try_from(point).map(PublicKey::P521))
        .ok()
}

/// The key that a certificate vouches for. Who signed the certificate, and until when it is valid,
/// nobody asks: here it is only an envelope.
fn from_certificate(der: &[u8]) -> Option<PublicKey> {
    let certificate = Certificate::from_der(der).ok()?;
    from_spki(&certificate.tbs_certificate().subject_public_key_info().to_der().ok()?)
}

fn rsa_from_pkcs1(der: &[u8]) -> Option<SigningKey> {
    rsa::PrivateKey::from_pkcs1_der(der).ok().map(SigningKey::Rsa)
}

fn rsa_from_pkcs8(der: &[u8]) -> Option<SigningKey> {
    let info = PrivateKeyInfoRef::from_der(der).ok()?;
    let is_rsa = info.algorithm.oid == pkcs1::ALGORITHM_OID;
    is_rsa.then(|| rsa_from_pkcs1(info.private_key.as_bytes())).flatten()
}

fn elliptic_from_sec1(der: &[u8]) -> Option<SigningKey> {
    p256::SecretKey::from_sec1_der(der)
        .map(SigningKey::P256)
        .or_else(|_| p384::SecretKey::from_sec1_der(der).map(SigningKey::P384))
        .or_else(|_| p521::SecretKey::from_sec1_der(der).map(SigningKey::P521))
        .ok()
}

fn elliptic_from_pkcs8(der: &[u8]) -> Option<SigningKey> {
    let info = PrivateKeyInfoRef::from_der(der).ok()?;
    p256::SecretKey::try_from(info.clone())
        .map(SigningKey::P256)
        .or_else(|_| p384::SecretKey::try_from(info.clone()).map(SigningKey::P384))
        .or_else(|_| p521::SecretKey::try_from(info).map(SigningKey::P521))
        .ok()
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

/// What a reader should do with a file that holds no key of the kind that is wanted.
fn instead(pem: &[u8], blocks: &[Block]) -> Instead {
    let starts_with = |text: &str| pem.trim_ascii_start().starts_with(text.as_bytes());
    let labelled = |label: &str| blocks.iter().any(|block| block.label == label);
    match () {
        () if starts_with("{") => Instead::Json,
        () if starts_with("eyJ") => Instead::Token,
        () if starts_with("ssh-") || starts_with("ecdsa-sha2-") => Instead::Ssh,
        () if labelled("ENCRYPTED PRIVATE KEY") || blocks.iter().any(|block| block.encrypted) => {
            Instead::Encrypted
        }
        () if labelled("RSA PUBLIC KEY") => Instead::Pkcs1Public,
        () if blocks.iter().any(|block| elliptic_from_pkcs8(&block.der).is_some()) => {
            Instead::Pkcs8Elliptic
        }
        () if blocks.iter().any(|block| public_key(&block.der).is_some()) => Instead::PublicOnly,
        () if blocks.is_empty() => Instead::NoPem,
        () => Instead::Other,
    }
}
