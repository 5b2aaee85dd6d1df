//! Cluster roles made of cluster roles ([`clusterroleaggregation_controller.go`][1]).
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go

use crate::authz::aggregation::gathered_rules;
use crate::registry::kinds::CLUSTER_ROLES;
use crate::registry::object;
use crate::registry::writer::Writer;
use serde_json::Value;

/// Gives each role that selects others the rules of those.
pub(super) fn aggregate(writer: &mut Writer) {
    let roles = writer.draft.range(&CLUSTER_ROLES, "");
    let all: Vec<&Value> = roles.iter().map(|role| &**role).collect();
    for role in &all {
        if let Some(rules) = gathered_rules(role, &all)
            && rules != role["rules"]
        {
            let mut gathered = Value::clone(role);
            gathered["rules"] = rules;
            let _ = writer.update(&CLUSTER_ROLES, "", object::name(role), gathered);
        }
    }
}
