//! From what a client sent to an object: every field of the type it must have, in the order in
//! which the real server writes them, and nothing that is not a field. What is unknown is dropped.

use super::go;
use super::kinds::{self, ResourceKind};
use super::shapes::{self, Shape, Struct};
use crate::decode::{Sent, cannot_be_handled};
use crate::field_validation::{FieldValidation, complaints};
use crate::status::Refusal;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Number, Value};
use std::fmt::Write;

/// What is dropped from an object because its kind has no such field: `spec.colour`. Empty when the
/// object cannot be read at all.
#[must_use]
pub fn unknown_fields(kind: &'static ResourceKind, body: &Value) -> Vec<String> {
    Reader::read(kind, body.clone(), Decoder::Json).map(|(_, unknown)| unknown).unwrap_or_default()
}

/// What a client is to be warned of in an object that it sent.
///
/// # Errors
/// 400 for a client that wants it refused.
pub fn field_warnings(
    kind: &'static ResourceKind,
    sent: &Sent,
    validation: FieldValidation,
) -> Result<Vec<String>, Refusal> {
    if validation == FieldValidation::Ignore {
        return Ok(Vec::new()); // and nobody has to look
    }
    let complaints = complaints(&unknown_fields(kind, &sent.value), &sent.twice);
    let settled = validation.settle(complaints);
    settled.map_err(|why| cannot_be_handled(kind.kind, kind.version, kind.into(), &why))
}

/// Reads an object for a create or an update.
pub(super) fn read(kind: &'static ResourceKind, body: Value) -> Result<Value, Refusal> {
    let claimed = |field: &str, expected: &str| match body[field].as_str() {
        None | Some("") => expected.to_owned(),
        Some(claimed) => claimed.to_owned(),
    };
    let version = claimed("apiVersion", kind.version);
    let name = claimed("kind", kind.kind);
    let read = patched(kind, body, Decoder::Json);
    read.map_err(|why| cannot_be_handled(&name, &version, kind.into(), &why))
}

/// Reads what a patch made of an object. The error is the bare reason.
pub(super) fn patched(
    kind: &'static ResourceKind,
    body: Value,
    decoder: Decoder,
) -> Result<Value, String> {
    right_kind(kind, &body)?;
    Ok(Reader::read(kind, body, decoder)?.0)
}

/// Who reads: the real server has two ways, which complain in different words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoder {
    /// From JSON text.
    Json,
    /// From the maps and slices that a strategic merge patch leaves behind ([`converter.go`][1]).
    ///
    /// [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apimachinery/pkg/runtime/converter.go
    Converter,
}

/// Is it an object of this kind at all?
fn right_kind(kind: &'static ResourceKind, body: &Value) -> Result<(), String> {
    if !body.is_object() && !body.is_null() {
        let found = go::json_type(body);
        return Err(format!(
            "json: cannot unmarshal {found} into Go value of type v1.{}",
            kind.kind
        ));
    }
    let claimed = |field: &str, expected: String| match &body[field] {
        Value::Null => Ok(expected),
        Value::String(claimed) if claimed.is_empty() => Ok(expected),
        Value::String(claimed) => Ok(claimed.clone()),
        other => {
            let (found, owner) = (go::json_type(other), kind.kind);
            Err(format!(
                "json: cannot unmarshal {found} into Go struct field {owner}.{field} of type string"
            ))
        }
    };
    let expected = kind.api_version();
    let api_version = claimed("apiVersion", expected.clone())?;
    let name = claimed("kind", kind.kind.to_owned())?;
    if api_version == expected && name == kind.kind {
        return Ok(());
    }
    let served = |other: &&&ResourceKind| other.kind == name && other.api_version() == api_version;
    Err(match kinds::ALL.iter().find(served) {
        Some(other) => format!(
            "converting ({}.{}) to ({}.{}): unknown conversion",
            other.version,
            other.kind,
            kind.go_package(),
            kind.kind,
        ),
        None => format!(
            "no kind \"{name}\" is registered for version \"{api_version}\" in scheme \"pkg/runtime/scheme.go:111\""
        ),
    })
}

/// Walks through a body along the shape of its kind.
struct Reader {
    /// Where it is: the fields and indices above.
    path: Vec<Step>,
    unknown: Vec<String>,
    decoder: Decoder,
}

enum Step {
    Field(&'static str),
    Index(usize),
}

impl Reader {
    /// The object, and what was unknown in it.
    fn read(
        kind: &'static ResourceKind,
        body: Value,
        decoder: Decoder,
    ) -> Result<(Value, Vec<String>), String> {
        let mut reader = Self { path: Vec::new(), unknown: Vec::new(), decoder };
        let mut fields = match body {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        fields.shift_remove("kind");
        fields.shift_remove("apiVersion");
        let mut object = Map::new();
        object.insert("kind".to_owned(), kind.kind.into());
        object.insert("apiVersion".to_owned(), kind.api_version().into());
        object.append(&mut reader.fields(shapes::of(kind), fields)?);
        if !object.contains_key("metadata") {
            object.shift_insert(2, "metadata".to_owned(), Value::Object(Map::new()));
        }
        Ok((Value::Object(object), reader.unknown))
    }

    fn fields(
        &mut self,
        shape: &'static Struct,
        sent: Map<String, Value>,
    ) -> Result<Map<String, Value>, String> {
        let mut found: Vec<Option<Value>> = vec![None; shape.fields.len()];
        for (name, value) in sent {
            let Some(at) = shape.fields.iter().position(|(field, _)| *field == name) else {
                let path = self.path_with_indices();
                let dot = if path.is_empty() { "" } else { "." };
                self.unknown.push(format!("{path}{dot}{name}"));
                continue;
            };
            let (name, inner) = shape.fields[at];
            self.path.push(Step::Field(name));
            found[at] = self.value(inner, value, shape)?;
            self.path.pop();
        }
        let names = shape.fields.iter().map(|(name, _)| (*name).to_owned());
        Ok(names.zip(found).filter_map(|(name, value)| Some((name, value?))).collect())
    }

    /// The value as it will be written; `None` if the field is left out.
    fn value(
        &mut self,
        shape: Shape,
        value: Value,
        parent: &'static Struct,
    ) -> Result<Option<Value>, String> {
        let read = match (shape, value) {
            (_, Value::Null) | (Shape::Dropped, _) => None,
            (Shape::Any, value) | (Shape::OptionalFlag, value @ Value::Bool(_)) => Some(value),
            (Shape::Text(_), Value::String(text)) => (!text.is_empty()).then_some(text.into()),
            (Shape::Flag, Value::Bool(flag)) => flag.then_some(true.into()),
            (Shape::Integer | Shape::OptionalInteger(_), Value::Number(number)) => {
                let integer = self.integer(shape, &number, parent)?;
                let zero_is_nothing = matches!(shape, Shape::Integer);
                (integer != 0 || !zero_is_nothing).then_some(integer.into())
            }
            (Shape::Time, Value::String(text)) => Some(go::time(&text)?.into()),
            (Shape::Bytes, Value::String(text)) => Some(canonical_base64(&text)?.into()),
            (Shape::Map(inner, _), Value::Object(sent)) => {
                let mut entries: Vec<(String, Value)> = Vec::with_capacity(sent.len());
                for (key, value) in sent {
                    // A null, and what would be left out of a struct, is an empty value here.
                    let value = self.value(*inner, value, parent)?.unwrap_or_else(|| "".into());
                    entries.push((key, value));
                }
                entries.sort_by(|(a, _), (b, _)| a.cmp(b));
                (!entries.is_empty()).then(|| entries.into_iter().collect())
            }
            (Shape::List(inner, ..), Value::Array(sent)) => {
                let mut elements = Vec::with_capacity(sent.len());
                for (index, value) in sent.into_iter().enumerate() {
                    self.path.push(Step::Index(index));
                    let nothing = || match inner {
                        Shape::Struct(_) => Value::Object(Map::new()),
                        Shape::Any => Value::Null,
                        _ => "".into(),
                    };
                    elements.push(self.value(*inner, value, parent)?.unwrap_or_else(nothing));
                    self.path.pop();
                }
                (!elements.is_empty()).then_some(elements.into())
            }
            (Shape::Struct(inner), Value::Object(sent)) => {
                Some(Value::Object(self.fields(inner, sent)?))
            }
            (shape, value) => {
                return Err(match self.decoder {
                    Decoder::Json => self.wrong_type(go::json_type(&value), shape, parent),
                    Decoder::Converter => cannot_be_converted(&value, shape),
                });
            }
        };
        Ok(read)
    }

    fn integer(
        &self,
        shape: Shape,
        number: &Number,
        parent: &'static Struct,
    ) -> Result<i64, String> {
        let fits = |integer: &i64| {
            !matches!(shape, Shape::OptionalInteger("int32")) || i32::try_from(*integer).is_ok()
        };
        number
            .as_i64()
            .filter(fits)
            .ok_or_else(|| self.wrong_type(&format!("number {number}"), shape, parent))
    }

    fn wrong_type(&self, found: &str, shape: Shape, parent: &'static Struct) -> String {
        let names: Vec<&str> = self
            .path
            .iter()
            .filter_map(|step| match step {
                Step::Field(name) => Some(*name),
                Step::Index(_) => None,
            })
            .collect();
        format!(
            "json: cannot unmarshal {found} into Go struct field {}.{} of type {}",
            parent.name,
            names.join("."),
            shape.go_type()
        )
    }

    fn path_with_indices(&self) -> String {
        let mut path = String::new();
        for step in &self.path {
            let _ = match step {
                Step::Field(name) if path.is_empty() => write!(path, "{name}"),
                Step::Field(name) => write!(path, ".{name}"),
                Step::Index(index) => write!(path, "[{index}]"),
            };
        }
        path
    }
}

fn cannot_be_converted(value: &Value, shape: Shape) -> String {
    let found = go::kind(value);
    match shape {
        Shape::Map(..) => format!("cannot restore map from {found}"),
        Shape::List(..) | Shape::Bytes => format!("cannot restore slice from {found}"),
        Shape::Struct(_) | Shape::Time => format!("cannot restore struct from: {found}"),
        // To Go a number could be a string: that of the character with this number.
        Shape::Text(name) if found == "int64" => format!("cannot convert {found} to {name}"),
        Shape::Text(_) => "unrecognized type: string".to_owned(),
        shape => format!("unrecognized type: {}", shape.go_type()),
    }
}

fn canonical_base64(text: &str) -> Result<String, String> {
    match go::base64(text) {
        Ok(bytes) => Ok(STANDARD.encode(bytes)),
        Err(offset) => Err(format!("illegal base64 data at input byte {offset}")),
    }
}
