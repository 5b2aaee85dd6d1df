//! What it takes to write an object: from the body of a request to the object that is stored, or
//! to the real server's reason why not ([`store.go`][1]).
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go

use super::draft::Draft;
use super::kinds::{self, ResourceKind};
use super::patch::{self, PatchType};
use super::problems::Problems;
use super::strategy::{self, metadata};
use super::{IdSource, admission, apply, disk, fields, object, world};
use crate::authz::quote::quoted;
use crate::status::Refusal;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;
use std::sync::Arc;

/// A generated name, suffix included, is no longer than a label.
const GENERATED_NAME_BYTES: usize = 63 - 5;

/// etcd takes no more at once (`--max-request-bytes`).
const MAX_OBJECT_BYTES: usize = 1_572_864;

/// How often a name is generated anew because it is taken.
const GENERATED_NAME_ATTEMPTS: usize = 8;

/// Someone who writes, at one moment.
pub(super) struct Writer<'d, 'w> {
    pub(super) draft: &'d mut Draft<'w>,
    pub(super) ids: &'d dyn IdSource,
    pub(super) now: DateTime<Utc>,
    /// Nothing of this will be kept, so that nothing gets a revision.
    pub(super) dry_run: bool,
    /// Do pods get an account, and a volume for its token?
    pub(super) pods_get_accounts: bool,
}

impl Writer<'_, '_> {
    pub(super) fn create(
        &mut self,
        kind: &'static ResourceKind,
        namespace: &str,
        body: Value,
    ) -> Result<Arc<Value>, Refusal> {
        let mut object = fields::read(kind, body)?;
        strategy::of(kind).default(&mut object);
        into_namespace(&mut object, namespace)?;
        self.insert(kind, namespace, object)
    }

    fn insert(
        &mut self,
        kind: &'static ResourceKind,
        namespace: &str,
        mut object: Value,
    ) -> Result<Arc<Value>, Refusal> {
        let strategy = strategy::of(kind);
        self.generate_name(kind, namespace, &mut object);
        if kind.namespaced {
            let name = object::name(&object);
            admission::namespace_is_there(self.draft, kind, namespace, name)?;
        }
        if *kind == kinds::PODS && self.pods_get_accounts {
            admission::give_account(self.draft, self.ids, namespace, &mut object)?;
        }
        let wants_revision = !object::resource_version(&object).is_empty();
        metadata::set(
            &mut object,
            [
                ("uid", Some(self.ids.uid().into())),
                ("creationTimestamp", Some(timestamp(self.now))),
                ("deletionTimestamp", None),
                ("deletionGracePeriodSeconds", None),
            ],
        );
        strategy.before_create(&mut object);
        validate(kind, &object, None)?;
        if wants_revision {
            return Err(plain_500("resourceVersion should not be set on objects to be created"));
        }
        let name = object::name(&object).to_owned();
        let key = world::key(namespace, &name);
        if self.draft.get(kind, &key).is_some() {
            return Err(Refusal::already_exists(kind.as_resource(), &name));
        }
        self.put(kind, key, object)
    }

    pub(super) fn update(
        &mut self,
        kind: &'static ResourceKind,
        namespace: &str,
        name: &str,
        body: Value,
    ) -> Result<Arc<Value>, Refusal> {
        let mut object = fields::read(kind, body)?;
        strategy::of(kind).default(&mut object);
        is_named(&object, name)?;
        into_namespace(&mut object, namespace)?;
        let key = world::key(namespace, name);
        let Some(old) = self.draft.get(kind, &key) else {
            if strategy::of(kind).creates_on_update() {
                metadata::set(&mut object, [("resourceVersion", None)]);
                return self.insert(kind, namespace, object);
            }
            return Err(Refusal::not_found(kind.as_resource(), name));
        };
        let (claimed, uid) = (object::uid(&object), object::uid(&old));
        if !claimed.is_empty() && claimed != uid {
            // etcd's key, as the real server lets it slip.
            let why = format!(
                "StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {claimed}, UID in object meta: {uid}",
                disk::record_key(kind, &key)
            );
            return Err(Refusal::conflict(kind.as_resource(), name, &why));
        }
        self.replace(kind, key, &old, object)
    }

    pub(super) fn patch(
        &mut self,
        kind: &'static ResourceKind,
        namespace: &str,
        name: &str,
        patch_type: PatchType,
        patch: &Value,
    ) -> Result<Arc<Value>, Refusal> {
        let key = world::key(namespace, name);
        let applied = patch_type == PatchType::Apply;
        if applied {
            apply::check(kind, patch)?;
        }
        let Some(old) = self.draft.get(kind, &key) else {
            if applied {
                is_named(patch, name)?;
                apply::may_be_made(kind, patch)?;
                return self.create(kind, namespace, patch.clone());
            }
            return Err(Refusal::not_found(kind.as_resource(), name));
        };
        if applied {
            is_named(patch, name)?;
        }
        let patched = patch::apply(kind, &old, patch_type, patch.clone())?;
        let mut object = fields::patched(kind, patched.clone(), patch_type.decoder())
            .map_err(|why| patch::invalid(patch_type, patch, &patched, &why))?;
        strategy::of(kind).default(&mut object);
        is_named(&object, name)?;
        into_namespace(&mut object, namespace)?;
        self.replace(kind, key, &old, object)
    }

    /// Puts a new object in the place of an old one, unless they are the same.
    fn replace(
        &mut self,
        kind: &'static ResourceKind,
        key: String,
        old: &Arc<Value>,
        mut object: Value,
    ) -> Result<Arc<Value>, Refusal> {
        is_latest(kind, &object, old)?;
        let of_old = |field: &str| old["metadata"].get(field).cloned();
        let asked = |field: &str| object["metadata"].get(field).cloned().or_else(|| of_old(field));
        let mut kept = vec![
            ("uid", asked("uid")),
            ("resourceVersion", of_old("resourceVersion")),
            ("generation", of_old("generation")),
            ("creationTimestamp", of_old("creationTimestamp")),
            ("deletionGracePeriodSeconds", asked("deletionGracePeriodSeconds")),
        ];
        if let Some(deletion) = of_old("deletionTimestamp") {
            kept.push(("deletionTimestamp", Some(deletion)));
        }
        metadata::set(&mut object, kept);
        strategy::of(kind).before_update(&mut object, old);
        validate(kind, &object, Some(old))?;
        if object == **old {
            return Ok(Arc::clone(old));
        }
        if is_leaving(&object) && object::finalizers(&object).next().is_none() {
            self.draft.remove(kind, key); // the last of those who had something to do is done
            return Ok(Arc::new(object));
        }
        self.put(kind, key, object)
    }

    /// What a kubelet does: writes the status, which nobody else can.
    pub(super) fn report_status(
        &mut self,
        kind: &'static ResourceKind,
        namespace: &str,
        name: &str,
        status: Value,
    ) -> Result<Arc<Value>, Refusal> {
        let key = world::key(namespace, name);
        let Some(old) = self.draft.get(kind, &key) else {
            return Err(Refusal::not_found(kind.as_resource(), name));
        };
        let mut object = Value::clone(&old);
        object["status"] = status;
        self.put(kind, key, object)
    }

    pub(super) fn put(
        &mut self,
        kind: &'static ResourceKind,
        key: String,
        mut object: Value,
    ) -> Result<Arc<Value>, Refusal> {
        self.set_revision(&mut object);
        if object.to_string().len() > MAX_OBJECT_BYTES {
            return Err(plain_500("etcdserver: request is too large"));
        }
        let object = Arc::new(object);
        self.draft.put(kind, key, Arc::clone(&object));
        Ok(object)
    }

    pub(super) fn set_revision(&self, object: &mut Value) {
        if !self.dry_run {
            let revision = Some(self.draft.next_revision().to_string().into());
            metadata::set(object, [("resourceVersion", revision)]);
        }
    }

    /// `web-` becomes `web-x7k2p`.
    fn generate_name(&self, kind: &ResourceKind, namespace: &str, object: &mut Value) {
        let base = object["metadata"]["generateName"].as_str().unwrap_or_default();
        if base.is_empty() || !object::name(object).is_empty() {
            return;
        }
        let mut end = base.len().min(GENERATED_NAME_BYTES);
        while !base.is_char_boundary(end) {
            end -= 1;
        }
        let mut name = String::new();
        for _ in 0..GENERATED_NAME_ATTEMPTS {
            name = format!("{}{}", &base[..end], self.ids.suffix());
            if self.draft.get(kind, &world::key(namespace, &name)).is_none() {
                break;
            }
        }
        metadata::set(object, [("name", Some(name.into()))]);
    }
}

/// RFC 3339 in whole seconds, as all of Kubernetes' dates.
pub(super) fn timestamp(moment: DateTime<Utc>) -> Value {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true).into()
}

fn plain_500(message: &str) -> Refusal {
    Refusal { code: 500, reason: "", message: message.to_owned(), details: None }
}

fn validate(
    kind: &'static ResourceKind,
    object: &Value,
    old: Option<&Value>,
) -> Result<(), Refusal> {
    let mut problems = Problems::default();
    metadata::validate(kind, object, old, &mut problems);
    strategy::of(kind).validate(object, old, &mut problems);
    problems.refuse(kind.as_kind(), object::name(object))
}

/// An object goes where the path says; it may say the same, or nothing.
fn into_namespace(object: &mut Value, namespace: &str) -> Result<(), Refusal> {
    let claimed = object::namespace(object);
    if !claimed.is_empty() && !namespace.is_empty() && claimed != namespace {
        return Err(Refusal::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    let namespace = (!namespace.is_empty()).then(|| namespace.into());
    metadata::set(object, [("namespace", namespace)]);
    Ok(())
}

fn is_named(object: &Value, name: &str) -> Result<(), Refusal> {
    match object::name(object) {
        "" => Err(Refusal::bad_request(format!(
            "the name of the object ({name} based on URL) was undeterminable: name must be provided"
        ))),
        claimed if claimed != name => Err(Refusal::bad_request(format!(
            "the name of the object ({claimed}) does not match the name on the URL ({name})"
        ))),
        _ => Ok(()),
    }
}

/// Whoever sends a resourceVersion has read that one, and must not overwrite a later one.
fn is_latest(kind: &ResourceKind, object: &Value, old: &Value) -> Result<(), Refusal> {
    let claimed = object::resource_version(object);
    if claimed.is_empty() {
        return Ok(());
    }
    if !claimed.bytes().all(|byte| byte.is_ascii_digit()) {
        let claimed = quoted(claimed);
        return Err(plain_500(&format!("strconv.ParseUint: parsing {claimed}: invalid syntax")));
    }
    if claimed.bytes().any(|digit| digit != b'0') && claimed != object::resource_version(old) {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        return Err(Refusal::conflict(kind.as_resource(), object::name(old), why));
    }
    Ok(())
}

/// Has its time come, and does it only wait for finalizers?
fn is_leaving(object: &Value) -> bool {
    object::deletion_timestamp(object).is_some()
        && object["metadata"]["deletionGracePeriodSeconds"] == 0
}
