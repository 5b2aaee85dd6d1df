//! Three ways to say what should change in an object: a merge patch (RFC 7396), a JSON patch
//! (RFC 6902), and Kubernetes' own strategic merge patch, which knows what identifies the elements
//! of a list ([kubernetes.io][1]).
//!
//! [1]: https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/

use super::fields::Decoder;
use super::go;
use super::kinds::ResourceKind;
use super::shapes::{self, Merge, Shape, Struct};
use crate::authz::quote::quoted;
use crate::status::{Cause, Kind, Refusal};
use serde_json::{Map, Value, json};

/// How a patch is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchType {
    /// `application/merge-patch+json`, RFC 7396.
    Merge,
    /// `application/json-patch+json`, RFC 6902.
    Json,
    /// `application/strategic-merge-patch+json`: Kubernetes' own.
    StrategicMerge,
    /// `application/apply-patch+yaml`: the fields that somebody wants, see `apply.rs`.
    Apply,
}

impl PatchType {
    /// Who reads what came of it.
    pub(super) fn decoder(self) -> Decoder {
        match self {
            Self::StrategicMerge => Decoder::Converter,
            Self::Merge | Self::Json | Self::Apply => Decoder::Json,
        }
    }
}

/// What a JSON patch may copy, bytes: doubling is quick.
const COPY_LIMIT: usize = 3 << 20;

/// How deep a JSON patch may build: no object is that deep, a stack is deeper, and so is what the
/// reader of the store takes (128).
const MAX_DEPTH: usize = 100;

/// The object that a patch makes of another; it may be no valid object.
pub(super) fn apply(
    kind: &ResourceKind,
    object: &Value,
    patch_type: PatchType,
    patch: Value,
) -> Result<Value, Refusal> {
    let mut patched = object.clone();
    let found = go::json_type(&patch);
    match (patch_type, patch) {
        (PatchType::Merge, Value::Object(patch)) => merge(&mut patched, patch),
        (PatchType::Merge, Value::Null) => return Err(Refusal::bad_request("Invalid JSON Patch")),
        (PatchType::Merge, _) => {
            return Err(Refusal::bad_request(format!(
                "error decoding patch: json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
            )));
        }
        (PatchType::Json, Value::Array(operations)) => json_patch(&mut patched, &operations)?,
        (PatchType::Json | PatchType::StrategicMerge, Value::Null) => {}
        (PatchType::Json, _) => return Err(no_operation(found, "[]handlers.jsonPatchOp")),
        (PatchType::StrategicMerge | PatchType::Apply, Value::Object(patch)) => {
            if let Some(fields) = patched.as_object_mut() {
                strategic_merge(Some(shapes::of(kind)), fields, patch)
                    .map_err(|message| Refusal { code: 500, reason: "", message, details: None })?;
            }
        }
        (PatchType::StrategicMerge | PatchType::Apply, _) => {
            return Err(Refusal::bad_request(format!(
                "json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
            )));
        }
    }
    Ok(patched)
}

/// 422: what came of a patch is no object of its kind.
pub(super) fn invalid(patch_type: PatchType, patch: &Value, patched: &Value, why: &str) -> Refusal {
    let shown = match patch_type {
        PatchType::StrategicMerge => go::printed(patch),
        PatchType::Merge | PatchType::Json | PatchType::Apply => patched.to_string(),
    };
    let message = format!("Invalid value: {}: {why}", quoted(&shown));
    let cause = Cause { reason: "FieldValueInvalid", field: "patch".to_owned(), message };
    Refusal::invalid(Kind { group: "", resource: "" }, "", &[cause])
}

/// RFC 7396, section 2: null removes, objects are merged, everything else replaces.
fn merge(target: &mut Value, patch: Map<String, Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(fields) = target.as_object_mut() else { return };
    for (name, value) in patch {
        match value {
            Value::Null => {
                fields.shift_remove(&name);
            }
            Value::Object(inner) => merge(fields.entry(name).or_insert(Value::Null), inner),
            value => {
                fields.insert(name, value);
            }
        }
    }
}

fn no_operation(found: &str, go_type: &str) -> Refusal {
    Refusal::bad_request(format!(
        "error decoding patch: json: cannot unmarshal {found} into Go value of type {go_type}"
    ))
}

fn json_patch(document: &mut Value, operations: &[Value]) -> Result<(), Refusal> {
    if let Some(other) = operations.iter().find(|operation| !operation.is_object()) {
        return Err(no_operation(go::json_type(other), "handlers.jsonPatchOp"));
    }
    let mut copied = 0;
    for operation in operations {
        // The real server does not say which one failed either.
        operate(document, operation, &mut copied).ok_or_else(|| Refusal {
            code: 422,
            reason: "Invalid",
            message: "the server rejected our request due to an error in our request".to_owned(),
            details: Some(json!({})),
        })?;
    }
    Ok(())
}

/// RFC 6902, section 4; `None` if it cannot be done. As in the library that the real server uses,
/// `replace` sets a member that is not there, and `test` takes a missing member for null.
fn operate(document: &mut Value, operation: &Value, copied: &mut usize) -> Option<()> {
    let path = operation["path"].as_str()?;
    let value = operation["value"].clone();
    match operation["op"].as_str()? {
        "add" => add(document, path, value),
        "replace" => {
            not_too_deep(path, &value)?;
            let (parent, member) = parent(document, path)?;
            match parent {
                Value::Object(fields) => {
                    fields.insert(member, value);
                }
                Value::Array(list) => *list.get_mut(member.parse::<usize>().ok()?)? = value,
                _ => return None,
            }
            Some(())
        }
        "remove" => remove(document, path).map(drop),
        "test" => {
            let found = document.pointer(path).unwrap_or(&Value::Null);
            (*found == value).then_some(())
        }
        "move" => {
            let moved = remove(document, operation["from"].as_str()?)?;
            add(document, path, moved)
        }
        "copy" => {
            let copy = document.pointer(operation["from"].as_str()?)?.clone();
            *copied += copy.to_string().len();
            (*copied <= COPY_LIMIT).then_some(())?;
            add(document, path, copy)
        }
        _ => None,
    }
}

fn parent<'d>(document: &'d mut Value, path: &str) -> Option<(&'d mut Value, String)> {
    let (above, last) = path.rsplit_once('/')?;
    let last = last.replace("~1", "/").replace("~0", "~");
    Some((document.pointer_mut(above)?, last))
}

/// Operations are shallow, each for itself: what they build on one another need not be.
fn not_too_deep(path: &str, value: &Value) -> Option<()> {
    fn depth(value: &Value) -> usize {
        match value {
            Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
            Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
            _ => 0,
        }
    }
    (path.matches('/').count() + depth(value) <= MAX_DEPTH).then_some(())
}

fn add(document: &mut Value, path: &str, value: Value) -> Option<()> {
    not_too_deep(path, &value)?;
    let (parent, member) = parent(document, path)?;
    match parent {
        Value::Object(fields) => {
            fields.insert(member, value);
        }
        Value::Array(list) => {
            let at = if member == "-" { list.len() } else { member.parse().ok()? };
            (at <= list.len()).then(|| list.insert(at, value))?;
        }
        _ => return None,
    }
    Some(())
}

fn remove(document: &mut Value, path: &str) -> Option<Value> {
    let (parent, member) = parent(document, path)?;
    match parent {
        Value::Object(fields) => fields.shift_remove(&member),
        Value::Array(list) => {
            let at = member.parse().ok()?;
            (at < list.len()).then(|| list.remove(at))
        }
        _ => None,
    }
}

/// Merges along the shape of the kind; below what the lab knows of it, as a merge patch would.
/// Members that begin with `$` are directives.
fn strategic_merge(
    shape: Option<&'static Struct>,
    target: &mut Map<String, Value>,
    mut patch: Map<String, Value>,
) -> Result<(), String> {
    match patch.shift_remove("$patch").as_ref().map(Value::as_str) {
        None | Some(Some("merge")) => {}
        Some(Some("replace")) => {
            *target = patch;
            return Ok(());
        }
        Some(Some("delete")) => {
            target.clear();
            return Ok(());
        }
        Some(other) => {
            let other = other.unwrap_or_default();
            return Err(format!("unknown patch type: {other} in map: map[$patch:{other}]"));
        }
    }
    for (name, value) in patch {
        if let Some(list) = name.strip_prefix("$deleteFromPrimitiveList/") {
            if let Some(values) = target.get_mut(list).and_then(Value::as_array_mut) {
                values.retain(|kept| !value.as_array().is_some_and(|gone| gone.contains(kept)));
            }
            continue;
        }
        if name.starts_with("$setElementOrder/") || name == "$retainKeys" {
            continue; // the lab keeps its own order
        }
        let shape = shape.and_then(|shape| shape.field(&name));
        match (shape, value) {
            (_, Value::Null) => {
                target.shift_remove(&name);
            }
            (Some(Shape::List(_, _, Merge::Replace)), value) => {
                target.insert(name, value);
            }
            (Some(Shape::List(inner, _, how)), Value::Array(patch)) => {
                let list = target.entry(name).or_insert_with(|| json!([]));
                let old = list.as_array_mut().map(std::mem::take).unwrap_or_default();
                *list = merge_list(*inner, how, old, patch)?.into();
            }
            (shape, Value::Object(patch)) => {
                let inner = target.entry(name).or_insert_with(|| json!({}));
                if !inner.is_object() {
                    *inner = json!({});
                }
                let shape = match shape {
                    Some(Shape::Struct(shape)) => Some(shape),
                    _ => None,
                };
                if let Some(fields) = inner.as_object_mut() {
                    strategic_merge(shape, fields, patch)?;
                }
            }
            (_, value) => {
                target.insert(name, value);
            }
        }
    }
    Ok(())
}

/// What the patch names comes first, in its order; what it does not name stays, after that.
fn merge_list(
    inner: Shape,
    how: Merge,
    mut old: Vec<Value>,
    mut patch: Vec<Value>,
) -> Result<Vec<Value>, String> {
    let Merge::By(key) = how else {
        old.retain(|value| !patch.contains(value));
        patch.append(&mut old);
        return Ok(patch);
    };
    let directive = |element: &Value| element["$patch"].as_str().map(str::to_owned);
    if patch.iter().any(|element| directive(element).as_deref() == Some("replace")) {
        patch.retain(|element| directive(element).is_none());
        return Ok(patch);
    }
    let mut merged = Vec::new();
    for element in patch {
        let Some(name) = element.get(key).cloned() else {
            return Err(format!("map: {element} does not contain declared merge key: {key}"));
        };
        let at = old.iter().position(|old| old[key] == name);
        let existing = at.map(|at| old.remove(at));
        if directive(&element).as_deref() == Some("delete") {
            continue;
        }
        let mut fields = match existing {
            Some(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        let Value::Object(changes) = element else { continue };
        let shape = match inner {
            Shape::Struct(shape) => Some(shape),
            _ => None,
        };
        strategic_merge(shape, &mut fields, changes)?;
        merged.push(Value::Object(fields));
    }
    merged.append(&mut old);
    Ok(merged)
}
