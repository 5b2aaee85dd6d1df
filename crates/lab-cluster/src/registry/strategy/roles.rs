//! Roles and cluster roles: rules that say what may be done ([`rbac/validation`][1]).
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/apis/rbac/validation/validation.go

use super::Strategy;
use crate::registry::problems::Problems;
use crate::registry::{names, object};
use serde_json::Value;

pub(super) struct Roles {
    pub(super) namespaced: bool,
}

impl Strategy for Roles {
    fn name_rule(&self) -> names::Rule {
        names::path_segment
    }

    /// The one list that is written when there is none: `"rules": null`.
    fn default(&self, role: &mut Value) {
        let Some(fields) = role.as_object_mut() else { return };
        let rules = fields.get("rules").cloned().unwrap_or_default();
        let order = ["kind", "apiVersion", "metadata", "rules", "aggregationRule"];
        object::set(fields, order.into_iter(), [("rules", Some(rules))]);
    }

    fn validate(&self, role: &Value, _old: Option<&Value>, problems: &mut Problems) {
        let rules = object::elements(&role["rules"]);
        for (at, rule) in rules.iter().enumerate() {
            self.validate_rule(rule, &format!("rules[{at}]"), problems);
        }
        for (at, rule) in rules.iter().enumerate() {
            if is_empty(rule, "verbs") {
                problems.required(format!("rules[{at}].verbs"), "");
            }
        }
        let aggregation = &role["aggregationRule"];
        if aggregation.is_object() && is_empty(aggregation, "clusterRoleSelectors") {
            problems.required(
                "aggregationRule.clusterRoleSelectors",
                "at least one clusterRoleSelector required if aggregationRule is non-nil",
            );
        }
    }

    fn creates_on_update(&self) -> bool {
        true
    }
}

fn is_empty(value: &Value, field: &str) -> bool {
    object::elements(&value[field]).is_empty()
}

impl Roles {
    fn validate_rule(&self, rule: &Value, path: &str, problems: &mut Problems) {
        if !is_empty(rule, "nonResourceURLs") {
            let field = format!("{path}.nonResourceURLs");
            let urls = &rule["nonResourceURLs"];
            if self.namespaced {
                let why = "namespaced rules cannot apply to non-resource URLs";
                problems.invalid(field.as_str(), urls, why);
            }
            if ["apiGroups", "resources", "resourceNames"].iter().any(|of| !is_empty(rule, of)) {
                let why = "rules cannot apply to both regular resources and non-resource URLs";
                problems.invalid(field, urls, why);
            }
            return;
        }
        for (field, what) in [("apiGroups", "api group"), ("resources", "resource")] {
            if is_empty(rule, field) {
                let why = format!("resource rules must supply at least one {what}");
                problems.required(format!("{path}.{field}"), &why);
            }
        }
    }
}
