//! Nobody may do anything: `--authorization-mode=AlwaysDeny`, for tests. Members of
//! `system:masters` stand before it, and do not notice.

use super::{Attributes, Authorizer, Decision, RulesFor};
use static_tokens::User;

/// Allows nothing. It does not forbid either: with `AlwaysDeny,RBAC` roles decide as ever.
#[derive(Debug, Clone, Copy, Default)]
pub struct AlwaysDeny;

impl Authorizer for AlwaysDeny {
    fn authorize(&self, _: &Attributes) -> Decision {
        Decision::NoOpinion { reason: "Everything is forbidden.".to_owned() }
    }

    fn rules_for(&self, _: &User, _: &str) -> RulesFor {
        RulesFor::default()
    }
}
