//! What a token names must still be there, and still be the same. Expected words: kube-apiserver's
//! `pkg/serviceaccount/claims.go`.

#![allow(clippy::unwrap_used, reason = "tests")]

use chrono::{DateTime, TimeDelta, Utc};
use jwt_anatomy::{KubernetesClaims, ObjectRef};
use lab_cluster::authn::bound_objects::{Lookup, check};
use lab_cluster::status::{Kind, Refusal};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Objects by `plural/name`.
#[derive(Default)]
struct World(BTreeMap<String, Arc<Value>>);

impl World {
    fn with(mut self, key: &str, uid: &str) -> Self {
        self.0.insert(key.to_owned(), Arc::new(json!({"metadata": {"uid": uid}})));
        self
    }

    fn deleted(mut self, key: &str, at: DateTime<Utc>) -> Self {
        let object = Arc::make_mut(self.0.get_mut(key).unwrap());
        object["metadata"]["deletionTimestamp"] = json!(at.to_rfc3339());
        self
    }

    fn find(&self, resource: &str, name: &str) -> Result<Arc<Value>, Refusal> {
        let found = self.0.get(&format!("{resource}/{name}")).cloned();
        found.ok_or_else(|| Refusal::not_found(Kind { group: "", resource }, name))
    }
}

impl Lookup for World {
    fn service_account(&self, namespace: &str, name: &str) -> Result<Arc<Value>, Refusal> {
        assert_eq!(namespace, "ns");
        self.find("serviceaccounts", name)
    }
    fn pod(&self, namespace: &str, name: &str) -> Result<Arc<Value>, Refusal> {
        assert_eq!(namespace, "ns");
        self.find("pods", name)
    }
    fn secret(&self, namespace: &str, name: &str) -> Result<Arc<Value>, Refusal> {
        assert_eq!(namespace, "ns");
        self.find("secrets", name)
    }
    fn node(&self, name: &str) -> Result<Arc<Value>, Refusal> {
        self.find("nodes", name)
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_435_200, 0).unwrap()
}

fn named(name: &str, uid: &str) -> ObjectRef {
    ObjectRef { name: name.into(), uid: uid.into() }
}

fn claims() -> KubernetesClaims {
    KubernetesClaims {
        namespace: "ns".into(),
        service_account: named("sa", "1"),
        ..KubernetesClaims::default()
    }
}

fn said(claims: &KubernetesClaims, world: &World) -> String {
    check(claims, world, now()).map_or_else(|gone| gone.to_string(), |()| "fine".to_owned())
}

#[test]
fn the_account() {
    let there = || World::default().with("serviceaccounts/sa", "1");
    assert_eq!(said(&claims(), &there()), "fine");
    assert_eq!(said(&claims(), &World::default()), "serviceaccounts \"sa\" not found");
    assert_eq!(
        said(&claims(), &World::default().with("serviceaccounts/sa", "2")),
        "service account UID (2) does not match claim (1)"
    );
    let ago = |seconds| now() - TimeDelta::seconds(seconds);
    let deleted = |at| said(&claims(), &there().deleted("serviceaccounts/sa", at));
    assert_eq!(deleted(ago(61)), "service account ns/sa has been deleted");
    assert_eq!(deleted(ago(60)), "fine", "a minute of grace, to the end");
    assert_eq!(deleted(ago(-5)), "fine");
}

type Bind = fn(&mut KubernetesClaims);

#[test]
fn the_object_it_is_bound_to() {
    let account = || World::default().with("serviceaccounts/sa", "1");
    let kinds: [(&str, &str, Bind); 3] = [
        ("secret", "secrets/x", |claims| claims.secret = Some(named("x", "u"))),
        ("pod", "pods/x", |claims| claims.pod = Some(named("x", "u"))),
        ("node", "nodes/x", |claims| claims.node = Some(named("x", "u"))),
    ];
    for (kind, key, bind) in kinds {
        let mut claims = claims();
        bind(&mut claims);
        let invalidated = "service account token has been invalidated";
        assert_eq!(said(&claims, &account().with(key, "u")), "fine");
        assert_eq!(said(&claims, &account()), invalidated);
        assert_eq!(
            said(&claims, &account().with(key, "v")),
            format!("{kind} UID (v) does not match service account {kind} ref claim (u)")
        );
        let at = now() - TimeDelta::seconds(61);
        assert_eq!(said(&claims, &account().with(key, "u").deleted(key, at)), invalidated);
        let at = now() - TimeDelta::seconds(60);
        assert_eq!(said(&claims, &account().with(key, "u").deleted(key, at)), "fine");
        // The account is looked at first.
        assert_eq!(said(&claims, &World::default()), "serviceaccounts \"sa\" not found");
    }
}

#[test]
fn a_pods_node_is_told_and_not_checked() {
    let mut claims = claims();
    claims.pod = Some(named("p", "u"));
    claims.node = Some(named("gone", "v"));
    let world = World::default().with("serviceaccounts/sa", "1").with("pods/p", "u");
    assert_eq!(said(&claims, &world), "fine");
}

#[test]
fn a_webhooks_token_is_none_of_ours() {
    let world = World::default().with("serviceaccounts/sa", "1");
    let mut validating = claims();
    validating.validating_webhook = Some(named("w", "u"));
    let mut mutating = claims();
    mutating.mutating_webhook = Some(named("w", "u"));
    for claims in [validating, mutating] {
        assert_eq!(
            said(&claims, &world),
            "feature gate \"APIServerWebhookAuthenticationToken\" is disabled, but token is \
             webhook bound"
        );
    }
}
