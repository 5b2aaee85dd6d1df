//! A token equal to a user name and password, for ever: what microk8s put into a kubeconfig in 2022.
//!
//! An API server started with `--token-auth-file` reads a file of tokens once, and from then on who
//! sends one of them *is* the user beside it ([static token file][1]). This is the shortest way to
//! see what every authenticator does: take what the client sent, and answer one of three things.
//!
//! [1]: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file

use std::collections::BTreeMap;

/// Who a credential turned out to be: strings that the credential vouches for, stored nowhere.
/// Authorization, later, looks at nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User {
    /// What permissions are given to, and what the audit log shows.
    pub name: String,
    /// Tells apart two users who had the same name at different times.
    pub uid: String,
    /// The groups it belongs to.
    pub groups: Vec<String>,
    /// What else the authenticator knows. A token file knows nothing else.
    pub extra: BTreeMap<String, Vec<String>>,
}

/// What an authenticator answers. After either of the last two a chain asks its next member; the
/// difference is remembered, for a request with a rejected credential may not pass as anonymous.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The credential is good, and this is whose it is.
    Authenticated(User),
    /// The credential is of no kind this authenticator knows.
    NotMine,
    /// The credential is of its kind, and bad.
    Rejected(Rejection),
}

/// Why a credential was refused. For the server's log, never for the client: an attacker learns
/// nothing from a bare 401.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Rejection(pub String);

/// Turns a token into a user. A token is bytes: a header may carry any, and so may a file.
pub trait Authenticator: Send + Sync {
    /// Who sends this token?
    fn authenticate(&self, token: &[u8]) -> Verdict;
}
