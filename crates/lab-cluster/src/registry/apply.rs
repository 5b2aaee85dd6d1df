//! Server-side apply: "make it so", whether the object is there or not ([kubernetes.io][1]).
//!
//! The lab has no memory for who set which field (`managedFields`). So here nobody's change stands in
//! the way of another's, where the real server would refuse with a conflict; and a field that is not
//! mentioned any more stays, where the real server would remove what nobody else wants.
//!
//! [1]: https://kubernetes.io/docs/reference/using-api/server-side-apply/

use super::fields;
use super::go;
use super::kinds::ResourceKind;
use super::object;
use crate::status::Refusal;
use serde_json::Value;

/// Refuses what nobody could apply.
pub(super) fn check(kind: &'static ResourceKind, sent: &Value) -> Result<(), Refusal> {
    if !sent.is_object() {
        let found = go::json_type(sent);
        return Err(Refusal::bad_request(format!(
            "error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot \
             unmarshal {found} into Go value of type map[string]interface {{}}"
        )));
    }
    let text = |field: &str| sent[field].as_str().unwrap_or_default();
    let (name, api_version) = (text("kind"), text("apiVersion"));
    if (name, api_version) != (kind.kind, &kind.api_version()) {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        return Err(Refusal::bad_request(format!(
            "invalid object type: {group}/{version}, Kind={name}"
        )));
    }
    if !sent["metadata"]["managedFields"].is_null() {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    let unknown = fields::unknown_fields(kind, sent);
    let Some(field) = unknown.first() else { return Ok(()) };
    let (namespace, name, group) = (object::namespace(sent), object::name(sent), kind.group);
    let message = format!(
        "failed to create typed patch object ({namespace}/{name}; {group}/{}, Kind={}): .{field}: \
         field not declared in schema",
        kind.version, kind.kind
    );
    Err(Refusal { code: 500, reason: "", message, details: None })
}

/// Refuses to make an object that somebody believes to be there.
pub(super) fn may_be_made(kind: &ResourceKind, sent: &Value) -> Result<(), Refusal> {
    match object::uid(sent) {
        "" => Ok(()),
        uid => {
            let why = format!(
                "uid mismatch: the provided object specified uid {uid}, and no existing object was \
                 found"
            );
            Err(Refusal::conflict(kind.as_resource(), object::name(sent), &why))
        }
    }
}
