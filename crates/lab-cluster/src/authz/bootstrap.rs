//! The roles that exist before anybody makes one: a real API server with RBAC writes them when it
//! starts ([reference][1], [`policy.go`][2]). With `AlwaysAllow` there are none.
//!
//! Of its 73 cluster roles, here are the 12 that tell about people and tokens. The others, of the
//! control plane (`system:node`, `system:kube-scheduler`, `system:controller:*` and their like),
//! lie beside it as data: `bootstrap.jsonl`, a line each, as a real server listed them.
//!
//! [1]: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
//! [2]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go

use super::{aggregation, escalation::GROUP};
use serde_json::{Map, Value, json};

const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["create", "delete", "deletecollection", "patch", "update"];
const READ_WRITE: &[&str] =
    &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// What may be done: verbs on resources of groups, or on paths.
enum Rule {
    On(&'static [&'static str], &'static [&'static str], &'static [&'static str]),
    At(&'static [&'static str], &'static [&'static str]),
}
use Rule::{At, On};

/// A `ClusterRole` of the API server's own.
struct Role {
    name: &'static str,
    /// `aggregate-to-*`: which role gathers this one's rules.
    goes_to: Option<&'static str>,
    holds: Holds,
}

enum Holds {
    Rules(&'static [Rule]),
    /// The rules of all roles that go to this one.
    WhatGoesTo(&'static str),
}
use Holds::{Rules, WhatGoesTo};

const ROLES: &[Role] = &[
    // Everything.
    Role {
        name: "cluster-admin",
        goes_to: None,
        holds: Rules(&[On(&["*"], &["*"], &["*"]), At(&["*"], &["*"])]),
    },
    // Three for people, each with all of the next: the owner of a namespace, who works in it, who
    // looks. `edit` reads every Secret and makes tokens for every service account: whoever has it
    // is each of them.
    Role { name: "admin", goes_to: None, holds: WhatGoesTo("admin") },
    Role { name: "edit", goes_to: Some("admin"), holds: WhatGoesTo("edit") },
    Role { name: "view", goes_to: Some("edit"), holds: WhatGoesTo("view") },
    Role { name: "system:aggregate-to-admin", goes_to: Some("admin"), holds: Rules(ADMIN) },
    Role { name: "system:aggregate-to-edit", goes_to: Some("edit"), holds: Rules(EDIT) },
    Role { name: "system:aggregate-to-view", goes_to: Some("view"), holds: Rules(VIEW) },
    // What whoever has authenticated may do: ask about themselves,
    Role {
        name: "system:basic-user",
        goes_to: None,
        holds: Rules(&[
            On(
                &["authorization.k8s.io"],
                &["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
                &["create"],
            ),
            On(&["authentication.k8s.io"], &["selfsubjectreviews"], &["create"]),
        ]),
    },
    // and learn what there is to ask for.
    Role {
        name: "system:discovery",
        goes_to: None,
        holds: Rules(&[At(
            &[
                "/api",
                "/api/*",
                "/apis",
                "/apis/*",
                "/healthz",
                "/livez",
                "/openapi",
                "/openapi/*",
                "/readyz",
                "/version",
                "/version/",
            ],
            &["get"],
        )]),
    },
    // What even the anonymous may.
    Role {
        name: "system:public-info-viewer",
        goes_to: None,
        holds: Rules(&[At(&["/healthz", "/livez", "/readyz", "/version", "/version/"], &["get"])]),
    },
    // The keys that tokens are checked with, for service accounts. Who wants to check tokens
    // outside of the cluster binds this to `system:unauthenticated`.
    Role {
        name: "system:service-account-issuer-discovery",
        goes_to: None,
        holds: Rules(&[At(
            &[
                "/.well-known/openid-configuration",
                "/.well-known/openid-configuration/",
                "/openid/v1/jwks",
                "/openid/v1/jwks/",
            ],
            &["get"],
        )]),
    },
    // For a service that asks the API server whose a token is, and what that user may do.
    Role {
        name: "system:auth-delegator",
        goes_to: None,
        holds: Rules(&[
            On(&["authentication.k8s.io"], &["tokenreviews"], &["create"]),
            On(&["authorization.k8s.io"], &["subjectaccessreviews"], &["create"]),
        ]),
    },
];

const ADMIN: &[Rule] = &[
    On(&["authorization.k8s.io"], &["localsubjectaccessreviews"], &["create"]),
    On(&["rbac.authorization.k8s.io"], &["rolebindings", "roles"], READ_WRITE),
];

const EDIT: &[Rule] = &[
    On(
        &[""],
        &[
            "pods/attach",
            "pods/exec",
            "pods/portforward",
            "pods/proxy",
            "secrets",
            "services/proxy",
        ],
        READ,
    ),
    On(&[""], &["serviceaccounts"], &["impersonate"]),
    On(&[""], &["pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"], WRITE),
    On(&[""], &["pods/eviction"], &["create"]),
    On(
        &[""],
        &[
            "configmaps",
            "persistentvolumeclaims",
            "replicationcontrollers",
            "replicationcontrollers/scale",
            "secrets",
            "serviceaccounts",
            "services",
            "services/proxy",
        ],
        WRITE,
    ),
    On(&[""], &["serviceaccounts/token"], &["create"]),
    On(&["", "events.k8s.io"], &["events"], WRITE),
    On(
        &["apps"],
        &[
            "daemonsets",
            "deployments",
            "deployments/rollback",
            "deployments/scale",
            "replicasets",
            "replicasets/scale",
            "statefulsets",
            "statefulsets/scale",
        ],
        WRITE,
    ),
    On(&["autoscaling"], &["horizontalpodautoscalers"], WRITE),
    On(&["batch"], &["cronjobs", "jobs"], WRITE),
    On(
        &["extensions"],
        &[
            "daemonsets",
            "deployments",
            "deployments/rollback",
            "deployments/scale",
            "ingresses",
            "networkpolicies",
            "replicasets",
            "replicasets/scale",
            "replicationcontrollers/scale",
        ],
        WRITE,
    ),
    On(&["policy"], &["poddisruptionbudgets"], WRITE),
    On(&["networking.k8s.io"], &["ingresses", "networkpolicies"], WRITE),
    On(&["coordination.k8s.io"], &["leases"], READ_WRITE),
    On(&["resource.k8s.io"], &["resourceclaims", "resourceclaimtemplates"], WRITE),
];

const VIEW: &[Rule] = &[
    On(
        &[""],
        &[
            "configmaps",
            "endpoints",
            "persistentvolumeclaims",
            "persistentvolumeclaims/status",
            "pods",
            "replicationcontrollers",
            "replicationcontrollers/scale",
            "serviceaccounts",
            "services",
            "services/status",
        ],
        READ,
    ),
    On(
        &[""],
        &[
            "bindings",
            "limitranges",
            "namespaces/status",
            "pods/log",
            "pods/status",
            "replicationcontrollers/status",
            "resourcequotas",
            "resourcequotas/status",
        ],
        READ,
    ),
    On(&[""], &["namespaces"], READ),
    On(&["", "events.k8s.io"], &["events"], READ),
    On(&["discovery.k8s.io"], &["endpointslices"], READ),
    On(
        &["apps"],
        &[
            "controllerrevisions",
            "daemonsets",
            "daemonsets/status",
            "deployments",
            "deployments/scale",
            "deployments/status",
            "replicasets",
            "replicasets/scale",
            "replicasets/status",
            "statefulsets",
            "statefulsets/scale",
            "statefulsets/status",
        ],
        READ,
    ),
    On(&["autoscaling"], &["horizontalpodautoscalers", "horizontalpodautoscalers/status"], READ),
    On(&["batch"], &["cronjobs", "cronjobs/status", "jobs", "jobs/status"], READ),
    On(
        &["extensions"],
        &[
            "daemonsets",
            "daemonsets/status",
            "deployments",
            "deployments/scale",
            "deployments/status",
            "ingresses",
            "ingresses/status",
            "networkpolicies",
            "replicasets",
            "replicasets/scale",
            "replicasets/status",
            "replicationcontrollers/scale",
        ],
        READ,
    ),
    On(&["policy"], &["poddisruptionbudgets", "poddisruptionbudgets/status"], READ),
    On(&["networking.k8s.io"], &["ingresses", "ingresses/status", "networkpolicies"], READ),
    On(
        &["resource.k8s.io"],
        &["resourceclaims", "resourceclaims/status", "resourceclaimtemplates"],
        READ,
    ),
];

/// Which role is given to which groups. `admin`, `edit` and `view` are given to nobody.
const BINDINGS: &[(&str, &[&str])] = &[
    ("cluster-admin", &["system:masters"]),
    ("system:basic-user", &["system:authenticated"]),
    ("system:discovery", &["system:authenticated"]),
    ("system:public-info-viewer", &["system:authenticated", "system:unauthenticated"]),
    ("system:service-account-issuer-discovery", &["system:serviceaccounts"]),
];

/// The roles and bindings that are not told about here.
const OTHERS: &str = include_str!("bootstrap.jsonl");

/// The `ClusterRole`s, without what a registry adds (uid, dates). `gathered` tells whether a
/// controller manager has been at work, without which `admin`, `edit` and `view` hold no rules.
#[must_use]
pub fn cluster_roles(gathered: bool) -> Vec<Value> {
    let mut roles = by_name(ROLES.iter().map(cluster_role).chain(others("ClusterRole")));
    if gathered {
        aggregation::fill(&mut roles);
    }
    roles
}

/// The `ClusterRoleBinding`s, each of the role of the same name.
#[must_use]
pub fn cluster_role_bindings() -> Vec<Value> {
    by_name(BINDINGS.iter().map(cluster_role_binding).chain(others("ClusterRoleBinding")))
}

/// The `Role`s: of controllers, in `kube-system` and `kube-public`.
#[must_use]
pub fn roles() -> Vec<Value> {
    others("Role").collect()
}

/// The `RoleBinding`s.
#[must_use]
pub fn role_bindings() -> Vec<Value> {
    others("RoleBinding").collect()
}

fn by_name(objects: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut objects: Vec<_> = objects.collect();
    objects.sort_by_cached_key(|object| object["metadata"]["name"].to_string());
    objects
}

fn others(kind: &str) -> impl Iterator<Item = Value> {
    // The file is part of the program, and a test reads all of it.
    let all = OTHERS.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    all.filter(move |other| other["kind"] == kind).map(|other| {
        let mut metadata = metadata(other["name"].as_str().unwrap_or_default(), None);
        if let (Some(namespace), Some(fields)) = (other.get("namespace"), metadata.as_object_mut())
        {
            fields.shift_insert(1, "namespace".into(), namespace.clone());
        }
        let mut object = json!({
            "kind": other["kind"],
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "metadata": metadata,
        });
        for field in ["rules", "subjects", "roleRef"] {
            if let Some(value) = other.get(field) {
                object[field] = value.clone();
            }
        }
        object
    })
}

fn cluster_role_binding((name, groups): &(&str, &[&str])) -> Value {
    let subjects: Vec<_> = groups
        .iter()
        .map(|group| json!({"kind": "Group", "apiGroup": GROUP, "name": group}))
        .collect();
    json!({
        "kind": "ClusterRoleBinding",
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "metadata": metadata(name, None),
        "subjects": subjects,
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name},
    })
}

fn cluster_role(role: &Role) -> Value {
    let mut object = json!({
        "kind": "ClusterRole",
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "metadata": metadata(role.name, role.goes_to),
    });
    match role.holds {
        Rules(rules) => object["rules"] = rules.iter().map(rule).collect(),
        WhatGoesTo(target) => {
            object["rules"] = Value::Null;
            object["aggregationRule"] =
                json!({"clusterRoleSelectors": [{"matchLabels": {(gathered_by(target)): "true"}}]});
        }
    }
    object
}

fn rule(rule: &Rule) -> Value {
    match rule {
        On(groups, resources, verbs) => {
            json!({"verbs": verbs, "apiGroups": groups, "resources": resources})
        }
        At(urls, verbs) => json!({"verbs": verbs, "nonResourceURLs": urls}),
    }
}

fn metadata(name: &str, goes_to: Option<&str>) -> Value {
    let mut labels = Map::new();
    labels.insert("kubernetes.io/bootstrapping".into(), "rbac-defaults".into());
    if let Some(target) = goes_to {
        labels.insert(gathered_by(target), "true".into());
    }
    // With this annotation the server repairs the object whenever it starts.
    let annotations = json!({"rbac.authorization.kubernetes.io/autoupdate": "true"});
    json!({"name": name, "labels": labels, "annotations": annotations})
}

fn gathered_by(target: &str) -> String {
    format!("rbac.authorization.k8s.io/aggregate-to-{target}")
}
