//! Who sends this request? The chain of the real server, in its order ([`config.go`][1]):
//!
//! 1. [`x509`]: the client certificate of the TLS connection;
//! 2. [`bearer`]: the token of the `Authorization` header, put to each [`TokenAuthenticator`] in
//!    turn behind a [`cache`] of ten seconds: the token file, legacy service account tokens, bound
//!    service account tokens;
//! 3. the group `system:authenticated` for whoever got through;
//! 4. anonymous, if nobody rejected anything.
//!
//! "Not mine" and "rejected" both pass on to the next; the first success wins. What was rejected is
//! remembered, and keeps the request from becoming anonymous.
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubeapiserver/authenticator/config.go

pub mod bearer;
pub mod bound_objects;
pub mod cache;
pub mod impersonation;
pub mod service_accounts;
pub mod x509;

use crate::trace::Trace;
use rustls::pki_types::CertificateDer;
use static_tokens::{Authenticator, Rejection, User, Verdict};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The key of a user's `extra` that names the credential: a token's `jti`, a certificate's hash.
pub const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";

/// What a token authenticator answers: chapter 1's verdict, and what only a server needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Who, or why not.
    pub verdict: Verdict,
    /// Of the audiences asked for, those the token is meant for.
    pub audiences: Vec<String>,
    /// Sentences for the response's `Warning` headers.
    pub warnings: Vec<String>,
    /// For the audit log.
    pub annotations: Vec<Annotation>,
}

/// Something that the audit log is told about a token: a key, and a value.
pub type Annotation = (&'static str, String);

impl From<Verdict> for Answer {
    fn from(verdict: Verdict) -> Self {
        let (audiences, warnings, annotations) = Default::default();
        Self { verdict, audiences, warnings, annotations }
    }
}

// ANCHOR: token_authenticator
/// A member of the bearer step: a chapter's [`Authenticator`], told for whom the token has to be
/// meant. The chapters' own become one by [`AudienceAgnostic`].
pub trait TokenAuthenticator: Send + Sync {
    /// The name that the trace shows.
    fn name(&self) -> &'static str;

    /// Who sends this token, if it is meant for one of `audiences`?
    fn authenticate(&self, token: &[u8], audiences: &[String]) -> Answer;
}
// ANCHOR_END: token_authenticator

/// An authenticator that knows nothing of audiences: each of its tokens is meant for the API
/// server and nobody else.
pub struct AudienceAgnostic {
    /// The name that the trace shows.
    pub name: &'static str,
    /// Who knows the tokens.
    pub inner: Arc<dyn Authenticator>,
    /// `--api-audiences`.
    pub api_audiences: Vec<String>,
}

impl TokenAuthenticator for AudienceAgnostic {
    fn name(&self) -> &'static str {
        self.name
    }

    fn authenticate(&self, token: &[u8], audiences: &[String]) -> Answer {
        let shared = intersection(&self.api_audiences, audiences);
        if shared.is_empty() {
            return Verdict::NotMine.into();
        }
        Answer { audiences: shared, ..self.inner.authenticate(token).into() }
    }
}

/// What is in both lists, in the order of the first.
#[must_use]
pub fn intersection(first: &[String], second: &[String]) -> Vec<String> {
    first.iter().filter(|audience| second.contains(audience)).cloned().collect()
}

/// What a request brings along to say who sends it.
#[derive(Clone, Copy, Default)]
pub struct Credentials<'r> {
    /// The certificate chain of the connection, the client's own first; empty without one.
    pub certificates: &'r [CertificateDer<'static>],
    /// The value of the first `Authorization` header.
    pub authorization: Option<&'r [u8]>,
}

/// Who a request turned out to come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// The user, `system:authenticated` among the groups, or `system:anonymous`.
    pub user: User,
    /// Audiences of the credential; empty when it has none (a certificate).
    pub audiences: Vec<String>,
    /// Sentences for the response's `Warning` headers.
    pub warnings: Vec<String>,
    /// For the audit log.
    pub annotations: Vec<Annotation>,
}

impl Authenticated {
    fn by_certificate(user: User) -> Self {
        let (audiences, warnings, annotations) = Default::default();
        Self { user: user.authenticated(), audiences, warnings, annotations }
    }
}

/// Nobody: a 401 for the client. The reasons are for the log and for `TokenReview`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unauthenticated {
    /// Every rejection, first to last.
    pub reasons: Vec<Rejection>,
    /// Sentences for the response's `Warning` headers.
    pub warnings: Vec<String>,
}

impl Unauthenticated {
    /// The reasons in one line, as the real server joins them: each once, in brackets when there
    /// are several.
    #[must_use]
    pub fn message(&self) -> String {
        let mut seen = BTreeSet::new();
        let once: Vec<&str> = self
            .reasons
            .iter()
            .map(|reason| reason.0.as_str())
            .filter(|reason| seen.insert(*reason))
            .collect();
        match once[..] {
            [only] => only.to_owned(),
            ref many => format!("[{}]", many.join(", ")),
        }
    }
}

/// The whole chain.
pub struct Chain {
    /// Step 1; `None` without `--client-ca-file`.
    pub certificates: Option<x509::ClientCertificates>,
    /// Step 2.
    pub tokens: cache::Cached<Union>,
    /// Step 4: `--anonymous-auth`.
    pub anonymous: bool,
    /// What a request's token has to be meant for: `--api-audiences`.
    pub api_audiences: Vec<String>,
}

impl Chain {
    /// Asks one after the other, and notes in the trace what each said. The token has to be meant
    /// for one of `audiences`: [`Chain::api_audiences`] for a request, others for a `TokenReview`.
    ///
    /// # Errors
    /// When nobody knows the sender, and anonymous requests are off or something was rejected.
    pub fn authenticate(
        &self,
        credentials: Credentials,
        audiences: &[String],
        trace: &mut Trace,
    ) -> Result<Authenticated, Unauthenticated> {
        let mut nobody = Unauthenticated::default();

        if let (Some(x509), false) = (&self.certificates, credentials.certificates.is_empty()) {
            let verdict = x509.authenticate(credentials.certificates);
            trace.note("x509", describe(&verdict));
            match verdict {
                Verdict::Authenticated(user) => return Ok(Authenticated::by_certificate(user)),
                Verdict::NotMine => {}
                Verdict::Rejected(why) => nobody.reasons.push(why),
            }
        }

        match bearer::token(credentials.authorization) {
            bearer::Header::Token(token) => {
                match self.tokens.authenticate(token, audiences, trace) {
                    Ok(authenticated) => return Ok(authenticated),
                    Err(reasons) => {
                        // The real server's first member is a token of its own, for calls to
                        // itself: to that one any other is invalid, and it says so first.
                        nobody.reasons.push(Rejection("invalid bearer token".to_owned()));
                        nobody.reasons.extend(reasons);
                    }
                }
            }
            bearer::Header::ExtraSpace => {
                trace.note("bearer", "not mine: an extra space before the token");
                nobody.warnings.push(bearer::EXTRA_SPACE_WARNING.to_owned());
            }
            bearer::Header::NoToken(why) => trace.note("bearer", format!("not mine: {why}")),
        }

        if !nobody.reasons.is_empty() {
            trace.note("anonymous", "not asked: a bad credential is never anonymous");
            return Err(nobody);
        }
        if !self.anonymous {
            trace.note("anonymous", "off (--anonymous-auth=false)");
            return Err(nobody);
        }
        trace.note("anonymous", "authenticated: no credential at all");
        let audiences = audiences.to_vec();
        let warnings = nobody.warnings;
        Ok(Authenticated { user: anonymous(), audiences, warnings, annotations: Vec::new() })
    }
}

/// The members of the bearer step: each is asked until one knows the token.
pub struct Union(pub Vec<Arc<dyn TokenAuthenticator>>);

impl Union {
    /// Asks one after the other.
    ///
    /// # Errors
    /// What the members rejected it for; empty when it was nobody's.
    pub fn authenticate(
        &self,
        token: &[u8],
        audiences: &[String],
        trace: &mut Trace,
    ) -> Result<Authenticated, Vec<Rejection>> {
        let mut reasons = Vec::new();
        for member in &self.0 {
            let Answer { verdict, audiences, warnings, annotations } =
                member.authenticate(token, audiences);
            trace.note(member.name(), describe(&verdict));
            match verdict {
                Verdict::Authenticated(user) => {
                    let user = user.authenticated();
                    return Ok(Authenticated { user, audiences, warnings, annotations });
                }
                Verdict::NotMine => {}
                Verdict::Rejected(why) => reasons.push(why),
            }
        }
        Err(reasons)
    }
}

fn anonymous() -> User {
    User {
        name: "system:anonymous".to_owned(),
        groups: vec!["system:unauthenticated".to_owned()],
        ..User::default()
    }
}

fn describe(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Authenticated(user) => format!("authenticated: {}", user.name),
        Verdict::NotMine => "not mine".to_owned(),
        Verdict::Rejected(why) => format!("rejected: {why}"),
    }
}
