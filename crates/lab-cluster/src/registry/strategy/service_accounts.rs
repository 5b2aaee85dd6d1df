//! A service account is little more than a name and a uid. Of the secrets it lists only the names
//! are kept.

use super::Strategy;
use serde_json::{Value, json};

pub(super) struct ServiceAccounts;

impl Strategy for ServiceAccounts {
    fn before_create(&self, object: &mut Value) {
        keep_names(object);
    }

    fn before_update(&self, object: &mut Value, _old: &Value) {
        keep_names(object);
    }
}

fn keep_names(object: &mut Value) {
    let Some(secrets) = object.get_mut("secrets").and_then(Value::as_array_mut) else { return };
    for secret in secrets {
        *secret = match secret["name"].as_str() {
            Some(name) => json!({"name": name}),
            None => json!({}),
        };
    }
}
