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

mod single;

use super::{
    Attributes, Authorizer,
    chain::is_master,
    quote::{quoted, quoted_list},
    rbac::{self, Binding, NoSuchRole, PolicyRule, RoleRef, Roles},
};
use crate::status::{Kind, Refusal};
use serde_json::Value;
use single::Single;
use static_tokens::User;
use std::collections::{BTreeMap, BTreeSet};

/// The API group of roles and bindings.
pub const GROUP: &str = "rbac.authorization.k8s.io";

/// How many single permissions are looked at in one write. A body of a few thousand bytes can
/// stand for a billion. The real server has no limit: to refuse 2.5 million, 1333 bytes, it took 9 s
/// and 2 GB.
const MAX_SINGLE_PERMISSIONS: usize = 1_000_000;

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
    let granted: Vec<_> =
        granted.iter().filter(|rule| !held.iter().any(|held| single::covers(held, rule))).collect();
    let User { name, groups, .. } = request.user;
    let attempt =
        format!("user {} (groups={}) is attempting to grant", quoted(name), quoted_list(groups));
    let many = granted.iter().map(|rule| single::count(rule)).fold(0, usize::saturating_add);
    if many > MAX_SINGLE_PERMISSIONS {
        return Err(format!(
            "{attempt} {many} single RBAC permissions, more than are looked at one by one: \
             {MAX_SINGLE_PERMISSIONS}. Write rules of fewer words"
        ));
    }
    let missing: Vec<_> = granted
        .into_iter()
        .flat_map(single::all_of)
        .filter(|permission| !held.iter().any(|rule| permission.is_covered_by(rule)))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = describe(&missing).into_iter().collect();
    let lines = lines.join("\n");
    let mut sentence = format!("{attempt} RBAC permissions not currently held:\n{lines}");
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

/// What is lacking, a line for each resource with all its verbs, and a line for each path and verb.
fn describe(missing: &[Single]) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let mut verbs_of: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for permission in missing {
        match *permission {
            Single::Resource { verb, group, resource, name } => {
                verbs_of.entry((group, resource, name)).or_default().push(verb);
            }
            Single::Path { verb, url } => {
                lines.insert(on_one_line(&[("NonResourceURLs", &[url]), ("Verbs", &[verb])]));
            }
        }
    }
    for ((group, resource, name), verbs) in verbs_of {
        lines.insert(on_one_line(&[
            ("APIGroups", &[group]),
            ("Resources", &[resource]),
            ("ResourceNames", name.as_slice()),
            ("Verbs", &verbs),
        ]));
    }
    lines
}

fn on_one_line(lists: &[(&str, &[&str])]) -> String {
    let quoted = |words: &[&str]| words.iter().map(|word| quoted(word)).collect::<Vec<_>>();
    let said: Vec<_> = lists
        .iter()
        .filter(|(_, words)| !words.is_empty())
        .map(|(name, words)| format!("{name}:[{}]", quoted(words).join(" ")))
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
