//! Authorizers in a row. The first that says yes or no decides; when none does, it is refused.
//!
//! At the head of every API server's chain stands one that cannot be turned off: members of
//! `system:masters` may do everything, whatever the mode, the roles and the bindings are. So no
//! binding that you delete takes anything away from the admin's certificate of a microk8s
//! (`O=system:masters`), nor from a copy of it ([`reload.go`][1]).
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubeapiserver/authorizer/reload.go

use super::{AlwaysAllow, Attributes, Authorizer, Decision, RulesFor, rbac};
use static_tokens::User;

/// The group that every API server obeys.
pub const MASTERS: &str = "system:masters";

/// Authorizers, with the names that reasons are given under.
pub struct Chain(Vec<(&'static str, Box<dyn Authorizer>)>);

impl Chain {
    /// `--authorization-mode=AlwaysAllow`.
    #[must_use]
    pub fn always_allow() -> Self {
        Self::of("alwaysallow", AlwaysAllow)
    }

    /// `--authorization-mode=RBAC`.
    #[must_use]
    pub fn rbac(roles: impl rbac::Roles + 'static) -> Self {
        Self::of("rbac", rbac::Rbac(roles))
    }

    fn of(name: &'static str, mode: impl Authorizer + 'static) -> Self {
        Self::default().then(name, mode)
    }

    /// Asks one more, after all others.
    #[must_use]
    pub fn then(mut self, name: &'static str, mode: impl Authorizer + 'static) -> Self {
        self.0.push((name, Box::new(mode)));
        self
    }
}

/// The one that cannot be turned off, alone.
impl Default for Chain {
    fn default() -> Self {
        Self(vec![("kubernetes.io/system-privileged-group", Box::new(Masters))])
    }
}

impl Authorizer for Chain {
    fn authorize(&self, asked: &Attributes) -> Decision {
        let mut reasons = Vec::new();
        for (name, authorizer) in &self.0 {
            match authorizer.authorize(asked) {
                Decision::NoOpinion { reason } if reason.is_empty() => {}
                Decision::NoOpinion { reason } => reasons.push(format!("{name}: {reason}")),
                decided => return decided,
            }
        }
        Decision::NoOpinion { reason: reasons.join("\n") }
    }

    fn rules_for(&self, user: &User, namespace: &str) -> RulesFor {
        let mut all = RulesFor::default();
        let mut problems = Vec::new();
        for (_, authorizer) in &self.0 {
            let RulesFor { rules, incomplete, error } = authorizer.rules_for(user, namespace);
            all.rules.extend(rules);
            all.incomplete |= incomplete;
            problems.extend(error);
        }
        all.error = rbac::aggregate(&problems);
        all
    }
}

/// Allows the members of [`MASTERS`] everything, and says nothing about it: its reason is empty.
struct Masters;

impl Authorizer for Masters {
    fn authorize(&self, asked: &Attributes) -> Decision {
        let reason = String::new();
        if is_master(asked.user) {
            Decision::Allow { reason }
        } else {
            Decision::NoOpinion { reason }
        }
    }

    /// Not even a master is told: `kubectl auth can-i --list` shows them the rules of the roles
    /// that they are bound to, and nothing of this.
    fn rules_for(&self, _: &User, _: &str) -> RulesFor {
        RulesFor::default()
    }
}

/// Is the user of the group that may do everything?
#[must_use]
pub fn is_master(user: &User) -> bool {
    user.groups.iter().any(|group| group == MASTERS)
}
