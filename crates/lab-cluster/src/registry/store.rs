//! Where the objects are: all of them in memory, to be read without waiting, and each write on
//! disk before it is acknowledged.

use super::disk::{Disk, StoreError};
use super::draft::Draft;
use super::watching::History;
use super::world::{FIRST_REVISION, World};
use std::path::Path;
use std::sync::{Mutex, PoisonError, RwLock};

/// The objects, and the file they live on in, if there is one.
#[derive(Debug)]
pub struct Store {
    world: RwLock<World>,
    /// Held by the one who writes. Readers do not wait for it, nor for the disk behind it.
    disk: Mutex<Option<Disk>>,
    pub(super) history: History,
}

/// A write that the disk did not take. Nothing has changed.
#[derive(Debug, thiserror::Error)]
#[error("the store could not be written: {0}")]
pub(super) struct NotWritten(#[from] redb::Error);

impl Store {
    /// Opens the store in a file, or makes an empty one where there is no file. All of it is read,
    /// and checked, now.
    ///
    /// # Errors
    /// The file is something else's, damaged, in use, of a newer format, or cannot be read. It is
    /// then left as it is.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let (disk, world) = Disk::open(path)?;
        let history = History::from(world.revision);
        Ok(Self { world: RwLock::new(world), disk: Mutex::new(Some(disk)), history })
    }

    /// An empty store that is gone when it is dropped.
    #[must_use]
    pub fn in_memory() -> Self {
        let world = RwLock::new(World::at(FIRST_REVISION));
        Self { world, disk: Mutex::new(None), history: History::from(FIRST_REVISION) }
    }

    /// Looks at the world. No one can write meanwhile: take what you need and go.
    pub(super) fn read<R>(&self, look: impl FnOnce(&World) -> R) -> R {
        look(&self.world.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Plans changes, then makes them: all, or, if the plan fails or `keep` is false, none.
    pub(super) fn write<R, E: From<NotWritten>>(
        &self,
        keep: bool,
        plan: impl FnOnce(&mut Draft) -> Result<R, E>,
    ) -> Result<R, E> {
        let disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        let (result, changes) = {
            let world = self.world.read().unwrap_or_else(PoisonError::into_inner);
            let mut draft = Draft::on(&world);
            (plan(&mut draft)?, draft.into_changes())
        };
        if keep {
            if let Some(disk) = &*disk {
                disk.commit(&changes).map_err(NotWritten)?;
            }
            let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
            for change in &changes {
                world.apply(change);
            }
            drop(world);
            self.history.note(changes);
        }
        Ok(result)
    }
}
