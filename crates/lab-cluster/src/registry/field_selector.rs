//! Which objects, by their fields: `metadata.name=x,status.phase!=Running`. Each kind says which
//! few of its fields can be asked for ([`fields/selector.go`][1], and each kind's `conversion.go`).
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apimachinery/pkg/fields/selector.go

use super::kinds::ResourceKind;
use super::object;
use serde_json::Value;
use std::fmt;

/// Terms, all of which must hold. Printed, it is a selector again, as Go's `String()` writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSelector(Vec<Term>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    field: &'static str,
    value: String,
    equal: bool,
}

const ANY_KIND: &[&str] = &["metadata.name", "metadata.namespace"];
const POD: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.nominatedNodeName",
];
const SECRET: &[&str] = &["type", "metadata.name", "metadata.namespace"];
const NAMESPACE: &[&str] = &["metadata.name", "status.phase"];
const NODE: &[&str] = &["metadata.name", "spec.unschedulable"];

impl FieldSelector {
    /// Reads `metadata.name=x,status.phase!=Running`.
    ///
    /// # Errors
    /// In the real server's words.
    pub fn parse(kind: &ResourceKind, text: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        for term in split_terms(text).into_iter().filter(|term| !term.is_empty()) {
            let (field, equal, value) = split_term(term)
                .ok_or_else(|| format!("invalid selector: '{text}'; can't understand '{term}'"))?;
            terms.push((field, equal, unescape(value)?));
        }
        let known = |(field, equal, value)| {
            let field = known_field(kind, field)?;
            Ok(Term { field, value, equal })
        };
        terms.into_iter().map(known).collect::<Result<_, _>>().map(Self)
    }

    /// Is this object among them?
    #[must_use]
    pub fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|term| (value_of(object, term.field) == term.value) == term.equal)
    }

    pub(super) fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    /// The one name that can match, if there is just one.
    pub(super) fn name(&self) -> Option<&str> {
        let named = |term: &&Term| term.equal && term.field == "metadata.name";
        self.0.iter().find(named).map(|term| term.value.as_str())
    }
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (at, Term { field, value, equal }) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let operator = if *equal { "=" } else { "!=" };
            write!(f, "{comma}{field}{operator}{}", escape(value))?;
        }
        Ok(())
    }
}

fn known_field(kind: &ResourceKind, field: &str) -> Result<&'static str, String> {
    let fields = match kind.kind {
        "Pod" => POD,
        "Secret" => SECRET,
        "Namespace" => NAMESPACE,
        "Node" => NODE,
        _ => ANY_KIND,
    };
    match fields.iter().find(|known| **known == field) {
        Some(known) => Ok(known),
        None if fields == ANY_KIND => Err(format!(
            "\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        )),
        None => Err(format!("field label not supported: {field}")),
    }
}

fn value_of<'o>(object: &'o Value, field: &str) -> &'o str {
    match field {
        "metadata.name" => object::name(object),
        "metadata.namespace" => object::namespace(object),
        "status.podIPs" => object["status"]["podIP"].as_str().unwrap_or_default(),
        field => {
            let value = field.split('.').fold(object, |value, name| &value[name]);
            match value {
                Value::String(text) => text,
                Value::Bool(true) => "true",
                _ if matches!(field, "spec.hostNetwork" | "spec.unschedulable") => "false",
                _ => "",
            }
        }
    }
}

/// At commas, but not at those with a backslash before them.
fn split_terms(text: &str) -> Vec<&str> {
    let mut escaped = false;
    text.split(|c| {
        let splits = c == ',' && !escaped;
        escaped = c == '\\' && !escaped;
        splits
    })
    .collect()
}

fn split_term(term: &str) -> Option<(&str, bool, &str)> {
    let at = term.find("!=").unwrap_or(term.len()).min(term.find('=').unwrap_or(term.len()));
    let (field, rest) = term.split_at(at);
    ["!=", "==", "="]
        .into_iter()
        .find_map(|operator| Some((field, operator != "!=", rest.strip_prefix(operator)?)))
}

fn escape(value: &str) -> String {
    value.replace('\\', r"\\").replace(',', r"\,").replace('=', r"\=")
}

fn unescape(value: &str) -> Result<String, String> {
    let mut unescaped = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        let c = match c {
            '\\' => match characters.next() {
                Some(c @ ('\\' | ',' | '=')) => c,
                other => {
                    let other = other.map(String::from).unwrap_or_default();
                    return Err(format!(
                        "invalid field selector: invalid escape sequence: \\{other}"
                    ));
                }
            },
            ',' | '=' => {
                let code = u32::from(c);
                return Err(format!(
                    "invalid field selector: unescaped character in value: {code}"
                ));
            }
            c => c,
        };
        unescaped.push(c);
    }
    Ok(unescaped)
}
