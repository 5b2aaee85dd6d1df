//! What a token can claim, in types.

use crate::decode;
use crate::json::{self, JsonError};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The issuer that every legacy token names, in every cluster.
pub const LEGACY_ISSUER: &str = "kubernetes/serviceaccount";

// ANCHOR: token_kind
/// The sorts of JWT that turn up around a cluster. Only looked at, so anyone's guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A service account's, from the TokenRequest API: `kubectl create token`, or a pod's own. It
    /// has the claim `kubernetes.io`.
    Bound,
    /// A service account's, out of a Secret.
    Legacy,
    /// Another issuer's: an identity provider's, a cloud's, a program's.
    Other,
}
// ANCHOR_END: token_kind

impl TokenKind {
    /// Looks at a payload, which may have any fault as long as it is an object.
    pub(crate) fn of(payload: &[u8]) -> Self {
        let Ok(Value::Object(claims)) = json::parse(payload).map(json::Node::lenient) else {
            return Self::Other;
        };
        let mut names = claims.keys();
        if claims.get("iss").is_some_and(|issuer| issuer == LEGACY_ISSUER) {
            Self::Legacy
        } else if claims.get("kubernetes.io").is_some_and(|claim| !claim.is_null()) {
            Self::Bound
        } else if names.any(|name| name.starts_with("kubernetes.io/serviceaccount/")) {
            Self::Legacy
        } else {
            Self::Other
        }
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
    /// `sub`: whom it is about; for Kubernetes a [`ServiceAccountName`](crate::ServiceAccountName).
    pub subject: String,
    /// `aud`: who may accept it. Empty, for the API server, means itself.
    pub audiences: Vec<String>,
    /// `exp`: from here on it must not be accepted.
    pub expires_at: Option<i64>,
    /// `nbf`: before this it must not be accepted.
    pub not_before: Option<i64>,
    /// `iat`: when it was made.
    pub issued_at: Option<i64>,
    /// `jti`: its own name, by which an audit log can follow it. By default since 1.30.
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
        decode::parse(payload)
    }
}

// ANCHOR: kubernetes_claims
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
// ANCHOR_END: kubernetes_claims

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

/// Why a payload can't be read as claims. What is displayed is what the real server logs; which
/// claim it is about, that text often leaves out: ask [`ClaimsError::claim`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimsError {
    /// The payload is not JSON, or a name stands twice where that matters.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A claim has the wrong type.
    #[error("json: cannot unmarshal {found} into Go value of type {wanted}")]
    Type {
        /// The claim, with dots for what is inside; empty for the payload itself.
        claim: String,
        /// What it is, in JSON's words.
        found: &'static str,
        /// What the server would have it be, in Go's words.
        wanted: &'static str,
    },
    /// A date is no number, or one beyond a 64-bit float.
    #[error("go-jose/go-jose/jwt: expected number value to unmarshal NumericDate")]
    Date {
        /// The claim.
        claim: String,
    },
    /// `aud` is neither a string nor a list of strings.
    #[error("go-jose/go-jose/jwt: expected string or array value to unmarshal to Audience")]
    Audience,
}

impl ClaimsError {
    /// The claim that is wrong, `kubernetes.io.pod.name` for one inside another.
    #[must_use]
    pub fn claim(&self) -> Option<&str> {
        match self {
            Self::Json(_) => None,
            Self::Type { claim, .. } | Self::Date { claim } => Some(claim),
            Self::Audience => Some("aud"),
        }
    }
}
