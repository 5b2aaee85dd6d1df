//! What is wrong with an object, field by field: the causes of a 422, in the words of
//! [`field/errors.go`][1].
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apimachinery/pkg/util/validation/field/errors.go

use crate::authz::quote::quoted;
use crate::status::{Cause, Kind, Refusal};
use serde_json::Value;

/// A list that validation adds to.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Cause>);

impl Problems {
    /// The list as an answer: nothing wrong, or a 422.
    pub(crate) fn refuse(self, kind: Kind, name: &str) -> Result<(), Refusal> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Refusal::invalid(kind, name, &self.0))
    }

    fn add(&mut self, reason: &'static str, field: impl Into<String>, message: String) {
        self.0.push(Cause { reason, field: field.into(), message });
    }

    pub(super) fn invalid(&mut self, field: impl Into<String>, value: &Value, why: &str) {
        let shown = value.as_str().map_or_else(|| value.to_string(), quoted);
        self.add("FieldValueInvalid", field, format!("Invalid value: {shown}: {why}"));
    }

    /// One problem for each reason.
    pub(super) fn each(&mut self, field: &str, value: &str, reasons: Vec<String>) {
        for why in reasons {
            self.invalid(field, &value.into(), &why);
        }
    }

    pub(super) fn immutable(&mut self, field: impl Into<String>, value: &Value) {
        self.invalid(field, value, "field is immutable");
    }

    pub(super) fn required(&mut self, field: impl Into<String>, why: &str) {
        let colon = if why.is_empty() { "" } else { ": " };
        self.add("FieldValueRequired", field, format!("Required value{colon}{why}"));
    }

    pub(crate) fn forbidden(&mut self, field: impl Into<String>, why: &str) {
        self.add("FieldValueForbidden", field, format!("Forbidden: {why}"));
    }

    pub(crate) fn not_supported(
        &mut self,
        field: impl Into<String>,
        value: &str,
        supported: &[&str],
    ) {
        let supported: Vec<String> = supported.iter().map(|value| quoted(value)).collect();
        let (value, supported) = (quoted(value), supported.join(", "));
        self.add(
            "FieldValueNotSupported",
            field,
            format!("Unsupported value: {value}: supported values: {supported}"),
        );
    }

    pub(super) fn too_long(&mut self, field: impl Into<String>, bytes: usize) {
        self.add(
            "FieldValueTooLong",
            field,
            format!("Too long: may not be more than {bytes} bytes"),
        );
    }

    pub(super) fn duplicate(&mut self, field: impl Into<String>, value: &str) {
        self.add("FieldValueDuplicate", field, format!("Duplicate value: {}", quoted(value)));
    }

    pub(super) fn not_found(&mut self, field: impl Into<String>, value: &str) {
        self.add("FieldValueNotFound", field, format!("Not found: {}", quoted(value)));
    }
}
