//! The real server's words for claims that do not hold.

use crate::go;

/// Why the claims of a token do not hold. Printed, it is the real server's message to the byte. The
/// server keeps it for its log and for `TokenReview`; the client only hears 401.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsRejection {
    /// Another issuer than any of ours, or none (then it is the empty string).
    #[error("token issuer {} is invalid", go::quote(.0))]
    Issuer(String),
    /// The token is for somebody else.
    #[error(
        "token audiences {} is invalid for the target audiences {}",
        go::quote_list(.token), go::quote_list(.target)
    )]
    Audiences {
        /// Whom the token is for.
        token: Vec<String>,
        /// Whom it was shown to.
        target: Vec<String>,
    },
    /// `nbf` is more than [`LEEWAY`](crate::LEEWAY) ahead.
    #[error("service account token is not valid yet")]
    NotValidYet,
    /// `exp` is more than [`LEEWAY`](crate::LEEWAY) ago.
    #[error("service account token has expired")]
    Expired,
    /// `iat` is more than [`LEEWAY`](crate::LEEWAY) ahead: some clock is wrong, so nothing here is
    /// trusted.
    #[error("service account token is issued in the future")]
    IssuedInTheFuture,
}
