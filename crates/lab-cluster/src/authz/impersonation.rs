//! May they act as somebody else? An administrator may, to see what another one sees; who may
//! impersonate anybody **is** anybody, members of `system:masters` included.
//!
//! No permission is called `impersonate bob`. Whoever wants to be somebody asks the authorizer,
//! under their own name, about each string that makes up the other one ([`mode.go`][1]):
//!
//! | wanted | resource asked about |
//! |---|---|
//! | user `jane` | `users`, name `jane` |
//! | user `system:serviceaccount:NS:NAME` | `serviceaccounts` in NS, name `NAME` |
//! | group `developers` | `groups`, name `developers` |
//! | uid `06f6ce97` | `uids` of `authentication.k8s.io`, name `06f6ce97` |
//! | extra `reason: debugging` | `userextras/reason` of `authentication.k8s.io`, name `debugging` |
//!
//! Two ways lead there. The old one knows a single verb, `impersonate`, and who has it does
//! everything as the other one. Since 1.36 there are others, which are asked first: a verb tells
//! what kind of user it is (`impersonate:user-info`), and another one what may be done as such a
//! user (`impersonate-on:user-info:list` on `pods`). These never lead to `system:masters`
//! ([reference][2]). When all of them refuse, it is the first refusal that the client is told.
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apiserver/pkg/endpoints/filters/impersonation/mode.go
//! [2]: https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/

use super::{Attributes, Authorizer, chain::MASTERS, forbidden, quote::quoted, rbac};
use crate::registry::names;
use crate::status::Refusal;
use jwt_anatomy::ServiceAccountName;
use static_tokens::User;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The API group of `uids`, `userextras`, and of everything that the newer ways ask about.
const AUTHENTICATION: &str = "authentication.k8s.io";
const ANONYMOUS: &str = "system:anonymous";
const UNAUTHENTICATED: &str = "system:unauthenticated";
const AUTHENTICATED: &str = "system:authenticated";
const NODE_PREFIX: &str = "system:node:";
/// The key of a service account's `extra` that names the node its pod runs on.
const NODE_NAME: &str = "authentication.kubernetes.io/node-name";
/// From so many strings on, it is first asked about all of them at once.
const MANY: usize = 4;
/// How many users' last way is remembered.
const REMEMBERED: usize = 10_000;

/// A way to become somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// A service account becomes the node that its pod runs on.
    AssociatedNode,
    /// Any node.
    ArbitraryNode,
    /// A service account.
    ServiceAccount,
    /// Anybody else.
    UserInfo,
    /// The old way.
    Legacy,
}
use Mode::{ArbitraryNode, AssociatedNode, Legacy, UserInfo};

const MODES: [Mode; 5] = [AssociatedNode, ArbitraryNode, Mode::ServiceAccount, UserInfo, Legacy];

/// Somebody else, whom the sender of a request may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impersonated {
    /// Who they are now.
    pub user: User,
    /// The verb that made it possible, for the audit log; `None` for the old `impersonate`.
    pub constraint: Option<&'static str>,
}

/// Remembers which way each user went last: that one is tried first the next time, and so its
/// refusal is the one that the user is told.
#[derive(Debug, Default)]
pub struct Impersonation {
    last: Mutex<HashMap<String, Mode>>,
}

impl Impersonation {
    /// May the sender of this request make it as the user they want to be?
    ///
    /// # Errors
    /// 403, about the first thing that they may not.
    pub fn become_other(
        &self,
        authorizer: &dyn Authorizer,
        request: &Attributes,
        wanted: &User,
    ) -> Result<Impersonated, Refusal> {
        let before = self.last().get(&request.user.name).copied();
        let others = MODES.into_iter().filter(|mode| Some(*mode) != before);
        let mut first_refusal = None;
        for mode in before.into_iter().chain(others).filter(|mode| mode.fits(wanted, request.user))
        {
            match mode.check(authorizer, request, wanted) {
                Ok(user) => {
                    self.remember(&request.user.name, mode);
                    return Ok(Impersonated { user, constraint: mode.constraint() });
                }
                Err(refusal) => first_refusal = first_refusal.or(Some(refusal)),
            }
        }
        // The old way fits everybody, so there is one.
        Err(first_refusal.unwrap_or_else(|| Refusal::internal("all impersonation modes failed")))
    }

    fn last(&self) -> MutexGuard<'_, HashMap<String, Mode>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, name: &str, mode: Mode) {
        let mut last = self.last();
        if last.len() >= REMEMBERED {
            last.clear();
        }
        last.insert(name.to_owned(), mode);
    }
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            AssociatedNode => "associated-node",
            ArbitraryNode => "arbitrary-node",
            Self::ServiceAccount => "serviceaccount",
            UserInfo => "user-info",
            Legacy => "",
        }
    }

    fn constraint(self) -> Option<&'static str> {
        match self {
            AssociatedNode => Some("impersonate:associated-node"),
            ArbitraryNode => Some("impersonate:arbitrary-node"),
            Self::ServiceAccount => Some("impersonate:serviceaccount"),
            UserInfo => Some("impersonate:user-info"),
            Legacy => None,
        }
    }

    /// Is this a way to such a user at all? What a node and a service account are besides their
    /// name, nobody may choose but the server.
    fn fits(self, wanted: &User, sender: &User) -> bool {
        let node = node_name(&wanted.name);
        let account = ServiceAccountName::from_username(&wanted.name).is_ok();
        let only_a_name =
            wanted.uid.is_empty() && wanted.groups.is_empty() && wanted.extra.is_empty();
        match self {
            AssociatedNode => only_a_name && node.is_some() && node == own_node(sender),
            ArbitraryNode => only_a_name && node.is_some(),
            Self::ServiceAccount => only_a_name && account,
            UserInfo => node.is_none() && !account,
            Legacy => true,
        }
    }

    /// Asks about everything, and gives the user the groups that nobody has to ask for.
    fn check(
        self,
        authorizer: &dyn Authorizer,
        request: &Attributes,
        wanted: &User,
    ) -> Result<User, Refusal> {
        let ask = |asked: &Attributes| match authorizer.authorize(asked) {
            decision if decision.allowed() => Ok(()),
            decision => Err(forbidden(asked, decision.reason())),
        };
        if self != Legacy {
            let verb = format!("impersonate-on:{}:{}", self.name(), request.verb);
            ask(&Attributes { verb: &verb, ..*request })?;
        }

        let about = |resource, name| Attributes {
            user: request.user,
            verb: self.constraint().unwrap_or("impersonate"),
            api_group: AUTHENTICATION,
            resource,
            subresource: "",
            namespace: "",
            name,
            path: "",
            is_resource: true,
        };
        // The old way asks about users, accounts and groups in the core group.
        let core = |asked| match self {
            Legacy => Attributes { api_group: "", ..asked },
            _ => asked,
        };
        let mut user = wanted.clone();

        let account = ServiceAccountName::from_username(&wanted.name).ok();
        if let Some(ServiceAccountName { namespace, name }) = &account {
            ask(&Attributes { namespace, ..core(about("serviceaccounts", name)) })?;
            if wanted.groups.is_empty() {
                user.groups = vec![
                    "system:serviceaccounts".to_owned(),
                    format!("system:serviceaccounts:{namespace}"),
                ];
            }
        } else if let (Some(name), true) = (node_name(&wanted.name), self != Legacy) {
            // Which of an account's nodes it is does not matter: it may be each that it runs on.
            ask(&about("nodes", if self == AssociatedNode { "*" } else { name }))?;
            user.groups = vec!["system:nodes".to_owned()];
        } else {
            ask(&core(about("users", &wanted.name)))?;
        }
        if !wanted.uid.is_empty() {
            ask(&about("uids", &wanted.uid))?;
        }
        self.check_groups(&wanted.groups, |name| core(about("groups", name)), ask)?;
        self.check_extra(wanted, about("userextras", ""), ask)?;

        let groups = &mut user.groups;
        let mut ensure = |group: &str| {
            if !groups.iter().any(|there| there == group) {
                groups.push(group.to_owned());
            }
        };
        if wanted.name == ANONYMOUS {
            ensure(UNAUTHENTICATED);
        } else if !wanted.groups.iter().any(|group| group == UNAUTHENTICATED) {
            ensure(AUTHENTICATED);
        }
        Ok(user)
    }

    fn check_groups<'g>(
        self,
        groups: &'g [String],
        about: impl Fn(&'g str) -> Attributes<'g>,
        ask: impl Fn(&Attributes) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        if self != Legacy {
            let never = |group: &'g str, what: &str| {
                Err(forbidden(
                    &about(group),
                    &format!("impersonating the {what} group is not allowed"),
                ))
            };
            if groups.iter().any(String::is_empty) {
                return never("", "empty string");
            }
            if groups.iter().any(|group| group == MASTERS) {
                return never(MASTERS, MASTERS);
            }
            if groups.len() >= MANY && ask(&about("*")).is_ok() {
                return Ok(());
            }
        }
        groups.iter().try_for_each(|group| ask(&about(group)))
    }

    fn check_extra(
        self,
        wanted: &User,
        about: Attributes,
        ask: impl Fn(&Attributes) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        if self != Legacy {
            for (key, values) in &wanted.extra {
                problem_of_extra(key, values).map_or(Ok(()), |why| Err(forbidden(&about, &why)))?;
            }
            let all = Attributes { subresource: "*", name: "*", ..about };
            let count = wanted.extra.values().map(Vec::len).sum::<usize>();
            if count >= MANY && ask(&all).is_ok() {
                return Ok(());
            }
        }
        for (key, values) in &wanted.extra {
            for value in values {
                ask(&Attributes { subresource: key, name: value, ..about })?;
            }
        }
        Ok(())
    }
}

/// What the newer ways do not allow as `extra`; the old one allows anything.
fn problem_of_extra(key: &str, values: &[String]) -> Option<String> {
    if key.is_empty() {
        return Some("impersonating the empty string key in extra is not allowed".to_owned());
    }
    if let Some(why) = wrong_path("extra.key", key) {
        return Some(format!("impersonating an invalid key in extra is not allowed: {why}"));
    }
    if key != key.to_lowercase() {
        let key = quoted(key);
        return Some(format!("impersonating a non-lowercase key in extra is not allowed: {key}"));
    }
    values
        .iter()
        .any(String::is_empty)
        .then(|| "impersonating the empty string value in extra is not allowed".to_owned())
}

/// A key is to be a path below a domain: `example.com/reason`.
fn wrong_path(field: &str, key: &str) -> Option<String> {
    let invalid =
        |value: &str, why: &str| format!("{field}: Invalid value: {}: {why}", quoted(value));
    let (host, path) = match key.split_once('/') {
        Some((host, path)) if !host.is_empty() && !path.is_empty() => (host, path),
        _ => {
            let why = "must be a domain-prefixed path (such as \"acme.io/foo\")";
            return Some(invalid(key, why));
        }
    };
    let mut wrong: Vec<_> =
        names::subdomain(host, false).iter().map(|why| invalid(host, why)).collect();
    let fits = |c: char| c.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:".contains(c);
    if !path.chars().all(fits) {
        let why = r"Invalid path (regex used for validation is '[A-Za-z0-9/\-._~%!$&'()*+,;=:]+')";
        wrong.push(invalid(path, why));
    }
    rbac::aggregate(&wrong)
}

/// The node that a user name stands for, if it can be one's.
fn node_name(user: &str) -> Option<&str> {
    user.strip_prefix(NODE_PREFIX).filter(|name| names::subdomain(name, false).is_empty())
}

/// The node on which the pod of this service account runs.
fn own_node(user: &User) -> Option<&str> {
    ServiceAccountName::from_username(&user.name).ok()?;
    match user.extra.get(NODE_NAME).map(Vec::as_slice) {
        Some([node]) => Some(node),
        _ => None,
    }
}
