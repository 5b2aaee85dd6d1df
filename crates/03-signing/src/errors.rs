//! What can go wrong, in two voices: what the real server says, and what a reader needs to know.

use crate::{Algorithm, UnknownAlgorithm};
use jwt_anatomy::{ClaimsError, CriticalError};

/// Why a token's signature is not accepted. Displays as kube-apiserver's own message, which gives
/// little away; [`SignatureError::reason`] tells the rest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header names a key that is not in the set, or the set is empty.
    #[error("invalid signature, no keys found")]
    NoKeysFound,
    /// The key does not vouch for the token.
    #[error("go-jose/go-jose: error in cryptographic primitive")]
    Cryptography(Reason),
    /// The header's `crit` is no list of names.
    #[error(transparent)]
    Header(#[from] CriticalError),
    /// The signature fits, but what it signs can't be read as claims.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// Several keys were tried, and each had its objection. Displays as a list in brackets; where
    /// the real server puts it into a larger list, the brackets fall away.
    #[error("{}", aggregate(.0))]
    Several(Vec<SignatureError>),
}

/// What stands behind `error in cryptographic primitive`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// `none`, an HMAC, a misspelling, or nothing at all.
    #[error(transparent)]
    UnknownAlgorithm(#[from] UnknownAlgorithm),
    /// The algorithm is for another type of key.
    #[error("{algorithm} is not for this key ({key})")]
    OtherKeyType {
        /// What the header asks for.
        algorithm: Algorithm,
        /// What the key is.
        key: String,
    },
    /// The header demands that an extension be understood, and it is not (RFC 7515, 4.1.11).
    #[error("the header calls {0:?} critical, and nobody here knows what that is")]
    Critical(String),
    /// The signature has not the length that the algorithm and the key prescribe.
    #[error("the signature has {have} bytes, and must have {want}")]
    Length {
        /// As it came, bytes.
        have: usize,
        /// As it must be, bytes.
        want: usize,
    },
    /// An RSA key that Go refuses to work with.
    #[error("an RSA key of {0} bits is too short to be trusted; the least is 1024")]
    ShortKey(u32),
    /// All fits but the numbers: another key signed, or the text was changed afterwards.
    #[error("not signed by this key, or changed since")]
    Wrong,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The claims can't be written as JSON.
    #[error("the claims cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The claims are no JSON object.
    #[error("claims must be a JSON object")]
    NotAnObject,
    /// An RSA key below 1024 bits, with which neither Go nor this crate signs.
    #[error("the key is too short to sign with")]
    ShortKey,
}

/// Why a file gives no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing in the file is a public key, or holds one. The real server's words.
    #[error("data does not contain any valid RSA or ECDSA public keys")]
    NoPublicKey(Instead),
    /// Nothing in the file is a private key that can sign. The real server's words.
    #[error("data does not contain a valid RSA or ECDSA private key")]
    NoPrivateKey(Instead),
    /// It is no JSON Web Key, or no set of them.
    #[error("this is no JSON Web Key Set: {0}")]
    Jwk(String),
}

/// What a file without the wanted key holds instead. Displays as what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Instead {
    /// No PEM at all.
    #[error("a PEM file: it has a line like -----BEGIN PUBLIC KEY-----")]
    NoPem,
    /// JSON.
    #[error("if this is a set of keys: --jwks FILE")]
    Json,
    /// A token.
    #[error("to see what this token says about its key: cargo run -q -p jwt-anatomy -- FILE")]
    Token,
    /// An OpenSSH public key.
    #[error("to write this SSH key as PEM: ssh-keygen -e -m PKCS8 -f FILE")]
    Ssh,
    /// A key behind a passphrase.
    #[error("to take the passphrase off: openssl pkey -in FILE")]
    Encrypted,
    /// A PKCS #1 public key, which Kubernetes does not read.
    #[error("to write it as Kubernetes reads it: openssl rsa -RSAPublicKey_in -in FILE -pubout")]
    Pkcs1Public,
    /// An ECDSA key in PKCS #8, which Kubernetes signs with, but takes no public half from.
    #[error("to write the public half as Kubernetes reads it: openssl pkey -in FILE -pubout")]
    Pkcs8Elliptic,
    /// Public halves where a private one is wanted.
    #[error("the private half of the pair: public halves sign nothing")]
    PublicOnly,
    /// Some other PEM block.
    #[error("an RSA key, or an ECDSA key on P-256, P-384 or P-521: no others sign tokens")]
    Other,
}

impl KeyError {
    /// What to try, to follow the error.
    #[must_use]
    pub fn advice(&self) -> Option<Instead> {
        match self {
            Self::NoPublicKey(instead) | Self::NoPrivateKey(instead) => Some(*instead),
            Self::Jwk(_) => None,
        }
    }
}

impl SignatureError {
    /// What the server's message leaves out, if there is more to know. Of several keys, what they
    /// all agree on.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Cryptography(reason) => Some(reason),
            Self::Several(objections) => {
                let first = objections.first()?.reason()?;
                objections.iter().all(|other| other.reason() == Some(first)).then_some(first)
            }
            Self::NoKeysFound | Self::Header(_) | Self::Claims(_) => None,
        }
    }

    /// From what each key that was tried had to object.
    pub(crate) fn from_all(mut objections: Vec<Self>) -> Self {
        match objections.len() {
            0 => Self::NoKeysFound,
            1 => objections.remove(0),
            _ => Self::Several(objections),
        }
    }
}

impl From<UnknownAlgorithm> for SignatureError {
    fn from(unknown: UnknownAlgorithm) -> Self {
        Self::Cryptography(unknown.into())
    }
}

/// As `utilerrors.NewAggregate` prints: each message once, and brackets only around several.
/// <https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apimachinery/pkg/util/errors/errors.go>
fn aggregate(errors: &[SignatureError]) -> String {
    let mut messages: Vec<String> = Vec::new();
    for message in errors.iter().map(ToString::to_string) {
        if !messages.contains(&message) {
            messages.push(message);
        }
    }
    match messages.as_slice() {
        [only] => only.clone(),
        several => format!("[{}]", several.join(", ")),
    }
}
