//! The columns of each kind's table: name and description, as the real server's [`printers.go`][1]
//! has them. A column that shows a field is described as the field is.
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/printers/internalversion/printers.go

use crate::registry::kinds::ResourceKind;
use crate::registry::schema;
use serde_json::{Value, json};

/// A name, and what stands in the column.
type Column = (&'static str, About);

#[derive(Clone, Copy)]
enum About {
    /// What the printer says itself.
    Words(&'static str),
    /// What the schema says of this field.
    Field(&'static str, &'static str),
}
use About::{Field, Words};

/// What a table says of its columns.
pub(super) fn of(kind: &ResourceKind) -> Value {
    let (always, wide): (&[Column], &[Column]) = match kind.kind {
        "Namespace" => (NAMESPACE, &[]),
        "Secret" => (SECRET, &[]),
        "ConfigMap" => (CONFIG_MAP, &[]),
        "Pod" => (POD, POD_WIDE),
        "Node" => (NODE, NODE_WIDE),
        "Role" | "ClusterRole" => (ROLE, &[]),
        "RoleBinding" => (ROLE_BINDING, ROLE_BINDING_WIDE),
        "ClusterRoleBinding" => (CLUSTER_ROLE_BINDING, CLUSTER_ROLE_BINDING_WIDE),
        _ => (ACCOUNT, &[]),
    };
    let always = always.iter().map(|column| definition(*column, 0));
    always.chain(wide.iter().map(|column| definition(*column, 1))).collect()
}

/// Those of priority 1 are for `-o wide`.
fn definition((name, about): Column, priority: u8) -> Value {
    let description = match about {
        Words(words) => words,
        Field(of, field) => schema::about(of, field),
    };
    json!({
        "name": name,
        "type": if name == "Created At" { "date" } else { "string" },
        "format": if name == "Name" { "name" } else { "" },
        "description": description,
        "priority": priority,
    })
}

const NAMESPACE: &[Column] =
    &[("Name", NAME), ("Status", Words("The status of the namespace")), ("Age", CREATED)];

const SECRET: &[Column] = &[
    ("Name", NAME),
    ("Type", Field("io.k8s.api.core.v1.Secret", "type")),
    ("Data", Field("io.k8s.api.core.v1.Secret", "data")),
    ("Age", CREATED),
];

const CONFIG_MAP: &[Column] =
    &[("Name", NAME), ("Data", Field("io.k8s.api.core.v1.ConfigMap", "data")), ("Age", CREATED)];

const POD: &[Column] = &[
    ("Name", NAME),
    ("Ready", Words("The aggregate readiness state of this pod for accepting traffic.")),
    ("Status", Words("The aggregate status of the containers in this pod.")),
    (
        "Restarts",
        Words(
            "The number of times the containers in this pod have been restarted and \
             when the last container in this pod has restarted.",
        ),
    ),
    ("Age", CREATED),
];

const POD_WIDE: &[Column] = &[
    ("IP", Field("io.k8s.api.core.v1.PodStatus", "podIP")),
    ("Node", Field("io.k8s.api.core.v1.PodSpec", "nodeName")),
    ("Nominated Node", Field("io.k8s.api.core.v1.PodStatus", "nominatedNodeName")),
    ("Readiness Gates", Field("io.k8s.api.core.v1.PodSpec", "readinessGates")),
];

const NODE: &[Column] = &[
    ("Name", NAME),
    ("Status", Words("The status of the node")),
    ("Roles", Words("The roles of the node")),
    ("Age", CREATED),
    ("Version", Words("Kubelet Version reported by the node.")),
];

const NODE_WIDE: &[Column] = &[
    ("Internal-IP", ADDRESSES),
    ("External-IP", ADDRESSES),
    (
        "OS-Image",
        Words(
            "OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux \
             7 (wheezy)).",
        ),
    ),
    (
        "Kernel-Version",
        Words(
            "Kernel Version reported by the node from 'uname -r' (e.g. \
             3.16.0-0.bpo.4-amd64).",
        ),
    ),
    (
        "Container-Runtime",
        Words(
            "ContainerRuntime Version reported by the node through runtime remote API \
             (e.g. containerd://1.4.2).",
        ),
    ),
];

const ROLE: &[Column] = &[("Name", NAME), ("Created At", CREATED)];

const ROLE_BINDING: &[Column] = &[
    ("Name", NAME),
    (
        "Role",
        Words(
            "roleRef can reference a Role in the current namespace or a ClusterRole in \
             the global namespace. If the RoleRef cannot be resolved, the Authorizer \
             must return an error.",
        ),
    ),
    ("Age", CREATED),
];

const ROLE_BINDING_WIDE: &[Column] = &[
    ("Users", Words("Users in the roleBinding")),
    ("Groups", Words("Groups in the roleBinding")),
    ("ServiceAccounts", Words("ServiceAccounts in the roleBinding")),
];

const CLUSTER_ROLE_BINDING: &[Column] = &[
    ("Name", NAME),
    (
        "Role",
        Words(
            "roleRef can only reference a ClusterRole in the global namespace. If the \
             RoleRef cannot be resolved, the Authorizer must return an error.",
        ),
    ),
    ("Age", CREATED),
];

const CLUSTER_ROLE_BINDING_WIDE: &[Column] = &[
    ("Users", Words("Users in the clusterRoleBinding")),
    ("Groups", Words("Groups in the clusterRoleBinding")),
    ("ServiceAccounts", Words("ServiceAccounts in the clusterRoleBinding")),
];

const ACCOUNT: &[Column] = &[("Name", NAME), ("Age", CREATED)];

const NAME: About = Field("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "name");

const CREATED: About =
    Field("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "creationTimestamp");

const ADDRESSES: About = Field("io.k8s.api.core.v1.NodeStatus", "addresses");
