//! Role bindings and cluster role bindings: who may do what a role says. The role cannot be
//! exchanged afterwards: whoever may change who is bound could else change to what.

use super::Strategy;
use crate::registry::problems::Problems;
use crate::registry::{names, object};
use serde_json::{Map, Value, json};

const GROUP: &str = "rbac.authorization.k8s.io";

pub(super) struct Bindings {
    pub(super) namespaced: bool,
}

impl Strategy for Bindings {
    fn name_rule(&self) -> names::Rule {
        names::path_segment
    }

    fn default(&self, binding: &mut Value) {
        for subject in
            binding.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten()
        {
            if matches!(subject["kind"].as_str(), Some("User" | "Group")) {
                default_group(subject, &["kind", "apiGroup", "name", "namespace"]);
            }
        }
        if !binding["roleRef"].is_object() {
            binding["roleRef"] = Map::new().into();
        }
        default_group(&mut binding["roleRef"], &["apiGroup", "kind", "name"]);
    }

    /// The order is the real server's: what its generated checks find comes last.
    fn validate(&self, binding: &Value, old: Option<&Value>, problems: &mut Problems) {
        let role = &binding["roleRef"];
        let text = |field: &str| role[field].as_str().unwrap_or_default();
        if text("apiGroup") != GROUP {
            problems.not_supported("roleRef.apiGroup", text("apiGroup"), &[GROUP]);
        }
        let kinds: &[&str] =
            if self.namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
        if !kinds.contains(&text("kind")) {
            problems.not_supported("roleRef.kind", text("kind"), kinds);
        }
        problems.each("roleRef.name", text("name"), names::path_segment(text("name"), false));
        let subjects = object::elements(&binding["subjects"]);
        for (at, subject) in subjects.iter().enumerate() {
            self.validate_subject(subject, &format!("subjects[{at}]"), problems);
        }
        if let Some(old) = old
            && role != &old["roleRef"]
        {
            let shown =
                json!({"APIGroup": text("apiGroup"), "Kind": text("kind"), "Name": text("name")});
            problems.immutable("roleRef", &shown);
        }
        for (at, subject) in subjects.iter().enumerate() {
            if subject["name"].as_str().is_none_or(str::is_empty) {
                problems.required(format!("subjects[{at}].name"), "");
            }
        }
        if text("name").is_empty() {
            problems.required("roleRef.name", "");
        }
    }

    fn creates_on_update(&self) -> bool {
        true
    }
}

fn default_group(reference: &mut Value, order: &[&str]) {
    let Some(fields) = reference.as_object_mut() else { return };
    let group = fields.get("apiGroup").cloned().unwrap_or_else(|| GROUP.into());
    object::set(fields, order.iter().copied(), [("apiGroup", Some(group))]);
}

impl Bindings {
    fn validate_subject(&self, subject: &Value, path: &str, problems: &mut Problems) {
        let text = |field: &str| subject[field].as_str().unwrap_or_default();
        let group = |expected: &str, problems: &mut Problems| {
            if text("apiGroup") != expected {
                let field = format!("{path}.apiGroup");
                problems.not_supported(field, text("apiGroup"), &[expected]);
            }
        };
        match text("kind") {
            "ServiceAccount" => {
                if !text("name").is_empty() {
                    let reasons = names::subdomain(text("name"), false);
                    problems.each(&format!("{path}.name"), text("name"), reasons);
                }
                group("", problems);
                if !self.namespaced && text("namespace").is_empty() {
                    problems.required(format!("{path}.namespace"), "");
                }
            }
            "User" | "Group" => group(GROUP, problems),
            kind => problems.not_supported(
                format!("{path}.kind"),
                kind,
                &["ServiceAccount", "User", "Group"],
            ),
        }
    }
}
