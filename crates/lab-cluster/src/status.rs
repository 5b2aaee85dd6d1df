//! How an API server says no: the `Status` object, with the code, the reason and the very words of
//! the real one ([`errors.go`][1]).
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apimachinery/pkg/api/errors/errors.go

use expiry::go::quote;
use serde_json::{Map, Value, json};
use std::error::Error;
use std::io;

/// A request that was not granted. Serialised as a `v1.Status` in the order of the real server's
/// fields.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The HTTP status.
    pub code: u16,
    /// One CamelCase word for programs. Empty when the real server gives none.
    pub reason: &'static str,
    /// A sentence for people.
    pub message: String,
    /// What the sentence is about; left out when `None`.
    pub details: Option<Value>,
}

/// What a sentence is about: the resource's plural name and its API group, as the real server's
/// messages write it (`pods`, `roles.rbac.authorization.k8s.io`).
#[derive(Debug, Clone, Copy)]
pub struct Kind<'a> {
    /// The group; empty for the core group.
    pub group: &'a str,
    /// The plural resource name, or a kind's name in a 422.
    pub resource: &'a str,
}

impl Kind<'_> {
    fn qualified(self) -> String {
        if self.group.is_empty() {
            self.resource.to_owned()
        } else {
            format!("{}.{}", self.resource, self.group)
        }
    }

    fn details(self, name: &str) -> Map<String, Value> {
        let mut details = Map::new();
        for (key, value) in [("name", name), ("group", self.group), ("kind", self.resource)] {
            if !value.is_empty() {
                details.insert(key.into(), value.into());
            }
        }
        details
    }
}

/// One thing wrong with one field of a 422.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// `FieldValueInvalid`, `FieldValueRequired`, ...
    pub reason: &'static str,
    /// Where: `spec.expirationSeconds`.
    pub field: String,
    /// What, in the real server's words, without the field in front.
    pub message: String,
}

impl Refusal {
    fn new(code: u16, reason: &'static str, message: String, details: Option<Value>) -> Self {
        Self { code, reason, message, details }
    }

    /// 401, whatever was wrong with the credential: only the log knows.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized".to_owned(), None)
    }

    /// 403 about an object, or a resource when `name` is empty; `why` is the authorizer's sentence.
    #[must_use]
    pub fn forbidden(kind: Kind, name: &str, why: &str) -> Self {
        let message = match (kind.qualified().as_str(), name) {
            ("", _) => format!("forbidden: {why}"),
            (what, "") => format!("{what} is forbidden: {why}"),
            (what, name) => format!("{what} {} is forbidden: {why}", quote(name)),
        };
        Self::new(403, "Forbidden", message, Some(kind.details(name).into()))
    }

    /// 404: no such object.
    #[must_use]
    pub fn not_found(kind: Kind, name: &str) -> Self {
        let message = format!("{} {} not found", kind.qualified(), quote(name));
        Self::new(404, "NotFound", message, Some(kind.details(name).into()))
    }

    /// 404: no such path at all.
    #[must_use]
    pub fn no_such_path() -> Self {
        let message = "the server could not find the requested resource".to_owned();
        Self::new(404, "NotFound", message, Some(json!({})))
    }

    /// 405.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message.to_owned(), Some(json!({})))
    }

    /// 409: the name is taken.
    #[must_use]
    pub fn already_exists(kind: Kind, name: &str) -> Self {
        let message = format!("{} {} already exists", kind.qualified(), quote(name));
        Self::new(409, "AlreadyExists", message, Some(kind.details(name).into()))
    }

    /// 409: the object has moved on since the client read it.
    #[must_use]
    pub fn conflict(kind: Kind, name: &str, why: &str) -> Self {
        let what = kind.qualified();
        let message = format!("Operation cannot be fulfilled on {what} {}: {why}", quote(name));
        Self::new(409, "Conflict", message, Some(kind.details(name).into()))
    }

    /// 400.
    #[must_use]
    pub fn bad_request(why: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", why.into(), None)
    }

    /// 410: a watch from a revision that is no longer known.
    #[must_use]
    pub fn expired(asked: u64, oldest: u64) -> Self {
        let message = format!("too old resource version: {asked} ({oldest})");
        Self::new(410, "Expired", message, None)
    }

    /// 504: a revision that there has not been yet. The real server waits for it first, for 3 seconds.
    #[must_use]
    pub fn too_new(asked: u64, now: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {asked}, current: {now}");
        let cause = json!({
            "reason": "ResourceVersionTooLarge", "message": "Too large resource version",
        });
        let details = json!({"causes": [cause], "retryAfterSeconds": 1});
        Self::new(504, "Timeout", message, Some(details))
    }

    /// 406: an object was asked for in the form of a list, or the other way round.
    #[must_use]
    pub fn not_in_this_form(why: String) -> Self {
        Self::new(406, "NotAcceptable", why, None)
    }

    /// 406, in the words of the handler: of all types that the client accepts, none can be written.
    #[must_use]
    pub fn no_such_form(supported: &[&str]) -> Self {
        let types = supported.join(", ");
        let message = format!("only the following media types are accepted: {types}");
        Self::new(406, "NotAcceptable", message, None)
    }

    /// 406, in the words of the router: no representation that the client accepts.
    #[must_use]
    pub fn not_acceptable(supported: &[&str]) -> Self {
        let message =
            format!("406: Not Acceptable\n\nAvailable representations: {}", supported.join(", "));
        Self::new(406, "NotAcceptable", message, Some(json!({})))
    }

    /// 413: the body is larger, or does more, than is allowed.
    #[must_use]
    pub fn too_large(why: &str) -> Self {
        let message = format!("Request entity too large: {why}");
        Self::new(413, "RequestEntityTooLarge", message, None)
    }

    /// 415: the body is of a type that is not understood.
    #[must_use]
    pub fn unsupported_media_type(supported: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            supported.join(", ")
        );
        Self::new(415, "UnsupportedMediaType", message, None)
    }

    /// 415, in the words of the router: what is no patch. It gets to nobody who knows which there are.
    #[must_use]
    pub fn not_routed() -> Self {
        let message = "415: Unsupported Media Type".to_owned();
        Self::new(415, "UnsupportedMediaType", message, Some(json!({})))
    }

    /// 500: the storage cannot do anything with what it was asked, and nobody has made a better
    /// answer of it.
    #[must_use]
    pub fn storage(why: String) -> Self {
        Self::new(500, "", why, None)
    }

    /// 422: the object is of the right form, and wrong. `kind` holds the kind's name, not the
    /// resource's (`TokenRequest`).
    #[must_use]
    pub fn invalid(kind: Kind, name: &str, causes: &[Cause]) -> Self {
        let sentences: Vec<_> =
            causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        let why = match &sentences[..] {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let mut details = kind.details(name);
        let causes: Vec<_> = causes
            .iter()
            .map(|cause| {
                json!({"reason": cause.reason, "message": cause.message, "field": cause.field})
            })
            .collect();
        details.insert("causes".into(), causes.into());
        let message = format!("{} {} is invalid: {why}", kind.qualified(), quote(name));
        Self::new(422, "Invalid", message, Some(details.into()))
    }

    /// 500: the client broke off while it sent its body; in Go's words. Mostly nobody hears of it, and
    /// it stands in the audit log.
    #[must_use]
    pub fn broken_off(error: &(dyn Error + 'static)) -> Self {
        let mut innermost = error;
        while let Some(cause) = innermost.source() {
            innermost = cause;
        }
        let message = match innermost.downcast_ref::<io::Error>() {
            Some(error) if error.kind() == io::ErrorKind::UnexpectedEof => "unexpected EOF".into(),
            Some(error) => error.to_string(),
            None => return Self::client_left(),
        };
        Self::new(500, "", message, None)
    }

    /// 500: the client has gone before it was answered.
    #[must_use]
    pub fn client_left() -> Self {
        Self::new(500, "", "client disconnected".to_owned(), None)
    }

    /// 500: the server's own fault. What it was stands in the server's log.
    #[must_use]
    pub fn internal(why: impl Into<String>) -> Self {
        let why = why.into();
        let details = json!({"causes": [{"message": why}]});
        let message = format!("Internal error occurred: {why}");
        Self::new(500, "InternalError", message, Some(details))
    }

    /// The `v1.Status` that is sent.
    #[must_use]
    pub fn to_status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {},
            "status": "Failure", "message": self.message,
        });
        if !self.reason.is_empty() {
            status["reason"] = self.reason.into();
        }
        if let Some(details) = &self.details {
            status["details"] = details.clone();
        }
        status["code"] = self.code.into();
        status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_401_is_the_real_servers_129_bytes() {
        let body = Refusal::unauthorized().to_status().to_string();
        assert_eq!(
            body,
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#
        );
        assert_eq!(body.len(), 128, "and the line feed that the server adds");
    }
}
