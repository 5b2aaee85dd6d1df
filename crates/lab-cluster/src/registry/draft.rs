//! Changes that are thought out and not yet made. Whoever writes sees them already; nobody else
//! does, until all of them are on disk.

use super::kinds::{self, ResourceKind};
use super::world::{Change, World};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A world with changes upon it.
pub(super) struct Draft<'w> {
    world: &'w World,
    changes: Vec<Change>,
    /// What the changes come to, by kind and key. `None`: removed.
    overlay: [BTreeMap<String, Option<Arc<Value>>>; kinds::ALL.len()],
}

impl<'w> Draft<'w> {
    pub(super) fn on(world: &'w World) -> Self {
        Self { world, changes: Vec::new(), overlay: Default::default() }
    }

    /// The changes so far, oldest first.
    pub(super) fn changes(&self) -> &[Change] {
        &self.changes
    }

    pub(super) fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    /// The revision that the next change will have.
    pub(super) fn next_revision(&self) -> u64 {
        self.changes.last().map_or(self.world.revision, |change| change.revision) + 1
    }

    pub(super) fn get(&self, kind: &ResourceKind, key: &str) -> Option<Arc<Value>> {
        match self.overlay[kind.index].get(key) {
            Some(changed) => changed.clone(),
            None => self.world.get(kind, key).cloned(),
        }
    }

    /// The objects of a kind whose key begins with `prefix`; those that were changed come last.
    pub(super) fn range(&self, kind: &ResourceKind, prefix: &str) -> Vec<Arc<Value>> {
        let overlay = &self.overlay[kind.index];
        let untouched = self
            .world
            .range(kind, prefix, "")
            .filter(|(key, _)| !overlay.contains_key(*key))
            .map(|(_, object)| Arc::clone(object));
        let changed = overlay
            .iter()
            .filter(|(key, _)| key.starts_with(prefix))
            .filter_map(|(_, object)| object.clone());
        untouched.chain(changed).collect()
    }

    /// Writes an object, which has [`Draft::next_revision`] for its `resourceVersion`.
    pub(super) fn put(&mut self, kind: &'static ResourceKind, key: String, object: Arc<Value>) {
        self.change(kind, key, Some(object));
    }

    pub(super) fn remove(&mut self, kind: &'static ResourceKind, key: String) {
        self.change(kind, key, None);
    }

    fn change(&mut self, kind: &'static ResourceKind, key: String, after: Option<Arc<Value>>) {
        let revision = self.next_revision();
        let before = self.get(kind, &key);
        self.overlay[kind.index].insert(key.clone(), after.clone());
        self.changes.push(Change { revision, kind, key, before, after });
    }
}
