//! A node: as much of it as a lab without kubelets needs.

use super::Strategy;
use crate::registry::object;
use serde_json::{Value, json};

/// Put on every new node until its kubelet reports, by the `TaintNodesByCondition` plug-in.
const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// What kubelets report. All of it is written, empty or not.
const SYSTEM_INFO: [&str; 10] = [
    "machineID",
    "systemUUID",
    "bootID",
    "kernelVersion",
    "osImage",
    "containerRuntimeVersion",
    "kubeletVersion",
    "kubeProxyVersion",
    "operatingSystem",
    "architecture",
];

pub(super) struct Nodes;

impl Strategy for Nodes {
    fn default(&self, node: &mut Value) {
        if !node["spec"].is_object() {
            node["spec"] = json!({});
        }
        if let Some(range) = node["spec"]["podCIDR"].as_str().map(str::to_owned)
            && object::elements(&node["spec"]["podCIDRs"]).is_empty()
        {
            let spec = object::map_mut(node, "spec");
            spec.shift_insert(1, "podCIDRs".to_owned(), json!([range]));
        }
        let reported = node["status"]["nodeInfo"].take();
        let info: Value = SYSTEM_INFO
            .iter()
            .map(|field| {
                ((*field).to_owned(), Value::from(reported[*field].as_str().unwrap_or_default()))
            })
            .collect();
        let endpoints = match node["status"]["daemonEndpoints"].take() {
            endpoints @ Value::Object(_) => endpoints,
            _ => json!({"kubeletEndpoint": {"Port": 0}}),
        };
        let status = object::map_mut(node, "status");
        let order = ["capacity", "allocatable", "phase", "conditions", "addresses"];
        let order = order.into_iter().chain(["daemonEndpoints", "nodeInfo", "images"]);
        object::set(
            status,
            order,
            [("daemonEndpoints", Some(endpoints)), ("nodeInfo", Some(info))],
        );
    }

    fn before_create(&self, node: &mut Value) {
        let mut taints = object::elements(&node["spec"]["taints"]).to_vec();
        if !taints.iter().any(|taint| taint["key"] == NOT_READY) {
            taints.push(json!({"key": NOT_READY, "effect": "NoSchedule"}));
        }
        node["spec"]["taints"] = taints.into();
    }

    /// The status is its kubelet's to write, through a path of its own.
    fn before_update(&self, node: &mut Value, old: &Value) {
        node["status"] = old["status"].clone();
    }
}
