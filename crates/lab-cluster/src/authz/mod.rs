//! May this user do this? Authorization begins where authentication ended: with a [`User`], a list
//! of strings that some credential vouched for. It never sees the credential ([overview][1]).
//!
//! [1]: https://kubernetes.io/docs/reference/access-authn-authz/authorization/

pub mod aggregation;
pub mod always_allow;
pub mod always_deny;
pub mod bootstrap;
pub mod chain;
pub mod escalation;
pub mod forbidden;
pub mod impersonation;
pub mod quote;
pub mod rbac;

pub use always_allow::AlwaysAllow;
pub use always_deny::AlwaysDeny;
pub use chain::Chain;
pub use forbidden::forbidden;

use rbac::PolicyRule;
use static_tokens::User;

/// What is asked: one verb on one resource, or on one path that is none. Everything an authorizer
/// may look at is here, and the object itself is not: an authorizer never reads a body.
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a> {
    /// Who asks.
    pub user: &'a User,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, or a word
    /// of its own such as `bind`. For a path that is no resource, the HTTP method in lower case.
    pub verb: &'a str,
    /// The resource's API group; empty for the core group.
    pub api_group: &'a str,
    /// The plural name: `pods`.
    pub resource: &'a str,
    /// What follows the object's name in the path: the `token` of `serviceaccounts/default/token`.
    pub subresource: &'a str,
    /// Empty for a resource that is in no namespace, and for a request about all namespaces.
    pub namespace: &'a str,
    /// The object's name; empty for a list, and for a create.
    pub name: &'a str,
    /// The path of the URL. An authorizer reads it only when this is no resource.
    pub path: &'a str,
    /// Is this about a resource, or about a path such as `/version`?
    pub is_resource: bool,
}

/// What an authorizer answers. The reason is for the trace, the audit log, and the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Yes, and nobody else is asked.
    Allow {
        /// Which rule said so.
        reason: String,
    },
    /// No, and nobody else is asked.
    Deny {
        /// Which rule said so.
        reason: String,
    },
    /// Not by any rule of mine: somebody else may allow it. When nobody does, it is refused.
    NoOpinion {
        /// What kept this authorizer from allowing it. Often empty: nothing did, nothing allows it.
        reason: String,
    },
}

impl Decision {
    /// May it be done?
    #[must_use]
    pub fn allowed(&self) -> bool {
        matches!(self, Self::Allow { .. })
    }

    /// Why; may be empty.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Allow { reason } | Self::Deny { reason } | Self::NoOpinion { reason } => reason,
        }
    }
}

/// Decides what a user may do.
pub trait Authorizer: Send + Sync {
    /// May they?
    fn authorize(&self, attributes: &Attributes) -> Decision;

    /// All that the user may do in a namespace, for `kubectl auth can-i --list`. An authorizer that
    /// only answers single questions says that its list is not complete.
    fn rules_for(&self, _user: &User, _namespace: &str) -> RulesFor {
        RulesFor { incomplete: true, ..RulesFor::default() }
    }
}

/// What a user may do, as far as it can be listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RulesFor {
    /// What is allowed.
    pub rules: Vec<PolicyRule>,
    /// Is more allowed, perhaps, than `rules` says?
    pub incomplete: bool,
    /// What went wrong while it was put together.
    pub error: Option<String>,
}
