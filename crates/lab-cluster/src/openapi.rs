//! `/openapi/v3`: what fields each kind has, as a document ([kubernetes.io][1]). kubectl reads it
//! before it applies a file, to see whether the server looks for unknown fields itself, and for
//! `kubectl explain`.
//!
//! It is generated from what the lab serves ([`kinds::ALL`] and the fields that the registry
//! reads), in the form and under the names of the real server.
//!
//! [1]: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3

use crate::registry::kinds::{self, ResourceKind};
use crate::registry::schema;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// What is at `/openapi/v2`. Clients ask for it with an `@` before the `v1.0`, which no media type
/// may have.
pub const V2_MEDIA_TYPE: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// All that kubectl 1.27 needs of `/openapi/v2` before it applies a file: that it is there. A
/// `swagger` of `2.0`, and an `info` with title and version, as Protocol Buffers; it knows the
/// kinds itself.
pub const V2: &str = "\n\u{3}2.0\u{12}\u{12}\n\nKubernetes\u{12}\u{4}1.37";

/// Where the index is.
const INDEX: &str = "/openapi/v3";

/// What is at a path below `/openapi`: the index, or a group's document.
#[must_use]
pub fn page(path: &str) -> Option<Value> {
    let below = path.strip_prefix(INDEX)?;
    if below.is_empty() {
        return Some(index());
    }
    let wanted = below.strip_prefix('/')?;
    groups().into_iter().find(|group| path_of(group) == wanted).map(document)
}

/// Groups that have objects, the core group first.
fn groups() -> BTreeSet<&'static str> {
    kinds::ALL.iter().map(|kind| kind.group).collect()
}

/// `api/v1`, `apis/GROUP/v1`.
fn path_of(group: &str) -> String {
    if group.is_empty() { "api/v1".to_owned() } else { format!("apis/{group}/v1") }
}

/// Which documents there are. A client may keep one for as long as its hash stays the same.
fn index() -> Value {
    let paths = groups().into_iter().map(|group| {
        let path = path_of(group);
        let digest = Sha256::digest(document(group).to_string());
        let hash = digest.iter().fold(String::new(), |hash, byte| format!("{hash}{byte:02X}"));
        let link = json!({"serverRelativeURL": format!("{INDEX}/{path}?hash={hash}")});
        (path, link)
    });
    json!({"paths": paths.collect::<Map<_, _>>()})
}

/// The document of a group: its paths, with the parameters that kubectl looks for, and its kinds.
fn document(group: &'static str) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for kind in kinds::ALL.into_iter().filter(|kind| kind.group == group) {
        let scope = if kind.namespaced { "/namespaces/{namespace}" } else { "" };
        let collection = format!("/{}{scope}/{}", path_of(group), kind.plural);
        let one = ["get", "put", "patch", "delete"].map(|verb| (verb, operation(kind, verb)));
        let all = ["get", "post"].map(|verb| (verb, operation(kind, verb)));
        let named = |operations: &[(&str, Value)]| {
            let named = operations.iter().map(|(verb, value)| ((*verb).to_owned(), value.clone()));
            Value::from(named.collect::<Map<_, _>>())
        };
        paths.insert(format!("{collection}/{{name}}"), named(&one));
        paths.insert(collection, named(&all));
        schema::add(kind, &mut schemas);
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "1.37"},
        "paths": paths,
        "components": {"schemas": schemas},
    })
}

fn operation(kind: &ResourceKind, verb: &str) -> Value {
    let action = match verb {
        "post" => "post",
        "put" => "put",
        "patch" => "patch",
        "delete" => "delete",
        _ => "get",
    };
    let names: &[&str] = match verb {
        "get" => &[],
        "delete" => &["dryRun", "gracePeriodSeconds", "propagationPolicy"],
        _ => &["dryRun", "fieldManager", "fieldValidation"],
    };
    let parameters = names.iter().map(|name| {
        let kind = if *name == "gracePeriodSeconds" { "integer" } else { "string" };
        json!({"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": true}})
    });
    json!({
        "parameters": parameters.collect::<Value>(),
        "responses": {"200": {"description": "OK", "content": {"application/json": {
            "schema": {"$ref": schema::reference(kind)},
        }}}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {
            "group": kind.group, "kind": kind.kind, "version": kind.version,
        },
    })
}
