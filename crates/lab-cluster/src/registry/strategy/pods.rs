//! A pod: as much of it as tokens touch. What a kubelet would do with it, the lab does not.

use super::Strategy;
use crate::registry::problems::Problems;
use crate::registry::shapes::{CONTAINER_FIELDS, POD_SPEC_FIELDS};
use crate::registry::{names, object};
use serde_json::{Map, Value, json};

/// How long a pod may take to end, in seconds, when it does not say.
pub(in crate::registry) const GRACE_PERIOD_SECONDS: i64 = 30;

pub(super) struct Pods;

impl Strategy for Pods {
    fn default(&self, pod: &mut Value) {
        let spec = object::map_mut(pod, "spec");
        // One account under two names: `serviceAccount` is what it was called at first.
        let account = ["serviceAccountName", "serviceAccount"]
            .into_iter()
            .find_map(|field| spec.get(field).filter(|name| !name.is_null()).cloned());
        let defaults = [
            ("restartPolicy", json!("Always")),
            ("terminationGracePeriodSeconds", json!(GRACE_PERIOD_SECONDS)),
            ("dnsPolicy", json!("ClusterFirst")),
            ("securityContext", json!({})),
            ("schedulerName", json!("default-scheduler")),
            ("enableServiceLinks", json!(true)),
        ];
        let mut changes: Vec<(&str, Option<Value>)> = defaults
            .into_iter()
            .filter(|(field, _)| !spec.contains_key(*field))
            .map(|(field, value)| (field, Some(value)))
            .collect();
        changes.push(("serviceAccountName", account.clone()));
        changes.push(("serviceAccount", account));
        set_spec(pod, changes);
        for list in ["initContainers", "containers"] {
            let containers = pod["spec"].get_mut(list).and_then(Value::as_array_mut);
            containers.into_iter().flatten().for_each(default_container);
        }
        let volumes = pod["spec"].get_mut("volumes").and_then(Value::as_array_mut);
        volumes.into_iter().flatten().for_each(default_volume);
    }

    fn before_create(&self, pod: &mut Value) {
        super::metadata::set(pod, [("generation", Some(1.into()))]);
        let quality = quality_of_service(pod);
        pod["status"] = json!({"phase": "Pending", "qosClass": quality});
        add_priority_and_tolerations(pod);
    }

    /// The status is its kubelet's to write, through a path of its own.
    fn before_update(&self, pod: &mut Value, old: &Value) {
        pod["status"] = old["status"].clone();
        add_priority_and_tolerations(pod);
        if pod["spec"] != old["spec"] {
            let generation =
                old["metadata"]["generation"].as_i64().unwrap_or_default().saturating_add(1);
            super::metadata::set(pod, [("generation", Some(generation.into()))]);
        }
    }

    fn validate(&self, pod: &Value, old: Option<&Value>, problems: &mut Problems) {
        match old {
            None => validate_spec(&pod["spec"], problems),
            Some(old) => validate_change(&pod["spec"], &old["spec"], problems),
        }
    }
}

/// Sets fields of a pod's spec, in the order of the real server's fields.
pub(in crate::registry) fn set_spec<'f>(
    pod: &mut Value,
    changes: impl IntoIterator<Item = (&'f str, Option<Value>)>,
) {
    let order = POD_SPEC_FIELDS.iter().map(|(name, _)| *name);
    object::set(object::map_mut(pod, "spec"), order, changes);
}

/// Sets fields of a container, in the order of the real server's fields.
pub(in crate::registry) fn set_container<'f>(
    container: &mut Value,
    changes: impl IntoIterator<Item = (&'f str, Option<Value>)>,
) {
    let Some(fields) = container.as_object_mut() else { return };
    object::set(fields, CONTAINER_FIELDS.iter().map(|(name, _)| *name), changes);
}

/// What the admission plug-ins `Priority` and `DefaultTolerationSeconds` add.
fn add_priority_and_tolerations(pod: &mut Value) {
    let mut tolerations = object::elements(&pod["spec"]["tolerations"]).to_vec();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerates = |toleration: &Value| {
            (toleration["key"] == key || toleration["key"].is_null())
                && (toleration["effect"] == "NoExecute" || toleration["effect"].is_null())
        };
        if !tolerations.iter().any(tolerates) {
            tolerations.push(json!({
                "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300,
            }));
        }
    }
    let or = |field: &str, value: Value| Some(pod["spec"].get(field).cloned().unwrap_or(value));
    let changes = [
        ("tolerations", Some(tolerations.into())),
        ("priority", or("priority", 0.into())),
        ("preemptionPolicy", or("preemptionPolicy", "PreemptLowerPriority".into())),
    ];
    set_spec(pod, changes);
}

fn default_container(container: &mut Value) {
    let Some(fields) = container.as_object() else { return };
    let image = fields.get("image").and_then(Value::as_str).unwrap_or_default();
    let name_and_tag = image.rsplit('/').next().unwrap_or_default();
    let latest =
        !image.contains('@') && name_and_tag.split_once(':').is_none_or(|(_, tag)| tag == "latest");
    let defaults = [
        ("resources", json!({})),
        ("terminationMessagePath", json!("/dev/termination-log")),
        ("terminationMessagePolicy", json!("File")),
        ("imagePullPolicy", json!(if latest { "Always" } else { "IfNotPresent" })),
    ];
    let changes: Vec<_> = defaults
        .into_iter()
        .filter(|(field, _)| !fields.contains_key(*field))
        .map(|(field, value)| (field, Some(value)))
        .collect();
    set_container(container, changes);
    let ports = container.get_mut("ports").and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
        port.entry("protocol").or_insert_with(|| "TCP".into());
    }
}

/// Files are 0644, and a projected token lives an hour.
fn default_volume(volume: &mut Value) {
    for source in ["secret", "configMap", "projected", "downwardAPI"] {
        if let Some(source) = volume.get_mut(source).and_then(Value::as_object_mut) {
            source.entry("defaultMode").or_insert_with(|| 0o644.into());
        }
    }
    let sources = volume.pointer_mut("/projected/sources").and_then(Value::as_array_mut);
    for token in sources.into_iter().flatten().filter_map(|s| s.get_mut("serviceAccountToken")) {
        let Some(token) = token.as_object_mut() else { continue };
        if !token.contains_key("expirationSeconds") {
            token.shift_insert(0, "expirationSeconds".to_owned(), 3600.into());
        }
    }
}

/// Which pods are killed first when a node runs out of memory.
fn quality_of_service(pod: &Value) -> &'static str {
    let containers = object::elements(&pod["spec"]["containers"]);
    let asks = |of: &str| {
        containers.iter().any(|container| {
            container["resources"][of].as_object().is_some_and(|amounts| !amounts.is_empty())
        })
    };
    let is_limited = |container: &Value| {
        let resources = &container["resources"];
        ["cpu", "memory"].iter().all(|what| {
            let limit = &resources["limits"][*what];
            let request = &resources["requests"][*what];
            !limit.is_null() && (request.is_null() || request == limit)
        })
    };
    if !asks("limits") && !asks("requests") {
        "BestEffort"
    } else if containers.iter().all(is_limited) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

fn validate_spec(spec: &Value, problems: &mut Problems) {
    let containers = object::elements(&spec["containers"]);
    if containers.is_empty() {
        problems.required("spec.containers", "");
    }
    let volumes: Vec<&str> = object::elements(&spec["volumes"])
        .iter()
        .filter_map(|volume| volume["name"].as_str())
        .collect();
    let mut taken: Vec<&str> = Vec::new();
    for list in ["containers", "initContainers"] {
        for (at, container) in object::elements(&spec[list]).iter().enumerate() {
            let path = format!("spec.{list}[{at}]");
            validate_container(container, &path, &volumes, &mut taken, problems);
        }
    }
    let text = |field: &str| spec[field].as_str().unwrap_or_default();
    let policies = ["Always", "OnFailure", "Never"];
    if !policies.contains(&text("restartPolicy")) {
        problems.not_supported("spec.restartPolicy", text("restartPolicy"), &policies);
    }
    for field in ["serviceAccountName", "nodeName"] {
        if !text(field).is_empty() {
            let reasons = names::subdomain(text(field), false);
            problems.each(&format!("spec.{field}"), text(field), reasons);
        }
    }
    if text("serviceAccountName").is_empty() {
        forbid_tokens(spec, problems);
    }
}

fn validate_container<'c>(
    container: &'c Value,
    path: &str,
    volumes: &[&str],
    taken: &mut Vec<&'c str>,
    problems: &mut Problems,
) {
    let text = |field: &str| container[field].as_str().unwrap_or_default();
    let name = container["name"].as_str().unwrap_or_default();
    match name {
        "" => problems.required(format!("{path}.name"), ""),
        name => problems.each(&format!("{path}.name"), name, names::label(name, false)),
    }
    match text("image") {
        "" => problems.required(format!("{path}.image"), ""),
        image if image != image.trim() => {
            let why = "must not have leading or trailing whitespace";
            problems.invalid(format!("{path}.image"), &image.into(), why);
        }
        _ => {}
    }
    for (at, mount) in object::elements(&container["volumeMounts"]).iter().enumerate() {
        let volume = mount["name"].as_str().unwrap_or_default();
        if !volumes.contains(&volume) {
            problems.not_found(format!("{path}.volumeMounts[{at}].name"), volume);
        }
    }
    let policies = ["Always", "IfNotPresent", "Never"];
    if !policies.contains(&text("imagePullPolicy")) {
        let field = format!("{path}.imagePullPolicy");
        problems.not_supported(field, text("imagePullPolicy"), &policies);
    }
    if !name.is_empty() && taken.contains(&name) {
        problems.duplicate(format!("{path}.name"), name);
    }
    taken.push(name);
}

/// Without an account there is no one for whom to project a token.
fn forbid_tokens(spec: &Value, problems: &mut Problems) {
    for (volume_at, volume) in object::elements(&spec["volumes"]).iter().enumerate() {
        for (at, source) in object::elements(&volume["projected"]["sources"]).iter().enumerate() {
            if source.get("serviceAccountToken").is_some() {
                problems.forbidden(
                    format!(
                        "spec.volumes[{volume_at}].projected.sources[{at}].serviceAccountToken"
                    ),
                    "must not be specified when serviceAccountName is not set",
                );
            }
        }
    }
}

/// A pod runs as it was made: only its images and its time to live may change.
fn validate_change(new: &Value, old: &Value, problems: &mut Problems) {
    const WHY: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
    let fixed = |spec: &Value| {
        let mut spec = spec.as_object().cloned().unwrap_or_else(Map::new);
        spec.remove("activeDeadlineSeconds");
        spec.remove("tolerations");
        for list in ["containers", "initContainers"] {
            for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten()
            {
                container.as_object_mut().map(|fields| fields.remove("image"));
            }
        }
        spec
    };
    if fixed(new) != fixed(old) {
        problems.forbidden("spec", WHY);
    }
}
