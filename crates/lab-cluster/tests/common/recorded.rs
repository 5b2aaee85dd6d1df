//! What a real kube-apiserver was asked, one line of JSON each, and what it answered. The same is
//! asked of the lab; and of a real one again, if there is one.
//!
//! `as` is the user, whose token is `USER-token`; without it there is no credential.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "tests; each uses a part")]

use super::real::{RealServer, WITH_RBAC};
use super::{Answer, Lab};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

/// The exchanges of a file.
pub fn exchanges(file: &str) -> Vec<Value> {
    file.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A token file for everybody who asks for something.
pub fn token_file(exchanges: &[Value]) -> String {
    let names: BTreeSet<&str> = exchanges.iter().filter_map(|e| e["as"].as_str()).collect();
    let mut file = String::new();
    for name in names.into_iter().filter(|name| *name != "wrong") {
        let groups = if name == "admin" { ",system:masters" } else { "" };
        let _ = writeln!(file, "{name}-token,{name},u-{name}{groups}");
    }
    file
}

/// A lab with RBAC and without controllers, in which everybody has a token who asks for something.
pub async fn lab(exchanges: &[Value]) -> Lab {
    lab_with(exchanges, &[]).await
}

/// The same, with more flags.
pub async fn lab_with(exchanges: &[Value], flags: &[&str]) -> Lab {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.csv");
    std::fs::write(&file, token_file(exchanges)).unwrap();
    let file = format!("--token-auth-file={}", file.display());
    Lab::start(&[&["--bare", "--authorization-mode=RBAC", &file], flags].concat()).await
}

/// The lab answers all of it as the real one did.
pub async fn the_lab_says_so(file: &str) {
    let exchanges = exchanges(file);
    let lab = lab(&exchanges).await;
    let wrong = ask_all(&lab, &exchanges).await;
    assert!(wrong.is_empty(), "{wrong}");
}

/// Asks a lab all of it, and says what it answered otherwise.
pub async fn ask_all(lab: &Lab, exchanges: &[Value]) -> String {
    let answers = differences(exchanges, async |Request { method, path, headers, body }| {
        lab.send(None, &borrowed(headers), method, path, body.as_bytes()).await
    });
    answers.await
}

/// So does a real one today. It is given a moment to take notice of what was written before the
/// next is asked: its authorizer hears of roles and bindings a little later.
pub async fn a_real_one_says_so(file: &str) {
    let exchanges = exchanges(file);
    let server = RealServer::start(WITH_RBAC, &token_file(&exchanges));
    let wrong = ask_all_of_real(&server, &exchanges).await;
    assert!(wrong.is_empty(), "{wrong}");
}

/// Asks a real one all of it, and says what it answered otherwise.
pub async fn ask_all_of_real(server: &RealServer, exchanges: &[Value]) -> String {
    let answers = differences(exchanges, async |Request { method, path, headers, body }| {
        let answer = server.send(method, path, &borrowed(headers), body).unwrap();
        if method != "GET" && !path.contains("review") {
            std::thread::sleep(Duration::from_millis(150));
        }
        answer
    });
    answers.await
}

/// Asks for all of it, one after the other, and says what was answered otherwise.
async fn differences(exchanges: &[Value], mut ask: impl AsyncFnMut(&Request) -> Answer) -> String {
    let mut tokens = BTreeMap::new();
    let mut wrong = String::new();
    for exchange in exchanges {
        let answer = ask(&Request::of(exchange, &tokens)).await;
        if let Some(name) = exchange["remember"].as_str() {
            let token = answer.json()["status"]["token"].as_str().unwrap_or_default().to_owned();
            tokens.insert(name.to_owned(), token);
        }
        let (now, then) = (outcome(&answer, exchange), expected(exchange));
        if now != then {
            let (who, asked, headers) = (&exchange["as"], &exchange["ask"], &exchange["headers"]);
            let body = &exchange["body"];
            let _ =
                write!(wrong, "\n{who} {asked} {headers} {body}\n  then {then}\n  now  {now}\n");
        }
    }
    match wrong.matches("\n  then ").count() {
        0 => wrong,
        count => format!("{wrong}\n{count} differ"),
    }
}

/// A request, ready to be sent.
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    fn of(exchange: &Value, tokens: &BTreeMap<String, String>) -> Self {
        let (method, path) = exchange["ask"].as_str().unwrap().split_once(' ').unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut headers: Vec<(String, String)> = Vec::new();
        if let Some(user) = exchange["as"].as_str() {
            let token = tokens.get(user).cloned().unwrap_or_else(|| format!("{user}-token"));
            headers.push(("authorization".into(), format!("Bearer {token}")));
        }
        for header in exchange["headers"].as_array().into_iter().flatten() {
            headers.push((text(&header[0]), text(&header[1])));
        }
        let body = exchange.get("body").map(Value::to_string).unwrap_or_default();
        if !body.is_empty() {
            headers.push(("content-type".into(), "application/json".into()));
        }
        Self { method: method.to_owned(), path: path.to_owned(), headers, body }
    }
}

fn borrowed(headers: &[(String, String)]) -> Vec<(&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

/// The answer as it was recorded: what differs from run to run is left out, and of some answers
/// only what they are is kept.
pub fn outcome(answer: &Answer, recorded: &Value) -> Value {
    let body = match serde_json::from_str(&answer.text) {
        Ok(body) => body,
        Err(_) => Value::from(answer.text.clone()),
    };
    let said_what_it_is = recorded["answer"].is_string() && answer.status < 300;
    let body = if said_what_it_is && (body.is_object() || body == "") {
        recorded["answer"].clone()
    } else {
        without_dates(body)
    };
    let warnings = answer.headers.get_all("warning");
    let warnings: Vec<_> = warnings.iter().map(|value| value.to_str().unwrap()).collect();
    let mut outcome = json!({"code": answer.status, "answer": body});
    if !warnings.is_empty() {
        outcome["warnings"] = json!(warnings);
    }
    outcome
}

/// What the real one answered, in the same form.
pub fn expected(recorded: &Value) -> Value {
    let mut outcome =
        json!({"code": recorded["code"], "answer": without_dates(recorded["answer"].clone())});
    if let Some(warnings) = recorded.get("warnings") {
        outcome["warnings"] = warnings.clone();
    }
    outcome
}

pub fn without_dates(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            for field in ["resourceVersion", "creationTimestamp", "managedFields"] {
                fields.shift_remove(field);
            }
            if fields.get("uid").and_then(Value::as_str).is_some_and(|uid| uid.len() == 36) {
                fields.shift_remove("uid");
            }
            for (name, field) in fields {
                *field = without_dates(std::mem::take(field));
                // The real server keeps rules in no order.
                if let (true, Value::Array(rules)) = (name.ends_with("esourceRules"), field) {
                    rules.sort_by_key(Value::to_string);
                }
            }
        }
        Value::Array(list) => {
            for item in list {
                *item = without_dates(std::mem::take(item));
            }
        }
        // An object quoted in a message.
        Value::String(text) => {
            let mut rest = text.as_str();
            let mut kept = String::new();
            while let Some((before, after)) = rest.split_once(",\"managedFields\":[") {
                kept += before;
                rest = &after[after.find("}]").map_or(after.len(), |end| end + 2)..];
            }
            *text = kept + rest;
        }
        _ => {}
    }
    value
}
