//! Three ways to say what should change in an object: a merge patch (RFC 7396), a JSON patch
//! (RFC 6902), and Kubernetes' own strategic merge patch, which knows what identifies the elements
//! of a list ([kubernetes.io][1]).
//!
//! [1]: https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/

mod strategic;

use super::fields::Decoder;
use super::go;
use super::kinds::ResourceKind;
use super::shapes;
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

/// How many operations a JSON patch may have, as on the real server.
const MAX_OPERATIONS: usize = 10_000;

/// How many values a JSON patch may look at or move aside, of lists: that takes a second or so.
const EFFORT_LIMIT: usize = 30_000_000;

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
                strategic::merge(Some(shapes::of(kind)), fields, patch)
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
fn merge(target: &mut Value, mut patch: Map<String, Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(fields) = target.as_object_mut() else { return };
    remove_nulls(fields, &mut patch);
    for (name, value) in patch {
        match value {
            Value::Object(inner) => merge(fields.entry(name).or_insert(Value::Null), inner),
            value => {
                fields.insert(name, value);
            }
        }
    }
}

/// Removes the fields that a patch gives as null, all at once: one at a time, each would move all
/// that come after it.
fn remove_nulls(fields: &mut Map<String, Value>, patch: &mut Map<String, Value>) {
    if patch.values().any(Value::is_null) {
        fields.retain(|name, _| !patch.get(name).is_some_and(Value::is_null));
        patch.retain(|_, value| !value.is_null());
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
    if operations.len() > MAX_OPERATIONS {
        return Err(Refusal::too_large(&format!(
            "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            operations.len()
        )));
    }
    let mut effort = Effort::default();
    for operation in operations {
        // The real server does not say which one failed either.
        operate(document, operation, &mut effort).ok_or_else(|| Refusal {
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
fn operate(document: &mut Value, operation: &Value, effort: &mut Effort) -> Option<()> {
    let path = operation["path"].as_str()?;
    let value = operation["value"].clone();
    match operation["op"].as_str()? {
        "add" => add(document, path, value, effort),
        "replace" => {
            effort.not_too_deep(path, &value)?;
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
        "remove" => remove(document, path, effort).map(drop),
        "test" => {
            let found = document.pointer(path).unwrap_or(&Value::Null);
            (*found == value).then_some(())
        }
        "move" => {
            let moved = remove(document, operation["from"].as_str()?, effort)?;
            add(document, path, moved, effort)
        }
        "copy" => {
            let copy = document.pointer(operation["from"].as_str()?)?.clone();
            effort.copies(copy.to_string().len())?;
            add(document, path, copy, effort)
        }
        _ => None,
    }
}

fn parent<'d>(document: &'d mut Value, path: &str) -> Option<(&'d mut Value, String)> {
    let (above, last) = path.rsplit_once('/')?;
    let last = last.replace("~1", "/").replace("~0", "~");
    Some((document.pointer_mut(above)?, last))
}

/// What the operations of one patch have done so far.
#[derive(Default)]
struct Effort {
    bytes_copied: usize,
    values_touched: usize,
}

impl Effort {
    fn copies(&mut self, bytes: usize) -> Option<()> {
        self.bytes_copied += bytes;
        (self.bytes_copied <= COPY_LIMIT).then_some(())
    }

    fn touches(&mut self, values: usize) -> Option<()> {
        self.values_touched += values;
        (self.values_touched <= EFFORT_LIMIT).then_some(())
    }

    /// Operations are shallow, each for itself: what they build on one another need not be.
    fn not_too_deep(&mut self, path: &str, value: &Value) -> Option<()> {
        let mut touched = 0;
        let deep = path.matches('/').count() + depth(value, &mut touched);
        self.touches(touched)?;
        (deep <= MAX_DEPTH).then_some(())
    }
}

/// How deep it goes, and how many values are in it.
fn depth(value: &Value, count: &mut usize) -> usize {
    *count += 1;
    match value {
        Value::Object(fields) => {
            1 + fields.values().map(|value| depth(value, count)).max().unwrap_or(0)
        }
        Value::Array(list) => 1 + list.iter().map(|value| depth(value, count)).max().unwrap_or(0),
        _ => 0,
    }
}

fn add(document: &mut Value, path: &str, value: Value, effort: &mut Effort) -> Option<()> {
    effort.not_too_deep(path, &value)?;
    let (parent, member) = parent(document, path)?;
    match parent {
        Value::Object(fields) => {
            fields.insert(member, value);
        }
        Value::Array(list) => {
            let at = if member == "-" { list.len() } else { member.parse().ok()? };
            effort.touches(list.len().checked_sub(at)?)?;
            list.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(document: &mut Value, path: &str, effort: &mut Effort) -> Option<Value> {
    let (parent, member) = parent(document, path)?;
    match parent {
        Value::Object(fields) => {
            effort.touches(fields.len())?;
            fields.shift_remove(&member)
        }
        Value::Array(list) => {
            let at: usize = member.parse().ok()?;
            effort.touches(list.len().checked_sub(at)?)?;
            (at < list.len()).then(|| list.remove(at))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::kinds;
    use super::*;

    #[test]
    fn a_json_patch_has_so_many_operations() {
        let test = |n: usize| {
            let operations = vec![json!({"op": "test", "path": "/x", "value": null}); n];
            apply(&kinds::SERVICE_ACCOUNTS, &json!({}), PatchType::Json, operations.into())
        };
        assert_eq!(test(MAX_OPERATIONS), Ok(json!({})));
        let refused = test(MAX_OPERATIONS + 1).unwrap_err();
        assert_eq!((refused.code, refused.reason), (413, "RequestEntityTooLarge"));
        let why = "Request entity too large: The allowed maximum operations in a JSON patch is \
                   10000, got 10001";
        assert_eq!(refused.message, why);
    }

    /// An element that is removed moves all after it, and a patch is small that does so often.
    #[test]
    fn a_json_patch_moves_so_much() {
        let account = |many: usize| json!({"secrets": vec![json!({"name": "a"}); many]});
        let empties = |many: usize| {
            let operations = vec![json!({"op": "remove", "path": "/secrets/0"}); many];
            apply(&kinds::SERVICE_ACCOUNTS, &account(many), PatchType::Json, operations.into())
        };
        assert_eq!(empties(7_000), Ok(account(0)));
        let refused = empties(MAX_OPERATIONS).map(|_| ()).unwrap_err();
        assert_eq!((refused.code, refused.reason), (422, "Invalid"));
        // So does a large value that goes there and back.
        let there = json!({"op": "move", "from": "/secrets", "path": "/x"});
        let back = json!({"op": "move", "from": "/x", "path": "/secrets"});
        let operations: Vec<Value> =
            (0..2_000).map(|n| if n % 2 == 0 { there.clone() } else { back.clone() }).collect();
        let moved = |many: usize| {
            let operations = operations.clone().into();
            apply(&kinds::SERVICE_ACCOUNTS, &account(many), PatchType::Json, operations)
        };
        assert_eq!(moved(1_000), Ok(account(1_000)));
        assert_eq!(moved(20_000).unwrap_err().code, 422);
    }
}
