//! Role-based access control: permissions as objects that anybody may read ([reference][1]).
//!
//! A **role** is a list of rules, and a rule says only what may be done, never what may not. A
//! **binding** gives one role to a list of **subjects**: users, groups, service accounts. Nothing
//! else is needed to answer a question: find the bindings that name the user, take the rules of
//! their roles, and look whether one of them allows it. No rule takes a permission away, so the
//! order of all this does not matter, and what no rule allows is refused.
//!
//! Where a binding stands decides how far it reaches:
//!
//! | binding | role | gives the role's rules |
//! |---|---|---|
//! | `ClusterRoleBinding` | `ClusterRole` | in every namespace, and outside of any |
//! | `RoleBinding` in NS | `ClusterRole` | in NS alone |
//! | `RoleBinding` in NS | `Role` in NS | in NS alone |
//!
//! The real server's: [`rbac.go`][2], [`rule.go`][3], [`evaluation_helpers.go`][4].
//!
//! [1]: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
//! [2]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/plugin/pkg/auth/authorizer/rbac/rbac.go
//! [3]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/registry/rbac/validation/rule.go
//! [4]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/apis/rbac/v1/evaluation_helpers.go

use super::{Attributes, Authorizer, Decision, RulesFor, quote::quoted};
use serde_json::Value;
use static_tokens::User;
use std::fmt;
use std::sync::Arc;

/// Everything: any verb, group, resource or path.
const ALL: &str = "*";

/// What may be done to resources, or to paths: each list must have a word that fits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct PolicyRule {
    /// `get`, `create`, ..., or `*`.
    pub verbs: Vec<String>,
    /// API groups, the core group being the empty word, or `*`.
    pub api_groups: Vec<String>,
    /// Plural names, `pods`; subresources are resources of their own, `pods/log`. `*` is every one
    /// of both, `*/log` is this subresource of everything.
    pub resources: Vec<String>,
    /// Names of single objects. None at all means every object, so that a `list` or a `create`,
    /// whose request names no object, is allowed by a rule without names only.
    pub resource_names: Vec<String>,
    /// Paths that are no resource: `/version`, or all that begin alike: `/api/*`.
    pub non_resource_urls: Vec<String>,
}

/// Gives a role to its subjects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Binding {
    /// The binding's own name.
    pub name: String,
    /// Where a `RoleBinding` stands; empty for a `ClusterRoleBinding`.
    pub namespace: String,
    /// Which role. It need not exist.
    pub role: RoleRef,
    /// Who gets it.
    pub subjects: Vec<Subject>,
}

/// Names a role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleRef {
    /// `rbac.authorization.k8s.io`.
    pub api_group: String,
    /// `ClusterRole`, or `Role` for one in the binding's namespace.
    pub kind: String,
    /// The role's name.
    pub name: String,
}

/// Names somebody. Whether they exist is never asked: users and groups are strings that a
/// credential vouches for, and no list of them is kept anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: String,
    /// The user's, the group's, or the account's name.
    pub name: String,
    /// A service account's namespace; empty for the others.
    pub namespace: String,
}

/// Where roles and bindings come from: the registry, or a test's plain lists.
pub trait Roles: Send + Sync {
    /// The rules of a `ClusterRole`, if there is one of this name.
    fn cluster_role(&self, name: &str) -> Option<Vec<PolicyRule>>;
    /// The rules of a `Role`.
    fn role(&self, namespace: &str, name: &str) -> Option<Vec<PolicyRule>>;
    /// Every `ClusterRoleBinding`, always in the same order.
    fn cluster_role_bindings(&self) -> Arc<[Binding]>;
    /// Every `RoleBinding` of a namespace, always in the same order.
    fn role_bindings(&self, namespace: &str) -> Arc<[Binding]>;
}

/// The authorizer.
#[derive(Debug, Clone)]
pub struct Rbac<R>(pub R);

impl<R: Roles> Authorizer for Rbac<R> {
    fn authorize(&self, asked: &Attributes) -> Decision {
        let mut problems = Vec::new();
        for grant in grants(&self.0, asked.user, asked.namespace) {
            match &grant.rules {
                Ok(rules) if rules.iter().any(|rule| rule.allows(asked)) => {
                    return Decision::Allow { reason: format!("RBAC: allowed by {grant}") };
                }
                Ok(_) => {}
                Err(problem) => problems.push(problem.clone()),
            }
        }
        let reason = aggregate(&problems).map(|all| format!("RBAC: {all}")).unwrap_or_default();
        Decision::NoOpinion { reason }
    }

    fn rules_for(&self, user: &User, namespace: &str) -> RulesFor {
        let (rules, problems) = collect(&self.0, user, namespace);
        RulesFor { rules, incomplete: false, error: aggregate(&problems) }
    }
}

/// One binding that names the user, with the rules it gives.
struct Grant {
    binding: Binding,
    /// The first of the binding's subjects that is the user.
    subject: Subject,
    rules: Result<Vec<PolicyRule>, NoSuchRole>,
}

/// Every binding that reaches this user in this namespace: first those of the whole cluster, then,
/// when the question is about a namespace, those that stand in it. Where several allow a thing, the
/// first one is named as the reason; the real server goes through them in no order.
fn grants(roles: &impl Roles, user: &User, namespace: &str) -> impl Iterator<Item = Grant> {
    let here = if namespace.is_empty() { Arc::default() } else { roles.role_bindings(namespace) };
    let all = [roles.cluster_role_bindings(), here];
    let places = (0..2).flat_map({
        let lengths = all.each_ref().map(|bindings| bindings.len());
        move |list| (0..lengths[list]).map(move |at| (list, at))
    });
    places.filter_map(move |(list, at)| {
        let binding = &all[list][at];
        let is_user = |subject: &&Subject| subject.is(user, &binding.namespace);
        let subject = binding.subjects.iter().find(is_user)?.clone();
        let given = resolve(roles, &binding.role, &binding.namespace);
        Some(Grant { binding: binding.clone(), subject, rules: given })
    })
}

/// Everything the user may do: in a namespace, or, when it is empty, in all of them. A role that is
/// missing takes nothing from the others.
pub(super) fn collect(
    roles: &impl Roles,
    user: &User,
    namespace: &str,
) -> (Vec<PolicyRule>, Vec<NoSuchRole>) {
    let (mut held, mut problems) = (Vec::new(), Vec::new());
    for grant in grants(roles, user, namespace) {
        match grant.rules {
            Ok(given) => held.extend(given),
            Err(problem) => problems.push(problem),
        }
    }
    (held, problems)
}

/// A binding may name a role that does not exist (any more); it then gives nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchRole {
    /// The role is missing.
    #[error("{resource}.rbac.authorization.k8s.io {} not found", quoted(name))]
    Missing {
        /// `clusterrole` or `role`.
        resource: &'static str,
        /// What the binding calls it.
        name: String,
    },
    /// The reference is to something that is no role.
    #[error("unsupported role reference kind: {}", quoted(.0))]
    Unsupported(String),
}

/// The rules of the role that a binding in `namespace` refers to.
///
/// # Errors
/// There is no such role, or the reference is to something else.
pub fn resolve(
    roles: &impl Roles,
    role: &RoleRef,
    namespace: &str,
) -> Result<Vec<PolicyRule>, NoSuchRole> {
    let (resource, found) = match role.kind.as_str() {
        "ClusterRole" => ("clusterrole", roles.cluster_role(&role.name)),
        "Role" => ("role", roles.role(namespace, &role.name)),
        other => return Err(NoSuchRole::Unsupported(other.to_owned())),
    };
    found.ok_or_else(|| NoSuchRole::Missing { resource, name: role.name.clone() })
}

impl PolicyRule {
    /// Does this rule allow it?
    #[must_use]
    pub fn allows(&self, asked: &Attributes) -> bool {
        has(&self.verbs, asked.verb)
            && if asked.is_resource {
                has(&self.api_groups, asked.api_group)
                    && self.covers_resource(asked.resource, asked.subresource)
                    && self.covers_name(asked.name)
            } else {
                self.non_resource_urls.iter().any(|url| url_covers(url, asked.path))
            }
    }

    fn covers_resource(&self, resource: &str, subresource: &str) -> bool {
        let asked = match subresource {
            "" => resource.to_owned(),
            _ => format!("{resource}/{subresource}"),
        };
        let of_everything = |covered: &str| {
            !subresource.is_empty() && covered.strip_prefix("*/") == Some(subresource)
        };
        self.resources
            .iter()
            .any(|covered| covered == ALL || *covered == asked || of_everything(covered))
    }

    fn covers_name(&self, name: &str) -> bool {
        self.resource_names.is_empty() || self.resource_names.iter().any(|covered| covered == name)
    }
}

fn has(words: &[String], asked: &str) -> bool {
    words.iter().any(|word| word == ALL || word == asked)
}

/// A `*` stands at the end or for itself. `/api/*` is all below `/api`, and `/api` itself is not.
pub(crate) fn url_covers(url: &str, path: &str) -> bool {
    url == path || url.ends_with('*') && path.starts_with(url.trim_end_matches('*'))
}

impl Subject {
    /// Is this the user? In a binding of a namespace, a service account without one is of that one.
    fn is(&self, user: &User, binding_namespace: &str) -> bool {
        match self.kind.as_str() {
            "User" => self.name == user.name,
            "Group" => user.groups.contains(&self.name),
            "ServiceAccount" => {
                let namespace = self.namespace_in(binding_namespace);
                !namespace.is_empty()
                    && user.name == format!("system:serviceaccount:{namespace}:{}", self.name)
            }
            _ => false,
        }
    }

    fn namespace_in<'a>(&'a self, binding_namespace: &'a str) -> &'a str {
        if self.namespace.is_empty() { binding_namespace } else { &self.namespace }
    }
}

/// The sentence a trace shows. A namespace stands behind the name here, and only here.
impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { binding, subject, .. } = self;
        let in_namespace = |name: &str, namespace: &str| quoted(&format!("{name}/{namespace}"));

        if binding.namespace.is_empty() {
            write!(f, "ClusterRoleBinding {}", quoted(&binding.name))?;
        } else {
            write!(f, "RoleBinding {}", in_namespace(&binding.name, &binding.namespace))?;
        }
        write!(f, " of {} {}", binding.role.kind, quoted(&binding.role.name))?;
        if subject.kind == "ServiceAccount" {
            let namespace = subject.namespace_in(&binding.namespace);
            write!(f, " to ServiceAccount {}", in_namespace(&subject.name, namespace))
        } else {
            write!(f, " to {} {}", subject.kind, quoted(&subject.name))
        }
    }
}

/// Several problems as one: alone, or in brackets, each said once.
pub(crate) fn aggregate(problems: &[impl ToString]) -> Option<String> {
    let mut said: Vec<String> = Vec::new();
    for problem in problems.iter().map(ToString::to_string) {
        if !said.contains(&problem) {
            said.push(problem);
        }
    }
    match &said[..] {
        [] => None,
        [one] => Some(one.clone()),
        _ => Some(format!("[{}]", said.join(", "))),
    }
}

// How the types above are read from the objects of the API. What is missing, null or of another
// type gives nothing: no reading of a damaged role allows more than the sound one did.

impl PolicyRule {
    /// The rules of a `Role` or `ClusterRole`.
    #[must_use]
    pub fn all_of(role: &Value) -> Vec<Self> {
        items(&role["rules"]).map(Self::read).collect()
    }

    fn read(rule: &Value) -> Self {
        let list = |field: &str| items(&rule[field]).map(text).collect();
        Self {
            verbs: list("verbs"),
            api_groups: list("apiGroups"),
            resources: list("resources"),
            resource_names: list("resourceNames"),
            non_resource_urls: list("nonResourceURLs"),
        }
    }
}

impl Binding {
    /// Reads a `RoleBinding` or `ClusterRoleBinding`.
    #[must_use]
    pub fn read(binding: &Value) -> Self {
        let role = &binding["roleRef"];
        Self {
            name: text(&binding["metadata"]["name"]),
            namespace: text(&binding["metadata"]["namespace"]),
            role: RoleRef {
                api_group: text(&role["apiGroup"]),
                kind: text(&role["kind"]),
                name: text(&role["name"]),
            },
            subjects: items(&binding["subjects"])
                .map(|subject| Subject {
                    kind: text(&subject["kind"]),
                    name: text(&subject["name"]),
                    namespace: text(&subject["namespace"]),
                })
                .collect(),
        }
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
