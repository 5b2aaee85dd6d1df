//! What exists from the start: what every API server makes for itself, and what one finds on a
//! fresh microk8s.

use super::kinds::{self, ResourceKind};
use super::{PatchType, Registry, object, world};
use crate::status::Refusal;
use chrono::SecondsFormat;
use serde_json::{Value, json};

/// The node, named as a virtual machine with microk8s calls itself.
pub const NODE: &str = "microk8s-vm";

/// Its address, and that of the pod that shares it.
const NODE_ADDRESS: &str = "10.64.140.43";

/// Makes the namespaces that every API server makes when they are missing: `default`,
/// `kube-system`, `kube-public` and `kube-node-lease`.
///
/// # Errors
/// The store cannot be written.
pub fn system_namespaces(registry: &Registry) -> Result<(), Refusal> {
    let names = ["kube-system", "kube-public", "kube-node-lease", "default"];
    registry
        .create_missing(names.map(|name| (&kinds::NAMESPACES, json!({"metadata": {"name": name}}))))
}

/// Makes what one finds on a fresh microk8s: a node, and the pods of its network (Calico) and of
/// its DNS server, each with an account of its own. Does nothing where that node is already. Wants
/// the namespaces to be there, and the controllers to be running.
///
/// # Errors
/// The store cannot be written.
pub fn sample_workloads(registry: &Registry) -> Result<(), Refusal> {
    if registry.get(&kinds::NODES, "", NODE).is_ok() {
        return Ok(());
    }
    let accounts = ["calico-kube-controllers", "calico-node", "coredns"].map(|name| {
        let metadata = json!({"name": name, "namespace": "kube-system"});
        (&kinds::SERVICE_ACCOUNTS, json!({"metadata": metadata}), Value::Null)
    });
    let now = registry.clock.now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let (node, node_status) = node(&now);
    let pods = PODS.map(|pod| {
        let (object, status) = pod.running(&now);
        (&kinds::PODS, object, status)
    });
    plant(registry, accounts.into_iter().chain([(&kinds::NODES, node, node_status)]).chain(pods))
}

/// Makes objects, and reports their status as a kubelet would, all in one commit. One of them is
/// the node.
fn plant(
    registry: &Registry,
    objects: impl IntoIterator<Item = (&'static ResourceKind, Value, Value)>,
) -> Result<(), Refusal> {
    registry.write(super::WriteOptions::default(), |writer| {
        for (kind, body, status) in objects {
            let (namespace, name) =
                (object::namespace(&body).to_owned(), object::name(&body).to_owned());
            if writer.draft.get(kind, &world::key(&namespace, &name)).is_some() {
                continue;
            }
            writer.create(kind, &namespace, body)?;
            if status.is_object() {
                writer.report_status(kind, &namespace, &name, status)?;
            }
        }
        // A new node is marked as not ready; this one is.
        let ready = json!({"spec": {"taints": null}});
        writer.patch(&kinds::NODES, "", NODE, PatchType::Merge, &ready)?;
        Ok(())
    })
}

fn node(now: &str) -> (Value, Value) {
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": status, "lastHeartbeatTime": now, "lastTransitionTime": now,
            "reason": reason, "message": message,
        })
    };
    let labels = json!({
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": NODE,
        "kubernetes.io/os": "linux",
        "microk8s.io/cluster": "true",
        "node.kubernetes.io/microk8s-controlplane": "microk8s-controlplane",
    });
    let object = json!({"metadata": {"name": NODE, "labels": labels}});
    let amounts = json!({
        "cpu": "2", "ephemeral-storage": "20145724Ki", "memory": "4015736Ki", "pods": "110",
    });
    let status = json!({
        "capacity": amounts,
        "allocatable": amounts,
        "conditions": [
            condition("MemoryPressure", "False", "KubeletHasSufficientMemory",
                "kubelet has sufficient memory available"),
            condition("DiskPressure", "False", "KubeletHasNoDiskPressure",
                "kubelet has no disk pressure"),
            condition("PIDPressure", "False", "KubeletHasSufficientPID",
                "kubelet has sufficient PID available"),
            condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
        ],
        "addresses": [
            {"type": "InternalIP", "address": NODE_ADDRESS},
            {"type": "Hostname", "address": NODE},
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "machineID": "", "systemUUID": "", "bootID": "",
            "kernelVersion": "6.8.0-90-generic",
            "osImage": "Ubuntu 24.04.3 LTS",
            "containerRuntimeVersion": "containerd://1.7.28",
            "kubeletVersion": "v1.37.2",
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": "amd64",
        },
    });
    (object, status)
}

/// A pod of the sample.
struct Pod {
    name: &'static str,
    /// Also its label `k8s-app`, its account, and the beginning of its name.
    app: &'static str,
    container: &'static str,
    image: &'static str,
    address: &'static str,
    /// Does it share the network of its node?
    host_network: bool,
}

const PODS: [Pod; 3] = [
    Pod {
        name: "calico-kube-controllers-5947598c79-4rfmk",
        app: "calico-kube-controllers",
        container: "calico-kube-controllers",
        image: "docker.io/calico/kube-controllers:v3.29.3",
        address: "10.1.254.65",
        host_network: false,
    },
    Pod {
        name: "calico-node-7xk8d",
        app: "calico-node",
        container: "calico-node",
        image: "docker.io/calico/node:v3.29.3",
        address: NODE_ADDRESS,
        host_network: true,
    },
    Pod {
        name: "coredns-79b94494c7-tkmwz",
        app: "coredns",
        container: "coredns",
        image: "docker.io/coredns/coredns:1.12.1",
        address: "10.1.254.66",
        host_network: false,
    },
];

impl Pod {
    /// The pod as its maker wrote it, and the status that its kubelet reported.
    fn running(&self, now: &str) -> (Value, Value) {
        let label = if self.app == "coredns" { "kube-dns" } else { self.app };
        let object = json!({
            "metadata": {
                "name": self.name,
                "namespace": "kube-system",
                "labels": {"k8s-app": label},
            },
            "spec": {
                "containers": [{"name": self.container, "image": self.image}],
                "serviceAccountName": self.app,
                "nodeName": NODE,
                "hostNetwork": self.host_network,
                "priorityClassName": "system-cluster-critical",
                "priority": 2_000_000_000,
            },
        });
        let condition = |kind: &str| {
            json!({
                "type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": now,
            })
        };
        let conditions = [
            "PodReadyToStartContainers",
            "Initialized",
            "Ready",
            "ContainersReady",
            "PodScheduled",
        ]
        .map(condition);
        let status = json!({
            "phase": "Running",
            "conditions": conditions,
            "hostIP": NODE_ADDRESS,
            "hostIPs": [{"ip": NODE_ADDRESS}],
            "podIP": self.address,
            "podIPs": [{"ip": self.address}],
            "startTime": now,
            "containerStatuses": [{
                "name": self.container,
                "state": {"running": {"startedAt": now}},
                "lastState": {},
                "ready": true,
                "restartCount": 0,
                "image": self.image,
                "imageID": "",
                "started": true,
            }],
            "qosClass": "BestEffort",
        });
        (object, status)
    }
}
