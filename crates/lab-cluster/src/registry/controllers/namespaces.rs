//! A namespace that is deleted is emptied first, and goes when nothing is left in it
//! ([`namespaced_resources_deleter.go`][1]).
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/controller/namespace/deletion/namespaced_resources_deleter.go

use crate::registry::kinds::{self, NAMESPACES, ResourceKind};
use crate::registry::world::prefix;
use crate::registry::writer::Writer;
use crate::registry::{Preconditions, object};

/// Has somebody deleted it?
pub(super) fn is_terminating(writer: &Writer, name: &str) -> bool {
    let found = writer.draft.get(&NAMESPACES, name);
    found.is_some_and(|namespace| object::deletion_timestamp(&namespace).is_some())
}

/// Deletes what is in it.
pub(super) fn empty(writer: &mut Writer, name: &str) {
    for kind in namespaced_kinds() {
        for object in writer.draft.range(kind, &prefix(name)) {
            let _ = writer.delete(kind, name, object::name(&object), &Preconditions::default());
        }
    }
}

/// Lets it go, if it was deleted and nothing is left in it.
pub(super) fn finish(writer: &mut Writer, name: &str) {
    let Some(namespace) = writer.draft.get(&NAMESPACES, name) else { return };
    let others = object::texts(&namespace["spec"]["finalizers"]).any(|by| by != "kubernetes");
    let is_empty = |kind| writer.draft.range(kind, &prefix(name)).is_empty();
    if is_terminating(writer, name) && !others && namespaced_kinds().all(is_empty) {
        writer.finish_deletion(&NAMESPACES, &namespace);
    }
}

fn namespaced_kinds() -> impl Iterator<Item = &'static ResourceKind> {
    kinds::ALL.into_iter().filter(|kind| kind.namespaced)
}
