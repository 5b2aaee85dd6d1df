//! What is compared of an answer: the verdict and the words. What differs from run to run is named.

use super::common::Answer;
use super::making::{KEYS, Memory};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// The headers that matter to a client. Of `Audit-Id` it matters that it is there.
const HEADERS: [&str; 8] = [
    "content-type",
    "cache-control",
    "www-authenticate",
    "warning",
    "allow",
    "retry-after",
    "x-content-type-options",
    "location",
];

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Who it was taken for, and whether that one may.
    pub(crate) verdict: Value,
    /// All that was said besides.
    pub(crate) words: Value,
}

/// Reads an answer that came at `now`.
pub(crate) fn of(answer: &Answer, why: &str, now: i64, memory: &Memory) -> Outcome {
    let normal = Normal { now, memory };
    let body = match (told(&answer.text), serde_json::from_str::<Value>(&answer.text)) {
        (Some(events), _) => events.into_iter().map(|event| normal.value(event)).collect(),
        (None, Ok(body)) => normal.value(body),
        (None, Err(_)) => normal.text(&answer.text).into(),
    };
    let mut verdict = Map::from_iter([("status".to_owned(), json!(answer.status))]);
    for (name, place) in [
        ("reason", "/reason"),
        ("user", "/status/userInfo"),
        ("user", "/status/user"),
        ("authenticated", "/status/authenticated"),
        ("audiences", "/status/audiences"),
        ("allowed", "/status/allowed"),
        ("denied", "/status/denied"),
    ] {
        if let Some(value) = body.pointer(place) {
            verdict.insert(name.to_owned(), value.clone());
        }
    }
    let events = events(&body);
    if !events.is_empty() {
        verdict.insert("events".to_owned(), events.into());
    }
    let mut headers = Map::new();
    for name in HEADERS {
        let values = answer.headers.get_all(name).iter().map(|value| value.to_str().unwrap());
        let values: Vec<Value> = values.map(|value| normal.text(value).into()).collect();
        if !values.is_empty() {
            headers.insert(name.to_owned(), values.into());
        }
    }
    headers.insert("audit-id".to_owned(), answer.headers.contains_key("audit-id").into());
    let mut words = json!({"headers": headers, "body": body});
    if !why.is_empty() {
        words["log"] = normal.text(why).into();
    }
    Outcome { verdict: verdict.into(), words }
}

/// What a watch tells, in short: `ADDED robot`. A table names its object in its first row.
fn events(body: &Value) -> Vec<Value> {
    let events = body.as_array().into_iter().flatten().filter_map(|event| {
        let (kind, object) = (event["type"].as_str()?, event.get("object")?);
        let names = ["/metadata/name", "/rows/0/cells/0", "/reason"];
        let name = names.iter().find_map(|place| object.pointer(place)?.as_str());
        Some(format!("{kind} {}", name.unwrap_or_default()).trim_end().into())
    });
    events.collect()
}

/// The events of a watch, if that is what this is. A bookmark that says no more than a revision is
/// left out: a real server sends one now and then.
fn told(text: &str) -> Option<Vec<Value>> {
    let events: Vec<Value> =
        text.lines().map(serde_json::from_str).collect::<Result<_, _>>().ok()?;
    let is_event = |event: &Value| event["type"].is_string() && event["object"].is_object();
    if events.is_empty() || !events.iter().all(is_event) {
        return None;
    }
    let by_time = |event: &Value| {
        event["type"] == "BOOKMARK" && !event.to_string().contains("initial-events-end")
    };
    Some(events.into_iter().filter(|event| !by_time(event)).collect())
}

struct Normal<'m> {
    now: i64,
    memory: &'m Memory,
}

static UID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}").unwrap()
});
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)").unwrap()
});
static FINGERPRINT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("X509SHA256=[0-9a-f]{64}").unwrap());
static AGE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\d\d?s$").unwrap());
static CURRENT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"current: \d+").unwrap());
static TOO_OLD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"too old resource version: \d+ \(\d+\)").unwrap());
static PORT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"127\.0\.0\.1:\d+").unwrap());
static SERIAL: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"SN=\d+").unwrap());

/// Every long word in a published key, and what it is: `kid of first`.
static KEY_MATERIAL: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let mut words = Vec::new();
    for (name, key) in &*KEYS {
        let jwk = key.public_key().to_jwk();
        for (field, value) in jwk.as_object().unwrap() {
            if let Some(value) = value.as_str().filter(|value| value.len() > 30) {
                words.push((value.to_owned(), format!("{field} of {name}")));
            }
        }
    }
    words
});

impl Normal<'_> {
    fn value(&self, value: Value) -> Value {
        match value {
            Value::Object(fields) => {
                let mut kept = Map::new();
                for (name, value) in fields {
                    let value = match (name.as_str(), &value) {
                        ("managedFields", _) => continue,
                        ("resourceVersion", Value::String(text)) if !text.is_empty() => {
                            "revision".into()
                        }
                        ("creationTimestamp" | "deletionTimestamp", Value::String(_)) => {
                            "then".into()
                        }
                        ("token", Value::String(token)) => self.token(token),
                        ("cells", Value::Array(cells)) => {
                            cells.iter().map(|cell| self.cell(cell)).collect()
                        }
                        // The real server keeps rules in no order.
                        ("resourceRules" | "nonResourceRules", Value::Array(_)) => {
                            let mut value = self.value(value);
                            value.as_array_mut().unwrap().sort_by_key(Value::to_string);
                            value
                        }
                        _ => self.value(value),
                    };
                    kept.insert(name, value);
                }
                Value::Object(kept)
            }
            Value::Array(list) => list.into_iter().map(|value| self.value(value)).collect(),
            Value::String(text) => self.text(&text).into(),
            other => other,
        }
    }

    /// How old something is depends on how fast the test is.
    fn cell(&self, cell: &Value) -> Value {
        match cell.as_str() {
            Some(text) if AGE.is_match(text) => "just now".into(),
            Some(text) if TIME.is_match(text) => "then".into(),
            _ => self.value(cell.clone()),
        }
    }

    fn text(&self, text: &str) -> String {
        // Shorter than anything that is replaced.
        if text.len() < 9 {
            return text.to_owned();
        }
        let text = UID.replace_all(text, |found: &regex::Captures| self.uid(&found[0]));
        let text = TIME.replace_all(&text, |found: &regex::Captures| {
            let time = DateTime::parse_from_rfc3339(&found[0]).map(|time| time.timestamp());
            // What is years ago is a constant: an example, or no date at all.
            let near = time.ok().filter(|time| time - self.now > -3 * 365 * 86400);
            near.map_or(found[0].to_owned(), |time| self.time(time))
        });
        let text = FINGERPRINT.replace_all(&text, "X509SHA256=…");
        let text = CURRENT.replace_all(&text, "current: now");
        let text = TOO_OLD.replace_all(&text, "too old resource version: then (now)");
        let text = SERIAL.replace_all(&text, "SN=…");
        let text = PORT.replace_all(&text, "127.0.0.1:PORT");
        let today = DateTime::from_timestamp(self.now, 0).unwrap().format("%Y-%m-%d").to_string();
        let mut text = text.replace(&today, "today");
        for (value, name) in &*KEY_MATERIAL {
            if text.contains(value) {
                text = text.replace(value, name);
            }
        }
        text
    }

    fn uid(&self, uid: &str) -> String {
        for (name, uids) in &self.memory.uids {
            if let Some(at) = uids.iter().position(|known| known == uid) {
                return format!("uid {} of {name}", at + 1);
            }
        }
        if uid.starts_with("11111111-") { uid.to_owned() } else { "some uid".to_owned() }
    }

    /// Seconds from now; a second or two more or less are the same.
    fn time(&self, time: i64) -> String {
        let from_now = time - self.now;
        let tens = (from_now + if from_now < 0 { -5 } else { 5 }) / 10 * 10;
        if (from_now - tens).abs() <= 3 {
            format!("now{tens:+}")
        } else {
            format!("now{from_now:+}")
        }
    }

    /// A token is taken apart: its times are seconds after it was issued.
    fn token(&self, token: &str) -> Value {
        let part = |part: Option<&str>| {
            let bytes = URL_SAFE_NO_PAD.decode(part?).ok()?;
            serde_json::from_slice::<Value>(&bytes).ok()
        };
        let mut parts = token.split('.');
        let (Some(header), Some(mut claims)) = (part(parts.next()), part(parts.next())) else {
            // In a Secret it is in base64 once more.
            return if token.len() > 500 { "a token".into() } else { self.text(token).into() };
        };
        let Some(issued) = claims["iat"].as_i64() else { return "a token".into() };
        let since = |value: &mut Value| {
            if let Some(seconds) = value.as_i64() {
                *value = format!("iat{:+}", seconds - issued).into();
            }
        };
        for name in ["exp", "nbf"] {
            since(&mut claims[name]);
        }
        if claims["kubernetes.io"]["warnafter"].is_i64() {
            since(&mut claims["kubernetes.io"]["warnafter"]);
        }
        claims["iat"] = self.time(issued).into();
        json!({"header": self.value(header), "claims": self.value(claims)})
    }
}
