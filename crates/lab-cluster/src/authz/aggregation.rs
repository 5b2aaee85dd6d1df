//! Roles made of roles: `admin`, `edit` and `view` list no rules of their own, but labels, and a
//! controller copies the rules of every `ClusterRole` that carries them ([reference][1]). So an
//! operator's custom resource becomes visible to all who may `view`. Without the controller manager
//! they stay empty: an API server alone gives `view` to nobody.
//!
//! [1]: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles

use serde_json::{Value, json};

/// What the [controller][1] would write into the `rules` of `role`, given every `ClusterRole` there
/// is, `role` among them or not; `None` when it gathers nothing. It reads `matchLabels` alone: a
/// selector of another form matches no role here.
///
/// [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go
#[must_use]
pub fn gathered_rules(role: &Value, all: &[&Value]) -> Option<Value> {
    let selectors = role["aggregationRule"]["clusterRoleSelectors"].as_array()?;
    let name = |role: &Value| role["metadata"]["name"].as_str().unwrap_or_default().to_owned();

    let mut rules: Vec<Value> = Vec::new();
    for selector in selectors {
        let mut chosen: Vec<_> = all
            .iter()
            .filter(|other| matches(selector, other) && name(other) != name(role))
            .collect();
        chosen.sort_by_key(|other| name(other));
        for rule in chosen.iter().filter_map(|other| other["rules"].as_array()).flatten() {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
    }
    Some(json!(rules))
}

fn matches(selector: &Value, role: &Value) -> bool {
    let only_labels = selector
        .as_object()
        .is_some_and(|fields| fields.keys().all(|field| field == "matchLabels"));
    only_labels
        && selector["matchLabels"].as_object().is_some_and(|labels| {
            labels.iter().all(|(label, value)| role["metadata"]["labels"].get(label) == Some(value))
        })
}

/// Fills every role that gathers, until nothing changes: `admin` gathers from `edit`, and `edit`
/// from `view`. Each round goes one step up; roles that gather from each other come to rest, too,
/// for rules are only added.
pub fn fill(roles: &mut [Value]) {
    for _ in 0..=roles.len() {
        let all: Vec<_> = roles.iter().collect();
        let gathered: Vec<_> = roles.iter().map(|role| gathered_rules(role, &all)).collect();
        let mut changed = false;
        for (role, rules) in roles.iter_mut().zip(gathered) {
            if let Some(rules) = rules.filter(|rules| *rules != role["rules"]) {
                role["rules"] = rules;
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}
