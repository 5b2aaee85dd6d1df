//! Notices that a page changed, or what a page shows.

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// An editor writes a file in several steps, and git many files: they are one change.
const QUIET: Duration = Duration::from_millis(150);

/// Calls back after every change, until what it gives is dropped.
pub(crate) fn start(
    root: &Path,
    mut changed: impl FnMut() + Send + 'static,
) -> notify::Result<RecommendedWatcher> {
    let (tell, told) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // To read a file is no change, and rendering reads them all.
        if event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_))) {
            let _ = tell.send(());
        }
    })?;
    for folder in ["book/src", "book/theme", "crates"] {
        watcher.watch(&root.join(folder), RecursiveMode::Recursive)?;
    }
    watcher.watch(&root.join("book"), RecursiveMode::NonRecursive)?;
    thread::spawn(move || {
        while told.recv().is_ok() {
            while told.recv_timeout(QUIET).is_ok() {}
            changed();
        }
    });
    Ok(watcher)
}
