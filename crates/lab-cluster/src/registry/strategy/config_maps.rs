//! A `ConfigMap`: texts and bytes under keys, a megabyte at most.

use super::Strategy;
use super::secrets::{MAX_BYTES, immutable_fields};
use crate::registry::problems::Problems;
use crate::registry::{go, names};
use serde_json::Value;

pub(super) struct ConfigMaps;

impl Strategy for ConfigMaps {
    fn validate(&self, object: &Value, old: Option<&Value>, problems: &mut Problems) {
        if let Some(old) = old {
            immutable_fields(object, old, &["data", "binaryData"], problems);
        }
        let mut bytes = 0;
        for (key, value) in object["data"].as_object().into_iter().flatten() {
            let field = format!("data[{key}]");
            problems.each(&field, key, names::data_key(key));
            if object["binaryData"].get(key).is_some() {
                let why = "duplicate of key present in binaryData";
                problems.invalid(field, &key.as_str().into(), why);
            }
            bytes += value.as_str().map_or(0, str::len);
        }
        for (key, value) in object["binaryData"].as_object().into_iter().flatten() {
            problems.each(&format!("binaryData[{key}]"), key, names::data_key(key));
            bytes += go::base64(value.as_str().unwrap_or_default()).map_or(0, |bytes| bytes.len());
        }
        if bytes > MAX_BYTES {
            problems.too_long("[]", MAX_BYTES); // the object as a whole
        }
    }
}
