//! The fields that every object has, read off its JSON. A missing text is the empty one, as in Go.

use serde_json::{Map, Value};

/// `metadata.FIELD`.
fn metadata<'o>(object: &'o Value, field: &str) -> &'o str {
    object["metadata"][field].as_str().unwrap_or_default()
}

/// `metadata.name`.
#[must_use]
pub fn name(object: &Value) -> &str {
    metadata(object, "name")
}

/// `metadata.namespace`; empty at cluster scope.
#[must_use]
pub fn namespace(object: &Value) -> &str {
    metadata(object, "namespace")
}

/// `metadata.uid`: tells apart two objects that had one name at different times.
#[must_use]
pub fn uid(object: &Value) -> &str {
    metadata(object, "uid")
}

/// `metadata.resourceVersion`: changes with each write.
#[must_use]
pub fn resource_version(object: &Value) -> &str {
    metadata(object, "resourceVersion")
}

/// `metadata.deletionTimestamp`, RFC 3339 in UTC; `None` unless the object is on its way out.
#[must_use]
pub fn deletion_timestamp(object: &Value) -> Option<&str> {
    object["metadata"]["deletionTimestamp"].as_str()
}

/// The value of a label.
#[must_use]
pub fn label<'o>(object: &'o Value, key: &str) -> Option<&'o str> {
    object["metadata"]["labels"][key].as_str()
}

/// The value of an annotation.
#[must_use]
pub fn annotation<'o>(object: &'o Value, key: &str) -> Option<&'o str> {
    object["metadata"]["annotations"][key].as_str()
}

/// `metadata.finalizers`: who still has to do something before the object may go.
pub(super) fn finalizers(object: &Value) -> impl Iterator<Item = &str> {
    texts(&object["metadata"]["finalizers"])
}

/// The texts of a list.
pub(super) fn texts(list: &Value) -> impl Iterator<Item = &str> {
    elements(list).iter().filter_map(Value::as_str)
}

/// The elements of a list; none if it is no list.
pub(super) fn elements(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

/// A map to be written to, made if it is not there.
pub(super) fn map_mut<'o>(object: &'o mut Value, field: &str) -> &'o mut Map<String, Value> {
    let map = &mut object[field];
    if !map.is_object() {
        *map = Value::Object(Map::new());
    }
    map.as_object_mut().unwrap_or_else(|| unreachable!("it was just made a map"))
}

/// Sets fields, or removes them, and keeps the fields of the result in the order of `order`.
pub(super) fn set<'f>(
    fields: &mut Map<String, Value>,
    order: impl Iterator<Item = &'f str>,
    changes: impl IntoIterator<Item = (&'f str, Option<Value>)>,
) {
    for (name, value) in changes {
        match value {
            Some(value) => fields.insert(name.to_owned(), value),
            None => fields.shift_remove(name),
        };
    }
    let mut before = std::mem::take(fields);
    fields.extend(order.filter_map(|name| before.shift_remove_entry(name)));
}
