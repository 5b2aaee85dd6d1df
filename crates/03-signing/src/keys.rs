//! The two halves of a key pair, and the mathematics each of them can do.

use crate::{Algorithm, Reason};
use Algorithm::{ES256, ES384, ES512, PS256, PS384, PS512, RS256, RS384, RS512};
use rsa::pkcs8::EncodePublicKey;
use rsa::sha2::{Digest, Sha256, Sha384, Sha512};
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, Pss};
use std::fmt;

/// The half that checks. Anybody may have it.
///
/// Comes from a file by [`PublicKey::all_from_pem`] or [`PublicKey::from_jwk`], or from its private
/// half by [`SigningKey::public_key`].
#[derive(Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA: a modulus and an exponent.
    Rsa(rsa::PublicKey),
    /// A point on the curve P-256.
    P256(p256::PublicKey),
    /// A point on the curve P-384.
    P384(p384::PublicKey),
    /// A point on the curve P-521.
    P521(p521::PublicKey),
}

/// The half that signs. Who has it can make any token for any account: it never leaves the API
/// server's disk, and nothing here prints it but [`SigningKey::to_pem`].
#[derive(Clone)]
pub enum SigningKey {
    /// Signs RS256.
    Rsa(rsa::PrivateKey),
    /// Signs ES256.
    P256(p256::SecretKey),
    /// Signs ES384.
    P384(p384::SecretKey),
    /// Signs ES512.
    P521(p521::SecretKey),
}

/// What Go's `crypto/rsa` demands since Go 1.24, on signing and on checking.
/// <https://pkg.go.dev/crypto/rsa#hdr-Minimum_key_size>
const MIN_RSA_BITS: u32 = 1024;

/// The three curves differ in their types only. `PublicKey` of the crate `$curve` checks `r` and
/// `s`, side by side; `hash` may be longer than the curve, and is cut as FIPS 186-5 says.
macro_rules! ecdsa_verify {
    ($curve:ident, $key:expr, $hash:expr, $r_and_s:expr) => {{
        use $curve::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier};
        Signature::from_slice($r_and_s)
            .and_then(|signature| VerifyingKey::from($key).verify_prehash($hash, &signature))
            .map_err(|_| Reason::Wrong)
    }};
}

macro_rules! ecdsa_sign {
    ($curve:ident, $key:expr, $hash:expr) => {{
        use $curve::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner};
        let signature: Result<Signature, _> = SigningKey::from($key).sign_prehash($hash);
        signature.map(|signature| signature.to_bytes().to_vec()).map_err(|_| SignError)
    }};
}

/// The key can't sign: an RSA key too short for the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this key can't sign: an RSA key needs at least {MIN_RSA_BITS} bits")]
pub struct SignError;

impl PublicKey {
    /// What kind of key it is, in words: `RSA, 2048 bits`.
    #[must_use]
    pub fn kind(&self) -> String {
        match self {
            Self::Rsa(key) => format!("RSA, {} bits", key.n().bit_width()),
            Self::P256(_) => "ECDSA, curve P-256".to_owned(),
            Self::P384(_) => "ECDSA, curve P-384".to_owned(),
            Self::P521(_) => "ECDSA, curve P-521".to_owned(),
        }
    }

    /// The algorithms this key may check. The type of the key decides, never the token.
    #[must_use]
    pub fn algorithms(&self) -> &'static [Algorithm] {
        match self {
            Self::Rsa(_) => &[RS256, RS384, RS512, PS256, PS384, PS512],
            Self::P256(_) => &[ES256],
            Self::P384(_) => &[ES384],
            Self::P521(_) => &[ES512],
        }
    }

    /// The key as DER `SubjectPublicKeyInfo` (RFC 5280, section 4.1.2.7): what stands between the
    /// BEGIN and END lines of `sa.pub`, without the base64. The same bytes for the same key,
    /// whatever file it came from.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a key that was read can be written")]
    pub fn to_spki_der(&self) -> Vec<u8> {
        let der = match self {
            Self::Rsa(key) => key.to_public_key_der(),
            Self::P256(key) => key.to_public_key_der(),
            Self::P384(key) => key.to_public_key_der(),
            Self::P521(key) => key.to_public_key_der(),
        };
        der.expect("a public key has a DER form").into_vec()
    }

    /// Whether `signature` was made over `hash` by the private half of this key.
    pub(crate) fn check(
        &self,
        algorithm: Algorithm,
        hash: &[u8],
        signature: &[u8],
    ) -> Result<(), Reason> {
        match self {
            Self::Rsa(key) => check_rsa(key, algorithm, hash, signature),
            Self::P256(key) => ecdsa_verify!(p256, key, hash, signature),
            Self::P384(key) => ecdsa_verify!(p384, key, hash, signature),
            Self::P521(key) => ecdsa_verify!(p521, key, hash, signature),
        }
    }
}

fn check_rsa(
    key: &rsa::PublicKey,
    algorithm: Algorithm,
    hash: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    let bits = key.n().bit_width();
    if bits < MIN_RSA_BITS {
        return Err(Reason::ShortKey(bits));
    }
    if signature.len() != key.size() {
        return Err(Reason::Length { have: signature.len(), want: key.size() });
    }
    match algorithm {
        RS256 => key.verify(Pkcs1v15Sign::new::<Sha256>(), hash, signature),
        RS384 => key.verify(Pkcs1v15Sign::new::<Sha384>(), hash, signature),
        RS512 => key.verify(Pkcs1v15Sign::new::<Sha512>(), hash, signature),
        PS256 => key.verify(any_salt::<Sha256>(), hash, signature),
        PS384 => key.verify(any_salt::<Sha384>(), hash, signature),
        PS512 => key.verify(any_salt::<Sha512>(), hash, signature),
        ES256 | ES384 | ES512 => return Err(Reason::OtherKeyType { algorithm, key: "RSA".into() }),
    }
    .map_err(|_| Reason::Wrong)
}

/// RFC 7518 (section 3.5) wants a salt as long as the hash. go-jose asks Go to take any.
fn any_salt<D: Digest>() -> Pss<D> {
    Pss { blinded: true, digest: D::new(), salt_len: None }
}

impl SigningKey {
    /// A new RSA pair of 2048 bits, as microk8s makes it. Takes about a tenth of a second.
    ///
    /// # Panics
    /// When the system has no random numbers to give, or gives ones no key can be made of.
    #[must_use]
    #[expect(clippy::expect_used, reason = "without random numbers there is nothing to go on with")]
    pub fn generate() -> Self {
        let mut random = rsa::rand_core::UnwrapErr(getrandom::SysRng);
        Self::Rsa(rsa::PrivateKey::new(&mut random, 2048).expect("2048 bits are a valid size"))
    }

    /// The half to give away.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        match self {
            Self::Rsa(key) => PublicKey::Rsa(key.to_public_key()),
            Self::P256(key) => PublicKey::P256(key.public_key()),
            Self::P384(key) => PublicKey::P384(key.public_key()),
            Self::P521(key) => PublicKey::P521(key.public_key()),
        }
    }

    /// The one algorithm Kubernetes signs with, given such a key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.public_key().algorithms()[0]
    }

    /// The signature of a hash made by [`SigningKey::algorithm`].
    pub(crate) fn sign_hash(&self, hash: &[u8]) -> Result<Vec<u8>, SignError> {
        match self {
            Self::Rsa(key) if key.n().bit_width() < MIN_RSA_BITS => Err(SignError),
            Self::Rsa(key) => key.sign(Pkcs1v15Sign::new::<Sha256>(), hash).map_err(|_| SignError),
            Self::P256(key) => ecdsa_sign!(p256, key, hash),
            Self::P384(key) => ecdsa_sign!(p384, key, hash),
            Self::P521(key) => ecdsa_sign!(p521, key, hash),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, kid {})", self.kind(), self.key_id())
    }
}

/// The public half only: a key in a log is a key given away.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let public = self.public_key();
        write!(f, "SigningKey({}, kid {}, private half not shown)", public.kind(), public.key_id())
    }
}
