//! The course's own key pair. **Published, and therefore worth nothing**: whoever has this crate
//! can sign with it. It is here so that a walk prints the same tokens on every machine.

use crate::SigningKey;

/// The key that signs in every walk of the course: RSA, 2048 bits. Never give it to a server that
/// anybody else can reach.
///
/// # Panics
/// Never: the file comes with the crate.
#[must_use]
#[expect(clippy::expect_used, reason = "the file comes with the crate, and a test reads it")]
pub fn lab_key() -> SigningKey {
    SigningKey::from_pem(LAB_KEY_PEM.as_bytes()).expect("samples/lab.key is a private key")
}

/// [`lab_key`] as its file has it.
pub const LAB_KEY_PEM: &str = include_str!("../samples/lab.key");
