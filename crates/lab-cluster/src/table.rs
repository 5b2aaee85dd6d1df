//! What `kubectl get` prints: it asks for a `Table`, and the server decides which columns there are
//! and what stands in each cell, ages included ([kubernetes.io][1], [`printers.go`][2]). kubectl only
//! aligns them; columns with a priority it keeps for `-o wide`.
//!
//! Here too: the other half of an object that clients ask for, its metadata alone.
//!
//! [1]: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
//! [2]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/printers/internalversion/printers.go

mod columns;

use crate::registry::kinds::ResourceKind;
use crate::registry::{List, object};
use crate::status::Refusal;
use chrono::{DateTime, Utc};
use expiry::go::quote;
use serde_json::{Value, json};

/// What of each object comes along with its cells: `?includeObject=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Include {
    /// Nothing.
    None,
    /// Its metadata.
    Metadata,
    /// All of it.
    Object,
}

impl Include {
    /// Reads the query's word.
    ///
    /// # Errors
    /// 400 for a word that there is not.
    pub fn read(word: Option<&str>) -> Result<Self, Refusal> {
        match word.unwrap_or_default() {
            "None" => Ok(Self::None),
            "Object" => Ok(Self::Object),
            "Metadata" | "" => Ok(Self::Metadata),
            other => Err(Refusal::bad_request(format!(
                "Unable to convert to Table as requested: includeObject: Invalid value: {}: must \
                 be 'Metadata', 'Object', 'None', or empty",
                quote(other)
            ))),
        }
    }
}

/// A table of one object.
#[must_use]
pub fn of_object(kind: &ResourceKind, object: &Value, now: DateTime<Utc>, what: Include) -> Value {
    let metadata = json!({"resourceVersion": object::resource_version(object)});
    table(&metadata, &columns::of(kind), &[row(kind, object, now, what)])
}

/// A table of what follows another one in a watch: its columns are known.
#[must_use]
pub fn going_on(kind: &ResourceKind, object: &Value, now: DateTime<Utc>, what: Include) -> Value {
    let metadata = json!({"resourceVersion": object::resource_version(object)});
    table(&metadata, &Value::Null, &[row(kind, object, now, what)])
}

/// A table of a list.
#[must_use]
pub fn of_list(list: &List, now: DateTime<Utc>, what: Include) -> Value {
    let rows: Vec<_> = list.items.iter().map(|item| row(list.kind, item, now, what)).collect();
    table(&list.metadata(), &columns::of(list.kind), &rows)
}

/// An object's metadata, and nothing else of it.
#[must_use]
pub fn metadata_of(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": object["metadata"],
    })
}

/// The metadata of all objects of a list.
#[must_use]
pub fn metadata_of_all(list: &List) -> Value {
    let items: Vec<_> = list.items.iter().map(|item| metadata_of(item)).collect();
    json!({
        "kind": "PartialObjectMetadataList",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": list.metadata(),
        // Nothing to go through, and so nobody makes a list: the real server says null here.
        "items": if items.is_empty() { Value::Null } else { items.into() },
    })
}

fn table(metadata: &Value, columns: &Value, rows: &[Value]) -> Value {
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": columns,
        "rows": rows,
    })
}

fn row(kind: &ResourceKind, object: &Value, now: DateTime<Utc>, what: Include) -> Value {
    let cells = cells(kind, object, now);
    match what {
        Include::None => json!({"cells": cells, "object": null}),
        Include::Metadata => json!({"cells": cells, "object": metadata_of(object)}),
        Include::Object => json!({"cells": cells, "object": object}),
    }
}

fn cells(kind: &ResourceKind, object: &Value, now: DateTime<Utc>) -> Vec<Value> {
    let name = Value::from(object::name(object));
    let age = Value::from(age(&object["metadata"]["creationTimestamp"], now));
    let size = |field: &str| object[field].as_object().map_or(0, serde_json::Map::len);
    match kind.kind {
        "Namespace" => vec![name, object["status"]["phase"].clone(), age],
        "Secret" => vec![name, object["type"].clone(), size("data").into(), age],
        "ConfigMap" => vec![name, (size("data") + size("binaryData")).into(), age],
        "Pod" => pod(name, age, object, now),
        "Node" => node(name, age, object),
        "Role" | "ClusterRole" => vec![name, object["metadata"]["creationTimestamp"].clone()],
        "RoleBinding" | "ClusterRoleBinding" => {
            let role = &object["roleRef"];
            let role = format!("{}/{}", text(&role["kind"]), text(&role["name"]));
            let subjects = |kind: &str| {
                let all = elements(&object["subjects"]).filter(|subject| subject["kind"] == kind);
                let names = all.map(|subject| match kind {
                    "ServiceAccount" => {
                        format!("{}/{}", text(&subject["namespace"]), text(&subject["name"]))
                    }
                    _ => text(&subject["name"]).to_owned(),
                });
                Value::from(names.collect::<Vec<_>>().join(", "))
            };
            let [users, groups, accounts] = ["User", "Group", "ServiceAccount"].map(subjects);
            vec![name, role.into(), age, users, groups, accounts]
        }
        _ => vec![name, age],
    }
}

fn pod(name: Value, age: Value, pod: &Value, now: DateTime<Utc>) -> Vec<Value> {
    let status = &pod["status"];
    let containers: Vec<_> = elements(&status["containerStatuses"]).collect();
    let running = |container: &&&Value| {
        container["ready"] == true && container["state"]["running"].is_object()
    };
    let ready = containers.iter().filter(running).count();
    let all = elements(&pod["spec"]["containers"]).count();

    let mut reason = text(&status["reason"]);
    if reason.is_empty() {
        reason = text(&status["phase"]);
    }
    // The last container that waits or has ended says more than the phase.
    for container in containers.iter().rev() {
        for state in ["waiting", "terminated"] {
            let why = text(&container["state"][state]["reason"]);
            reason = if why.is_empty() { reason } else { why };
        }
    }
    if object::deletion_timestamp(pod).is_some() {
        reason = "Terminating";
    }

    let restarts: i64 =
        containers.iter().map(|container| container["restartCount"].as_i64().unwrap_or(0)).sum();
    let ended = containers.iter().map(|one| &one["lastState"]["terminated"]["finishedAt"]);
    let last = ended.filter(|date| date.is_string()).max_by_key(|date| text(date));
    let restarts = match last {
        Some(date) if restarts > 0 => format!("{restarts} ({} ago)", self::age(date, now)),
        _ => restarts.to_string(),
    };

    let address = elements(&status["podIPs"]).next().map_or("", |first| text(&first["ip"]));
    let gates: Vec<_> = elements(&pod["spec"]["readinessGates"]).collect();
    let open = gates.iter().filter(|gate| {
        elements(&status["conditions"]).any(|condition| {
            condition["type"] == gate["conditionType"] && condition["status"] == "True"
        })
    });
    let gates = match gates.len() {
        0 => "<none>".to_owned(),
        all => format!("{}/{all}", open.count()),
    };
    vec![
        name,
        format!("{ready}/{all}").into(),
        reason.into(),
        restarts.into(),
        age,
        or_none(address),
        or_none(text(&pod["spec"]["nodeName"])),
        or_none(text(&status["nominatedNodeName"])),
        gates.into(),
    ]
}

fn node(name: Value, age: Value, node: &Value) -> Vec<Value> {
    let status = &node["status"];
    let mut state = match elements(&status["conditions"]).find(|one| one["type"] == "Ready") {
        Some(ready) if ready["status"] == "True" => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if node["spec"]["unschedulable"] == true {
        state.push_str(",SchedulingDisabled");
    }
    let labels = node["metadata"]["labels"].as_object().into_iter().flatten();
    let mut roles: Vec<&str> = labels
        .filter_map(|(label, value)| match label.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role),
            None if label == "kubernetes.io/role" => Some(text(value)),
            None => None,
        })
        .filter(|role| !role.is_empty())
        .collect();
    roles.sort_unstable();
    let address = |kind: &str| {
        let found = elements(&status["addresses"]).find(|address| address["type"] == kind);
        or_none(found.map_or("", |address| text(&address["address"])))
    };
    let known = |field: &str| match text(&status["nodeInfo"][field]) {
        "" => Value::from("<unknown>"),
        text => text.into(),
    };
    let mut kernel = text(&known("kernelVersion")).to_owned();
    let architecture = text(&status["nodeInfo"]["architecture"]);
    if !architecture.is_empty() {
        kernel = format!("{kernel} ({architecture})");
    }
    vec![
        name,
        state.into(),
        or_none(&roles.join(",")),
        age,
        text(&status["nodeInfo"]["kubeletVersion"]).into(),
        address("InternalIP"),
        address("ExternalIP"),
        known("osImage"),
        kernel.into(),
        known("containerRuntimeVersion"),
    ]
}

fn elements(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn or_none(text: &str) -> Value {
    if text.is_empty() { "<none>".into() } else { text.into() }
}

/// How long ago a date was.
fn age(date: &Value, now: DateTime<Utc>) -> String {
    match DateTime::parse_from_rfc3339(text(date)) {
        Ok(date) => human_duration(now.signed_duration_since(date).num_seconds()),
        Err(_) => "<unknown>".to_owned(),
    }
}

/// At most two units, and fewer the longer it is: 119s, 9m5s, 179m, 7h59m, 47h, 7d23h, 729d, 7y364d
/// ([`duration.go`][1]).
///
/// [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apimachinery/pkg/util/duration/duration.go
fn human_duration(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    let two =
        |(large, name): (i64, &str), (small, smaller): (i64, &str)| match seconds % large / small {
            0 => format!("{}{name}", seconds / large),
            rest => format!("{}{name}{rest}{smaller}", seconds / large),
        };
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        _ if seconds < 2 * MINUTE => format!("{seconds}s"),
        _ if seconds < 10 * MINUTE => two((MINUTE, "m"), (1, "s")),
        _ if seconds < 3 * HOUR => format!("{}m", seconds / MINUTE),
        _ if seconds < 8 * HOUR => two((HOUR, "h"), (MINUTE, "m")),
        _ if seconds < 2 * DAY => format!("{}h", seconds / HOUR),
        _ if seconds < 8 * DAY => two((DAY, "d"), (HOUR, "h")),
        _ if seconds < 2 * YEAR => format!("{}d", seconds / DAY),
        _ if seconds < 8 * YEAR => two((YEAR, "y"), (DAY, "d")),
        _ => format!("{}y", seconds / YEAR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        for (seconds, shown) in [
            (-2, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (599, "9m59s"),
            (600, "10m"),
            (10_799, "179m"),
            (10_800, "3h"),
            (28_799, "7h59m"),
            (28_800, "8h"),
            (172_799, "47h"),
            (172_800, "2d"),
            (691_199, "7d23h"),
            (691_200, "8d"),
            (63_071_999, "729d"),
            (63_072_000, "2y"),
            (63_158_400, "2y1d"),
            (252_288_000, "8y"),
        ] {
            assert_eq!(human_duration(seconds), shown, "{seconds}");
        }
    }
}
