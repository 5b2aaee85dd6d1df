//! What holds for the metadata of every kind ([`objectmeta.go`][1]).
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go

use crate::registry::kinds::ResourceKind;
use crate::registry::problems::Problems;
use crate::registry::shapes::OBJECT_META;
use crate::registry::{names, object};
use serde_json::{Value, json};
use std::collections::HashSet;

/// All of an object's annotations together, keys and values.
const ANNOTATION_BYTES: usize = 256 << 10;

/// Finalizers that need no domain in their name.
const STANDARD_FINALIZERS: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];

/// Sets fields of the metadata, or removes them.
pub(in crate::registry) fn set<'f>(
    object: &mut Value,
    changes: impl IntoIterator<Item = (&'f str, Option<Value>)>,
) {
    let order = OBJECT_META.fields.iter().map(|(name, _)| *name);
    object::set(object::map_mut(object, "metadata"), order, changes);
}

/// What is wrong with the metadata of an object that was created or updated.
pub(in crate::registry) fn validate(
    kind: &ResourceKind,
    new: &Value,
    old: Option<&Value>,
    problems: &mut Problems,
) {
    validate_name(super::of(kind).name_rule(), new, problems);
    let metadata = &new["metadata"];
    if metadata["generation"].as_i64().is_some_and(|generation| generation < 0) {
        let why = "must be greater than or equal to 0";
        problems.invalid("metadata.generation", &metadata["generation"], why);
    }
    for (key, value) in metadata["labels"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        problems.each("metadata.labels", key, names::label_key(key));
        problems.each("metadata.labels", value, names::label_value(value));
    }
    let mut bytes = 0;
    for (key, value) in metadata["annotations"].as_object().into_iter().flatten() {
        problems.each("metadata.annotations", key, names::label_key(&key.to_lowercase()));
        bytes += key.len() + value.as_str().map_or(0, str::len);
    }
    if bytes > ANNOTATION_BYTES {
        problems.too_long("metadata.annotations", ANNOTATION_BYTES);
    }
    for (at, owner) in object::elements(&metadata["ownerReferences"]).iter().enumerate() {
        for field in ["apiVersion", "kind", "name", "uid"] {
            if owner[field].as_str().unwrap_or_default().is_empty() {
                let field = format!("metadata.ownerReferences[{at}].{field}");
                problems.required(field, "must not be empty");
            }
        }
    }
    for (at, finalizer) in object::finalizers(new).enumerate() {
        problems.each("metadata.finalizers", finalizer, names::label_key(finalizer));
        if !finalizer.contains('/') && !STANDARD_FINALIZERS.contains(&finalizer) {
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            problems.invalid(format!("metadata.finalizers[{at}]"), &finalizer.into(), why);
        }
    }
    if let Some(old) = old {
        validate_change(new, old, problems);
    }
}

fn validate_name(rule: names::Rule, new: &Value, problems: &mut Problems) {
    let generate_name = new["metadata"]["generateName"].as_str().unwrap_or_default();
    if !generate_name.is_empty() {
        problems.each("metadata.generateName", generate_name, rule(generate_name, true));
    }
    match object::name(new) {
        "" => problems.required("metadata.name", "name or generateName is required"),
        name => problems.each("metadata.name", name, rule(name, false)),
    }
}

fn validate_change(new: &Value, old: &Value, problems: &mut Problems) {
    if object::deletion_timestamp(old).is_some() {
        let before: HashSet<&str> = object::finalizers(old).collect();
        let mut added: Vec<&str> =
            object::finalizers(new).filter(|finalizer| !before.contains(finalizer)).collect();
        added.sort_unstable();
        if !added.is_empty() {
            let added = json!(added).to_string();
            let added = added.trim_matches(['[', ']']).replace("\",\"", "\", \"");
            problems.forbidden(
                "metadata.finalizers",
                &format!(
                    "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{added}}}"
                ),
            );
        }
    }
    for field in ["uid", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        let (new, old) = (&new["metadata"][field], &old["metadata"][field]);
        if new != old {
            problems.immutable(format!("metadata.{field}"), new);
        }
    }
}
