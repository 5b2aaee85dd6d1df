//! From a request's body to an object: JSON or YAML, of the kind that the path asks for, with every
//! field of the type it should have. What is wrong is said in the words of Go's decoder, since that
//! is what people paste into a search.

use crate::status::Refusal;
use serde_json::Value;

/// What a body may be. The real server's list has Protocol Buffers as well.
pub const MEDIA_TYPES: [&str; 3] =
    ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

/// The kind of object a path takes.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    /// Empty for the core group.
    pub group: &'static str,
    /// `v1`.
    pub version: &'static str,
    /// `TokenRequest`.
    pub kind: &'static str,
}

impl Expected {
    fn api_version(self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

/// Reads a body of the given content type.
///
/// # Errors
/// 415 for another type; 400 for what is no JSON (YAML), or another kind of object.
pub fn body(
    content_type: Option<&str>,
    bytes: &[u8],
    expected: Expected,
) -> Result<Value, Refusal> {
    let media_type = content_type.map(|value| value.split(';').next().unwrap_or_default().trim());
    let value: Value =
        match media_type {
            // A body without a type is taken for JSON.
            None | Some("" | "application/json") => serde_json::from_slice(bytes)
                .map_err(|error| unreadable(&error, bytes, expected))?,
            Some("application/yaml") => serde_saphyr::from_slice(bytes)
                .map_err(|error| unreadable(&error, bytes, expected))?,
            Some(_) => return Err(Refusal::unsupported_media_type(&MEDIA_TYPES)),
        };
    of_kind(value, expected)
}

fn unreadable(error: &dyn std::error::Error, bytes: &[u8], expected: Expected) -> Refusal {
    let error = if bytes.trim_ascii().is_empty() {
        "unexpected end of JSON input".to_owned()
    } else {
        error.to_string()
    };
    let shown = match bytes {
        [] => "<empty>".to_owned(),
        bytes => String::from_utf8_lossy(&bytes[..bytes.len().min(64)]).into_owned(),
    };
    Refusal::bad_request(format!(
        "the object provided is unrecognized (must be of type {}): couldn't get version/kind; \
         json parse error: {error} ({shown})",
        expected.kind
    ))
}

/// A missing kind or version is filled in from the path; another one is refused.
fn of_kind(mut value: Value, expected: Expected) -> Result<Value, Refusal> {
    if value.is_null() {
        value = Value::Object(serde_json::Map::new());
    }
    let kind = expected.kind;
    let Some(object) = value.as_object_mut() else {
        let what = go_type(&value);
        return Err(Refusal::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): couldn't get \
             version/kind; json parse error: json: cannot unmarshal {what} into Go value of type \
             struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \
             \"json:\\\"kind,omitempty\\\"\" }}"
        )));
    };
    let api_version = expected.api_version();
    let sent_kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    let sent_version = object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    let sent_kind = if sent_kind.is_empty() { kind } else { sent_kind };
    let sent_version = if sent_version.is_empty() { &api_version } else { sent_version };
    if sent_kind != kind || sent_version != api_version {
        let short = sent_version.rsplit('/').next().unwrap_or_default();
        return Err(Refusal::bad_request(format!(
            "{sent_kind} in version {short:?} cannot be handled as a {kind}: no kind {sent_kind:?} \
             is registered for version {sent_version:?} in scheme \"pkg/runtime/scheme.go:111\""
        )));
    }
    Ok(value)
}

/// An object whose fields are read one by one, each with the type it must have.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'v> {
    object: &'v Value,
    expected: Expected,
}

impl<'v> Fields<'v> {
    /// Reads from a body that [`body`] let through.
    #[must_use]
    pub fn of(object: &'v Value, expected: Expected) -> Self {
        Self { object, expected }
    }

    /// Text; empty when missing or null. `owner` is the Go struct that has the field, for the
    /// message; `path` is `spec.token`.
    ///
    /// # Errors
    /// 400 when it is something else; so for all that follow.
    pub fn string(self, owner: &str, path: &str) -> Result<&'v str, Refusal> {
        match self.get(path) {
            None => Ok(""),
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(self.wrong(other, owner, path, "string")),
        }
    }

    /// A whole number.
    ///
    /// # Errors
    /// 400 when it is something else, or has a fraction, or is out of range.
    pub fn int64(self, owner: &str, path: &str) -> Result<Option<i64>, Refusal> {
        match self.get(path) {
            None => Ok(None),
            Some(value) => {
                value.as_i64().map(Some).ok_or_else(|| self.wrong(value, owner, path, "int64"))
            }
        }
    }

    /// A list of texts; empty when missing or null.
    ///
    /// # Errors
    /// 400 when it, or one of its members, is something else.
    pub fn strings(self, owner: &str, path: &str) -> Result<Vec<String>, Refusal> {
        let list = match self.get(path) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(other) => return Err(self.wrong(other, owner, path, "[]string")),
        };
        list.iter()
            .map(|member| match member {
                Value::String(text) => Ok(text.clone()),
                Value::Null => Ok(String::new()),
                other => Err(self.wrong(other, owner, path, "string")),
            })
            .collect()
    }

    /// Whether a nested object is there.
    ///
    /// # Errors
    /// 400 when it is something else. `go_name` is the type's name in Go.
    pub fn object(self, owner: &str, path: &str, go_name: &str) -> Result<bool, Refusal> {
        match self.get(path) {
            None => Ok(false),
            Some(Value::Object(_)) => Ok(true),
            Some(other) => Err(self.wrong(other, owner, path, go_name)),
        }
    }

    fn get(self, path: &str) -> Option<&'v Value> {
        path.split('.').try_fold(self.object, |value, key| value.get(key)).filter(|v| !v.is_null())
    }

    fn wrong(self, value: &Value, owner: &str, path: &str, go_name: &str) -> Refusal {
        let Expected { version, kind, .. } = self.expected;
        let what = match value {
            Value::Number(number) if go_name == "int64" => format!("number {number}"),
            value => go_type(value).to_owned(),
        };
        Refusal::bad_request(format!(
            "{kind} in version {version:?} cannot be handled as a {kind}: json: cannot unmarshal \
             {what} into Go struct field {owner}.{path} of type {go_name}"
        ))
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
