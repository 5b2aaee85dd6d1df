//! One request's line: `Event` of `audit.k8s.io/v1`, its fields in the real server's order.

use super::policy::{Decision, Level, Stage};
use super::{Audit, ISSUED_CREDENTIAL_ID};
use crate::api::attributes;
use crate::authz::impersonation::Impersonated;
use crate::negotiate::{Content, Reply};
use crate::request_info::RequestInfo;
use crate::reviews::{put, user_info};
use crate::status::Refusal;
use chrono::{DateTime, Utc};
use http::HeaderMap;
use http::header::USER_AGENT;
use serde_json::{Map, Value, json};
use static_tokens::User;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

const MAX_USER_AGENT: usize = 1024;

/// What only those know who answer.
#[derive(Debug, Default)]
pub struct Notes {
    /// The object that was sent, decoded.
    pub object: Option<Value>,
    /// Or the patch.
    pub patch: Option<Value>,
    /// `JTI=...` of a token that was issued.
    pub issued_credential: Option<String>,
}

/// What is known of a request so far.
pub struct Record {
    audit: Arc<Audit>,
    decision: Decision,
    id: String,
    uri: String,
    verb: String,
    user: Value,
    impersonated: Option<Impersonated>,
    source_ips: Vec<String>,
    user_agent: String,
    object: Option<Map<String, Value>>,
    status: Option<Value>,
    sent: Option<Value>,
    answered: Option<Value>,
    received: DateTime<Utc>,
    /// Has its last line been written?
    over: bool,
    annotations: BTreeMap<&'static str, String>,
}

impl Record {
    /// Begins one, if the policy wants it. `user` is whom the credential vouches for.
    #[must_use]
    pub fn begin(
        audit: &Arc<Audit>,
        info: &RequestInfo,
        user: Option<&User>,
        (id, uri): (&str, &str),
        (headers, peer): (&HeaderMap, Option<IpAddr>),
    ) -> Option<Self> {
        let nobody = User::default();
        let decision = audit.policy.evaluate(&attributes(info, user.unwrap_or(&nobody)), user);
        if decision.level == Level::None {
            return None;
        }
        let agent = headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let mut user_agent = agent.unwrap_or_default().into_owned();
        if user_agent.len() > MAX_USER_AGENT {
            let end = (0..=MAX_USER_AGENT).rev().find(|at| user_agent.is_char_boundary(*at));
            user_agent.truncate(end.unwrap_or_default());
            user_agent += "...TRUNCATED";
        }
        Some(Self {
            received: audit.clock.now(),
            audit: audit.clone(),
            decision,
            id: id.to_owned(),
            uri: uri.to_owned(),
            verb: info.verb.clone(),
            user: user_info(user.unwrap_or(&nobody)),
            impersonated: None,
            source_ips: source_ips(headers, peer),
            user_agent,
            object: info.is_resource.then(|| reference(info)),
            status: None,
            sent: None,
            answered: None,
            over: false,
            annotations: BTreeMap::new(),
        })
    }

    /// Adds an annotation.
    pub fn annotate(&mut self, key: &'static str, value: impl Into<String>) {
        self.annotations.insert(key, value.into());
    }

    /// Whom the sender is taken for from here on.
    pub fn impersonates(&mut self, other: Impersonated) {
        self.impersonated = Some(other);
    }

    /// What was sent, and what else is known of the work.
    pub fn note(&mut self, notes: Notes) {
        if let Some(credential) = notes.issued_credential {
            self.annotate(ISSUED_CREDENTIAL_ID, credential);
        }
        if let (Some(object), Some(sent)) = (&mut self.object, &notes.object) {
            // What the path does not say, the object may.
            for field in ["namespace", "name", "uid", "resourceVersion"] {
                let told = sent["metadata"][field].as_str().filter(|text| !text.is_empty());
                if let (Some(told), None) = (told, object.get(field)) {
                    object.insert(field.to_owned(), told.into());
                }
            }
        }
        if self.decision.level >= Level::Request {
            self.sent = notes.object.or(notes.patch);
        }
    }

    /// How it is answered.
    pub fn answered(&mut self, reply: &Reply) {
        let object = match &reply.content {
            Content::Value(value) => Some(value.clone()),
            Content::Object(object) if self.wants_answer() => Some(Value::clone(object)),
            Content::List(list) if self.wants_answer() => Some(list.to_value()),
            _ => None,
        };
        self.ended(reply.status, object);
    }

    fn ended(&mut self, code: u16, object: Option<Value>) {
        let mut status = json!({"metadata": {}});
        if let Some(told) = object.as_ref().filter(|object| object["kind"] == "Status") {
            for field in ["status", "message", "reason", "details"] {
                if let Some(value) = told.get(field) {
                    status[field] = value.clone();
                }
            }
        }
        status["code"] = code.into();
        self.status = Some(status);
        if self.wants_answer() {
            self.answered = object;
        }
    }

    fn wants_answer(&self) -> bool {
        self.decision.level == Level::RequestResponse
    }

    /// Writes what is known now, unless the policy leaves this stage out.
    pub fn write(&self, stage: Stage) {
        if !self.decision.omitted.contains(&stage) {
            self.audit.write(&self.event(stage));
        }
    }

    /// Writes the last line of it.
    pub fn end(mut self, stage: Stage) {
        self.over = true;
        self.write(stage);
    }

    fn event(&self, stage: Stage) -> Value {
        let mut event = Map::new();
        let mut set = |key: &str, value: Value| drop(event.insert(key.to_owned(), value));
        set("kind", "Event".into());
        set("apiVersion", "audit.k8s.io/v1".into());
        set("level", self.decision.level.name().into());
        set("auditID", self.id.as_str().into());
        set("stage", stage.name().into());
        set("requestURI", self.uri.as_str().into());
        set("verb", self.verb.as_str().into());
        set("user", self.user.clone());
        if let Some(other) = &self.impersonated {
            set("impersonatedUser", user_info(&other.user));
            if let Some(constraint) = other.constraint {
                set("authenticationMetadata", json!({"impersonationConstraint": constraint}));
            }
        }
        put(&mut event, "sourceIPs", self.source_ips.clone().into());
        put(&mut event, "userAgent", self.user_agent.as_str().into());
        if let Some(object) = &self.object {
            let order = [
                "resource",
                "namespace",
                "name",
                "uid",
                "apiGroup",
                "apiVersion",
                "resourceVersion",
                "subresource",
            ];
            let fields = order.into_iter().filter_map(|field| {
                object.get(field).map(|value| (field.to_owned(), value.clone()))
            });
            event.insert("objectRef".into(), fields.collect::<Map<_, _>>().into());
        }
        for (key, value) in [
            ("responseStatus", &self.status),
            ("requestObject", &self.sent),
            ("responseObject", &self.answered),
        ] {
            event.extend(value.clone().map(|value| (key.to_owned(), value)));
        }
        let now = match stage {
            Stage::RequestReceived => self.received,
            _ => self.audit.clock.now(),
        };
        event.insert("requestReceivedTimestamp".into(), micro_time(self.received));
        event.insert("stageTimestamp".into(), micro_time(now));
        put(&mut event, "annotations", json!(self.annotations));
        event.into()
    }
}

/// What is dropped before its end is over all the same, and nothing that was let in goes unwritten:
/// an answer that took its time, or a request whose client took it back before there was an answer.
impl Drop for Record {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        if self.status.is_none() {
            let left = Refusal::client_left();
            self.ended(left.code, Some(left.to_status()));
        }
        self.write(Stage::ResponseComplete);
    }
}

fn micro_time(time: DateTime<Utc>) -> Value {
    time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string().into()
}

fn reference(info: &RequestInfo) -> Map<String, Value> {
    let mut object = Map::new();
    for (field, value) in [
        ("resource", &info.resource),
        ("namespace", &info.namespace),
        ("name", &info.name),
        ("apiGroup", &info.group),
        ("apiVersion", &info.version),
        ("subresource", &info.subresource),
    ] {
        put(&mut object, field, value.as_str().into());
    }
    object
}

/// Where a request says that it comes from, and then where it does come from.
/// An IPv4 address is written as one, also where a socket of IPv6 has wrapped it.
fn source_ips(headers: &HeaderMap, peer: Option<IpAddr>) -> Vec<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let address = |text: &str| text.trim().parse::<IpAddr>().ok();
    let mut ips: Vec<IpAddr> = text("x-forwarded-for").split(',').filter_map(address).collect();
    ips.extend(address(text("x-real-ip")).filter(|ip| !ips.contains(ip)));
    if ips.last() != peer.as_ref() {
        ips.extend(peer);
    }
    ips.iter().map(|ip| ip.to_canonical().to_string()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::audit::Policy;
    use crate::request_info::Query;
    use http::Method;
    use narration::ManualClock;

    /// A client of HTTP/2 may take a request back at any time; then nobody goes on with it.
    #[test]
    fn a_request_that_is_dropped_is_written_down_and_one_that_has_ended_only_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        let clock = Arc::new(ManualClock::at_unix(1_795_435_200));
        let audit = Arc::new(Audit::open(&path, Policy::metadata(), clock).unwrap());
        let begin = |path: &str| {
            let info = RequestInfo::new(&Method::POST, path, &Query::parse(None));
            Record::begin(&audit, &info, None, ("id", path), (&HeaderMap::new(), None)).unwrap()
        };
        drop(begin("/taken/back"));
        let mut answered = begin("/answered");
        answered.answered(&Reply::text(200, "ok"));
        answered.end(Stage::ResponseComplete);
        begin("/nobody").end(Stage::ResponseStarted);
        let mut watch = begin("/watch");
        watch.answered(&Reply::text(200, "ok"));
        watch.write(Stage::ResponseStarted);
        drop(watch);

        let text = std::fs::read_to_string(&path).unwrap();
        let told = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let told: Vec<_> = told
            .map(|event| {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let status = &event["responseStatus"];
                (text(&event["requestURI"]), text(&event["stage"]), status["code"].as_u64())
            })
            .collect();
        let line = |path: &str, stage: &str, code| (path.to_owned(), stage.to_owned(), code);
        assert_eq!(
            told,
            [
                line("/taken/back", "ResponseComplete", Some(500)),
                line("/answered", "ResponseComplete", Some(200)),
                line("/nobody", "ResponseStarted", None),
                line("/watch", "ResponseStarted", Some(200)),
                line("/watch", "ResponseComplete", Some(200)),
            ]
        );
        assert!(text.contains("client disconnected"), "{text}");
    }
}
