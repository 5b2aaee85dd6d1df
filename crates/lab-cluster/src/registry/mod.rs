//! The objects of the cluster: what is there, and what may be written. No HTTP, no users: whoever
//! calls has been authenticated and authorized.

pub mod kinds;

use crate::status::Refusal;
use kinds::ResourceKind;
use narration::Clock;
use serde_json::Value;
use std::sync::Arc;

/// Where names that nobody chose come from: uids, and the ends of generated names.
pub trait IdSource: Send + Sync {
    /// A UUID of version 4, as text.
    fn uid(&self) -> String;
    /// Five characters of the alphabet that Kubernetes ends generated names with.
    fn suffix(&self) -> String;
}

/// The objects, in memory and on disk.
#[derive(Debug, Default)]
pub struct Store(());

/// Which objects of a kind, and how many at a time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListOptions {
    /// `app=web,tier!=db`; empty for all.
    pub label_selector: String,
    /// `metadata.name=x`; empty for all.
    pub field_selector: String,
    /// At most so many; 0 for all.
    pub limit: u64,
    /// Where the page before ended: its `metadata.continue`.
    pub continue_token: String,
}

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
}

/// How a patch is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchType {
    /// `application/merge-patch+json`, RFC 7396.
    Merge,
    /// `application/json-patch+json`, RFC 6902.
    Json,
    /// `application/strategic-merge-patch+json`: Kubernetes' own.
    StrategicMerge,
}

/// A page of objects. Serialises as the `List` object that a client gets, without copying what is
/// in it.
#[derive(Debug, Clone)]
pub struct List {
    /// Of what.
    pub kind: &'static ResourceKind,
    /// The revision that this page shows.
    pub resource_version: String,
    /// Where the next page begins; empty when this was the last.
    pub continue_token: String,
    /// How many come after this page, if that was counted.
    pub remaining: Option<u64>,
    /// The objects, by namespace and name.
    pub items: Vec<Arc<Value>>,
}

/// The objects and the rules for writing them. Reading takes a lock for the time of a look-up and
/// copies no object.
pub struct Registry {
    _store: Store,
    _clock: Arc<dyn Clock>,
    _ids: Arc<dyn IdSource>,
}

#[expect(clippy::missing_errors_doc, clippy::unused_self, unused_variables, reason = "a skeleton")]
#[expect(clippy::needless_pass_by_value, clippy::missing_panics_doc, reason = "a skeleton")]
impl Registry {
    /// A registry over a store.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { _store: store, _clock: clock, _ids: ids }
    }

    /// One object; `namespace` is empty at cluster scope.
    pub fn get(
        &self,
        kind: &'static ResourceKind,
        namespace: &str,
        name: &str,
    ) -> Result<Arc<Value>, Refusal> {
        todo!()
    }

    /// The objects of a kind; an empty `namespace` means all of them.
    pub fn list(
        &self,
        kind: &'static ResourceKind,
        namespace: &str,
        options: &ListOptions,
    ) -> Result<List, Refusal> {
        todo!()
    }

    /// Adds an object, and gives it back as it was stored.
    pub fn create(
        &self,
        kind: &'static ResourceKind,
        namespace: &str,
        body: Value,
        options: &WriteOptions,
    ) -> Result<Arc<Value>, Refusal> {
        todo!()
    }

    /// Replaces an object.
    pub fn update(
        &self,
        kind: &'static ResourceKind,
        namespace: &str,
        name: &str,
        body: Value,
        options: &WriteOptions,
    ) -> Result<Arc<Value>, Refusal> {
        todo!()
    }

    /// Changes part of an object.
    #[expect(clippy::too_many_arguments, reason = "a skeleton")]
    pub fn patch(
        &self,
        kind: &'static ResourceKind,
        namespace: &str,
        name: &str,
        patch_type: PatchType,
        body: Value,
        options: &WriteOptions,
    ) -> Result<Arc<Value>, Refusal> {
        todo!()
    }

    /// Removes an object. Answers what the client is sent: a `Status` or the object itself,
    /// depending on the kind.
    pub fn delete(
        &self,
        kind: &'static ResourceKind,
        namespace: &str,
        name: &str,
        preconditions: &Preconditions,
        options: &WriteOptions,
    ) -> Result<Value, Refusal> {
        todo!()
    }

    /// Removes all that a list would show.
    pub fn delete_collection(
        &self,
        kind: &'static ResourceKind,
        namespace: &str,
        selection: &ListOptions,
        options: &WriteOptions,
    ) -> Result<List, Refusal> {
        todo!()
    }

    /// Every object there is, with its kind.
    #[must_use]
    pub fn all_objects(&self) -> Vec<(&'static ResourceKind, Arc<Value>)> {
        todo!()
    }
}
