//! Everybody may do everything: `--authorization-mode=AlwaysAllow`, the API server's default, and
//! that of a microk8s whose `rbac` add-on is off. Who can authenticate, by whatever token, rules
//! the cluster.

use super::{Attributes, Authorizer, Decision, RulesFor, rbac::PolicyRule};
use static_tokens::User;

/// Says yes.
#[derive(Debug, Clone, Copy, Default)]
pub struct AlwaysAllow;

impl Authorizer for AlwaysAllow {
    fn authorize(&self, _: &Attributes) -> Decision {
        Decision::Allow { reason: String::new() }
    }

    fn rules_for(&self, _: &User, _: &str) -> RulesFor {
        let all = || vec!["*".to_owned()];
        let anything = PolicyRule {
            verbs: all(),
            api_groups: all(),
            resources: all(),
            non_resource_urls: all(),
            ..PolicyRule::default()
        };
        RulesFor { rules: vec![anything], ..RulesFor::default() }
    }
}
