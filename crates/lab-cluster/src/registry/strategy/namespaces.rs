//! A namespace says its own name in a label, so that selectors can find it, and is held by a
//! finalizer until it is empty.

use super::{Strategy, metadata};
use crate::registry::problems::Problems;
use crate::registry::{names, object};
use serde_json::{Value, json};

const NAME_LABEL: &str = "kubernetes.io/metadata.name";

pub(super) struct Namespaces;

impl Strategy for Namespaces {
    fn name_rule(&self) -> names::Rule {
        names::label
    }

    fn default(&self, object: &mut Value) {
        let name = object::name(object).to_owned();
        if name.is_empty() {
            return;
        }
        let mut labels = object["metadata"]["labels"].as_object().cloned().unwrap_or_default();
        labels.insert(NAME_LABEL.to_owned(), name.into());
        labels.sort_keys();
        metadata::set(object, [("labels", Some(labels.into()))]);
    }

    fn before_create(&self, object: &mut Value) {
        self.default(object); // a generated name is there only now
        let mut finalizers: Vec<&str> = object::texts(&object["spec"]["finalizers"]).collect();
        if !finalizers.contains(&"kubernetes") {
            finalizers.push("kubernetes");
        }
        let finalizers = json!(finalizers);
        object["spec"] = json!({"finalizers": finalizers});
        object["status"] = json!({"phase": "Active"});
    }

    fn before_update(&self, object: &mut Value, old: &Value) {
        object["spec"] = old["spec"].clone();
        object["status"] = old["status"].clone();
    }

    fn validate(&self, object: &Value, old: Option<&Value>, problems: &mut Problems) {
        if old.is_some() {
            return;
        }
        for finalizer in object::texts(&object["spec"]["finalizers"]) {
            problems.each("spec.finalizers", finalizer, names::label_key(finalizer));
            if !finalizer.contains('/') && finalizer != "kubernetes" {
                let why = "name is neither a standard finalizer name nor is it fully qualified";
                problems.invalid("spec.finalizers", &finalizer.into(), why);
            }
        }
    }
}
