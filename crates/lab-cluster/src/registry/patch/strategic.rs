//! Kubernetes' own patch: it knows what identifies the elements of a list.

use super::remove_nulls;
use crate::registry::shapes::{Merge, Shape, Struct};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet, VecDeque};

/// Merges along the shape of the kind; below what the lab knows of it, as a merge patch would.
/// Members that begin with `$` are directives.
pub(super) fn merge(
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
    remove_nulls(target, &mut patch);
    for (name, value) in patch {
        if let Some(list) = name.strip_prefix("$deleteFromPrimitiveList/") {
            let gone: HashSet<&Value> = value.as_array().into_iter().flatten().collect();
            if let Some(values) = target.get_mut(list).and_then(Value::as_array_mut) {
                values.retain(|value| !gone.contains(value));
            }
            continue;
        }
        if name.starts_with("$setElementOrder/") || name == "$retainKeys" {
            continue; // the lab keeps its own order
        }
        let shape = shape.and_then(|shape| shape.field(&name));
        match (shape, value) {
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
                    merge(shape, fields, patch)?;
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
        let named: HashSet<&Value> = patch.iter().collect();
        old.retain(|value| !named.contains(value));
        patch.append(&mut old);
        return Ok(patch);
    };
    let directive = |element: &Value| element["$patch"].as_str().map(str::to_owned);
    if patch.iter().any(|element| directive(element).as_deref() == Some("replace")) {
        patch.retain(|element| directive(element).is_none());
        return Ok(patch);
    }
    // Where the elements of a name are. Lists are as long as a body lets them be: nobody looks
    // through all of it for each.
    let mut places: HashMap<Value, VecDeque<usize>> = HashMap::new();
    for (at, element) in old.iter().enumerate() {
        places.entry(element[key].clone()).or_default().push_back(at);
    }
    let mut old: Vec<Option<Value>> = old.into_iter().map(Some).collect();
    let mut merged = Vec::new();
    for element in patch {
        let Some(name) = element.get(key) else {
            return Err(format!("map: {element} does not contain declared merge key: {key}"));
        };
        let existing = places.get_mut(name).and_then(VecDeque::pop_front);
        let existing = existing.and_then(|at| old[at].take());
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
        merge(shape, &mut fields, changes)?;
        merged.push(Value::Object(fields));
    }
    merged.extend(old.into_iter().flatten());
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::{PatchType, kinds, patch};

    fn patched(object: &Value, patch_type: PatchType, patch: Value) -> Value {
        let kind = match object["kind"].as_str() {
            Some("ConfigMap") => &kinds::CONFIG_MAPS,
            _ => &kinds::SERVICE_ACCOUNTS,
        };
        patch::apply(kind, object, patch_type, patch).unwrap()
    }

    /// If each looked through all others, this would take minutes.
    #[test]
    fn long_lists_are_merged_in_one_go() {
        const MANY: usize = 40_000;
        let named = |from: usize| -> Vec<Value> {
            (from..from + MANY).map(|n| json!({"name": format!("n{n}")})).collect()
        };
        let words = |from: usize| -> Vec<String> {
            (from..from + MANY).map(|n| format!("a/{n}")).collect()
        };
        let account = json!({"secrets": named(0), "metadata": {"finalizers": words(0)}});

        let patch =
            json!({"secrets": named(MANY / 2), "metadata": {"finalizers": words(MANY / 2)}});
        let merged = patched(&account, PatchType::StrategicMerge, patch);
        let secrets = merged["secrets"].as_array().unwrap();
        assert_eq!(secrets.len(), MANY + MANY / 2);
        assert_eq!(secrets[0]["name"], format!("n{}", MANY / 2), "what is named comes first");
        assert_eq!(secrets[MANY]["name"], "n0", "then what was there");
        let finalizers = merged["metadata"]["finalizers"].as_array().unwrap();
        assert_eq!(finalizers.len(), MANY + MANY / 2);
        assert_eq!((&finalizers[0], &finalizers[MANY]), (&json!("a/20000"), &json!("a/0")));

        let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": words(1)}});
        let merged = patched(&account, PatchType::StrategicMerge, patch);
        assert_eq!(merged["metadata"]["finalizers"], json!(["a/0"]));

        let keys: Map<String, Value> = words(0).into_iter().map(|key| (key, "".into())).collect();
        let map = json!({"kind": "ConfigMap", "data": keys});
        let nulls: Map<String, Value> =
            words(1).into_iter().map(|key| (key, json!(null))).collect();
        for patch_type in [PatchType::StrategicMerge, PatchType::Merge] {
            let merged = patched(&map, patch_type, json!({"data": nulls.clone()}));
            assert_eq!(merged["data"], json!({"a/0": ""}), "{patch_type:?}");
        }
    }

    /// Nobody forbids two elements of one name.
    #[test]
    fn the_first_of_a_name_is_the_one_that_is_meant() {
        let account = json!({"secrets": [
            {"name": "a", "uid": "1"}, {"name": "b"}, {"name": "a", "uid": "2"}, {"uid": "3"},
            {"name": "a", "uid": "4"},
        ]});
        let patch = json!({"secrets": [
            {"name": "a", "kind": "x"}, {"$patch": "delete", "name": "a"}, {"name": "c"},
        ]});
        let merged = patched(&account, PatchType::StrategicMerge, patch);
        let expected = json!([
            {"name": "a", "uid": "1", "kind": "x"}, {"name": "c"}, {"name": "b"}, {"uid": "3"},
            {"name": "a", "uid": "4"},
        ]);
        assert_eq!(merged["secrets"], expected);
    }
}
