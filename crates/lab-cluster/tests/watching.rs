//! Watches: what is told, to whom, and when it ends. The lines are those of kube-apiserver 1.37.2.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::Lab;
use futures_util::future::select;
use lab_cluster::registry::WriteOptions;
use lab_cluster::registry::kinds::CONFIG_MAPS;
use lab_cluster::resources::Limits;
use serde_json::{Value, json};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn map(name: &str, labels: &Value) -> String {
    json!({"metadata": {"name": name, "labels": labels}}).to_string()
}

/// What a watch says until the server stops, while somebody writes.
async fn watch(lab: &Lab, path: &str, writes: &[(&str, &str, String)]) -> Vec<Value> {
    let token = lab.token("kube-system", "default", "{}").await;
    for (method, path, body) in writes {
        let answer = lab.admin(method, path, body).await;
        assert!(answer.status < 300, "{}", answer.text);
    }
    lab.cluster.registry().end_watches();
    let answer = lab.bearer(&token, "GET", path, "").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn short(events: &[Value]) -> Vec<String> {
    let name = |event: &Value| event["object"]["metadata"]["name"].clone();
    let words = |event: &Value| {
        format!("{} {}", event["type"].as_str().unwrap(), name(event).as_str().unwrap_or("-"))
    };
    events.iter().map(words).collect()
}

async fn revision(lab: &Lab) -> String {
    let list = lab.admin("GET", MAPS, "").await.json();
    list["metadata"]["resourceVersion"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn from_a_revision_on() {
    let lab = Lab::start(&[]).await;
    let path = format!("{MAPS}?watch=true&resourceVersion={}", revision(&lab).await);
    let writes = [
        ("POST", MAPS, map("a", &json!({}))),
        ("POST", "/api/v1/namespaces/kube-system/configmaps", map("elsewhere", &json!({}))),
        ("PUT", "/api/v1/namespaces/default/configmaps/a", map("a", &json!({"b": "c"}))),
        ("DELETE", "/api/v1/namespaces/default/configmaps/a", String::new()),
    ];
    let events = watch(&lab, &path, &writes).await;
    assert_eq!(short(&events), ["ADDED a", "MODIFIED a", "DELETED a"]);
    assert_eq!(events[0]["object"]["kind"], "ConfigMap");
    let revision = |at: usize| -> u64 {
        let revision = events[at]["object"]["metadata"]["resourceVersion"].as_str();
        revision.unwrap().parse().unwrap()
    };
    assert!(revision(0) < revision(1) && revision(1) < revision(2), "{events:?}");
    assert_eq!(events[2]["object"]["metadata"]["labels"], json!({"b": "c"}), "as it was at last");
}

#[tokio::test]
async fn what_loses_its_label_is_gone() {
    let lab = Lab::start(&[]).await;
    let after = revision(&lab).await;
    let path = format!("{MAPS}?watch=true&resourceVersion={after}&labelSelector=b%3Dc");
    let at = "/api/v1/namespaces/default/configmaps/a";
    let writes = [
        ("POST", MAPS, map("a", &json!({}))),
        ("PUT", at, map("a", &json!({"b": "c"}))),
        ("PUT", at, map("a", &json!({"b": "d"}))),
        ("DELETE", at, String::new()),
    ];
    assert_eq!(short(&watch(&lab, &path, &writes).await), ["ADDED a", "DELETED a"]);
}

#[tokio::test]
async fn from_the_beginning() {
    let lab = Lab::start(&[]).await;
    let path = format!("{MAPS}?watch=true");
    assert_eq!(short(&watch(&lab, &path, &[]).await), ["ADDED kube-root-ca.crt"]);
    let all = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let path = format!("{path}&{all}");
    let events = watch(&lab, &path, &[]).await;
    assert_eq!(short(&events), ["ADDED kube-root-ca.crt", "BOOKMARK -"]);
    assert_eq!(
        events[1]["object"]["metadata"]["annotations"],
        json!({"k8s.io/initial-events-end": "true"})
    );
}

#[tokio::test]
async fn too_late() {
    let lab = Lab::start(&[]).await;
    lab.admin("POST", MAPS, &map("a", &json!({}))).await;
    let registry = lab.cluster.registry();
    for n in 0..1030 {
        let body = json!({"metadata": {"name": "a", "labels": {"n": n.to_string()}}});
        registry.update(&CONFIG_MAPS, "default", "a", body, &WriteOptions::default()).unwrap();
    }
    let events = watch(&lab, &format!("{MAPS}?watch=true&resourceVersion=2"), &[]).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["type"], "ERROR");
    let status = &events[0]["object"];
    assert_eq!((&status["code"], &status["reason"]), (&json!(410), &json!("Expired")));
    let message = status["message"].as_str().unwrap();
    assert!(message.starts_with("too old resource version: 2 ("), "{message}");
}

#[tokio::test]
async fn as_a_table() {
    let lab = Lab::start(&[]).await;
    let after = revision(&lab).await;
    let token = lab.token("kube-system", "default", "{}").await;
    for name in ["a", "b"] {
        lab.admin("POST", MAPS, &map(name, &json!({}))).await;
    }
    lab.cluster.registry().end_watches();
    let authorization = format!("Bearer {token}");
    let headers: &[(&str, &[u8])] = &[
        ("authorization", authorization.as_bytes()),
        ("accept", b"application/json;as=Table;v=v1;g=meta.k8s.io,application/json"),
    ];
    let path = format!("{MAPS}?watch=true&resourceVersion={after}");
    let answer = lab.get(&path, headers).await;
    let events: Vec<Value> =
        answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["object"]["columnDefinitions"][0]["name"], "Name");
    assert_eq!(events[1]["object"]["columnDefinitions"], Value::Null, "known already");
    assert_eq!(events[1]["object"]["rows"][0]["cells"], json!(["b", 0, "0s"]));
}

/// As a real server that has enough to do, which says so in a sentence and in no object.
#[tokio::test]
async fn one_too_many() {
    let lab = Lab::with(&[], |options| options.limits = Limits::of(1)).await;
    let token = lab.token("kube-system", "default", "{}").await;
    let path = format!("{MAPS}?watch=true&resourceVersion={}", revision(&lab).await);
    let watch = || Box::pin(lab.bearer(&token, "GET", &path, ""));
    // Of two, one has the place and goes on.
    let (refused, going_on) = select(watch(), watch()).await.factor_first();
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(refused.header("x-content-type-options"), "nosniff");
    assert_eq!(refused.text, "Too many requests, please try again later.\n");
    let list = lab.bearer(&token, "GET", MAPS, "").await;
    assert_eq!((list.status, list.header("retry-after")), (200, ""), "a list needs no place");
    // Where one ends, another may begin.
    lab.cluster.registry().end_watches();
    assert_eq!(going_on.await.status, 200);
    assert_eq!(watch().await.status, 200);
}
