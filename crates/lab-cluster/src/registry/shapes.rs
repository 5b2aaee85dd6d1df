//! What fields each kind has, in the order in which the real server writes them, and what each of
//! them holds. From [`core/v1/types.go`][1], [`rbac/v1/types.go`][2] and [`meta/v1/types.go`][3].
//!
//! Pods and nodes are known to the depth that this course touches; what lies deeper is kept as it
//! was sent.
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/api/core/v1/types.go
//! [2]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/api/rbac/v1/types.go
//! [3]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go

/// What a field holds. The `&'static str` is the name of its Go type, which error messages carry.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Anything; kept as it is.
    Any,
    /// Accepted and forgotten.
    Dropped,
    Text(&'static str),
    /// Left out when false.
    Flag,
    /// There or not there, and false is not the same as not there.
    OptionalFlag,
    /// Left out when 0.
    Integer,
    /// There or not there, and 0 is not the same as not there.
    OptionalInteger(&'static str),
    /// RFC 3339.
    Time,
    /// Base64.
    Bytes,
    Map(&'static Shape, &'static str),
    List(&'static Shape, &'static str, Merge),
    Struct(&'static Struct),
}

/// How a strategic merge patch treats a list.
#[derive(Debug, Clone, Copy)]
pub(super) enum Merge {
    /// The patch's list replaces the object's.
    Replace,
    /// A set of plain values: the patch adds to it.
    Values,
    /// Elements are the same if this field of theirs is.
    By(&'static str),
}

/// A Go struct: its name and its fields.
#[derive(Debug)]
pub(super) struct Struct {
    pub(super) name: &'static str,
    pub(super) fields: &'static [(&'static str, Shape)],
}

impl Shape {
    /// How Go calls this type in `cannot unmarshal ... of type ...`.
    pub(super) fn go_type(self) -> String {
        match self {
            Self::Any | Self::Dropped => "interface {}".to_owned(),
            Self::Text(name)
            | Self::Map(_, name)
            | Self::List(_, name, _)
            | Self::OptionalInteger(name) => name.to_owned(),
            Self::Flag | Self::OptionalFlag => "bool".to_owned(),
            Self::Integer => "int64".to_owned(),
            Self::Time => "string".to_owned(),
            Self::Bytes => "[]uint8".to_owned(),
            Self::Struct(shape) => format!("v1.{}", shape.name),
        }
    }
}

impl Struct {
    pub(super) fn field(&self, name: &str) -> Option<Shape> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, shape)| *shape)
    }
}

/// The fields of a kind, besides `kind` and `apiVersion`.
pub(super) fn of(kind: &super::kinds::ResourceKind) -> &'static Struct {
    match kind.kind {
        "Namespace" => &NAMESPACE,
        "ServiceAccount" => &SERVICE_ACCOUNT,
        "Pod" => &POD,
        "Secret" => &SECRET,
        "ConfigMap" => &CONFIG_MAP,
        "Node" => &NODE,
        "Role" => &ROLE,
        "RoleBinding" => &ROLE_BINDING,
        "ClusterRole" => &CLUSTER_ROLE,
        _ => &CLUSTER_ROLE_BINDING,
    }
}

use Merge::{By, Replace, Values};
use Shape::{Any, Bytes, Dropped, Flag, Integer, List, Map, OptionalFlag, OptionalInteger, Time};

const TEXT: Shape = Shape::Text("string");
const UID: Shape = Shape::Text("types.UID");
const TEXTS: Shape = List(&TEXT, "[]string", Replace);
const TEXT_SET: Shape = List(&TEXT, "[]string", Values);
const TEXT_MAP: Shape = Map(&TEXT, "map[string]string");
const BYTES_MAP: Shape = Map(&Bytes, "map[string][]uint8");
const METADATA: Shape = Shape::Struct(&OBJECT_META);

const fn any_list(go: &'static str, merge: Merge) -> Shape {
    List(&Any, go, merge)
}

pub(super) static OBJECT_META: Struct = Struct {
    name: "ObjectMeta",
    fields: &[
        ("name", TEXT),
        ("generateName", TEXT),
        ("namespace", TEXT),
        ("selfLink", Dropped), // empty since 1.20
        ("uid", UID),
        ("resourceVersion", TEXT),
        ("generation", Integer),
        ("creationTimestamp", Time),
        ("deletionTimestamp", Time),
        ("deletionGracePeriodSeconds", OptionalInteger("int64")),
        ("labels", TEXT_MAP),
        ("annotations", TEXT_MAP),
        ("ownerReferences", List(&OWNER_REFERENCE, "[]v1.OwnerReference", By("uid"))),
        ("finalizers", TEXT_SET),
        ("managedFields", Dropped), // who wrote which field: not kept by the lab
    ],
};

const OWNER_REFERENCE: Shape = Shape::Struct(&Struct {
    name: "OwnerReference",
    fields: &[
        ("apiVersion", TEXT),
        ("kind", TEXT),
        ("name", TEXT),
        ("uid", UID),
        ("controller", OptionalFlag),
        ("blockOwnerDeletion", OptionalFlag),
    ],
});

static NAMESPACE: Struct = Struct {
    name: "Namespace",
    fields: &[
        ("metadata", METADATA),
        (
            "spec",
            Shape::Struct(&Struct {
                name: "NamespaceSpec",
                fields: &[(
                    "finalizers",
                    List(&Shape::Text("v1.FinalizerName"), "[]v1.FinalizerName", Replace),
                )],
            }),
        ),
        (
            "status",
            Shape::Struct(&Struct {
                name: "NamespaceStatus",
                fields: &[
                    ("phase", Shape::Text("v1.NamespacePhase")),
                    ("conditions", any_list("[]v1.NamespaceCondition", By("type"))),
                ],
            }),
        ),
    ],
};

static SERVICE_ACCOUNT: Struct = Struct {
    name: "ServiceAccount",
    fields: &[
        ("metadata", METADATA),
        ("secrets", List(&OBJECT_REFERENCE, "[]v1.ObjectReference", By("name"))),
        ("imagePullSecrets", List(&LOCAL_OBJECT_REFERENCE, "[]v1.LocalObjectReference", Replace)),
        ("automountServiceAccountToken", OptionalFlag),
    ],
};

const OBJECT_REFERENCE: Shape = Shape::Struct(&Struct {
    name: "ObjectReference",
    fields: &[
        ("kind", TEXT),
        ("namespace", TEXT),
        ("name", TEXT),
        ("uid", UID),
        ("apiVersion", TEXT),
        ("resourceVersion", TEXT),
        ("fieldPath", TEXT),
    ],
});

const LOCAL_OBJECT_REFERENCE: Shape =
    Shape::Struct(&Struct { name: "LocalObjectReference", fields: &[("name", TEXT)] });

static SECRET: Struct = Struct {
    name: "Secret",
    fields: &[
        ("metadata", METADATA),
        ("immutable", OptionalFlag),
        ("data", BYTES_MAP),
        ("stringData", TEXT_MAP), // only to write: it becomes data
        ("type", Shape::Text("v1.SecretType")),
    ],
};

static CONFIG_MAP: Struct = Struct {
    name: "ConfigMap",
    fields: &[
        ("metadata", METADATA),
        ("immutable", OptionalFlag),
        ("data", TEXT_MAP),
        ("binaryData", BYTES_MAP),
    ],
};

static ROLE: Struct = Struct {
    name: "Role",
    fields: &[("metadata", METADATA), ("rules", List(&RULE, "[]v1.PolicyRule", Replace))],
};

static CLUSTER_ROLE: Struct = Struct {
    name: "ClusterRole",
    fields: &[
        ("metadata", METADATA),
        ("rules", List(&RULE, "[]v1.PolicyRule", Replace)),
        ("aggregationRule", AGGREGATION_RULE),
    ],
};

const RULE: Shape = Shape::Struct(&Struct {
    name: "PolicyRule",
    fields: &[
        ("verbs", TEXTS),
        ("apiGroups", TEXTS),
        ("resources", TEXTS),
        ("resourceNames", TEXTS),
        ("nonResourceURLs", TEXTS),
    ],
});

const AGGREGATION_RULE: Shape = Shape::Struct(&Struct {
    name: "AggregationRule",
    fields: &[("clusterRoleSelectors", List(&LABEL_SELECTOR, "[]v1.LabelSelector", Replace))],
});

const LABEL_SELECTOR: Shape = Shape::Struct(&Struct {
    name: "LabelSelector",
    fields: &[
        ("matchLabels", TEXT_MAP),
        ("matchExpressions", List(&LABEL_REQUIREMENT, "[]v1.LabelSelectorRequirement", Replace)),
    ],
});

const LABEL_REQUIREMENT: Shape = Shape::Struct(&Struct {
    name: "LabelSelectorRequirement",
    fields: &[
        ("key", TEXT),
        ("operator", Shape::Text("v1.LabelSelectorOperator")),
        ("values", TEXTS),
    ],
});

static ROLE_BINDING: Struct = Struct { name: "RoleBinding", fields: BINDING_FIELDS };

static CLUSTER_ROLE_BINDING: Struct = Struct { name: "ClusterRoleBinding", fields: BINDING_FIELDS };

const BINDING_FIELDS: &[(&str, Shape)] = &[
    ("metadata", METADATA),
    ("subjects", List(&SUBJECT, "[]v1.Subject", Replace)),
    ("roleRef", ROLE_REF),
];

const SUBJECT: Shape = Shape::Struct(&Struct {
    name: "Subject",
    fields: &[("kind", TEXT), ("apiGroup", TEXT), ("name", TEXT), ("namespace", TEXT)],
});

const ROLE_REF: Shape = Shape::Struct(&Struct {
    name: "RoleRef",
    fields: &[("apiGroup", TEXT), ("kind", TEXT), ("name", TEXT)],
});

static NODE: Struct = Struct {
    name: "Node",
    fields: &[
        ("metadata", METADATA),
        (
            "spec",
            Shape::Struct(&Struct {
                name: "NodeSpec",
                fields: &[
                    ("podCIDR", TEXT),
                    ("podCIDRs", TEXT_SET),
                    ("providerID", TEXT),
                    ("unschedulable", Flag),
                    ("taints", any_list("[]v1.Taint", Replace)),
                    ("configSource", Any),
                    ("externalID", TEXT),
                    ("podPreemptionPolicy", Any),
                ],
            }),
        ),
        (
            "status",
            Shape::Struct(&Struct {
                name: "NodeStatus",
                fields: &[
                    ("capacity", Any),
                    ("allocatable", Any),
                    ("phase", Shape::Text("v1.NodePhase")),
                    ("conditions", any_list("[]v1.NodeCondition", By("type"))),
                    ("addresses", any_list("[]v1.NodeAddress", By("type"))),
                    ("daemonEndpoints", Any),
                    ("nodeInfo", Any),
                    ("images", any_list("[]v1.ContainerImage", Replace)),
                    ("volumesInUse", any_list("[]v1.UniqueVolumeName", Replace)),
                    ("volumesAttached", any_list("[]v1.AttachedVolume", Replace)),
                    ("config", Any),
                    ("runtimeHandlers", any_list("[]v1.NodeRuntimeHandler", Replace)),
                    ("features", Any),
                    ("declaredFeatures", TEXTS),
                ],
            }),
        ),
    ],
};

static POD: Struct = Struct {
    name: "Pod",
    fields: &[("metadata", METADATA), ("spec", POD_SPEC), ("status", POD_STATUS)],
};

const POD_SPEC: Shape = Shape::Struct(&Struct { name: "PodSpec", fields: POD_SPEC_FIELDS });

pub(super) const POD_SPEC_FIELDS: &[(&str, Shape)] = &[
    ("volumes", any_list("[]v1.Volume", By("name"))),
    ("initContainers", List(&CONTAINER, "[]v1.Container", By("name"))),
    ("containers", List(&CONTAINER, "[]v1.Container", By("name"))),
    ("ephemeralContainers", any_list("[]v1.EphemeralContainer", By("name"))),
    ("restartPolicy", Shape::Text("v1.RestartPolicy")),
    ("terminationGracePeriodSeconds", OptionalInteger("int64")),
    ("activeDeadlineSeconds", OptionalInteger("int64")),
    ("dnsPolicy", Shape::Text("v1.DNSPolicy")),
    ("nodeSelector", TEXT_MAP),
    ("serviceAccountName", TEXT),
    ("serviceAccount", TEXT),
    ("automountServiceAccountToken", OptionalFlag),
    ("nodeName", TEXT),
    ("hostNetwork", Flag),
    ("hostPID", Flag),
    ("hostIPC", Flag),
    ("shareProcessNamespace", OptionalFlag),
    ("securityContext", Any),
    ("imagePullSecrets", List(&LOCAL_OBJECT_REFERENCE, "[]v1.LocalObjectReference", By("name"))),
    ("hostname", TEXT),
    ("subdomain", TEXT),
    ("affinity", Any),
    ("schedulerName", TEXT),
    ("tolerations", any_list("[]v1.Toleration", Replace)),
    ("hostAliases", any_list("[]v1.HostAlias", By("ip"))),
    ("priorityClassName", TEXT),
    ("priority", OptionalInteger("int32")),
    ("dnsConfig", Any),
    ("readinessGates", any_list("[]v1.PodReadinessGate", Replace)),
    ("runtimeClassName", TEXT),
    ("enableServiceLinks", OptionalFlag),
    ("preemptionPolicy", Shape::Text("v1.PreemptionPolicy")),
    ("overhead", Any),
    ("topologySpreadConstraints", any_list("[]v1.TopologySpreadConstraint", By("topologyKey"))),
    ("setHostnameAsFQDN", OptionalFlag),
    ("os", Any),
    ("hostUsers", OptionalFlag),
    ("schedulingGates", any_list("[]v1.PodSchedulingGate", By("name"))),
    ("resourceClaims", any_list("[]v1.PodResourceClaim", By("name"))),
    ("resources", Any),
    ("hostnameOverride", TEXT),
    ("schedulingGroup", Any),
    ("evictionResponders", any_list("[]v1.EvictionResponder", By("name"))),
];

const CONTAINER: Shape = Shape::Struct(&Struct { name: "Container", fields: CONTAINER_FIELDS });

pub(super) const CONTAINER_FIELDS: &[(&str, Shape)] = &[
    ("name", TEXT),
    ("image", TEXT),
    ("command", TEXTS),
    ("args", TEXTS),
    ("workingDir", TEXT),
    ("ports", any_list("[]v1.ContainerPort", By("containerPort"))),
    ("envFrom", any_list("[]v1.EnvFromSource", Replace)),
    ("env", any_list("[]v1.EnvVar", By("name"))),
    ("resources", Any),
    ("resizePolicy", any_list("[]v1.ContainerResizePolicy", Replace)),
    ("restartPolicy", Shape::Text("v1.ContainerRestartPolicy")),
    ("restartPolicyRules", any_list("[]v1.ContainerRestartRule", Replace)),
    ("volumeMounts", any_list("[]v1.VolumeMount", By("mountPath"))),
    ("volumeDevices", any_list("[]v1.VolumeDevice", By("devicePath"))),
    ("livenessProbe", Any),
    ("readinessProbe", Any),
    ("startupProbe", Any),
    ("lifecycle", Any),
    ("terminationMessagePath", TEXT),
    ("terminationMessagePolicy", Shape::Text("v1.TerminationMessagePolicy")),
    ("imagePullPolicy", Shape::Text("v1.PullPolicy")),
    ("securityContext", Any),
    ("stdin", Flag),
    ("stdinOnce", Flag),
    ("tty", Flag),
];

const POD_STATUS: Shape = Shape::Struct(&Struct {
    name: "PodStatus",
    fields: &[
        ("observedGeneration", Integer),
        ("phase", Shape::Text("v1.PodPhase")),
        ("conditions", any_list("[]v1.PodCondition", By("type"))),
        ("message", TEXT),
        ("reason", TEXT),
        ("nominatedNodeName", TEXT),
        ("hostIP", TEXT),
        ("hostIPs", any_list("[]v1.HostIP", By("ip"))),
        ("podIP", TEXT),
        ("podIPs", any_list("[]v1.PodIP", By("ip"))),
        ("startTime", Time),
        ("initContainerStatuses", any_list("[]v1.ContainerStatus", Replace)),
        ("containerStatuses", any_list("[]v1.ContainerStatus", Replace)),
        ("qosClass", Shape::Text("v1.PodQOSClass")),
        ("ephemeralContainerStatuses", any_list("[]v1.ContainerStatus", Replace)),
        ("resize", Shape::Text("v1.PodResizeStatus")),
        ("resourceClaimStatuses", any_list("[]v1.PodResourceClaimStatus", By("name"))),
        ("extendedResourceClaimStatus", Any),
        ("allocatedResources", Any),
        ("resources", Any),
        (
            "nodeAllocatableResourceClaimStatuses",
            any_list("[]v1.NodeAllocatableResourceClaimStatus", By("resourceClaimName")),
        ),
        ("volumeHealth", any_list("[]v1.PodVolumeHealth", Replace)),
    ],
});
