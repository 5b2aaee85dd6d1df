//! What can go wrong, in two voices: what the real server says, and what a reader needs to know.

use crate::Algorithm;
use jwt_anatomy::{ClaimsError, CriticalError};

/// Why a token's signature is not accepted. Displays as kube-apiserver's own message, which tells
/// as little as possible; [`SignatureError::reason`] tells the rest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header names a key that the set does not have, or the set is empty.
    #[error("invalid signature, no keys found")]
    NoKeysFound,
    /// The key does not vouch for the token.
    #[error("go-jose/go-jose: error in cryptographic primitive")]
    Cryptography(Reason),
    /// The header's `crit` is no list of names.
    #[error(transparent)]
    Header(#[from] CriticalError),
    /// The signature is right, but what it signs can't be read as claims.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// Several keys were tried, and each had its own objection.
    #[error("{}", aggregate(.0))]
    Several(Vec<SignatureError>),
}

/// What stands behind `error in cryptographic primitive`. The real server keeps it to itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// `none`, an HMAC, `EdDSA`, a misspelling, or nothing at all.
    #[error("no key here signs with the algorithm {0:?}")]
    UnknownAlgorithm(String),
    /// The algorithm is for another type of key.
    #[error("{algorithm} is no algorithm for this key ({key})")]
    OtherKeyType {
        /// What the header asks for.
        algorithm: Algorithm,
        /// What the key is.
        key: String,
    },
    /// The header demands that an extension be understood, and it is not (RFC 7515, 4.1.11).
    #[error("the header lists {0:?} as critical, and nobody here knows what that is")]
    Critical(String),
    /// The signature has not the length that the algorithm and the key prescribe.
    #[error("the signature is {have} bytes long, and {want} are needed")]
    Length {
        /// As it came, bytes.
        have: usize,
        /// As it must be, bytes.
        want: usize,
    },
    /// An RSA key that Go refuses to work with.
    #[error("an RSA key of {0} bits is too short to be trusted: 1024 is the least")]
    ShortKey(u32),
    /// Everything fits, but the mathematics says no: another key signed, or the text was changed.
    #[error("the signature does not fit this text and this key")]
    Wrong,
}

impl SignatureError {
    /// What the server's message leaves out, if there is more to know.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Cryptography(reason) => Some(reason),
            Self::Several(errors) => errors.iter().find_map(Self::reason),
            Self::NoKeysFound | Self::Header(_) | Self::Claims(_) => None,
        }
    }
}

/// As `utilerrors.NewAggregate` prints: each message once, in brackets only if there are several.
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
        _ => format!("[{}]", messages.join(", ")),
    }
}
