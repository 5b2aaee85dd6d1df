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
use chrono::{DateTime, SecondsFormat};
use expiry::go::quote;
use narration::Clock;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, RootCertStore};
use sha2::{Digest, Sha256};
use static_tokens::{Rejection, User, Verdict};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;
use x509_cert::Certificate;
use x509_cert::der::asn1::{
    Ia5StringRef, ObjectIdentifier, OctetString, PrintableStringRef, TeletexStringRef,
    Utf8StringRef,
};
use x509_cert::der::{Any, Decode, Tag, Tagged};
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier};

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
            let (which, why) = (identifier(certificate), in_gos_words(&why, certificate));
            let why = format!("verifying certificate {which} failed: {why}");
            return Verdict::Rejected(Rejection(why));
        }
        match user(certificate) {
            Ok(user) if user.name.is_empty() => Verdict::NotMine,
            Ok(user) => Verdict::Authenticated(user),
            Err(why) => Verdict::Rejected(Rejection(why)),
        }
    }
}

/// What Go's [`crypto/x509`][1] says of the same mistake: that is what stands in the log of a real
/// server, and what people look for.
///
/// [1]: https://github.com/golang/go/blob/go1.26.0/src/crypto/x509/verify.go
fn in_gos_words(why: &rustls::Error, certificate: &CertificateDer) -> String {
    use CertificateError::{
        BadSignature, ExpiredContext, InvalidPurposeContext, NotValidYetContext, UnknownIssuer,
    };
    let date = |time: &UnixTime| {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        DateTime::from_timestamp(seconds, 0)
            .unwrap_or_default()
            .to_rfc3339_opts(SecondsFormat::Secs, true)
    };
    let stranger = "x509: certificate signed by unknown authority";
    let not_now = "x509: certificate has expired or is not yet valid: current time";
    match why {
        rustls::Error::InvalidCertificate(ExpiredContext { time, not_after }) => {
            format!("{not_now} {} is after {}", date(time), date(not_after))
        }
        rustls::Error::InvalidCertificate(NotValidYetContext { time, not_before }) => {
            format!("{not_now} {} is before {}", date(time), date(not_before))
        }
        rustls::Error::InvalidCertificate(UnknownIssuer) => stranger.to_owned(),
        // An authority of the right name, and another key.
        rustls::Error::InvalidCertificate(BadSignature) => {
            let (mistake, name) = candidate(certificate).unwrap_or_default();
            let (mistake, name) = (quote(mistake), quote(&name));
            format!(
                "{stranger} (possibly because of {mistake} while trying to verify candidate \
                 authority certificate {name})"
            )
        }
        rustls::Error::InvalidCertificate(InvalidPurposeContext { .. }) => {
            "x509: certificate specifies an incompatible key usage".to_owned()
        }
        other => other.to_string(),
    }
}

/// What Go says of a signature that is not right, and who is said to have made it.
fn candidate(certificate: &CertificateDer) -> Option<(&'static str, String)> {
    const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
    const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1");
    let parsed = Certificate::from_der(certificate).ok()?;
    let algorithm = parsed.signature_algorithm().oid;
    let mistake = match algorithm {
        ED25519 => "x509: Ed25519 verification failure",
        _ if algorithm.parent() == Some(RSA) => "crypto/rsa: verification error",
        _ => "x509: ECDSA verification failure",
    };
    let mut issuer = parsed.tbs_certificate().issuer().iter();
    let name = issuer.find(|attribute| attribute.oid == COMMON_NAME)?;
    Some((mistake, text(&name.value)?))
}

/// Which certificate it was: its serial number, and the ids of its own key and its issuer's.
fn identifier(certificate: &CertificateDer) -> String {
    let Ok(parsed) = Certificate::from_der(certificate) else { return String::new() };
    let certificate = parsed.tbs_certificate();
    let own = certificate.get_extension::<SubjectKeyIdentifier>().ok().flatten();
    let own = own.map(|(_, id)| id.0);
    let issuers = certificate.get_extension::<AuthorityKeyIdentifier>().ok().flatten();
    let issuers = issuers.and_then(|(_, id)| id.key_identifier);
    let hexadecimal = |id: Option<OctetString>| {
        let id = id.map(OctetString::into_bytes).unwrap_or_default();
        let bytes = id.iter().map(|byte| format!("{byte:02X}"));
        bytes.collect::<Vec<_>>().join(":")
    };
    let serial = decimal(certificate.serial_number().as_bytes());
    format!("SN={serial}, SKID={}, AKID={}", hexadecimal(own), hexadecimal(issuers))
}

/// A number of any length, the most significant byte first.
fn decimal(bytes: &[u8]) -> String {
    // The least significant digit first.
    let mut digits = vec![0_u8];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) * 256;
            *digit = (carry % 10) as u8;
            carry /= 10;
        }
        while carry > 0 {
            digits.push((carry % 10) as u8);
            carry /= 10;
        }
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
}

fn user(certificate: &CertificateDer) -> Result<User, String> {
    let unreadable = || "the certificate cannot be read".to_owned();
    let parsed = Certificate::from_der(certificate).map_err(|_| unreadable())?;
    let mut user = User::default();
    let mut uids = Vec::new();
    for attribute in parsed.tbs_certificate().subject().iter() {
        let text = || text(&attribute.value).ok_or_else(unreadable);
        match attribute.oid {
            COMMON_NAME => user.name = text()?,
            ORGANIZATION => user.groups.push(text()?),
            USER_UID => uids.push(text()?),
            _ => {}
        }
    }
    if !user.name.is_empty() {
        user.uid = only(uids)?;
    }
    let mut fingerprint = "X509SHA256=".to_owned();
    for byte in Sha256::digest(certificate) {
        let _ = write!(fingerprint, "{byte:02x}"); // into a String: it can't fail
    }
    user.extra.insert(CREDENTIAL_ID.to_owned(), vec![fingerprint]);
    Ok(user)
}

/// None is fine, several are not, and neither is one that is empty.
fn only(mut uids: Vec<String>) -> Result<String, String> {
    if uids.len() > 1 {
        return Err(format!("expected 1 UID, but found multiple: [{}]", uids.join(" ")));
    }
    match uids.pop() {
        Some(uid) if uid.is_empty() => Err("UID cannot be an empty string".to_owned()),
        uid => Ok(uid.unwrap_or_default()),
    }
}

/// Two bytes a character: neither halves of one nor those that are none.
fn bmp(mut bytes: &[u8]) -> Option<String> {
    // Some writers end it as C ends a text.
    bytes = bytes.strip_suffix(&[0, 0]).unwrap_or(bytes);
    let pairs = bytes.chunks_exact(2);
    let whole = pairs.remainder().is_empty();
    let units = pairs.map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let characters = units.map(|unit| match unit {
        0xfdd0..=0xfdef | 0xfffe.. => None,
        unit => char::from_u32(unit.into()),
    });
    characters.collect::<Option<String>>().filter(|_| whole)
}

/// The kinds of text that Go reads in a name ([`parseASN1String`][1]).
///
/// [1]: https://github.com/golang/go/blob/go1.26.0/src/crypto/x509/parser.go
fn text(value: &Any) -> Option<String> {
    match value.tag() {
        Tag::Utf8String => Some(value.decode_as::<Utf8StringRef>().ok()?.to_string()),
        Tag::PrintableString => Some(value.decode_as::<PrintableStringRef>().ok()?.to_string()),
        Tag::Ia5String => Some(value.decode_as::<Ia5StringRef>().ok()?.to_string()),
        Tag::TeletexString => Some(value.decode_as::<TeletexStringRef>().ok()?.to_string()),
        Tag::BmpString => bmp(value.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_uid_at_most_and_not_an_empty_one() {
        let of = |uids: &[&str]| only(uids.iter().map(ToString::to_string).collect());
        assert_eq!(of(&[]).as_deref(), Ok(""));
        assert_eq!(of(&["a"]).as_deref(), Ok("a"));
        assert_eq!(of(&[""]).unwrap_err(), "UID cannot be an empty string");
        assert_eq!(of(&["a", "b"]).unwrap_err(), "expected 1 UID, but found multiple: [a b]");
    }

    #[test]
    fn two_bytes_a_character() {
        assert_eq!(bmp(b"\0b\0\xe9").as_deref(), Some("b\u{e9}"));
        assert_eq!(bmp(b"\0b\0\0").as_deref(), Some("b"));
        for bad in [&b"\0bc"[..], b"\xd8\0\xdc\0", b"\xff\xfe", b"\xfd\xd0", b"\xfd\xef"] {
            assert_eq!(bmp(bad), None, "{bad:?}");
        }
        assert_eq!(bmp(b"\xfd\xf0").as_deref(), Some("\u{fdf0}"));
    }

    #[test]
    fn serial_numbers_are_decimal() {
        for (bytes, shown) in [
            (&[][..], "0"),
            (&[0], "0"),
            (&[9], "9"),
            (&[1, 0], "256"),
            (&[0, 255, 255], "65535"),
            (&[0x12; 10], "85335940208091471155730"),
            (&[255; 16], "340282366920938463463374607431768211455"),
        ] {
            assert_eq!(decimal(bytes), shown);
        }
    }
}
