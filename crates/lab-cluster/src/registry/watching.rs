//! Changes, told as they happen to whoever watches ([kubernetes.io][1]). The last ones are kept for
//! a while, so that a client can go on from the revision at which it listed; who comes later than
//! that is told so, and lists anew.
//!
//! [1]: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes

use super::field_selector::FieldSelector;
use super::kinds::ResourceKind;
use super::label_selector::LabelSelector;
use super::list::{self, ListOptions};
use super::strategy::metadata;
use super::world::{self, Change};
use super::{Registry, Store};
use crate::status::Refusal;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::watch;

/// How many changes are kept.
const KEPT: usize = 1024;

/// The last changes, and who waits for the next.
#[derive(Debug)]
pub(super) struct History {
    changes: RwLock<Kept>,
    /// The revision of the last one; `u64::MAX` when there will be no more.
    last: watch::Sender<u64>,
}

struct Kept {
    /// All changes after this revision are here.
    since: u64,
    changes: VecDeque<Change>,
}

/// Without the objects: some of them are secrets.
impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Kept").field("since", &self.since).finish_non_exhaustive()
    }
}

impl History {
    /// A history that begins here.
    pub(super) fn from(revision: u64) -> Self {
        let changes = RwLock::new(Kept { since: revision, changes: VecDeque::new() });
        Self { changes, last: watch::Sender::new(revision) }
    }

    /// Notes what has been written.
    pub(super) fn note(&self, changes: Vec<Change>) {
        let Some(last) = changes.last().map(|change| change.revision) else { return };
        let mut kept = self.changes.write().unwrap_or_else(PoisonError::into_inner);
        kept.changes.extend(changes);
        while kept.changes.len() > KEPT {
            kept.since = kept.changes.pop_front().map_or(kept.since, |change| change.revision);
        }
        drop(kept);
        // A history that has ended stays so.
        self.last.send_modify(|known| *known = last.max(*known));
    }

    /// Ends all watches, and those that begin from now on.
    pub(super) fn end(&self) {
        self.last.send_replace(u64::MAX);
    }

    /// What came after a revision. 410 when that is no longer known.
    fn after(&self, revision: u64) -> Result<Vec<Change>, Refusal> {
        let kept = self.changes.read().unwrap_or_else(PoisonError::into_inner);
        if revision < kept.since {
            return Err(Refusal::expired(revision, kept.since));
        }
        let first = kept.changes.partition_point(|change| change.revision <= revision);
        Ok(kept.changes.range(first..).cloned().collect())
    }
}

/// What to watch, and from when on.
#[derive(Debug, Clone, Default)]
pub struct WatchOptions {
    /// Which objects.
    pub selection: ListOptions,
    /// After which revision; `None` begins with all there is.
    pub after: Option<u64>,
    /// Begin with all there is, and say when that was all: `sendInitialEvents`.
    pub mark_beginning: bool,
}

/// What happened to an object: what a line of a watch says.
#[derive(Clone, PartialEq)]
pub struct Event {
    /// `ADDED`, `MODIFIED`, `DELETED` or `BOOKMARK`.
    pub kind: &'static str,
    /// The object, as it is now, or was.
    pub object: Arc<Value>,
}

/// Someone who watches.
pub struct Watch {
    registry: Arc<Registry>,
    kind: &'static ResourceKind,
    prefix: String,
    labels: LabelSelector,
    fields: FieldSelector,
    /// Everything up to here has been told.
    told: u64,
    /// What there was at the beginning.
    first: Vec<Event>,
    last: watch::Receiver<u64>,
}

impl Registry {
    /// Begins to watch the objects of a kind; an empty `namespace` means all of them.
    ///
    /// # Errors
    /// 400 for a selector that cannot be understood.
    pub fn watch(
        self: &Arc<Self>,
        kind: &'static ResourceKind,
        namespace: &str,
        options: &WatchOptions,
    ) -> Result<Watch, Refusal> {
        let selection = ListOptions { limit: 0, ..options.selection.clone() };
        let wrong = Refusal::bad_request;
        let labels = LabelSelector::parse(&selection.label_selector).map_err(wrong)?;
        let fields = FieldSelector::parse(kind, &selection.field_selector).map_err(wrong)?;
        let last = self.store.history().last.subscribe();
        let mut first = Vec::new();
        let told = match options.after.filter(|_| !options.mark_beginning) {
            Some(revision) => revision,
            None => self.store.read(|world| {
                let found = list::list(world, kind, namespace, &selection)?;
                let added = |object| Event { kind: "ADDED", object };
                first.extend(found.items.into_iter().map(added));
                Ok::<_, Refusal>(world.revision)
            })?,
        };
        if options.mark_beginning {
            first.push(bookmark(kind, told));
        }
        let (registry, prefix) = (self.clone(), world::prefix(namespace));
        Ok(Watch { registry, kind, prefix, labels, fields, told, first, last })
    }

    /// Ends all watches: the server stops.
    pub fn end_watches(&self) {
        self.store.history().end();
    }
}

impl Watch {
    /// What happened since the last call; waits until something has. `None` when nothing more will.
    ///
    /// # Errors
    /// 410 when the watcher is too late.
    pub async fn next(&mut self) -> Result<Option<Vec<Event>>, Refusal> {
        if !self.first.is_empty() {
            return Ok(Some(std::mem::take(&mut self.first)));
        }
        loop {
            let told = self.told;
            let last = self.last.wait_for(|last| *last > told).await;
            let ended = last.map_or(true, |last| *last == u64::MAX);
            let changes = self.registry.store.history().after(told)?;
            self.told = changes.last().map_or(told, |change| change.revision);
            let events: Vec<_> = changes.iter().filter_map(|change| self.event(change)).collect();
            if !events.is_empty() {
                return Ok(Some(events));
            }
            if ended {
                return Ok(None);
            }
        }
    }

    /// A change as this watcher sees it: an object that no longer has the label that was asked for
    /// is gone.
    fn event(&self, change: &Change) -> Option<Event> {
        if change.kind != self.kind || !change.key.starts_with(&self.prefix) {
            return None;
        }
        let seen = |object: &Option<Arc<Value>>| {
            let object = object.as_ref()?;
            let selected = self.labels.matches(object) && self.fields.matches(object);
            selected.then(|| Arc::clone(object))
        };
        Some(match (seen(&change.before), seen(&change.after)) {
            (None, None) => return None,
            (None, Some(object)) => Event { kind: "ADDED", object },
            (Some(_), Some(object)) => Event { kind: "MODIFIED", object },
            (Some(before), None) => {
                let mut object = Value::clone(&before);
                let revision = change.revision.to_string();
                metadata::set(&mut object, [("resourceVersion", Some(revision.into()))]);
                Event { kind: "DELETED", object: Arc::new(object) }
            }
        })
    }
}

/// "That was all there is", in the shape of an object.
fn bookmark(kind: &ResourceKind, revision: u64) -> Event {
    let object = json!({
        "kind": kind.kind,
        "apiVersion": kind.api_version(),
        "metadata": {
            "resourceVersion": revision.to_string(),
            "annotations": {"k8s.io/initial-events-end": "true"},
        },
    });
    Event { kind: "BOOKMARK", object: Arc::new(object) }
}

impl Store {
    pub(super) fn history(&self) -> &History {
        &self.history
    }
}
