//! The registry answers as a real kube-apiserver 1.37.2 did. `registry_exchanges.jsonl` holds what
//! that one was asked, one request after the other on an empty cluster, and what it answered (but
//! for `managedFields`, which the lab does not keep). Here the same is asked of the registry.
//!
//! Uids, revisions, dates and generated names differ from run to run; they must differ in the same
//! way: what was one revision there is one revision here.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::real::{FOR_THE_REGISTRY, RealServer};
use lab_cluster::decode::Sent;
use lab_cluster::field_validation::FieldValidation;
use lab_cluster::registry::kinds::{self, ResourceKind};
use lab_cluster::registry::{
    ListOptions, PatchType, Preconditions, RandomIds, Registry, Store, WriteOptions,
    field_warnings, seeds,
};
use lab_cluster::status::Refusal;
use narration::SystemClock;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

#[test]
fn every_answer_is_the_real_ones() {
    let mut lab = Lab::new();
    let mut wrong = String::new();
    let mut count = 0;
    for line in include_str!("registry_exchanges.jsonl").lines() {
        let exchange: Value = serde_json::from_str(line).unwrap();
        let asked = exchange["ask"].as_str().unwrap();
        let request = format!("{asked} {}", exchange["body"]);
        let (code, answer, warnings) = lab.ask(&exchange);
        let there = lab.there.normal(&exchange["answer"]);
        let here = lab.here.normal(&answer);
        count += 1;
        if (json!(code), &here) != (exchange["code"].clone(), &there)
            || (warnings != exchange["warnings"] && !asked.starts_with("PATCH"))
        {
            let real = &exchange["code"];
            let _ = write!(
                wrong,
                "\n{request}\n  real {real} {there} {}\n  lab  {code} {here} {warnings}\n",
                exchange["warnings"]
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}\n{} of {count} differ", wrong.matches("\n  real ").count());
}

/// Asks a real one all of it again: `KUBEBUILDER_ASSETS` names a folder with `kube-apiserver` and
/// `etcd` (`setup-envtest use -p path` prints one). When a new version says something else, that is
/// what to record.
#[test]
#[ignore = "needs a real kube-apiserver"]
fn a_real_api_server_still_says_so() {
    let server = RealServer::start(FOR_THE_REGISTRY, "token,admin,admin,system:masters\n");
    let (mut then, mut now) = (Names::default(), Names::default());
    let mut seen = HashMap::new();
    let mut wrong = String::new();
    for line in include_str!("registry_exchanges.jsonl").lines() {
        let exchange: Value = serde_json::from_str(line).unwrap();
        let asked = exchange["ask"].as_str().unwrap();
        let (code, mut answer) =
            server.ask(asked, &exchange["type"], &fill(&exchange["body"], &seen));
        remove_managed_fields(&mut answer);
        remember(&mut seen, &answer);
        let (then, now) = (then.normal(&exchange["answer"]), now.normal(&answer));
        if exchange["code"] != code || then != now {
            let _ = write!(wrong, "\n{asked} {}\n  then {then}\n  now  {now}\n", exchange["body"]);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A cluster without controllers, and what its objects were last seen as.
struct Lab {
    registry: Registry,
    seen: HashMap<String, Value>,
    here: Names,
    there: Names,
}

impl Lab {
    fn new() -> Self {
        let registry =
            Registry::new(Store::in_memory(), Arc::new(SystemClock), Arc::new(RandomIds));
        seeds::system_namespaces(&registry).unwrap();
        // The real one publishes its client CA for API servers that extend it. The lab has none.
        let published = json!({"metadata": {
            "name": "extension-apiserver-authentication", "namespace": "kube-system",
        }});
        registry.create_missing([(&kinds::CONFIG_MAPS, published)]).unwrap();
        Self { registry, seen: HashMap::new(), here: Names::default(), there: Names::default() }
    }

    fn ask(&mut self, exchange: &Value) -> (u16, Value, Value) {
        let body = fill(&exchange["body"], &self.seen);
        let asked = exchange["ask"].as_str().unwrap();
        let mut warnings = Value::Null;
        let (code, answer) = match self.answer(asked, &exchange["type"], body, &mut warnings) {
            Ok(answer) => answer,
            Err(refusal) => (refusal.code, refusal.to_status()),
        };
        remember(&mut self.seen, &answer);
        (code, answer, warnings)
    }

    fn answer(
        &self,
        asked: &str,
        patch_type: &Value,
        body: Value,
        warnings: &mut Value,
    ) -> Result<(u16, Value), Refusal> {
        let (method, path) = asked.split_once(' ').unwrap();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let query = |key: &str| {
            let pair = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{key}=")));
            percent_decoded(pair.unwrap_or_default())
        };
        let options = WriteOptions { dry_run: query("dryRun") == "All" };
        let list_options = ListOptions {
            label_selector: query("labelSelector"),
            field_selector: query("fieldSelector"),
            limit: query("limit").parse().unwrap_or_default(),
            continue_token: query("continue"),
        };
        let (kind, namespace, name) = place(path);
        let registry = &self.registry;
        if matches!(method, "POST" | "PUT") {
            let sent = Sent { value: body.clone(), twice: Vec::new() };
            let validation = FieldValidation::read(Some(&query("fieldValidation")));
            let warned = field_warnings(kind, &sent, validation)?;
            if !warned.is_empty() {
                *warnings = json!(warned);
            }
        }
        let owned = |object: Arc<Value>| Value::clone(&object);
        Ok(match (method, name.is_empty()) {
            ("GET", false) => (200, owned(registry.get(kind, namespace, name)?)),
            ("GET", true) => (200, registry.list(kind, namespace, &list_options)?.to_value()),
            ("POST", _) => (201, owned(registry.create(kind, namespace, body, &options)?)),
            ("PUT", _) => {
                let there = registry.get(kind, namespace, name).is_ok();
                let object = registry.update(kind, namespace, name, body, &options)?;
                (if there { 200 } else { 201 }, owned(object))
            }
            ("PATCH", _) => {
                let patch_type = match patch_type.as_str().unwrap() {
                    "merge-patch" => PatchType::Merge,
                    "json-patch" => PatchType::Json,
                    _ => PatchType::StrategicMerge,
                };
                (200, owned(registry.patch(kind, namespace, name, patch_type, &body, &options)?))
            }
            ("DELETE", false) => {
                let text = |field: &str| body["preconditions"][field].as_str().map(str::to_owned);
                let preconditions = Preconditions {
                    uid: text("uid"),
                    resource_version: text("resourceVersion"),
                    ..Preconditions::default()
                };
                (200, registry.delete(kind, namespace, name, &preconditions, &options)?)
            }
            _ => {
                let gone = registry.delete_collection(kind, namespace, &list_options, &options)?;
                (200, gone.to_value())
            }
        })
    }
}

/// Puts what was answered before into a body: `{{web.uid}}`, `{{web.resourceVersion}}`.
fn fill(body: &Value, seen: &HashMap<String, Value>) -> Value {
    let mut body = body.to_string();
    for (name, metadata) in seen {
        for field in ["uid", "resourceVersion"] {
            let value = metadata[field].as_str().unwrap_or_default();
            body = body.replace(&format!("{{{{{name}.{field}}}}}"), value);
        }
    }
    serde_json::from_str(&body).unwrap()
}

fn remember(seen: &mut HashMap<String, Value>, answer: &Value) {
    if let Some(name) = answer["metadata"]["name"].as_str() {
        seen.insert(name.to_owned(), answer["metadata"].clone());
    }
}

fn remove_managed_fields(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.shift_remove("managedFields");
            fields.values_mut().for_each(remove_managed_fields);
        }
        Value::Array(list) => list.iter_mut().for_each(remove_managed_fields),
        _ => {}
    }
}

/// Kind, namespace and name that a path means.
fn place(path: &str) -> (&'static ResourceKind, &str, &str) {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (group, rest) = match parts[..] {
        ["api", "v1", ref rest @ ..] => ("", rest),
        ["apis", group, "v1", ref rest @ ..] => (group, rest),
        _ => panic!("{path}"),
    };
    let (namespace, plural, name) = match rest {
        ["namespaces"] => ("", "namespaces", ""),
        ["namespaces", name] => ("", "namespaces", *name),
        ["namespaces", namespace, plural] => (*namespace, *plural, ""),
        ["namespaces", namespace, plural, name] => (*namespace, *plural, *name),
        [plural] => ("", *plural, ""),
        [plural, name] => ("", *plural, *name),
        _ => panic!("{path}"),
    };
    (kinds::find(group, "v1", plural).unwrap(), namespace, name)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let hex = [rest.next().unwrap(), rest.next().unwrap()];
            u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
        } else {
            byte
        });
    }
    String::from_utf8(bytes).unwrap()
}

/// Gives what differs from run to run a name that does not: uid 0, uid 1, revision 0, ...
#[derive(Default)]
struct Names {
    uids: Vec<String>,
    revisions: Vec<String>,
    generated: Vec<String>,
}

impl Names {
    fn normal(&mut self, answer: &Value) -> String {
        let mut answer = answer.clone();
        if answer["kind"].as_str().is_some_and(|kind| kind.ends_with("List")) {
            answer["metadata"]["resourceVersion"] = Value::Null;
            if let Some(token) = answer["metadata"]["continue"].as_str() {
                answer["metadata"]["continue"] = start_of(token).into();
            }
        }
        // The object that a bad patch would have made is quoted in full, `managedFields` and all.
        if answer["details"]["causes"][0]["field"] == "patch" {
            let cause = answer["details"]["causes"][0]["message"].as_str().unwrap();
            answer["message"] = cause.rsplit("\": ").next().unwrap().into();
            answer["details"]["causes"] = Value::Null;
        }
        self.rename(&mut answer);
        answer.to_string()
    }

    fn rename(&mut self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                if fields.contains_key("generateName") && fields.contains_key("uid") {
                    name(&mut self.generated, "name", &mut fields["name"]);
                }
                for (field, value) in fields {
                    match field.as_str() {
                        "uid" => name(&mut self.uids, "uid", value),
                        "resourceVersion" => name(&mut self.revisions, "revision", value),
                        // How long a run took is nobody's business.
                        "creationTimestamp" | "deletionTimestamp" => *value = "then".into(),
                        _ => self.rename(value),
                    }
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|value| self.rename(value)),
            Value::String(text) => {
                for (at, uid) in self.uids.iter().enumerate().filter(|(_, uid)| uid.len() == 36) {
                    *text = text.replace(uid, &format!("uid {at}"));
                }
                for (at, generated) in self.generated.iter().enumerate() {
                    *text = text.replace(generated, &format!("name {at}"));
                }
                for (at, revision) in self.revisions.iter().enumerate() {
                    let record = format!("in record ({revision})");
                    *text = text.replace(&record, &format!("in record (revision {at})"));
                }
                // The real one ran with a prefix of its own in a shared etcd.
                if let Some((before, after)) = text.split_once("Key: /run-") {
                    let (_, key) = after.split_once('/').unwrap();
                    *text = format!("{before}Key: /registry/{key}");
                }
            }
            _ => {}
        }
    }
}

fn name(known: &mut Vec<String>, what: &str, value: &mut Value) {
    let Some(text) = value.as_str() else { return };
    let at = known.iter().position(|known| known == text).unwrap_or_else(|| {
        known.push(text.to_owned());
        known.len() - 1
    });
    *value = format!("{what} {at}").into();
}

fn start_of(token: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let token: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).unwrap()).unwrap();
    token["start"].to_string()
}
