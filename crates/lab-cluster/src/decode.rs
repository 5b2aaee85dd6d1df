//! From a request's body to a value: JSON, YAML or Protocol Buffers, and of the kind that the path
//! asks for. What is wrong is said in the words of Go's decoder, since that is what people paste
//! into a search.

mod json;

pub use json::merge;

use crate::protobuf::{self, NotRead};
use crate::registry::go;
use crate::registry::kinds::{self, ResourceKind};
use crate::reviews::{self, ReviewKind};
use crate::status::Refusal;
use expiry::go::quote;
use serde_json::Value;
use std::fmt::Write;

/// What a body may be.
pub const MEDIA_TYPES: [&str; 3] = ["application/json", "application/yaml", protobuf::MEDIA_TYPE];

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

impl From<&ResourceKind> for Expected {
    fn from(kind: &ResourceKind) -> Self {
        Self { group: kind.group, version: kind.version, kind: kind.kind }
    }
}

impl From<&ReviewKind> for Expected {
    fn from(kind: &ReviewKind) -> Self {
        Self { group: kind.group, version: "v1", kind: kind.kind }
    }
}

impl Expected {
    pub(crate) fn api_version(self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

/// What a client sent.
pub struct Sent {
    /// An object.
    pub value: Value,
    /// Where in it a name stands twice: `spec.audiences`.
    pub twice: Vec<String>,
}

/// Reads a body of the given content type. Nothing at all (`null`) is an empty object.
///
/// # Errors
/// 415 for another type; 400 for what is no JSON (YAML) object.
pub fn body(content_type: Option<&str>, bytes: &[u8], expected: Expected) -> Result<Sent, Refusal> {
    // An empty header is none; parameters without a type are no type at all.
    let content_type = content_type.filter(|value| !value.trim().is_empty());
    let media_type = content_type.map(|value| {
        let (media_type, parameters) = value.split_once(';').unwrap_or((value, ""));
        let mut parameters = parameters.split(';').map(str::trim).filter(|text| !text.is_empty());
        let well_formed = parameters.all(|text| text.find('=').is_some_and(|at| at > 0));
        if well_formed { media_type.trim().to_ascii_lowercase() } else { String::new() }
    });
    let no_json = |why: &str| {
        unreadable(&format!("couldn't get version/kind; json parse error: {why}"), bytes, expected)
    };
    let once = |value: Value| (value, Vec::new());
    let (value, twice) = match media_type.as_deref() {
        // A body without a type is taken for JSON.
        None | Some("application/json") => {
            json::read(bytes).map_err(|error| no_json(&go::json_error(bytes, &error)))?
        }
        Some("application/yaml") => serde_saphyr::from_slice(bytes)
            .map(once)
            .map_err(|error| no_json(&error.to_string()))?,
        Some(protobuf::MEDIA_TYPE) => {
            protobuf::object(bytes).map(once).map_err(|error| match &error {
                NotRead::Envelope(why) => unreadable(why, bytes, expected),
                NotRead::Object { kind, api_version } => {
                    cannot_be_handled(kind, api_version, expected, &error.to_string())
                }
            })?
        }
        Some(_) => return Err(Refusal::unsupported_media_type(&MEDIA_TYPES)),
    };
    if value.is_null() {
        return Ok(Sent { value: Value::Object(serde_json::Map::new()), twice });
    }
    if !value.is_object() {
        let what = go::json_type(&value);
        let why = format!(
            "json: cannot unmarshal {what} into Go value of type struct {{ APIVersion string \
             \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"
        );
        return Err(no_json(&why));
    }
    for field in ["apiVersion", "kind"] {
        let sent = &value[field];
        if !(sent.is_null() || sent.is_string()) {
            let what = go::json_type(sent);
            return Err(no_json(&format!(
                "json: cannot unmarshal {what} into Go struct field .{field} of type string"
            )));
        }
    }
    Ok(Sent { value, twice })
}

fn unreadable(why: &str, bytes: &[u8], expected: Expected) -> Refusal {
    Refusal::bad_request(format!(
        "the object provided is unrecognized (must be of type {}): {why} ({})",
        expected.kind,
        beginning(bytes)
    ))
}

/// How a body begins: as it is if it looks like JSON, in hexadecimal if not.
fn beginning(bytes: &[u8]) -> String {
    const SHOWN: usize = 30;
    if bytes.is_empty() {
        return "<empty>".to_owned();
    }
    let (shown, dots) = if bytes.len() > SHOWN { (&bytes[..SHOWN], " ...") } else { (bytes, "") };
    let mut text = String::new();
    if shown[0] == b'{' {
        text.push_str(&String::from_utf8_lossy(shown));
    } else {
        for byte in shown {
            let _ = write!(text, "{byte:02x}"); // into a String: it can't fail
        }
    }
    text + dots
}

/// Refuses another kind, or version, of object. A missing one is taken for the right one.
///
/// # Errors
/// 400.
pub fn of_kind(value: &Value, expected: Expected) -> Result<(), Refusal> {
    let kind = expected.kind;
    let api_version = expected.api_version();
    let sent = |key: &str| value[key].as_str().filter(|text| !text.is_empty());
    let sent_kind = sent("kind").unwrap_or(kind);
    let sent_version = sent("apiVersion").unwrap_or(&api_version);
    if sent_kind == kind && sent_version == api_version {
        return Ok(());
    }
    let why = if is_known(sent_kind, sent_version) {
        // The name of the group's Go package.
        let package = expected.group.split('.').next().filter(|name| !name.is_empty());
        let package = package.unwrap_or("core");
        let version = expected.version;
        format!("converting ({version}.{sent_kind}) to ({package}.{kind}): unknown conversion")
    } else {
        format!(
            "no kind {} is registered for version {} in scheme \"pkg/runtime/scheme.go:111\"",
            quote(sent_kind),
            quote(sent_version)
        )
    };
    Err(cannot_be_handled(sent_kind, sent_version, expected, &why))
}

/// Is it the kind of something that can be sent here, only elsewhere?
fn is_known(kind: &str, api_version: &str) -> bool {
    let of = |group: &str| {
        api_version == if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") }
    };
    kinds::ALL.iter().any(|known| known.kind == kind && of(known.group))
        || reviews::ALL.iter().any(|known| known.kind == kind && of(known.group))
}

/// 400: an object was sent that is said to be of this kind and version, and makes none of what was
/// expected.
pub(crate) fn cannot_be_handled(
    kind: &str,
    api_version: &str,
    expected: Expected,
    why: &str,
) -> Refusal {
    let version = quote(api_version.rsplit('/').next().unwrap_or_default());
    let expected = expected.kind;
    Refusal::bad_request(format!(
        "{kind} in version {version} cannot be handled as a {expected}: {why}"
    ))
}
