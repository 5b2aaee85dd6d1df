//! Every object, in memory, sorted as etcd sorts its keys: by kind, then by `namespace/name`. A
//! namespace is then a range, a list comes out in the order in which the real server lists, and
//! "go on after this one" is a key.

use super::kinds::{self, ResourceKind};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

/// That of an empty etcd.
pub(super) const FIRST_REVISION: u64 = 1;

/// The state of the cluster at one revision.
#[derive(Default)]
pub(super) struct World {
    /// Counts the writes, of all kinds together. An object's `resourceVersion` is the revision of
    /// its last write.
    pub(super) revision: u64,
    objects: [BTreeMap<String, Arc<Value>>; kinds::ALL.len()],
}

/// Without the objects: some of them are secrets.
impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("World").field("revision", &self.revision).finish_non_exhaustive()
    }
}

/// One object written, or removed. What a watch tells of: changes come in the order of
/// their revisions, each revision once.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) revision: u64,
    pub(super) kind: &'static ResourceKind,
    /// As [`key`] makes it.
    pub(super) key: String,
    /// The object before; `None` when there was none.
    pub(super) before: Option<Arc<Value>>,
    /// The object after; `None` when it is gone.
    pub(super) after: Option<Arc<Value>>,
}

/// Where an object lies among those of its kind: `default/web`, or `web` at cluster scope.
pub(super) fn key(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}

/// What every key in a namespace begins with. All of a kind, when there is no namespace.
pub(super) fn prefix(namespace: &str) -> String {
    if namespace.is_empty() { String::new() } else { format!("{namespace}/") }
}

impl World {
    /// A world without objects.
    pub(super) fn at(revision: u64) -> Self {
        Self { revision, ..Self::default() }
    }

    pub(super) fn get(&self, kind: &ResourceKind, key: &str) -> Option<&Arc<Value>> {
        self.objects[kind.index].get(key)
    }

    /// The objects whose key begins with `prefix`, from `start` on.
    pub(super) fn range<'w>(
        &'w self,
        kind: &ResourceKind,
        prefix: &'w str,
        start: &str,
    ) -> impl Iterator<Item = (&'w str, &'w Arc<Value>)> + use<'w> {
        let start = if start > prefix { start } else { prefix };
        self.objects[kind.index]
            .range::<str, _>((Bound::Included(start), Bound::Unbounded))
            .map(|(key, object)| (key.as_str(), object))
            .take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// Every object, kind by kind.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static ResourceKind, &str, &Arc<Value>)> {
        kinds::ALL.into_iter().flat_map(|kind| {
            self.objects[kind.index].iter().map(move |(key, object)| (kind, key.as_str(), object))
        })
    }

    pub(super) fn apply(&mut self, change: &Change) {
        let objects = &mut self.objects[change.kind.index];
        match &change.after {
            Some(object) => objects.insert(change.key.clone(), Arc::clone(object)),
            None => objects.remove(&change.key),
        };
        self.revision = change.revision;
    }

    /// Puts an object where it was before a restart.
    pub(super) fn restore(&mut self, kind: &ResourceKind, key: String, object: Value) {
        self.objects[kind.index].insert(key, Arc::new(object));
    }
}
