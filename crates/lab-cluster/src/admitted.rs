//! A request that has been let through, and what its query and its body ask for.

use crate::audit::Notes;
use crate::decode::{self, Expected};
use crate::registry::kinds::ResourceKind;
use crate::registry::{
    ListOptions, PatchType, Preconditions, WatchOptions, WriteOptions, refuse_unknown_fields,
    unknown_fields,
};
use crate::request_info::{Query, RequestInfo};
use crate::reviews::{self, ReviewKind};
use crate::status::{Cause, Kind, Refusal};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use static_tokens::User;
use std::cell::RefCell;
use std::time::Duration;

/// A request that has been let through.
pub struct Admitted<'r> {
    /// What is asked.
    pub info: &'r RequestInfo,
    /// And how.
    pub query: &'r Query,
    /// The client's headers.
    pub headers: &'r HeaderMap,
    /// Who asks.
    pub user: &'r User,
    /// What was sent along.
    pub body: &'r [u8],
    /// Where the audit log wants to be told of it, if it does.
    pub notes: Option<&'r RefCell<Notes>>,
}

impl Admitted<'_> {
    fn content_type(&self) -> Option<&str> {
        self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok())
    }

    /// The body as a review, or a `TokenRequest`.
    pub(crate) fn question(&self, kind: &ReviewKind) -> Result<reviews::Body, Refusal> {
        let expected = Expected { group: kind.group, version: "v1", kind: kind.kind };
        let sent = decode::body(self.content_type(), self.body, expected)?;
        decode::of_kind(&sent, expected)?;
        self.note_object(&sent, expected);
        reviews::Body::read(kind, &sent, self.field_validation() == "Strict")
    }

    /// The body as an object, with a warning for each field that nobody knows.
    pub(crate) fn object(
        &self,
        kind: &'static ResourceKind,
    ) -> Result<(Value, Vec<String>), Refusal> {
        let expected = Expected { group: kind.group, version: kind.version, kind: kind.kind };
        let body = decode::body(self.content_type(), self.body, expected)?;
        self.note_object(&body, expected);
        let warnings = match self.field_validation() {
            "Ignore" => Vec::new(),
            "Strict" => {
                refuse_unknown_fields(kind, &body)?;
                Vec::new()
            }
            _ => unknown_fields(kind, &body),
        };
        Ok((body, warnings))
    }

    /// Tells the audit log, if it listens.
    pub(crate) fn note(&self, tell: impl FnOnce(&mut Notes)) {
        if let Some(notes) = self.notes {
            tell(&mut notes.borrow_mut());
        }
    }

    fn note_object(&self, sent: &Value, expected: Expected) {
        self.note(|notes| {
            let mut object = json!({"kind": expected.kind, "apiVersion": expected.api_version()});
            if let (Some(object), Some(sent)) = (object.as_object_mut(), sent.as_object()) {
                for (field, value) in sent {
                    object.insert(field.clone(), value.clone());
                }
            }
            notes.object = Some(object);
        });
    }

    pub(crate) fn field_validation(&self) -> &str {
        self.query.get("fieldValidation").unwrap_or("Warn")
    }

    pub(crate) fn write_options(&self) -> Result<WriteOptions, Refusal> {
        let kind = match self.info.verb.as_str() {
            "create" => "CreateOptions",
            "update" => "UpdateOptions",
            "patch" => "PatchOptions",
            "delete" | "deletecollection" => "DeleteOptions",
            _ => return Ok(WriteOptions::default()), // nothing is written anyway
        };
        dry_run(kind, &self.query.get("dryRun").map_or(Value::Null, |word| json!([word])))
    }

    pub(crate) fn list_options(&self) -> Result<ListOptions, Refusal> {
        let text = |key| self.query.get(key).unwrap_or_default().to_owned();
        let limit = text("limit");
        let limit = if limit.is_empty() {
            0
        } else {
            limit.parse::<i64>().map_err(|_| {
                Refusal::bad_request(format!("strconv.ParseInt: parsing {limit:?}: invalid syntax"))
            })?
        };
        if let Some(seconds) = self.query.get("timeoutSeconds").filter(|text| !text.is_empty()) {
            seconds.parse::<i64>().map_err(|_| {
                let why = format!("strconv.ParseInt: parsing {seconds:?}: invalid syntax");
                Refusal::bad_request(why)
            })?;
        }
        Ok(ListOptions {
            label_selector: text("labelSelector"),
            field_selector: text("fieldSelector"),
            limit: u64::try_from(limit).unwrap_or_default(),
            continue_token: text("continue"),
        })
    }

    /// A list is always of now, so that any revision will do; but it must be one.
    pub(crate) fn list_revision(&self) -> Result<(), Refusal> {
        let revision = self.query.get("resourceVersion").unwrap_or_default();
        if !revision.is_empty() && revision.parse::<u64>().is_err() {
            return Err(Refusal::bad_request(format!(
                "invalid resource version: resourceVersion: Invalid value: {revision:?}: \
                 strconv.ParseUint: parsing {revision:?}: invalid syntax"
            )));
        }
        Ok(())
    }

    /// From when on. An old client asks for 0, as for nothing: all there is comes first.
    pub(crate) fn watch_options(&self) -> Result<WatchOptions, Refusal> {
        let after = match self.query.get("resourceVersion") {
            None | Some("" | "0") => None,
            Some(revision) => Some(revision.parse().map_err(|_| {
                Refusal::bad_request(format!(
                    "strconv.ParseUint: parsing {revision:?}: invalid syntax"
                ))
            })?),
        };
        let mark_beginning = self.query.is_true("sendInitialEvents");
        Ok(WatchOptions { selection: self.list_options()?, after, mark_beginning })
    }

    pub(crate) fn lasts(&self) -> Option<Duration> {
        let seconds = self.query.get("timeoutSeconds")?.parse().ok()?;
        (seconds != 0).then(|| Duration::from_secs(seconds))
    }

    pub(crate) fn patch(&self) -> Result<(PatchType, Value), Refusal> {
        let types = [
            ("application/json-patch+json", PatchType::Json),
            ("application/merge-patch+json", PatchType::Merge),
            ("application/strategic-merge-patch+json", PatchType::StrategicMerge),
            ("application/apply-patch+yaml", PatchType::Apply),
        ];
        let sent = self.content_type().unwrap_or_default();
        let sent = sent.split(';').next().unwrap_or_default().trim();
        let Some((_, patch_type)) = types.iter().find(|(media_type, _)| *media_type == sent) else {
            let names = types.map(|(media_type, _)| media_type);
            return Err(Refusal::unsupported_media_type(&names));
        };
        if *patch_type == PatchType::Apply {
            if self.query.get("fieldManager").unwrap_or_default().is_empty() {
                return Err(no_field_manager());
            }
            let patch = serde_saphyr::from_slice(self.body).map_err(|error| {
                let why = format!("error decoding patch: error converting YAML to JSON: {error}");
                Refusal::bad_request(why)
            })?;
            self.note(|notes| notes.patch = Some(Value::clone(&patch)));
            return Ok((PatchType::Apply, patch));
        }
        let patch = serde_json::from_slice(self.body)
            .map_err(|_| Refusal::bad_request("invalid JSON patch"))?;
        self.note(|notes| notes.patch = Some(Value::clone(&patch)));
        Ok((*patch_type, patch))
    }

    /// How to delete: what the body says, or, without one, the query.
    pub(crate) fn deletion(&self) -> Result<(Preconditions, WriteOptions), Refusal> {
        let typed = self.query.get("gracePeriodSeconds").and_then(|text| text.parse().ok());
        if self.body.trim_ascii().is_empty() {
            let preconditions =
                Preconditions { grace_period_seconds: typed, ..Preconditions::default() };
            return Ok((preconditions, self.write_options()?));
        }
        let expected = Expected { group: "", version: "v1", kind: "DeleteOptions" };
        let body = decode::body(self.content_type(), self.body, expected)?;
        self.note_object(&body, expected);
        let text = |key: &str| body["preconditions"][key].as_str().map(str::to_owned);
        let preconditions = Preconditions {
            uid: text("uid"),
            resource_version: text("resourceVersion"),
            grace_period_seconds: typed.or(body["gracePeriodSeconds"].as_i64()),
        };
        let mut options = dry_run(expected.kind, &body["dryRun"])?;
        options.dry_run |= self.write_options()?.dry_run;
        Ok((preconditions, options))
    }
}

/// `["All"]`, or nothing.
fn dry_run(kind: &'static str, words: &Value) -> Result<WriteOptions, Refusal> {
    let list = words.as_array().map(Vec::as_slice).unwrap_or_default();
    if list.iter().all(|word| word == "All") {
        return Ok(WriteOptions { dry_run: !list.is_empty() });
    }
    let cause = Cause {
        reason: "FieldValueNotSupported",
        field: "dryRun".to_owned(),
        message: format!("Unsupported value: {words}: supported values: \"All\""),
    };
    Err(Refusal::invalid(Kind { group: "meta.k8s.io", resource: kind }, "", &[cause]))
}

fn no_field_manager() -> Refusal {
    let cause = Cause {
        reason: "FieldValueRequired",
        field: "fieldManager".to_owned(),
        message: "Required value: is required for apply patch".to_owned(),
    };
    let kind = Kind { group: "meta.k8s.io", resource: "PatchOptions" };
    Refusal::invalid(kind, "", &[cause])
}
