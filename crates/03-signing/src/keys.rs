//! The two halves of a key pair, and the arithmetic each of them can do. The arithmetic itself is
//! left to the crates `rsa`, `p256`, `p384` and `p521`; here is what the API server asks of it.

use crate::{Algorithm, Reason, SignError};
use Algorithm::{ES256, ES384, ES512, PS256, PS384, PS512, RS256, RS384, RS512};
use rsa::pkcs8::EncodePublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, Pss};
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::fmt;

/// The half that checks. Anybody may have it.
///
/// It comes from a file ([`PublicKey::all_from_pem`]), from another server's list of keys
/// ([`KeySet::from_jwks`](crate::KeySet::from_jwks)), or from its private half
/// ([`SigningKey::public_key`]).
#[derive(Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA: a large number that nobody can factor, and a small exponent.
    Rsa(rsa::PublicKey),
    /// ECDSA: a point on the curve P-256.
    P256(p256::PublicKey),
    /// ECDSA: a point on the curve P-384.
    P384(p384::PublicKey),
    /// ECDSA: a point on the curve P-521.
    P521(p521::PublicKey),
}

/// The half that signs. Whoever has it can make any token for any account. It stays on the API
/// server's disk, and only [`SigningKey::to_pem`] shows it.
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

/// Since 1.24 Go neither signs nor checks with less. <https://go.dev/doc/go1.24#cryptorsapkgcryptorsa>
const MIN_RSA_BITS: u32 = 1024;

/// The three curves differ in their types alone.
macro_rules! check_ecdsa {
    ($curve:ident, $key:expr, $hash:expr, $r_and_s:expr) => {{
        use $curve::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier};
        Signature::from_slice(&$r_and_s)
            .and_then(|signature| VerifyingKey::from($key).verify_prehash($hash, &signature))
            .map_err(|_| Reason::Wrong)
    }};
}

macro_rules! sign_ecdsa {
    ($curve:ident, $key:expr, $hash:expr) => {{
        use $curve::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner};
        let signature: Result<Signature, _> = SigningKey::from($key).sign_prehash($hash);
        signature.map(|signature| signature.to_bytes().to_vec()).map_err(|_| SignError::ShortKey)
    }};
}

impl PublicKey {
    /// What kind of key it is, in words: `RSA, 2048 bits`.
    #[must_use]
    pub fn kind(&self) -> String {
        match self {
            Self::Rsa(key) => format!("RSA, {} bits", key.n().bit_width()),
            Self::P256(_) => "ECDSA, P-256".to_owned(),
            Self::P384(_) => "ECDSA, P-384".to_owned(),
            Self::P521(_) => "ECDSA, P-521".to_owned(),
        }
    }

    /// The algorithms whose signatures this key can check; first the one Kubernetes signs with.
    ///
    /// RFC 7518 (section 3.4) ties each ES algorithm to one curve. The real server asks only that
    /// the signature be as long as its algorithm prescribes, so a small curve may sign under a
    /// larger one's name. Nobody but the owner of the key gains by that.
    #[must_use]
    pub fn algorithms(&self) -> &'static [Algorithm] {
        match self {
            Self::Rsa(_) => &[RS256, RS384, RS512, PS256, PS384, PS512],
            Self::P256(_) => &[ES256, ES384, ES512],
            Self::P384(_) => &[ES384, ES512],
            Self::P521(_) => &[ES512],
        }
    }

    /// The key as DER `SubjectPublicKeyInfo` (RFC 5280, section 4.1.2.7): what stands between the
    /// BEGIN and END lines of a `PUBLIC KEY`, without the base64. The same bytes for the same key,
    /// whatever file it came from.
    ///
    /// # Panics
    /// Never.
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
    pub(crate) fn check_hash(
        &self,
        algorithm: Algorithm,
        hash: &[u8],
        signature: &[u8],
    ) -> Result<(), Reason> {
        if !self.algorithms().contains(&algorithm) {
            return Err(Reason::OtherKeyType { algorithm, key: self.kind() });
        }
        let r_and_s = |width| r_and_s(algorithm, signature, width);
        match self {
            Self::Rsa(key) => check_rsa(key, algorithm, hash, signature),
            Self::P256(key) => check_ecdsa!(p256, key, hash, r_and_s(32)?),
            Self::P384(key) => check_ecdsa!(p384, key, hash, r_and_s(48)?),
            Self::P521(key) => check_ecdsa!(p521, key, hash, r_and_s(66)?),
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
    let want = key.size();
    if signature.len() != want {
        return Err(Reason::Length { have: signature.len(), want });
    }
    let checked = match algorithm {
        RS256 => key.verify(Pkcs1v15Sign::new::<Sha256>(), hash, signature),
        RS384 => key.verify(Pkcs1v15Sign::new::<Sha384>(), hash, signature),
        RS512 => key.verify(Pkcs1v15Sign::new::<Sha512>(), hash, signature),
        PS256 => key.verify(pss_with_any_salt::<Sha256>(), hash, signature),
        PS384 => key.verify(pss_with_any_salt::<Sha384>(), hash, signature),
        PS512 => key.verify(pss_with_any_salt::<Sha512>(), hash, signature),
        ES256 | ES384 | ES512 => return Err(Reason::Wrong),
    };
    checked.map_err(|_| Reason::Wrong)
}

/// RFC 7518 (section 3.5) wants a salt as long as the hash. The real server takes any.
fn pss_with_any_salt<D: Digest>() -> Pss<D> {
    Pss { blinded: true, digest: D::new(), salt_len: None }
}

/// An ECDSA signature is two numbers, `r` and `s`, each in the width that the algorithm prescribes
/// (RFC 7518, section 3.4; never DER). Gives them back in the width of the key's curve, bytes.
fn r_and_s(algorithm: Algorithm, signature: &[u8], width: usize) -> Result<Vec<u8>, Reason> {
    let prescribed = match algorithm {
        ES256 => 32,
        ES384 => 48,
        _ => 66,
    };
    if signature.len() != 2 * prescribed {
        return Err(Reason::Length { have: signature.len(), want: 2 * prescribed });
    }
    let mut numbers = Vec::with_capacity(2 * width);
    for number in signature.chunks_exact(prescribed) {
        let (leading, number) = number.split_at(prescribed.saturating_sub(width));
        if leading.iter().any(|byte| *byte != 0) {
            return Err(Reason::Wrong);
        }
        numbers.extend_from_slice(number);
    }
    Ok(numbers)
}

impl SigningKey {
    /// A new RSA pair of 2048 bits, the size microk8s makes. Takes tenths of a second.
    ///
    /// # Panics
    /// When the system has no random numbers to give.
    #[must_use]
    #[expect(clippy::expect_used, reason = "without random numbers there is no secret")]
    pub fn generate() -> Self {
        let mut random = rsa::rand_core::UnwrapErr(getrandom::SysRng);
        Self::Rsa(rsa::PrivateKey::new(&mut random, 2048).expect("2048 bits make a key"))
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

    /// The one algorithm Kubernetes signs with, given such a key: RS256, or the ES of its curve.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa(_) => RS256,
            Self::P256(_) => ES256,
            Self::P384(_) => ES384,
            Self::P521(_) => ES512,
        }
    }

    /// Signs a hash made by [`SigningKey::algorithm`]. The same hash gives the same signature: for
    /// RS256 everywhere, for ECDSA here by RFC 6979, while Go's differ each time.
    pub(crate) fn sign_hash(&self, hash: &[u8]) -> Result<Vec<u8>, SignError> {
        match self {
            Self::Rsa(key) if key.n().bit_width() < MIN_RSA_BITS => Err(SignError::ShortKey),
            Self::Rsa(key) => {
                key.sign(Pkcs1v15Sign::new::<Sha256>(), hash).map_err(|_| SignError::ShortKey)
            }
            Self::P256(key) => sign_ecdsa!(p256, key, hash),
            Self::P384(key) => sign_ecdsa!(p384, key, hash),
            Self::P521(key) => sign_ecdsa!(p521, key, hash),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, kid {})", self.kind(), self.key_id())
    }
}

/// Shows the public half only: a private key in a log is a key given away.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(the private half of {:?})", self.public_key())
    }
}
