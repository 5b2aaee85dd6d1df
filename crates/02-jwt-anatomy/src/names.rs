//! The user name of a service account, taken apart and put together.

use std::fmt::{self, Display};

/// `system:serviceaccount:NAMESPACE:NAME`: the user that a service account is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServiceAccountName {
    /// The namespace it lives in.
    pub namespace: String,
    /// Its name there. Every namespace has a `default`.
    pub name: String,
}

/// A user name that belongs to no service account. The text is the real server's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Username must be in the form system:serviceaccount:namespace:name")]
pub struct NotAServiceAccount;

const PREFIX: &str = "system:serviceaccount:";

impl ServiceAccountName {
    /// Takes a user name, or the `sub` of a token, apart ([`SplitUsername`][1]).
    ///
    /// # Errors
    /// When it has another form, or a part that Kubernetes would not allow as a name.
    ///
    /// [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apiserver/pkg/authentication/serviceaccount/util.go
    pub fn from_username(username: &str) -> Result<Self, NotAServiceAccount> {
        let rest = username.strip_prefix(PREFIX).ok_or(NotAServiceAccount)?;
        let (namespace, name) = rest.split_once(':').ok_or(NotAServiceAccount)?;
        if !is_label(namespace) || !is_subdomain(name) {
            return Err(NotAServiceAccount);
        }
        Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() })
    }
}

impl Display for ServiceAccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}:{}", self.namespace, self.name)
    }
}

/// A label of a domain name ([RFC 1123](https://www.rfc-editor.org/rfc/rfc1123#section-2.1)), as a
/// namespace's name must be.
fn is_label(name: &str) -> bool {
    name.len() <= 63 && is_unbounded_label(name)
}

/// Labels with dots between them, as a service account's name must be. Kubernetes bounds the whole
/// at 253, and the labels not at all.
fn is_subdomain(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_unbounded_label)
}

fn is_unbounded_label(label: &str) -> bool {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let bytes = label.as_bytes();
    bytes.first().is_some_and(|first| plain(*first))
        && bytes.last().is_some_and(|last| plain(*last))
        && bytes.iter().all(|byte| plain(*byte) || *byte == b'-')
}
