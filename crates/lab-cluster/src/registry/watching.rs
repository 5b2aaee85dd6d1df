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
/// And of how many bytes, about: an object may have a million.
const KEPT_BYTES: usize = 32 << 20;

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
    bytes: usize,
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
        let changes = RwLock::new(Kept { since: revision, changes: VecDeque::new(), bytes: 0 });
        Self { changes, last: watch::Sender::new(revision) }
    }

    /// Notes what has been written.
    pub(super) fn note(&self, changes: Vec<Change>) {
        let Some(last) = changes.last().map(|change| change.revision) else { return };
        let mut kept = self.changes.write().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += changes.iter().map(weight).sum::<usize>();
        kept.changes.extend(changes);
        // The last one stays, however large: those who wait are to hear of it.
        while kept.changes.len() > KEPT || kept.bytes > KEPT_BYTES && kept.changes.len() > 1 {
            let Some(oldest) = kept.changes.pop_front() else { break };
            kept.bytes -= weight(&oldest);
            kept.since = oldest.revision;
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

/// About how many bytes a change keeps in memory.
fn weight(change: &Change) -> usize {
    fn of(value: &Value) -> usize {
        let inside = match value {
            Value::String(text) => text.len(),
            Value::Array(list) => list.iter().map(of).sum(),
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| name.len() + of(value)).sum()
            }
            _ => 0,
        };
        size_of::<Value>() + inside
    }
    [&change.before, &change.after].into_iter().flatten().map(|object| of(object)).sum()
}

/// What to watch, and from when on.
#[derive(Debug, Clone, Default)]
pub struct WatchOptions {
    /// Which objects.
    pub selection: ListOptions,
    /// After which revision; `None` is now.
    pub after: Option<u64>,
    /// Begin with all there is, of a revision that is not older: `sendInitialEvents`.
    pub all_first: bool,
    /// And say when that was all.
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
    /// Why there is nothing to tell.
    refused: Option<Refusal>,
    last: watch::Receiver<u64>,
}

impl Registry {
    /// Begins to watch the objects of a kind; an empty `namespace` means all of them.
    ///
    /// # Errors
    /// 400 for a selector that cannot be understood. A revision that there has not been yet is the
    /// first thing that is told: the real server, too, has begun to answer by then.
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
        let mut refused = None;
        let told = self.store.read(|world| {
            if !options.all_first {
                return Ok(options.after.unwrap_or(world.revision));
            }
            let asked = options.after.unwrap_or_default();
            refused = (asked > world.revision).then(|| Refusal::too_new(asked, world.revision));
            let found = list::list(world, kind, namespace, &selection)?;
            let added = |object| Event { kind: "ADDED", object };
            first.extend(found.items.into_iter().map(added));
            Ok::<_, Refusal>(world.revision)
        })?;
        if options.mark_beginning {
            first.push(bookmark(kind, told));
        }
        let (registry, prefix) = (self.clone(), world::prefix(namespace));
        Ok(Watch { registry, kind, prefix, labels, fields, told, first, refused, last })
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
    /// 410 when the watcher is too late, 504 when it is too early.
    pub async fn next(&mut self) -> Result<Option<Vec<Event>>, Refusal> {
        if let Some(refusal) = self.refused.take() {
            return Err(refusal);
        }
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

#[cfg(test)]
mod tests {
    use super::super::kinds;
    use super::*;

    #[test]
    fn large_changes_are_forgotten_sooner() {
        let history = History::from(0);
        let object = Arc::new(json!({"data": {"k": "x".repeat(KEPT_BYTES / 4)}}));
        let change = |revision| Change {
            revision,
            kind: &kinds::CONFIG_MAPS,
            key: "default/m".to_owned(),
            before: None,
            after: Some(Arc::clone(&object)),
        };
        for revision in 1..=10 {
            history.note(vec![change(revision)]);
        }
        let known = |revision| history.after(revision).map(|changes| changes.len());
        assert_eq!(known(7).ok(), Some(3));
        assert_eq!(known(6).unwrap_err().code, 410);

        let huge = Arc::new(json!("x".repeat(2 * KEPT_BYTES)));
        history.note(vec![Change { after: Some(huge), ..change(11) }]);
        assert_eq!(known(10).ok(), Some(1), "who waits still hears of it");
        history.note(vec![change(12)]);
        assert_eq!(known(11).ok(), Some(1));
        assert_eq!(known(10).unwrap_err().code, 410);
    }
}
