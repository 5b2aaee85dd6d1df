//! The columns of each kind's table: name and description, as the real server's [`printers.go`][1]
//! has them. Most descriptions are Kubernetes' own (Apache-2.0) of the field that a column shows.
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/printers/internalversion/printers.go

use crate::registry::kinds::ResourceKind;
use serde_json::{Value, json};

/// A name, and what stands in the column.
type Column = (&'static str, &'static str);

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
fn definition((name, description): Column, priority: u8) -> Value {
    json!({
        "name": name,
        "type": if name == "Created At" { "date" } else { "string" },
        "format": if name == "Name" { "name" } else { "" },
        "description": description,
        "priority": priority,
    })
}

const NAMESPACE: &[Column] =
    &[("Name", NAME), ("Status", "The status of the namespace"), ("Age", CREATED)];

const SECRET: &[Column] = &[
    ("Name", NAME),
    (
        "Type",
        "Used to facilitate programmatic handling of secret data. More info: \
         https://kubernetes.io/docs/concepts/configuration/secret/#secret-types",
    ),
    (
        "Data",
        "Data contains the secret data. Each key must consist of alphanumeric \
         characters, '-', '_' or '.'. The serialized form of the secret data is a \
         base64 encoded string, representing the arbitrary (possibly non-string) \
         data value here. Described in \
         https://tools.ietf.org/html/rfc4648#section-4",
    ),
    ("Age", CREATED),
];

const CONFIG_MAP: &[Column] = &[
    ("Name", NAME),
    (
        "Data",
        "Data contains the configuration data. Each key must consist of \
         alphanumeric characters, '-', '_' or '.'. Values with non-UTF-8 byte \
         sequences must use the BinaryData field. The keys stored in Data must not \
         overlap with the keys in the BinaryData field, this is enforced during \
         validation process.",
    ),
    ("Age", CREATED),
];

const POD: &[Column] = &[
    ("Name", NAME),
    ("Ready", "The aggregate readiness state of this pod for accepting traffic."),
    ("Status", "The aggregate status of the containers in this pod."),
    (
        "Restarts",
        "The number of times the containers in this pod have been restarted and \
         when the last container in this pod has restarted.",
    ),
    ("Age", CREATED),
];

const POD_WIDE: &[Column] = &[
    (
        "IP",
        "podIP address allocated to the pod. Routable at least within the cluster. \
         Empty if not yet allocated.",
    ),
    (
        "Node",
        "NodeName indicates in which node this pod is scheduled. If empty, this \
         pod is a candidate for scheduling by the scheduler defined in \
         schedulerName. Once this field is set, the kubelet for this node becomes \
         responsible for the lifecycle of this pod. This field should not be used \
         to express a desire for the pod to be scheduled on a specific node. \
         https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename",
    ),
    (
        "Nominated Node",
        "nominatedNodeName is set only when this pod preempts other pods on the \
         node, but it cannot be scheduled right away as preemption victims receive \
         their graceful termination periods. This field does not guarantee that \
         the pod will be scheduled on this node. Scheduler may decide to place the \
         pod elsewhere if other nodes become available sooner. Scheduler may also \
         decide to give the resources on this node to a higher priority pod that \
         is created after preemption. As a result, this field may be different \
         than PodSpec.nodeName when the pod is scheduled.",
    ),
    (
        "Readiness Gates",
        "If specified, all readiness gates will be evaluated for pod readiness. A \
         pod is ready when all its containers are ready AND all conditions \
         specified in the readiness gates have status equal to \"True\" More info: \
         https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates",
    ),
];

const NODE: &[Column] = &[
    ("Name", NAME),
    ("Status", "The status of the node"),
    ("Roles", "The roles of the node"),
    ("Age", CREATED),
    ("Version", "Kubelet Version reported by the node."),
];

const NODE_WIDE: &[Column] = &[
    ("Internal-IP", ADDRESSES),
    ("External-IP", ADDRESSES),
    (
        "OS-Image",
        "OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux \
         7 (wheezy)).",
    ),
    (
        "Kernel-Version",
        "Kernel Version reported by the node from 'uname -r' (e.g. \
         3.16.0-0.bpo.4-amd64).",
    ),
    (
        "Container-Runtime",
        "ContainerRuntime Version reported by the node through runtime remote API \
         (e.g. containerd://1.4.2).",
    ),
];

const ROLE: &[Column] = &[("Name", NAME), ("Created At", CREATED)];

const ROLE_BINDING: &[Column] = &[
    ("Name", NAME),
    (
        "Role",
        "roleRef can reference a Role in the current namespace or a ClusterRole in \
         the global namespace. If the RoleRef cannot be resolved, the Authorizer \
         must return an error.",
    ),
    ("Age", CREATED),
];

const ROLE_BINDING_WIDE: &[Column] = &[
    ("Users", "Users in the roleBinding"),
    ("Groups", "Groups in the roleBinding"),
    ("ServiceAccounts", "ServiceAccounts in the roleBinding"),
];

const CLUSTER_ROLE_BINDING: &[Column] = &[
    ("Name", NAME),
    (
        "Role",
        "roleRef can only reference a ClusterRole in the global namespace. If the \
         RoleRef cannot be resolved, the Authorizer must return an error.",
    ),
    ("Age", CREATED),
];

const CLUSTER_ROLE_BINDING_WIDE: &[Column] = &[
    ("Users", "Users in the clusterRoleBinding"),
    ("Groups", "Groups in the clusterRoleBinding"),
    ("ServiceAccounts", "ServiceAccounts in the clusterRoleBinding"),
];

const ACCOUNT: &[Column] = &[("Name", NAME), ("Age", CREATED)];

const NAME: &str = "Name must be unique within a namespace. Is required when creating resources, although \
 some resources may allow a client to request the generation of an appropriate name \
 automatically. Name is primarily intended for creation idempotence and configuration \
 definition. Cannot be updated. More info: \
 https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";

const CREATED: &str = "CreationTimestamp is a timestamp representing the server time when this object was \
 created. It is not guaranteed to be set in happens-before order across separate \
 operations. Clients may not set this value. It is represented in RFC3339 form and is in \
 UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: \
 https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

const ADDRESSES: &str = "List of addresses reachable to the node. Queried from cloud provider, if available. More \
 info: https://kubernetes.io/docs/reference/node/node-status/#addresses Note: This field \
 is declared as mergeable, but the merge key is not sufficiently unique, which can cause \
 data corruption when it is merged. Callers should instead use a full-replacement patch. \
 See https://pr.k8s.io/79391 for an example. Consumers should assume that addresses can \
 change during the lifetime of a Node. However, there are some exceptions where this may \
 not be possible, such as Pods that inherit a Node's address in its own status or \
 consumers of the downward API (status.hostIP).";
