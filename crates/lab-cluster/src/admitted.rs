//! A request that has been let through, and what its query and its body ask for.

use crate::audit::Notes;
use crate::decode::{self, Expected};
use crate::field_validation::FieldValidation;
use crate::negotiate::View;
use crate::registry::kinds::ResourceKind;
use crate::registry::{
    ListOptions, PatchType, Preconditions, Problems, WatchOptions, WriteOptions, field_warnings,
    path_segment,
};
use crate::request_info::{Query, RequestInfo};
use crate::reviews::{self, ReviewKind};
use crate::status::{Cause, Kind, Refusal};
use crate::table::Include;
use expiry::go::quote;
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
        let expected = Expected::from(kind);
        let sent = decode::body(self.content_type(), self.body, expected)?;
        decode::of_kind(&sent.value, expected)?;
        self.note_object(&sent.value, expected);
        reviews::Body::read(kind, &sent, self.field_validation())
    }

    /// The body as an object, with a warning for each field that nobody knows.
    pub(crate) fn object(
        &self,
        kind: &'static ResourceKind,
    ) -> Result<(Value, Vec<String>), Refusal> {
        let expected = Expected::from(kind);
        let sent = decode::body(self.content_type(), self.body, expected)?;
        self.note_object(&sent.value, expected);
        let warnings = field_warnings(kind, &sent, self.field_validation())?;
        Ok((sent.value, warnings))
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

    pub(crate) fn field_validation(&self) -> FieldValidation {
        FieldValidation::read(self.query.get("fieldValidation"))
    }

    pub(crate) fn write_options(&self) -> Result<WriteOptions, Refusal> {
        let kind = match self.info.verb.as_str() {
            "create" => "CreateOptions",
            "update" => "UpdateOptions",
            "patch" => "PatchOptions",
            "delete" | "deletecollection" => "DeleteOptions",
            _ => return Ok(WriteOptions::default()), // nothing is written anyway
        };
        let how = self.query.get("fieldValidation").unwrap_or_default();
        if !matches!(how, "" | "Ignore" | "Strict" | "Warn") && !kind.starts_with("Delete") {
            let mut problems = Problems::default();
            problems.not_supported("fieldValidation", how, &["", "Ignore", "Strict", "Warn"]);
            problems.refuse(Kind { group: "meta.k8s.io", resource: kind }, "")?;
        }
        dry_run(kind, &self.query.get("dryRun").map_or(Value::Null, |word| json!([word])))
    }

    pub(crate) fn list_options(&self) -> Result<ListOptions, Refusal> {
        let text = |key| self.query.get(key).unwrap_or_default().to_owned();
        let limit = self.integer("limit")?.unwrap_or_default();
        self.integer("timeoutSeconds")?;
        Ok(ListOptions {
            label_selector: text("labelSelector"),
            field_selector: text("fieldSelector"),
            limit: u64::try_from(limit).unwrap_or_default(),
            continue_token: text("continue"),
        })
    }

    /// A number in the query, if it is there.
    fn integer(&self, key: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.query.get(key) else { return Ok(None) };
        let number = text.parse().map_err(|_| {
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            let (text, why) = (quote(text), not_a_number(digits));
            Refusal::bad_request(format!("strconv.ParseInt: parsing {text}: {why}"))
        })?;
        Ok(Some(number))
    }

    /// A list is always of now, so that any revision up to `now` will do; but it must be one.
    pub(crate) fn list_revision(&self, now: u64) -> Result<(), Refusal> {
        let mut problems = Problems::default();
        let version_match = self.query.get("resourceVersionMatch").unwrap_or_default();
        let revision = self.query.get("resourceVersion").unwrap_or_default();
        if !version_match.is_empty() {
            if revision.is_empty() {
                let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
                problems.forbidden(VERSION_MATCH, why);
            }
            self.no_continue(&mut problems);
            if !matches!(version_match, "Exact" | NOT_OLDER) {
                problems.not_supported(VERSION_MATCH, version_match, &["Exact", NOT_OLDER, ""]);
            }
            if version_match == "Exact" && revision == "0" {
                let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
                problems.forbidden(VERSION_MATCH, why);
            }
        }
        if self.query.get("sendInitialEvents").is_some() {
            problems.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
        }
        problems.refuse(LIST_OPTIONS, "")?;
        let revision = match revision {
            "" => 0,
            text => parse_revision(text)
                .map_err(|why| Refusal::bad_request(format!("invalid resource version: {why}")))?,
        };
        if revision > now { Err(Refusal::too_new(revision, now)) } else { Ok(()) }
    }

    /// What a `get` of one object may ask for: it is of now, and must not be of later.
    pub(crate) fn get_options(&self, now: u64) -> Result<(), Refusal> {
        if self.query.is_true("export") {
            let why = "the export parameter, deprecated since v1.14, is no longer supported";
            return Err(Refusal::bad_request(why));
        }
        let revision = match self.query.get("resourceVersion").unwrap_or_default() {
            "" => 0,
            text => parse_revision(text).map_err(Refusal::storage)?,
        };
        if revision > now { Err(Refusal::too_new(revision, now)) } else { Ok(()) }
    }

    /// The name in the path, which must be one.
    pub(crate) fn check_name(&self) -> Result<(), Refusal> {
        let problems = path_segment(&self.info.name, false);
        if problems.is_empty() {
            return Ok(());
        }
        let (name, problems) = (quote(&self.info.name), problems.join(";"));
        Err(Refusal::bad_request(format!("Name parameter invalid: {name}: {problems}")))
    }

    fn no_continue(&self, problems: &mut Problems) {
        if !self.query.get("continue").unwrap_or_default().is_empty() {
            let why = "resourceVersionMatch is forbidden when continue is provided";
            problems.forbidden(VERSION_MATCH, why);
        }
    }

    /// From when on ([`validation.go`][1]). Who does not say, or says 0, gets all there is first
    /// ([`defaults.go`][2]).
    ///
    /// [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apimachinery/pkg/apis/meta/internalversion/validation/validation.go
    /// [2]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apimachinery/pkg/apis/meta/internalversion/defaults.go
    pub(crate) fn watch_options(&self) -> Result<WatchOptions, Refusal> {
        let mut selection = self.list_options()?;
        let name = &self.info.name;
        if self.info.verb_in_path && !name.is_empty() {
            selection.field_selector = format!("metadata.name={name}");
        }
        let revision = self.query.get("resourceVersion").unwrap_or_default();
        let mut version_match = self.query.get("resourceVersionMatch").unwrap_or_default();
        let said = self.query.get("sendInitialEvents");
        let mut all_first = said.map(|_| self.query.is_true("sendInitialEvents"));
        if all_first.is_none() && version_match.is_empty() && matches!(revision, "" | "0") {
            (all_first, version_match) = (Some(true), NOT_OLDER);
        }

        let mut problems = Problems::default();
        if all_first.is_some() && version_match != NOT_OLDER {
            let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            problems.forbidden(VERSION_MATCH, why);
        }
        if !version_match.is_empty() {
            if all_first.is_none() {
                let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is \
                           provided";
                problems.forbidden(VERSION_MATCH, why);
            }
            if version_match != NOT_OLDER {
                problems.not_supported(VERSION_MATCH, version_match, &[NOT_OLDER]);
            }
            self.no_continue(&mut problems);
        }
        problems.refuse(LIST_OPTIONS, "")?;

        let after = match revision {
            "" => None,
            text => Some(parse_revision(text).map_err(Refusal::storage)?),
        };
        let all_first = all_first == Some(true);
        let mark_beginning = all_first && self.query.is_true("allowWatchBookmarks");
        Ok(WatchOptions {
            selection,
            after: after.filter(|revision| *revision != 0),
            all_first,
            mark_beginning,
        })
    }

    /// `timeoutSeconds`; a time that has passed already is nothing.
    pub(crate) fn lasts(&self) -> Option<Duration> {
        let seconds: i64 = self.query.get("timeoutSeconds")?.parse().ok()?;
        (seconds != 0).then(|| Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
    }

    /// What comes along with the cells of a table, if that is what is wanted.
    pub(crate) fn included(&self, view: View) -> Result<Include, Refusal> {
        match view {
            View::Table => Include::read(self.query.get("includeObject")),
            View::Metadata | View::MetadataOfAll => Ok(Include::Metadata),
        }
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
            return Err(Refusal::not_routed());
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
        let body = decode::body(self.content_type(), self.body, expected)?.value;
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

const VERSION_MATCH: &str = "resourceVersionMatch";
/// The only match that a watch knows: at this revision, or later.
const NOT_OLDER: &str = "NotOlderThan";
const LIST_OPTIONS: Kind<'static> = Kind { group: "meta.k8s.io", resource: "ListOptions" };

/// A revision. What is none is said in Go's words.
fn parse_revision(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| {
        let (text, why) = (quote(text), not_a_number(text));
        format!("resourceVersion: Invalid value: {text}: strconv.ParseUint: parsing {text}: {why}")
    })
}

/// Why digits that cannot be read cannot be read.
fn not_a_number(text: &str) -> &'static str {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty();
    if digits { "value out of range" } else { "invalid syntax" }
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
