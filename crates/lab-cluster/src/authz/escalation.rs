//! Nobody gives away what they do not have ([reference][1]).
//!
//! Who may write roles or bindings could make themselves anything, were it not for one more check,
//! made after authorization and before the object is stored: all that the new role allows, or the
//! bound role gives, the writer must already be allowed to do, where it will count. Two verbs of
//! RBAC's own lift it: `escalate` on a role, `bind` on the role that is bound.
//!
//! The real server's: [`rule.go`][2], [`policy_comparator.go`][3], and `policybased/storage.go` of
//! [each of the four kinds][4].
//!
//! [1]: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
//! [2]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/registry/rbac/validation/rule.go
//! [3]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/component-helpers/auth/rbac/validation/policy_comparator.go
//! [4]: https://github.com/kubernetes/kubernetes/tree/v1.37.2/pkg/registry/rbac

use super::{
    Attributes, Authorizer,
    chain::is_master,
    quote::{quoted, quoted_list},
    rbac::{self, Binding, NoSuchRole, PolicyRule, RoleRef, Roles},
};
use crate::status::{Kind, Refusal};
use serde_json::Value;
use static_tokens::User;
use std::collections::{BTreeMap, BTreeSet};

/// The API group of roles and bindings.
pub const GROUP: &str = "rbac.authorization.k8s.io";

/// May the user of this request, who may write the object as far as authorization is concerned,
/// write what is in it? `object` is the role or binding as it was sent, with its type's defaults
/// filled in or not; `old` is the one that it replaces. The real server asks this before it
/// validates the object.
///
/// # Errors
/// 403 with the list of what the user lacks; 404, 400 or 500 for a binding to a role that is none.
pub fn confirm_write<R: Roles>(
    authorizer: &dyn Authorizer,
    roles: &R,
    request: &Attributes,
    object: &Value,
    old: Option<&Value>,
) -> Result<(), Refusal> {
    let checked = ["roles", "clusterroles", "rolebindings", "clusterrolebindings"]
        .contains(&request.resource);
    if request.api_group != GROUP
        || !checked
        || is_master(request.user)
        || old.is_some_and(|old| differ_for_the_collector_only(object, old))
    {
        return Ok(());
    }

    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let kind = Kind { group: GROUP, resource: request.resource };
    let forbidden = |why: String| Refusal::forbidden(kind, name, &why);

    if request.resource.ends_with("roles") {
        if may_escalate(authorizer, request) {
            return Ok(());
        }
        confirm_no_escalation(roles, request, &PolicyRule::all_of(object)).map_err(forbidden)?;
        if gathers(object) || old.is_some_and(gathers) {
            let everything = super::AlwaysAllow.rules_for(request.user, "").rules;
            confirm_no_escalation(roles, request, &everything).map_err(|_| {
                forbidden("must have cluster-admin privileges to use the aggregationRule".into())
            })?;
        }
        return Ok(());
    }

    let role = Binding::read(object).role;
    if may_bind(authorizer, request.user, &role, request.namespace) {
        return Ok(());
    }
    if role.kind == "Role" && request.namespace.is_empty() {
        return Err(Refusal::bad_request("Namespace parameter required."));
    }
    let given =
        rbac::resolve(roles, &role, request.namespace).map_err(|problem| match problem {
            // As the real server has it: it looks for the role, and names the kind of the binding.
            NoSuchRole::Missing { name, .. } => Refusal::not_found(kind, &name),
            NoSuchRole::Unsupported(_) => {
                Refusal { code: 500, reason: "", message: problem.to_string(), details: None }
            }
        })?;
    confirm_no_escalation(roles, request, &given).map_err(forbidden)
}

/// Does the user hold all of `granted`, in the namespace of the request?
///
/// # Errors
/// The sentence that lists what they lack.
pub fn confirm_no_escalation(
    roles: &impl Roles,
    request: &Attributes,
    granted: &[PolicyRule],
) -> Result<(), String> {
    let (held, problems) = rbac::collect(roles, request.user, request.namespace);
    let missing: Vec<_> = granted
        .iter()
        .flat_map(single_permissions)
        .filter(|permission| !held.iter().any(|rule| covers(rule, permission)))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }

    let User { name, groups, .. } = request.user;
    let lines: Vec<_> = describe(missing).into_iter().collect();
    let mut sentence = format!(
        "user {} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        quoted(name),
        quoted_list(groups),
        lines.join("\n")
    );
    let problems: Vec<_> = problems.iter().map(|problem| in_words(problem, request)).collect();
    if let Some(problems) = rbac::aggregate(&problems) {
        sentence = format!("{sentence}; resolution errors: [{problems}]");
    }
    Err(sentence)
}

/// A role that is missing goes by the name of the resource that is written, here and in a 404: so
/// the real server has it, which says `rolebindings "x" not found` of a role x.
fn in_words(problem: &NoSuchRole, request: &Attributes) -> String {
    match problem {
        NoSuchRole::Missing { name, .. } => {
            format!("{}.{GROUP} {} not found", request.resource, quoted(name))
        }
        NoSuchRole::Unsupported(_) => problem.to_string(),
    }
}

/// May the user write this role, whatever is in it? Asked with the name in the URL, and a create
/// has none there: a rule that names its roles lets them be changed, and not be made.
#[must_use]
pub fn may_escalate(authorizer: &dyn Authorizer, request: &Attributes) -> bool {
    authorizer.authorize(&Attributes { verb: "escalate", subresource: "", ..*request }).allowed()
}

/// May the user give this role away in this namespace (everywhere, when it is empty)?
#[must_use]
pub fn may_bind(
    authorizer: &dyn Authorizer,
    user: &User,
    role: &RoleRef,
    binding_namespace: &str,
) -> bool {
    let resource = match role.kind.as_str() {
        "ClusterRole" => "clusterroles",
        "Role" => "roles",
        _ => return false,
    };
    let api_group = if role.api_group.is_empty() { GROUP } else { &role.api_group };
    let asked = Attributes {
        user,
        verb: "bind",
        api_group,
        resource,
        subresource: "",
        namespace: binding_namespace,
        name: &role.name,
        path: "",
        is_resource: true,
    };
    authorizer.authorize(&asked).allowed()
}

/// A rule, broken down to permissions of one verb on one thing: each is held whole or not at all.
fn single_permissions(rule: &PolicyRule) -> Vec<PolicyRule> {
    let one = |word: &String| vec![word.clone()];
    let mut permissions = Vec::new();
    for group in &rule.api_groups {
        for resource in &rule.resources {
            for verb in &rule.verbs {
                let any_name = PolicyRule {
                    verbs: one(verb),
                    api_groups: one(group),
                    resources: one(resource),
                    ..PolicyRule::default()
                };
                permissions.extend(
                    rule.resource_names
                        .iter()
                        .map(|name| PolicyRule { resource_names: one(name), ..any_name.clone() }),
                );
                if rule.resource_names.is_empty() {
                    permissions.push(any_name);
                }
            }
        }
    }
    for url in &rule.non_resource_urls {
        for verb in &rule.verbs {
            permissions.push(PolicyRule {
                verbs: one(verb),
                non_resource_urls: one(url),
                ..PolicyRule::default()
            });
        }
    }
    permissions
}

/// Does a rule that is held cover a single permission? Unlike in a request, its words may be `*` or
/// `*/log` themselves, and are covered by no list of all the words there are.
fn covers(held: &PolicyRule, permission: &PolicyRule) -> bool {
    let word = |held: &[String], asked: &[String]| {
        asked.iter().all(|asked| held.iter().any(|word| word == "*" || word == asked))
    };
    let resource = |asked: &String| {
        let of_everything = asked.split_once('/').map(|(_, sub)| format!("*/{sub}"));
        held.resources.iter().any(|covered| {
            covered == "*" || covered == asked || Some(covered) == of_everything.as_ref()
        })
    };
    let url =
        |asked: &String| held.non_resource_urls.iter().any(|url| rbac::url_covers(url, asked));
    let name = held.resource_names.is_empty()
        || !permission.resource_names.is_empty()
            && permission.resource_names.iter().all(|name| held.resource_names.contains(name));

    word(&held.verbs, &permission.verbs)
        && word(&held.api_groups, &permission.api_groups)
        && permission.resources.iter().all(resource)
        && permission.non_resource_urls.iter().all(url)
        && name
}

/// What is lacking, a line for each resource with all its verbs, and a line for each path and verb.
fn describe(missing: Vec<PolicyRule>) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let mut verbs_of: BTreeMap<PolicyRule, Vec<String>> = BTreeMap::new();
    for mut permission in missing {
        if permission.non_resource_urls.is_empty() {
            let verbs = std::mem::take(&mut permission.verbs);
            verbs_of.entry(permission).or_default().extend(verbs);
        } else {
            lines.insert(on_one_line(&permission));
        }
    }
    for (permission, verbs) in verbs_of {
        lines.insert(on_one_line(&PolicyRule { verbs, ..permission }));
    }
    lines
}

fn on_one_line(rule: &PolicyRule) -> String {
    let lists = [
        ("APIGroups", &rule.api_groups),
        ("Resources", &rule.resources),
        ("NonResourceURLs", &rule.non_resource_urls),
        ("ResourceNames", &rule.resource_names),
        ("Verbs", &rule.verbs),
    ];
    let said: Vec<_> = lists
        .into_iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(name, list)| format!("{name}:{}", quoted_list(list)))
        .collect();
    format!("{{{}}}", said.join(", "))
}

/// Does this `ClusterRole` gather the rules of others? It may come to hold anything.
fn gathers(role: &Value) -> bool {
    let selectors = &role["aggregationRule"]["clusterRoleSelectors"];
    selectors.as_array().is_some_and(|selectors| !selectors.is_empty())
}

/// The garbage collector may release any object: it changes owners and finalizers, and nothing
/// else.
fn differ_for_the_collector_only(new: &Value, old: &Value) -> bool {
    let rest = |object: &Value| {
        let mut object = object.clone();
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            for field in ["ownerReferences", "finalizers", "selfLink", "managedFields"] {
                metadata.remove(field);
            }
        }
        object
    };
    rest(new) == rest(old)
}
