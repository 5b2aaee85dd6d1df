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
//! a token apart as the API server does, and believes none of it: whether the signature
//! fits is chapter 3's question, whether the claims hold now is chapter 4's. So every name here
//! that could be mistaken for knowledge says `unverified`.
//!
//! ```
//! use jwt_anatomy::{Life, ServiceAccountName, UnverifiedToken, sample};
//!
//! let text = sample::token_of_2022();
//! let token = UnverifiedToken::read(&text)?;
//! assert_eq!(token.header().alg, "RS256");
//!
//! let claims = token.unverified_claims()?;
//! assert_eq!(ServiceAccountName::from_username(&claims.subject)?.name, "default");
//! assert_eq!(Life::whole(&claims), Some(3600)); // seconds
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`oddities`] lists what can be seen to be odd about a token, [`recognise()`] says what a pasted
//! thing is if it is none, [`dates`] prints a token's seconds as `date` does. Where the real
//! server's rules are more than one would think, they have a module: [`base64url`], [`json`].
//!
//! [1]: https://www.rfc-editor.org/rfc/rfc7519
//! [2]: https://www.rfc-editor.org/rfc/rfc7515#section-7.1

use std::borrow::Cow;
use std::fmt;

pub mod base64url;
mod claims;
pub mod dates;
mod decode;
mod header;
mod issuer;
pub mod json;
mod life;
mod meaning;
mod names;
pub mod oddities;
mod recognise;
pub mod sample;
pub mod tool;
pub mod walk;

pub use claims::{
    Claims, ClaimsError, KubernetesClaims, LEGACY_ISSUER, LegacyClaims, ObjectRef, TokenKind,
};
pub use header::{CriticalError, HeaderError, UnverifiedHeader};
pub use life::Life;
pub use names::{NotAServiceAccount, ServiceAccountName};
pub use recognise::{Advice, Half, Mend, PemKind, Recognised, What, recognise};

/// A token taken apart, of which nothing has been verified.
#[derive(Clone, PartialEq)]
pub struct UnverifiedToken<'t> {
    header: UnverifiedHeader,
    signing_input: Cow<'t, str>,
    payload: Vec<u8>,
    signature: Vec<u8>,
    canonical: bool,
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
        let payload = decode("payload", &payload.replace(['\r', '\n'], ""))?;
        let signature_bytes = decode("signature", &without_space(signature))?;
        let header = UnverifiedHeader::parse(&header_bytes)?;

        // What was signed is the token up to its second dot. If that could have been written
        // otherwise, the real server writes it anew before it checks, and so must we.
        let anew = format!("{}.{}", base64url::encode(&header_bytes), base64url::encode(&payload));
        let as_written = &token[..token.len() - signature.len() - 1];
        let signed_as_written = as_written == anew;
        let signing_input = match header.payload_is_encoded() {
            true if signed_as_written => Cow::Borrowed(as_written),
            true => Cow::Owned(anew),
            false => Cow::Owned(raw_signing_input(&header_bytes, &payload)),
        };
        let canonical = signed_as_written && base64url::encode(&signature_bytes) == signature;
        Ok(Self { header, signing_input, payload, signature: signature_bytes, canonical })
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

    /// What sort of token it looks like, its claims being well formed or not.
    #[must_use]
    pub fn unverified_kind(&self) -> TokenKind {
        TokenKind::of(&self.payload)
    }

    /// Whether it is written as its issuer would write it. Bits left over at the end of a part,
    /// and white space, change the text of a token and not what it means.
    #[must_use]
    pub fn is_canonical(&self) -> bool {
        self.canonical
    }

    /// Whom the token names as its issuer, at the API server's first look; empty for nobody.
    /// `None` when the payload is not even an object with a text there: the token is nobody's.
    #[must_use]
    pub fn unverified_issuer(&self) -> Option<String> {
        issuer::first_look(&self.payload)
    }
}

/// What is signed under a header with `"b64": false`: the payload as it is. One that is not UTF-8
/// then fails its signature here, while the real server would still take it; nobody writes those.
fn raw_signing_input(header: &[u8], payload: &[u8]) -> String {
    format!("{}.{}", base64url::encode(header), String::from_utf8_lossy(payload))
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
