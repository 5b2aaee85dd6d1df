//! The nine signature algorithms of a service-account token, and no tenth.
//!
//! `none` and the HS family are missing on purpose: a type that can't name them can't be talked
//! into them. They are where the famous JWT forgeries came from (RFC 8725, sections 2.1 and 3.1).

use sha2::{Digest, Sha256, Sha384, Sha512};
use std::fmt;
use std::str::FromStr;

/// How a signature is made: the `alg` of a token's header (RFC 7518, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSA with PKCS #1 v1.5 padding, SHA-256. What Kubernetes signs with, given an RSA key.
    RS256,
    /// The same with SHA-384.
    RS384,
    /// The same with SHA-512.
    RS512,
    /// RSA with PSS padding, SHA-256.
    PS256,
    /// The same with SHA-384.
    PS384,
    /// The same with SHA-512.
    PS512,
    /// ECDSA on P-256, SHA-256.
    ES256,
    /// ECDSA on P-384, SHA-384.
    ES384,
    /// ECDSA on P-521 (no misprint: 521 bits), SHA-512.
    ES512,
}

use Algorithm::{ES256, ES384, ES512, PS256, PS384, PS512, RS256, RS384, RS512};

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 9] = [RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512];

    /// As it stands in a header.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RS256 => "RS256",
            RS384 => "RS384",
            RS512 => "RS512",
            PS256 => "PS256",
            PS384 => "PS384",
            PS512 => "PS512",
            ES256 => "ES256",
            ES384 => "ES384",
            ES512 => "ES512",
        }
    }

    /// The hash that is signed in place of the message: 32, 48 or 64 bytes.
    pub(crate) fn hash(self, message: &[u8]) -> Vec<u8> {
        match self {
            RS256 | PS256 | ES256 => Sha256::digest(message).to_vec(),
            RS384 | PS384 | ES384 => Sha384::digest(message).to_vec(),
            RS512 | PS512 | ES512 => Sha512::digest(message).to_vec(),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A header's `alg` that is none of the nine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no key here signs with the algorithm {0:?}")]
pub struct UnknownAlgorithm(pub String);

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Letter for letter: `rs256` is no algorithm.
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        let known = Self::ALL.into_iter().find(|algorithm| algorithm.name() == name);
        known.ok_or_else(|| UnknownAlgorithm(name.to_owned()))
    }
}
