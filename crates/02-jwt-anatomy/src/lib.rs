//! Chapter 2: what is that token?
//!
//! `kubectl create token default` prints three words of base64url with dots between them: a JSON
//! Web Token ([RFC 7519][1]) in the compact form of a JSON Web Signature ([RFC 7515][2]).
//!
//! ```text
//! eyJhbGciOi... . eyJhdWQiOl... . c2lnbmF0dX...
//! header          claims          signature
//! which key       who, for whom,  over the two
//! signed, how     until when      words before it
//! ```
//!
//! The first two are JSON that anyone can read: a token is signed, not encrypted. This crate takes
//! a token apart exactly as the API server does, and believes none of it: whether the signature
//! fits is chapter 3's question, whether the claims hold now is chapter 4's. So every name here
//! that could be mistaken for knowledge says `unverified`.
//!
//! [1]: https://www.rfc-editor.org/rfc/rfc7519
//! [2]: https://www.rfc-editor.org/rfc/rfc7515#section-7.1

use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

pub mod base64url;
mod claims;
pub mod dates;
mod header;
mod issuer;
pub mod json;
mod life;
mod names;

pub use claims::ClaimsError;
pub use header::{CriticalError, HeaderError, UnverifiedHeader};
pub use life::Life;
pub use names::{NotAServiceAccount, ServiceAccountName};

/// The issuer that every legacy token names, in every cluster.
pub const LEGACY_ISSUER: &str = "kubernetes/serviceaccount";

/// A token taken apart, of which nothing has been verified.
#[derive(Clone, PartialEq)]
pub struct UnverifiedToken<'t> {
    header: UnverifiedHeader,
    signing_input: Cow<'t, str>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// Why a text is no JWT for the API server, which then says "not mine" and asks the next
/// authenticator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAJwt {
    /// It begins with a brace: the JSON form of a signature, which Kubernetes does not take.
    #[error("it is JSON, while a token for the API server is three words with dots between them")]
    JsonSerialization,
    /// It has no three parts.
    #[error("it has {found} parts with dots between them, while a JWT has 3")]
    Parts {
        /// How many it has.
        found: usize,
    },
    /// A part is not base64url.
    #[error("its {part} is not base64url: {why}")]
    NotBase64Url {
        /// `header`, `payload` or `signature`.
        part: &'static str,
        /// What is wrong with it.
        why: base64url::NotBase64Url,
    },
    /// The first part is no header.
    #[error("its header cannot be read: {0}")]
    Header(#[from] HeaderError),
}

impl<'t> UnverifiedToken<'t> {
    /// Takes a token apart. White space counts only inside the payload, as for the real server.
    ///
    /// # Errors
    /// What keeps it from being a JWT. Whether its payload holds claims is not looked at.
    pub fn read(token: &'t str) -> Result<Self, NotAJwt> {
        if token.trim_start().starts_with('{') {
            return Err(NotAJwt::JsonSerialization);
        }
        let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else {
            return Err(NotAJwt::Parts { found: token.split('.').count() });
        };
        let decode = |part, text: &str| {
            base64url::decode(text).map_err(|why| NotAJwt::NotBase64Url { part, why })
        };
        let without_space = |text: &str| text.split_whitespace().collect::<String>();
        let header_bytes = decode("header", &without_space(header))?;
        let payload_bytes = decode("payload", &payload.replace(['\r', '\n'], ""))?;
        let signature = decode("signature", &without_space(signature))?;
        let header = UnverifiedHeader::parse(&header_bytes)?;

        let signing_input = signing_input(token, &header, &header_bytes, &payload_bytes);
        Ok(Self { header, signing_input, payload: payload_bytes, signature })
    }

    /// What it says about how to verify it.
    #[must_use]
    pub fn header(&self) -> &UnverifiedHeader {
        &self.header
    }

    /// What was signed: header and payload as they are written, and the dot between them.
    #[must_use]
    pub fn signing_input(&self) -> &str {
        &self.signing_input
    }

    /// The signature's bytes. Whoever has them and the rest has the token: never print them.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The decoded second part: JSON, one hopes.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// What the token claims. Anyone can write a token that claims this.
    ///
    /// # Errors
    /// When the payload can't be read as claims.
    pub fn unverified_claims(&self) -> Result<Claims, ClaimsError> {
        Claims::parse(&self.payload)
    }

    /// Whom the token names as its issuer, at the API server's first look; empty for nobody.
    /// `None` when the payload is not even an object with a text there: the token is nobody's.
    #[must_use]
    pub fn unverified_issuer(&self) -> Option<String> {
        issuer::first_look(&self.payload)
    }
}

/// The bytes under the signature are the token's own up to its second dot, unless they could have
/// been written otherwise: the real server writes them anew, so we do.
fn signing_input<'t>(
    token: &'t str,
    header: &UnverifiedHeader,
    header_bytes: &[u8],
    payload: &[u8],
) -> Cow<'t, str> {
    let mut anew = base64url::encode(header_bytes);
    anew.push('.');
    if header.payload_is_encoded() {
        anew.push_str(&base64url::encode(payload));
    } else {
        // Bytes that are no text can't be a payload the server would accept in the end.
        anew.push_str(&String::from_utf8_lossy(payload));
    }
    match token.rsplit_once('.') {
        Some((as_written, _)) if as_written == anew => Cow::Borrowed(as_written),
        _ => Cow::Owned(anew),
    }
}

impl fmt::Debug for UnverifiedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedToken")
            .field("header", &self.header)
            .field("payload", &String::from_utf8_lossy(&self.payload))
            .field("signature", &format_args!("{} bytes", self.signature.len()))
            .finish_non_exhaustive()
    }
}

/// What a token's payload states ([RFC 7519, section 4.1][1], and what Kubernetes adds). Dates are
/// seconds since 1970 began, UTC. A text that is missing is empty, as it is for the real server.
///
/// [1]: https://www.rfc-editor.org/rfc/rfc7519#section-4.1
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Claims {
    /// `iss`: who made it; a cluster's `--service-account-issuer`.
    pub issuer: String,
    /// `sub`: whom it is about; for Kubernetes a [`ServiceAccountName`].
    pub subject: String,
    /// `aud`: who may accept it. Empty, for the API server, means itself.
    pub audiences: Vec<String>,
    /// `exp`: from here on it must not be accepted.
    pub expires_at: Option<i64>,
    /// `nbf`: before this it must not be accepted.
    pub not_before: Option<i64>,
    /// `iat`: when it was made.
    pub issued_at: Option<i64>,
    /// `jti`: its own name, by which an audit log can follow it. Since Kubernetes 1.29.
    pub token_id: String,
    /// `kubernetes.io`: which objects have to exist for it to be good.
    pub kubernetes: Option<KubernetesClaims>,
    /// The four flat claims of a legacy token.
    pub legacy: LegacyClaims,
    /// Everything, in the order of the text.
    pub raw: Map<String, Value>,
}

impl Claims {
    /// Reads a payload as the real server does: a date of the wrong type, or a name that stands
    /// twice, spoils the whole.
    ///
    /// # Errors
    /// The mistake that the real server would report.
    pub fn parse(payload: &[u8]) -> Result<Self, ClaimsError> {
        claims::parse(payload)
    }
}

/// The claim `kubernetes.io` of a bound token. An object is meant together with its uid, so that a
/// namesake made later does not inherit the token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KubernetesClaims {
    /// Where the account and the object it is bound to live.
    pub namespace: String,
    /// The account that the bearer acts as.
    pub service_account: ObjectRef,
    /// The pod it was made for: when that is gone, the token is worth nothing.
    pub pod: Option<ObjectRef>,
    /// The Secret it was bound to, so that it can be ended early.
    pub secret: Option<ObjectRef>,
    /// The node of the pod, or the node it was bound to.
    pub node: Option<ObjectRef>,
    /// The webhook configuration it was made for (alpha in 1.37).
    pub validating_webhook: Option<ObjectRef>,
    /// The webhook configuration it was made for (alpha in 1.37).
    pub mutating_webhook: Option<ObjectRef>,
    /// What the issuer attests, for webhooks.
    pub attestations: BTreeMap<String, Vec<String>>,
    /// From here on its use is noted in the audit log. Only in a token that was extended to a year.
    pub warn_after: Option<i64>,
}

/// A name, and the uid that tells it from every other object of that name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectRef {
    /// The object's name.
    pub name: String,
    /// The uid it got when it was made.
    pub uid: String,
}

/// The claims of a token out of a Secret. It has no dates: it ends with its Secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LegacyClaims {
    /// `kubernetes.io/serviceaccount/namespace`
    pub namespace: String,
    /// `kubernetes.io/serviceaccount/secret.name`: where the token is stored.
    pub secret_name: String,
    /// `kubernetes.io/serviceaccount/service-account.name`
    pub service_account_name: String,
    /// `kubernetes.io/serviceaccount/service-account.uid`
    pub service_account_uid: String,
}
