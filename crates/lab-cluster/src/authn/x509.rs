//! The client certificate: its common name is the user, its organisations are the groups
//! ([X.509 client certificates][1]). It is asked before any token, so that with a certificate in
//! the kubeconfig the token beside it is never looked at.
//!
//! The TLS handshake only proves that the client holds the certificate's key; it lets any
//! certificate in. Whether `--client-ca-file` vouches for it is asked here, so that a bad one ends
//! in a 401 and not in a broken connection.
//!
//! Unlike the real server's, this check refuses certificates of X.509 version 1, as rustls does.
//!
//! [1]: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates

use crate::authn::CREDENTIAL_ID;
use narration::Clock;
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use sha2::{Digest, Sha256};
use static_tokens::{Rejection, User, Verdict};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;
use x509_cert::Certificate;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::asn1::{Ia5StringRef, PrintableStringRef, TeletexStringRef, Utf8StringRef};
use x509_cert::der::{Any, Decode, Tag, Tagged};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
/// Kubernetes' own name for a user's uid in a certificate.
const USER_UID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57683.2");

/// The authorities of `--client-ca-file`.
pub struct ClientCertificates {
    verifier: Arc<dyn ClientCertVerifier>,
    clock: Arc<dyn Clock>,
}

impl ClientCertificates {
    /// Trusts these authorities.
    ///
    /// # Errors
    /// When there are none.
    pub fn new(
        authorities: RootCertStore,
        provider: Arc<rustls::crypto::CryptoProvider>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, rustls::server::VerifierBuilderError> {
        let verifier =
            WebPkiClientVerifier::builder_with_provider(authorities.into(), provider).build()?;
        Ok(Self { verifier, clock })
    }

    /// Who holds this certificate? The chain begins with the client's own.
    #[must_use]
    pub fn authenticate(&self, chain: &[CertificateDer<'static>]) -> Verdict {
        let [certificate, intermediates @ ..] = chain else { return Verdict::NotMine };
        let now = u64::try_from(self.clock.now().timestamp()).unwrap_or_default();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
        if let Err(why) = self.verifier.verify_client_cert(certificate, intermediates, now) {
            return Verdict::Rejected(Rejection(format!("verifying certificate failed: {why}")));
        }
        match user(certificate) {
            Some(user) if user.name.is_empty() => Verdict::NotMine,
            Some(user) => Verdict::Authenticated(user),
            None => Verdict::Rejected(Rejection("the certificate cannot be read".to_owned())),
        }
    }
}

fn user(certificate: &CertificateDer) -> Option<User> {
    let parsed = Certificate::from_der(certificate).ok()?;
    let mut user = User::default();
    for attribute in parsed.tbs_certificate().subject().iter() {
        match attribute.oid {
            COMMON_NAME => user.name = text(&attribute.value)?,
            ORGANIZATION => user.groups.push(text(&attribute.value)?),
            USER_UID => user.uid = text(&attribute.value)?,
            _ => {}
        }
    }
    let mut fingerprint = "X509SHA256=".to_owned();
    for byte in Sha256::digest(certificate) {
        let _ = write!(fingerprint, "{byte:02x}"); // into a String: it can't fail
    }
    user.extra.insert(CREDENTIAL_ID.to_owned(), vec![fingerprint]);
    Some(user)
}

fn text(value: &Any) -> Option<String> {
    match value.tag() {
        Tag::Utf8String => Some(value.decode_as::<Utf8StringRef>().ok()?.to_string()),
        Tag::PrintableString => Some(value.decode_as::<PrintableStringRef>().ok()?.to_string()),
        Tag::Ia5String => Some(value.decode_as::<Ia5StringRef>().ok()?.to_string()),
        Tag::TeletexString => Some(value.decode_as::<TeletexStringRef>().ok()?.to_string()),
        _ => None,
    }
}
