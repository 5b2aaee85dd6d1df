//! What it takes to delete an object. Some go at once; others are marked first, and go when those
//! who have something to do are done: the kubelet with a pod, the controller manager with a
//! namespace, whoever put a finalizer on it ([finalizers][1]).
//!
//! [1]: https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/

use super::kinds::{self, ResourceKind};
use super::strategy::{metadata, pods};
use super::writer::{Writer, timestamp};
use super::{Preconditions, admission, object, world};
use crate::status::Refusal;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

impl Writer<'_, '_> {
    /// Removes an object, or marks it for those who have something to do first. The answer is what
    /// the client is sent.
    pub(super) fn delete(
        &mut self,
        kind: &'static ResourceKind,
        namespace: &str,
        name: &str,
        preconditions: &Preconditions,
    ) -> Result<Value, Refusal> {
        let key = world::key(namespace, name);
        let Some(old) = self.draft.get(kind, &key) else {
            return Err(Refusal::not_found(kind.as_resource(), name));
        };
        preconditions.check(kind, &old)?;
        admission::may_be_deleted(kind, name)?;
        let asked = preconditions.grace_period_seconds;
        let hurried = *kind == kinds::PODS && asked == Some(0);
        if object::deletion_timestamp(&old).is_some() && !hurried {
            return Ok(Value::clone(&old));
        }
        let mut object = Value::clone(&old);
        let grace = match asked {
            _ if *kind != kinds::PODS => 0,
            Some(asked) if grace_period(&old) > 0 => asked.max(0),
            _ => grace_period(&old),
        };
        let is_namespace = *kind == kinds::NAMESPACES;
        let waits = is_namespace || grace > 0 || object::finalizers(&old).next().is_some();
        if waits || *kind == kinds::PODS {
            let deletion = TimeDelta::try_seconds(grace)
                .and_then(|grace| self.now.checked_add_signed(grace))
                .unwrap_or(DateTime::<Utc>::MAX_UTC);
            metadata::set(&mut object, [("deletionTimestamp", Some(timestamp(deletion)))]);
            if is_namespace {
                object["status"]["phase"] = "Terminating".into();
            } else {
                let grace = Some(grace.into());
                metadata::set(&mut object, [("deletionGracePeriodSeconds", grace)]);
            }
            if let Some(generation) = object["metadata"]["generation"].as_i64() {
                metadata::set(
                    &mut object,
                    [("generation", Some(generation.saturating_add(1).into()))],
                );
            }
        }
        if waits {
            return Ok(Value::clone(&*self.put(kind, key, object)?));
        }
        self.set_revision(&mut object);
        self.draft.remove(kind, key);
        // Two kinds answer with what is gone; of the others only a note remains.
        if *kind == kinds::PODS || *kind == kinds::SERVICE_ACCOUNTS {
            return Ok(object);
        }
        Ok(success(kind, &old))
    }

    /// Removes an object that was marked, once nobody has anything to do with it any more.
    pub(super) fn finish_deletion(&mut self, kind: &'static ResourceKind, object: &Value) {
        if object::finalizers(object).next().is_none() {
            let key = world::key(object::namespace(object), object::name(object));
            self.draft.remove(kind, key);
        }
    }
}

impl Preconditions {
    fn check(&self, kind: &ResourceKind, object: &Value) -> Result<(), Refusal> {
        let (name, uid) = (object::name(object), object::uid(object));
        let revision = object::resource_version(object);
        if let Some(asked) = self.uid.as_deref().filter(|asked| *asked != uid) {
            if *kind == kinds::NAMESPACES {
                let why = format!(
                    "Precondition failed: UID in precondition: {asked}, UID in object meta: {uid}"
                );
                return Err(Refusal::conflict(kind.as_resource(), name, &why));
            }
            let why = format!(
                "the UID in the precondition ({asked}) does not match the UID in record ({uid}). The object might have been deleted and then recreated"
            );
            return Err(Refusal::conflict(kind.as_kind(), name, &why));
        }
        if let Some(asked) = self.resource_version.as_deref().filter(|asked| *asked != revision) {
            let why = format!(
                "the ResourceVersion in the precondition ({asked}) does not match the ResourceVersion in record ({revision}). The object might have been modified"
            );
            return Err(Refusal::conflict(kind.as_kind(), name, &why));
        }
        Ok(())
    }
}

/// Seconds that a pod has to end. One that no kubelet has, or that has ended, needs none.
fn grace_period(pod: &Value) -> i64 {
    let ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    if ended || pod["spec"]["nodeName"].as_str().is_none_or(str::is_empty) {
        return 0;
    }
    let asked = pod["spec"]["terminationGracePeriodSeconds"].as_i64();
    asked.unwrap_or(pods::GRACE_PERIOD_SECONDS).max(0)
}

fn success(kind: &ResourceKind, object: &Value) -> Value {
    let mut details = json!({"name": object::name(object)});
    if !kind.group.is_empty() {
        details["group"] = kind.group.into();
    }
    details["kind"] = kind.plural.into();
    details["uid"] = object::uid(object).into();
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": details,
    })
}
