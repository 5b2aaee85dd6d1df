//! Roles and bindings: from what was sent to what may be done.

use crate::json;
use lab_cluster::authz::escalation::confirm_no_escalation;
use lab_cluster::authz::rbac::{Binding, PolicyRule, Rbac, Roles};
use lab_cluster::authz::{Attributes, Authorizer};
use lab_cluster::decode::{self, Expected};
use lab_cluster::registry::kinds::{self, ResourceKind};
use lab_cluster::registry::{CountedIds, Registry, Store, WriteOptions, seeds};
use narration::ManualClock;
use serde_json::Value;
use static_tokens::User;
use std::sync::Arc;

/// Reads the documents between lines of `---`, JSON or YAML, stores those that are roles and
/// bindings, and asks who may do what.
///
/// - A body is what `serde_json` reads, but for names that stand twice, and those are told.
/// - A decision is the one that three nested loops come to.
/// - Whoever may do a thing still may when an object more is there.
/// - Of what `auth can-i --list` lists, each is allowed, and nothing else is.
/// - Who may grant some rules may do all that they allow: nobody escalates.
pub fn rbac(input: &[u8]) {
    let clock = Arc::new(ManualClock::at_unix(1_664_702_005));
    let registry = Registry::new(Store::in_memory(), clock, Arc::new(CountedIds::default()));
    seeds::system_namespaces(&registry).expect("an empty registry takes them");

    let mut stored = Objects::default();
    for document in documents(input) {
        let Some((kind, object)) = read(document) else { continue };
        let namespace = if kind.namespaced { NAMESPACE } else { "" };
        let made = registry.create(kind, namespace, object, &WriteOptions::default());
        let Ok(made) = made else { continue };
        let name = made["metadata"]["name"].as_str().expect("a name");
        assert_eq!(registry.get(kind, namespace, name).as_ref(), Ok(&made));
        stored.0.push((kind, made));
    }
    if stored.0.is_empty() {
        return;
    }

    let last = stored.0.len() - 1;
    let fewer = Objects(stored.0[..last].to_vec());
    let users = users(&stored);
    let questions = Question::all(&stored);
    let (rbac, with_fewer) = (Rbac(stored.clone()), Rbac(fewer));
    for user in &users {
        let listed = rbac.rules_for(user, NAMESPACE);
        for question in &questions {
            let asked = question.by(user);
            let decision = rbac.authorize(&asked);
            assert_eq!(decision, rbac.authorize(&asked));
            assert_eq!(decision.allowed(), stored.allow(&asked), "{asked:?}: {decision:?}");
            assert!(decision.allowed() || !with_fewer.authorize(&asked).allowed(), "{asked:?}");
            if asked.namespace == NAMESPACE {
                let in_list = listed.rules.iter().any(|rule| rule.allows(&asked));
                assert_eq!(decision.allowed(), in_list, "{asked:?}");
            }
        }
        for (_, role) in stored.0.iter().filter(|(kind, _)| kind.plural.ends_with("roles")) {
            let granted = PolicyRule::all_of(role);
            let writes = Question::about(NAMESPACE, "create", "roles");
            let may_grant = confirm_no_escalation(&stored, &writes.by(user), &granted).is_ok();
            for question in questions.iter().filter(|question| question.namespace == NAMESPACE) {
                let asked = question.by(user);
                let gained = granted.iter().any(|rule| rule.allows(&asked));
                let held = rbac.authorize(&asked).allowed();
                assert!(!may_grant || !gained || held, "{asked:?} would be gained");
            }
        }
    }
}

/// Where everything stands that stands in a namespace.
const NAMESPACE: &str = "default";

fn documents(input: &[u8]) -> Vec<&[u8]> {
    let mut documents = Vec::new();
    let mut rest = input;
    while let Some(at) = rest.windows(5).position(|window| window == b"\n---\n") {
        documents.push(&rest[..at]);
        rest = &rest[at + 5..];
    }
    documents.push(rest);
    documents.truncate(8);
    documents
}

/// As a request's body is read, whose path says the kind: here, the object itself says it.
fn read(document: &[u8]) -> Option<(&'static ResourceKind, Value)> {
    let is_json = document.trim_ascii_start().starts_with(b"{");
    let media_type = if is_json { "application/json" } else { "application/yaml" };
    let expected = Expected { group: "rbac.authorization.k8s.io", version: "v1", kind: "Role" };
    let sent = decode::body(Some(media_type), document, expected).ok()?;
    let object = sent.value;
    assert!(object.is_object() && sent.twice.len() <= 100);
    let again = decode::body(Some("application/json"), object.to_string().as_bytes(), expected);
    let again = again.unwrap_or_else(|_| panic!("it was written as JSON: {object}"));
    assert!(json::same(&again.value, &object) && again.twice.is_empty(), "{object}");
    if is_json && sent.twice.is_empty() {
        let theirs: Value = serde_json::from_slice(document).expect("JSON, since we read it");
        assert!(json::same(&theirs, &object) || theirs.is_null(), "{object}");
    }
    let kinds = [
        &kinds::ROLES,
        &kinds::CLUSTER_ROLES,
        &kinds::ROLE_BINDINGS,
        &kinds::CLUSTER_ROLE_BINDINGS,
    ];
    let kind = kinds.into_iter().find(|known| object["kind"] == known.kind)?;
    let expected = Expected { kind: kind.kind, ..expected };
    decode::of_kind(&object, expected).ok()?;
    Some((kind, object))
}

/// What is stored, in a plain list.
#[derive(Clone, Default)]
struct Objects(Vec<(&'static ResourceKind, Arc<Value>)>);

impl Objects {
    fn of(&self, kind: &'static ResourceKind) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |(of, _)| *of == kind).map(|(_, object)| &**object)
    }

    fn rules(&self, kind: &'static ResourceKind, name: &str) -> Option<Vec<PolicyRule>> {
        self.of(kind).find(|role| role["metadata"]["name"] == name).map(PolicyRule::all_of)
    }

    /// The decision by hand: for each binding, for each subject, for each rule.
    fn allow(&self, asked: &Attributes) -> bool {
        let here = asked.namespace == NAMESPACE;
        let everywhere = self.of(&kinds::CLUSTER_ROLE_BINDINGS);
        let bindings = everywhere.chain(self.of(&kinds::ROLE_BINDINGS).filter(|_| here));
        for binding in bindings {
            let named = texts(&binding["subjects"]).any(|subject| is(subject, asked.user));
            let role = &binding["roleRef"];
            let kind = match role["kind"].as_str() {
                Some("Role") => &kinds::ROLES,
                Some("ClusterRole") => &kinds::CLUSTER_ROLES,
                _ => continue,
            };
            let roles = self.of(kind).filter(|known| known["metadata"]["name"] == role["name"]);
            if named && roles.flat_map(|role| texts(&role["rules"])).any(|rule| allows(rule, asked))
            {
                return true;
            }
        }
        false
    }
}

impl Roles for Objects {
    fn cluster_role(&self, name: &str) -> Option<Vec<PolicyRule>> {
        self.rules(&kinds::CLUSTER_ROLES, name)
    }

    fn role(&self, _: &str, name: &str) -> Option<Vec<PolicyRule>> {
        self.rules(&kinds::ROLES, name)
    }

    fn cluster_role_bindings(&self) -> Arc<[Binding]> {
        self.of(&kinds::CLUSTER_ROLE_BINDINGS).map(Binding::read).collect()
    }

    fn role_bindings(&self, namespace: &str) -> Arc<[Binding]> {
        let here = self.of(&kinds::ROLE_BINDINGS).filter(|_| namespace == NAMESPACE);
        here.map(Binding::read).collect()
    }
}

fn texts(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn is(subject: &Value, user: &User) -> bool {
    let text = |field: &str| subject[field].as_str().unwrap_or_default();
    match text("kind") {
        "User" => text("name") == user.name,
        "Group" => user.groups.iter().any(|group| group == text("name")),
        "ServiceAccount" => {
            // Without a namespace it is that of the binding, if the binding has one: the registry
            // takes no other.
            let namespace = subject["namespace"].as_str().unwrap_or(NAMESPACE);
            user.name == ["system", "serviceaccount", namespace, text("name")].join(":")
        }
        _ => false,
    }
}

fn allows(rule: &Value, asked: &Attributes) -> bool {
    let has = |field: &str, fits: &dyn Fn(&str) -> bool| {
        texts(&rule[field]).filter_map(Value::as_str).any(|word| word == "*" || fits(word))
    };
    let verb = has("verbs", &|verb| verb == asked.verb);
    if !asked.is_resource {
        let covers = |url: &str| {
            url == asked.path
                || url.ends_with('*') && asked.path.starts_with(url.trim_end_matches('*'))
        };
        return verb && has("nonResourceURLs", &covers);
    }
    let covers = |resource: &str| match asked.subresource {
        "" => resource == asked.resource,
        sub => resource == format!("{}/{sub}", asked.resource) || resource == format!("*/{sub}"),
    };
    let mut names = texts(&rule["resourceNames"]).peekable();
    verb && has("apiGroups", &|group| group == asked.api_group)
        && has("resources", &covers)
        && (names.peek().is_none() || names.any(|name| name == asked.name))
}

/// Everybody whom a binding names, and somebody whom none does.
fn users(stored: &Objects) -> Vec<User> {
    let mut users = vec![User { name: "nobody".to_owned(), ..User::default() }];
    let bindings = stored.0.iter().flat_map(|(_, object)| texts(&object["subjects"]));
    for subject in bindings.take(4) {
        let name = subject["name"].as_str().unwrap_or_default();
        let namespace = subject["namespace"].as_str().unwrap_or(NAMESPACE);
        users.push(match subject["kind"].as_str() {
            Some("Group") => User {
                name: "member".to_owned(),
                groups: vec!["other".to_owned(), name.to_owned()],
                ..User::default()
            },
            Some("ServiceAccount") => User {
                name: format!("system:serviceaccount:{namespace}:{name}"),
                ..User::default()
            },
            _ => User { name: name.to_owned(), ..User::default() },
        });
    }
    users
}

/// A question without who asks it.
#[derive(Debug, Clone, Default)]
struct Question {
    verb: String,
    group: String,
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
    path: String,
}

impl Question {
    fn about(namespace: &str, verb: &str, resource: &str) -> Self {
        let [namespace, verb, resource] = [namespace, verb, resource].map(str::to_owned);
        Self { verb, resource, namespace, ..Self::default() }
    }

    fn by<'a>(&'a self, user: &'a User) -> Attributes<'a> {
        Attributes {
            user,
            verb: &self.verb,
            api_group: &self.group,
            resource: &self.resource,
            subresource: &self.subresource,
            namespace: &self.namespace,
            name: &self.name,
            path: &self.path,
            is_resource: self.path.is_empty(),
        }
    }

    /// Some that everybody is asked, and for each of the first rules its own words in several ways.
    fn all(stored: &Objects) -> Vec<Self> {
        let mut questions = vec![
            Self::about(NAMESPACE, "get", "pods"),
            Self::about("", "list", "secrets"),
            Self::about("kube-system", "create", "serviceaccounts"),
            Self { path: "/api/v1".to_owned(), ..Self::about("", "get", "") },
        ];
        let rules = stored.0.iter().flat_map(|(_, role)| texts(&role["rules"]));
        for rule in rules.take(6) {
            let last = |field: &str| {
                texts(&rule[field]).last().and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            let resource = last("resources");
            let (resource, subresource) = resource.split_once('/').unwrap_or((&resource, ""));
            let whole = Self {
                verb: last("verbs"),
                group: last("apiGroups"),
                subresource: subresource.to_owned(),
                name: last("resourceNames"),
                ..Self::about(NAMESPACE, "", resource)
            };
            let path = last("nonResourceURLs");
            questions.push(Self { name: String::new(), ..whole.clone() });
            questions.push(Self { subresource: "log".to_owned(), ..whole.clone() });
            questions.push(Self { namespace: String::new(), ..whole.clone() });
            questions.push(Self { verb: "watch".to_owned(), ..whole.clone() });
            questions.push(Self { resource: "pods".to_owned(), ..whole.clone() });
            questions.push(Self { path: format!("{path}/below"), ..whole.clone() });
            questions.push(Self { path: path.replace('*', "x"), ..whole.clone() });
            questions.push(whole);
        }
        questions
    }
}
