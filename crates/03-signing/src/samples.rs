//! The course's own key pair, and a certificate that looks like microk8s' `ca.crt`.
//!
//! **Published, and therefore worth nothing**: whoever has this crate can sign with the key. It is
//! here so that a walk prints the same token on every machine. The key of the certificate was
//! thrown away.

use crate::SigningKey;

/// The key that signs in every walk of the course, as its file has it: RSA, 2048 bits.
pub const LAB_KEY_PEM: &str = include_str!("../samples/lab.key");

/// A certificate authority's certificate, of the kind a cluster's `ca.crt` is.
pub const CA_CRT: &str = include_str!("../samples/ca.crt");

/// The key in [`LAB_KEY_PEM`]. Never give it to a server that anybody else can reach.
///
/// # Panics
/// Never: the file comes with the crate.
#[must_use]
#[expect(clippy::expect_used, reason = "the file comes with the crate, and a test reads it")]
pub fn lab_key() -> SigningKey {
    SigningKey::from_pem(LAB_KEY_PEM.as_bytes()).expect("samples/lab.key is a private key")
}
