//! What a good signature and good dates still cannot say: that the account exists today, and is
//! the one it was. No token is stored; the objects it names are looked up at each use, which is
//! how a token ends early ([`claims.go`][1]).
//!
//! Pure: what exists comes through [`Lookup`], the time is an argument.
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/serviceaccount/claims.go

use crate::status::Refusal;
use chrono::{DateTime, Utc};
use expiry::LEEWAY;
use jwt_anatomy::{KubernetesClaims, ObjectRef};
use serde_json::Value;
use std::sync::Arc;

/// Where the objects are that a token may name.
pub trait Lookup: Send + Sync {
    /// A service account.
    ///
    /// # Errors
    /// The API server's own 404 when there is none.
    fn service_account(&self, namespace: &str, name: &str) -> Result<Arc<Value>, Refusal>;
    /// A pod.
    ///
    /// # Errors
    /// As above; and so for the next two.
    fn pod(&self, namespace: &str, name: &str) -> Result<Arc<Value>, Refusal>;
    /// A Secret.
    ///
    /// # Errors
    /// As above.
    fn secret(&self, namespace: &str, name: &str) -> Result<Arc<Value>, Refusal>;
    /// A node; nodes have no namespace.
    ///
    /// # Errors
    /// As above.
    fn node(&self, name: &str) -> Result<Arc<Value>, Refusal>;
}

/// Why an object that a token names no longer vouches for it. The words are the real server's.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Gone {
    /// There is no such account.
    #[error(transparent)]
    NoAccount(#[from] Refusal),
    /// An account of that name was made again; it is another one.
    #[error("service account UID ({uid}) does not match claim ({claim})")]
    OtherAccount {
        /// The account's uid today.
        uid: String,
        /// The uid in the token.
        claim: String,
    },
    /// The account is being deleted, for more than 60 s.
    #[error("service account {namespace}/{name} has been deleted")]
    AccountDeleted {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// The Secret, pod or node is not there, or is being deleted for more than 60 s.
    #[error("service account token has been invalidated")]
    Invalidated,
    /// A Secret, pod or node of that name was made again.
    #[error("{kind} UID ({uid}) does not match service account {kind} ref claim ({claim})")]
    OtherObject {
        /// `secret`, `pod` or `node`.
        kind: &'static str,
        /// The object's uid today.
        uid: String,
        /// The uid in the token.
        claim: String,
    },
    /// It is bound to a webhook configuration: alpha in 1.37, and off unless switched on.
    #[error(
        "feature gate \"APIServerWebhookAuthenticationToken\" is disabled, but token is webhook bound"
    )]
    Webhook,
}

/// Looks up everything the claims name: the account; the Secret; the pod; the node, unless it only
/// says where the pod runs.
///
/// # Errors
/// The first that is gone, in that order.
pub fn check(
    claims: &KubernetesClaims,
    objects: &dyn Lookup,
    now: DateTime<Utc>,
) -> Result<(), Gone> {
    let namespace = claims.namespace.as_str();
    let claimed = &claims.service_account;
    let account = objects.service_account(namespace, &claimed.name)?;
    if uid(&account) != claimed.uid {
        let (uid, claim) = (uid(&account).to_owned(), claimed.uid.clone());
        return Err(Gone::OtherAccount { uid, claim });
    }
    if deleted(&account, now) {
        let (namespace, name) = (namespace.to_owned(), claimed.name.clone());
        return Err(Gone::AccountDeleted { namespace, name });
    }

    if let Some(secret) = &claims.secret {
        still_there("secret", secret, objects.secret(namespace, &secret.name), now)?;
    }
    if let Some(pod) = &claims.pod {
        still_there("pod", pod, objects.pod(namespace, &pod.name), now)?;
    } else if let Some(node) = &claims.node {
        still_there("node", node, objects.node(&node.name), now)?;
    }
    if claims.validating_webhook.is_some() || claims.mutating_webhook.is_some() {
        return Err(Gone::Webhook);
    }
    Ok(())
}

fn still_there(
    kind: &'static str,
    claimed: &ObjectRef,
    found: Result<Arc<Value>, Refusal>,
    now: DateTime<Utc>,
) -> Result<(), Gone> {
    let object = found.map_err(|_| Gone::Invalidated)?;
    if uid(&object) != claimed.uid {
        let (uid, claim) = (uid(&object).to_owned(), claimed.uid.clone());
        return Err(Gone::OtherObject { kind, uid, claim });
    }
    if deleted(&object, now) { Err(Gone::Invalidated) } else { Ok(()) }
}

fn uid(object: &Value) -> &str {
    object["metadata"]["uid"].as_str().unwrap_or_default()
}

/// An object may linger after its deletion (finalizers, a pod that shuts down); its tokens live
/// 60 s longer and no more.
fn deleted(object: &Value, now: DateTime<Utc>) -> bool {
    object["metadata"]["deletionTimestamp"]
        .as_str()
        .and_then(|at| at.parse::<DateTime<Utc>>().ok())
        .is_some_and(|at| at < now - LEEWAY)
}
