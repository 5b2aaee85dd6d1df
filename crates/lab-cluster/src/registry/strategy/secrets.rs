//! A Secret: bytes under keys, base64 in JSON, which hides nothing. Its type says what must be in
//! it; that of a legacy token, only whose token it will hold.

use super::Strategy;
use crate::registry::problems::Problems;
use crate::registry::{go, names, object};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

/// All values of a Secret or a `ConfigMap` together.
pub(super) const MAX_BYTES: usize = 1 << 20;

pub(super) struct Secrets;

impl Strategy for Secrets {
    /// `stringData` is for people who write Secrets: it goes into `data`, and over it.
    fn default(&self, secret: &mut Value) {
        if let Some(texts) = secret["stringData"].as_object().cloned() {
            let data = object::map_mut(secret, "data");
            for (key, text) in texts {
                let text = text.as_str().unwrap_or_default();
                data.insert(key, STANDARD.encode(text).into());
            }
            data.sort_keys();
        }
        let kind_of_secret = match secret["type"].as_str() {
            None | Some("") => Value::from("Opaque"),
            Some(other) => other.into(),
        };
        let Some(fields) = secret.as_object_mut() else { return };
        let order = ["kind", "apiVersion", "metadata", "immutable", "data", "type"];
        object::set(fields, order.into_iter(), [("type", Some(kind_of_secret))]);
    }

    fn validate(&self, secret: &Value, old: Option<&Value>, problems: &mut Problems) {
        if let Some(old) = old {
            if secret["type"] != old["type"] {
                problems.immutable("type", &secret["type"]);
            }
            immutable_fields(secret, old, &["data"], problems);
        }
        let mut bytes = 0;
        for (key, value) in secret["data"].as_object().into_iter().flatten() {
            problems.each(&format!("data[{key}]"), key, names::data_key(key));
            bytes += go::base64(value.as_str().unwrap_or_default()).map_or(0, |bytes| bytes.len());
        }
        if bytes > MAX_BYTES {
            problems.too_long("data", MAX_BYTES);
        }
        validate_type(secret, problems);
    }
}

fn validate_type(secret: &Value, problems: &mut Problems) {
    let data = |key: &str| secret["data"][key].as_str();
    match secret["type"].as_str().unwrap_or_default() {
        "kubernetes.io/service-account-token" => {
            const ACCOUNT: &str = "kubernetes.io/service-account.name";
            if object::annotation(secret, ACCOUNT).is_none_or(str::is_empty) {
                problems.required(format!("metadata.annotations[{ACCOUNT}]"), "");
            }
        }
        "kubernetes.io/dockercfg" => well_formed_json(secret, ".dockercfg", problems),
        "kubernetes.io/dockerconfigjson" => well_formed_json(secret, ".dockerconfigjson", problems),
        "kubernetes.io/basic-auth" if data("username").or(data("password")).is_none() => {
            problems.required("data[username]", "");
            problems.required("data[password]", "");
        }
        "kubernetes.io/ssh-auth" if data("ssh-privatekey").is_none_or(str::is_empty) => {
            problems.required("data[ssh-privatekey]", "");
        }
        "kubernetes.io/tls" => {
            for key in ["tls.crt", "tls.key"] {
                if data(key).is_none() {
                    problems.required(format!("data[{key}]"), "");
                }
            }
        }
        _ => {}
    }
}

fn well_formed_json(secret: &Value, key: &str, problems: &mut Problems) {
    let field = format!("data[{key}]");
    let Some(encoded) = secret["data"][key].as_str() else {
        return problems.required(field, "");
    };
    let bytes = go::base64(encoded).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let why = match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(_) | Value::Null) => return,
        Ok(other) => format!(
            "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            go::json_type(&other)
        ),
        Err(error) => go::json_error(text.as_bytes(), &error),
    };
    problems.invalid(field, &"<secret contents redacted>".into(), &why);
}

/// Whoever said `immutable: true` has said so for good.
pub(super) fn immutable_fields(
    object: &Value,
    old: &Value,
    fields: &[&str],
    problems: &mut Problems,
) {
    const WHY: &str = "field is immutable when `immutable` is set";
    if old["immutable"] != true {
        return;
    }
    if object["immutable"] != true {
        problems.forbidden("immutable", WHY);
    }
    for field in fields {
        if object[*field] != old[*field] {
            problems.forbidden(*field, WHY);
        }
    }
}
