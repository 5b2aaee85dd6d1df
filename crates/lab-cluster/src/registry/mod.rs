//! The objects of the cluster: what is there, and what may be written. No HTTP, no users: whoever
//! calls has been authenticated and authorized.
//!
//! - [`kinds`]: the table of what is served;
//! - [`store`](Store): everything in memory, and on disk before it is acknowledged;
//! - `shapes`, `fields`: from JSON to the fields of a kind;
//! - `strategy`: what is particular to each kind;
//! - `writer`, `deletion`: a create, an update, a patch, a delete, step by step;
//! - `watching`: who is told of all that;
//! - [`label_selector`], [`field_selector`]: which of them a list shows;
//! - [`controllers`], [`seeds`]: what else happens, and what exists from the start.

pub mod controllers;
pub mod field_selector;
pub mod kinds;
pub mod label_selector;
pub mod object;
pub mod seeds;

mod admission;
mod apply;
mod deletion;
mod disk;
mod draft;
mod fields;
pub(crate) mod go;
mod ids;
mod list;
pub(crate) mod names;
mod patch;
mod problems;
pub(crate) mod schema;
mod shapes;
mod store;
mod strategy;
mod watching;
mod world;
mod writer;

pub use controllers::{Controllers, LegacyToken};
pub use disk::StoreError;
pub use fields::{field_warnings, unknown_fields};
pub use ids::{CountedIds, IdSource, RandomIds};
pub use list::{List, ListOptions};
pub(crate) use names::path_segment;
pub use patch::PatchType;
pub(crate) use problems::Problems;
pub use store::Store;
pub use watching::{Event, Watch, WatchOptions};

use crate::field_validation::{FieldValidation, complaints};
use crate::status::Refusal;
use kinds::ResourceKind;
use narration::Clock;
use serde_json::Value;
use std::sync::{Arc, OnceLock};
use store::NotWritten;
use world::Change;
use writer::Writer;

/// How to write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Say what would happen, and leave everything as it is.
    pub dry_run: bool,
}

/// What must be true of an object for it to be deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// It still has this uid.
    pub uid: Option<String>,
    /// Nobody has written it since.
    pub resource_version: Option<String>,
    /// And no condition, but a wish: how many seconds a pod gets to end. Zero is at once.
    pub grace_period_seconds: Option<i64>,
}

/// The objects and the rules for writing them. One writes at a time, and waits for the disk; who
/// reads waits for neither, and copies no object.
pub struct Registry {
    store: Store,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    controllers: OnceLock<Controllers>,
}

impl Registry {
    /// A registry over a store. There are no controllers yet, as on an API server alone.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { store, clock, ids, controllers: OnceLock::new() }
    }

    /// Starts the controllers. They catch up with all there is, and from then on follow every
    /// write, in the same commit. Started twice, the first ones stay. From now on, also, a pod
    /// needs an account to run as.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn start_controllers(&self, controllers: Controllers) -> Result<(), Refusal> {
        let controllers = self.controllers.get_or_init(|| controllers);
        let everything = self.store.read(|world| {
            world
                .all()
                .map(|(kind, key, object)| Change {
                    revision: world.revision,
                    kind,
                    key: key.to_owned(),
                    before: None,
                    after: Some(Arc::clone(object)),
                })
                .collect()
        });
        self.write(WriteOptions::default(), |writer| {
            controllers.catch_up(everything, writer);
            Ok(())
        })
    }

    /// One object; `namespace` is empty at cluster scope.
    ///
    /// # Errors
    /// 404.
    pub fn get(
        &self,
        kind: &'static ResourceKind,
        namespace: &str,
        name: &str,
    ) -> Result<Arc<Value>, Refusal> {
        let in_place = kind.namespaced != namespace.is_empty() && !name.contains('/');
        let key = world::key(namespace, name);
        self.store
            .read(|world| world.get(kind, &key).cloned())
            .filter(|_| in_place)
            .ok_or_else(|| Refusal::not_found(kind.as_resource(), name))
    }

    /// The objects of a kind; an empty `namespace` means all of them.
    ///
    /// # Errors
    /// 400 for a selector or a `continue` token that cannot be understood.
    pub fn list(
        &self,
        kind: &'static ResourceKind,
        namespace: &str,
        options: &ListOptions,
    ) -> Result<List, Refusal> {
        self.store.read(|world| list::list(world, kind, namespace, options))
    }

    /// Adds an object, and gives it back as it was stored.
    ///
    /// # Errors
    /// 400, 403, 404, 409 and 422 in the words of the real server. So for all that follow; and
    /// 500 when the disk does not take it.
    pub fn create(
        &self,
        kind: &'static ResourceKind,
        namespace: &str,
        body: Value,
        options: &WriteOptions,
    ) -> Result<Arc<Value>, Refusal> {
        self.write(*options, |writer| writer.create(kind, namespace, body))
    }

    /// Replaces an object. Roles and bindings that are not there are made: a 201 then, not a 200.
    ///
    /// # Errors
    /// As [`Registry::create`].
    pub fn update(
        &self,
        kind: &'static ResourceKind,
        namespace: &str,
        name: &str,
        body: Value,
        options: &WriteOptions,
    ) -> Result<Arc<Value>, Refusal> {
        self.write(*options, |writer| writer.update(kind, namespace, name, body))
    }

    /// Changes part of an object. [`PatchType::Apply`] makes one that is not there: a 201 then.
    ///
    /// # Errors
    /// As [`Registry::create`].
    pub fn patch(
        &self,
        kind: &'static ResourceKind,
        namespace: &str,
        name: &str,
        patch_type: PatchType,
        patch: &Value,
        options: &WriteOptions,
    ) -> Result<Arc<Value>, Refusal> {
        self.write(*options, |writer| writer.patch(kind, namespace, name, patch_type, patch))
    }

    /// What a client is to be warned of: the fields that an object would have after its patch, and its
    /// kind has not. They are dropped.
    ///
    /// # Errors
    /// 404 when there is no object; 400 and 422 for a patch that cannot be applied, or is refused.
    pub fn field_warnings_of_patch(
        &self,
        kind: &'static ResourceKind,
        namespace: &str,
        name: &str,
        (patch_type, patch): (PatchType, &Value),
        validation: FieldValidation,
    ) -> Result<Vec<String>, Refusal> {
        // An apply refuses them itself.
        if patch_type == PatchType::Apply || validation == FieldValidation::Ignore {
            return Ok(Vec::new());
        }
        let old = self.get(kind, namespace, name)?;
        let patched = patch::apply(kind, &old, patch_type, patch.clone())?;
        let complaints = complaints(&unknown_fields(kind, &patched), &[]);
        let settled = validation.settle(complaints);
        settled.map_err(|why| patch::invalid(patch_type, patch, &patched, &why))
    }

    /// Removes an object. Answers what the client is sent: a `Status` or the object itself,
    /// depending on the kind, and on whether somebody has something to do first.
    ///
    /// # Errors
    /// As [`Registry::create`].
    pub fn delete(
        &self,
        kind: &'static ResourceKind,
        namespace: &str,
        name: &str,
        preconditions: &Preconditions,
        options: &WriteOptions,
    ) -> Result<Value, Refusal> {
        self.write(*options, |writer| writer.delete(kind, namespace, name, preconditions))
    }

    /// Removes all that a list would show, and shows it as it was.
    ///
    /// # Errors
    /// As [`Registry::list`] and [`Registry::create`].
    pub fn delete_collection(
        &self,
        kind: &'static ResourceKind,
        namespace: &str,
        selection: &ListOptions,
        options: &WriteOptions,
    ) -> Result<List, Refusal> {
        let list = self.list(kind, namespace, selection)?;
        self.write(*options, |writer| {
            for item in &list.items {
                let preconditions = Preconditions {
                    uid: Some(object::uid(item).to_owned()),
                    ..Preconditions::default()
                };
                match writer.delete(
                    kind,
                    object::namespace(item),
                    object::name(item),
                    &preconditions,
                ) {
                    Err(refusal) if refusal.code == 404 || refusal.code == 409 => {} // gone already
                    result => drop(result?),
                }
            }
            Ok(())
        })?;
        Ok(list)
    }

    /// Makes those of some objects that are not there yet, all in one commit: what must exist when
    /// a cluster starts.
    ///
    /// # Errors
    /// As [`Registry::create`]. Nothing is made then.
    pub fn create_missing(
        &self,
        objects: impl IntoIterator<Item = (&'static ResourceKind, Value)>,
    ) -> Result<(), Refusal> {
        self.write(WriteOptions::default(), |writer| {
            for (kind, object) in objects {
                let namespace = object::namespace(&object).to_owned();
                if writer.draft.get(kind, &world::key(&namespace, object::name(&object))).is_none()
                {
                    writer.create(kind, &namespace, object)?;
                }
            }
            Ok(())
        })
    }

    /// How many writes there have been: what was read at one revision is true as long as it lasts.
    pub(crate) fn revision(&self) -> u64 {
        self.store.read(|world| world.revision)
    }

    /// Every object there is, with its kind: to look for something in all of them.
    #[must_use]
    pub fn all_objects(&self) -> Vec<(&'static ResourceKind, Arc<Value>)> {
        self.store
            .read(|world| world.all().map(|(kind, _, object)| (kind, Arc::clone(object))).collect())
    }

    /// Lets somebody write, then the controllers, and keeps all of it or none.
    fn write<R>(
        &self,
        options: WriteOptions,
        write: impl FnOnce(&mut Writer) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let controllers = self.controllers.get();
        self.store.write(!options.dry_run, |draft| {
            let mut writer = Writer {
                draft,
                ids: &*self.ids,
                now: self.clock.now(),
                dry_run: options.dry_run,
                pods_get_accounts: controllers.is_some(),
            };
            let result = write(&mut writer)?;
            if let Some(controllers) = controllers {
                controllers.follow(&mut writer);
            }
            Ok(result)
        })
    }
}

impl From<NotWritten> for Refusal {
    fn from(error: NotWritten) -> Self {
        Self::internal(error.to_string())
    }
}
