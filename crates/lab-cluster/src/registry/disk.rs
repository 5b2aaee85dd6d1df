//! The store's file: a redb database with an object a record, under the key that etcd would give
//! it. A commit is on the disk when it returns, whole or not at all, so that `kill -9` costs
//! nothing that was acknowledged.

use super::kinds::{self, ResourceKind};
use super::object;
use super::world::{self, Change, FIRST_REVISION, World};
use redb::{
    Builder, Database, DatabaseError, Durability, ReadableDatabase, ReadableTable, StorageError,
    TableDefinition, TableError,
};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Raised when a new version writes what an old one could not read.
const FORMAT: u64 = 1;

/// `/registry/pods/default/web` to the object as JSON.
const OBJECTS: TableDefinition<&str, &[u8]> = TableDefinition::new("objects");
/// `format` and `revision`.
const ABOUT: TableDefinition<&str, u64> = TableDefinition::new("about");

/// Enough for a lab. The objects are in memory anyway; redb's own default is a gigabyte.
const CACHE_BYTES: usize = 16 << 20;

/// Why a store cannot be opened. The file is left as it is, whatever is wrong with it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It could not be read, or not be made.
    #[error("cannot open the store {path}: {error}", path = path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A folder lies where the file should be.
    #[error("{path} is a folder; the store is a single file: choose another path", path = path.display())]
    Folder {
        /// Which folder.
        path: PathBuf,
    },
    /// Another process has it, or this one has it already.
    #[error(
        "the store {path} is in use: another lab cluster runs on it. Stop that one, or give this one a data folder of its own",
        path = path.display()
    )]
    InUse {
        /// Which file.
        path: PathBuf,
    },
    /// Something else's file.
    #[error(
        "{path} is not a store of the lab cluster, and is left as it is: choose another path, or move the file away",
        path = path.display()
    )]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// A store once, but no longer whole.
    #[error(
        "the store {path} is damaged ({why}), and is left for you to look at. To begin anew, move it away: the lab then starts with an empty cluster",
        path = path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// How that shows.
        why: String,
    },
    /// Written by a newer lab.
    #[error(
        "the store {path} has format {found}, and this version knows formats up to {FORMAT}: run the newer version that wrote it",
        path = path.display()
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// The format it says it has.
        found: u64,
    },
}

/// The open file. Nobody else can open it until this is dropped.
#[derive(Debug)]
pub(super) struct Disk {
    database: Database,
}

impl Disk {
    /// Opens the store, or makes an empty one where there is no file, and reads everything in it.
    pub(super) fn open(path: &Path) -> Result<(Self, World), StoreError> {
        let io = |error| StoreError::Io { path: path.to_owned(), error };
        match fs::metadata(path) {
            Ok(file) if file.is_dir() => return Err(StoreError::Folder { path: path.to_owned() }),
            Ok(file) if file.len() == 0 => return Err(damaged(path, "it is empty")),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => create(path).map_err(io)?,
            Err(error) => return Err(io(error)),
        }
        // A debug build of redb asserts what a damaged file can break.
        catch_unwind(AssertUnwindSafe(|| Self::read(path)))
            .unwrap_or_else(|_| Err(damaged(path, "it contradicts itself")))
    }

    fn read(path: &Path) -> Result<(Self, World), StoreError> {
        let database = Builder::new()
            .set_cache_size(CACHE_BYTES)
            .set_check_integrity_on_open(true)
            .open(path)
            .map_err(|error| why_not(path, error))?;
        let world = load(path, &database)?;
        Ok((Self { database }, world))
    }

    /// Writes changes, all or none. When this returns they are on the disk.
    pub(super) fn commit(&self, changes: &[Change]) -> Result<(), redb::Error> {
        let Some(last) = changes.last() else { return Ok(()) };
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        {
            let mut objects = transaction.open_table(OBJECTS)?;
            for change in changes {
                let record = record_key(change.kind, &change.key);
                match &change.after {
                    Some(object) => {
                        objects.insert(record.as_str(), object.to_string().as_bytes())?;
                    }
                    None => {
                        objects.remove(record.as_str())?;
                    }
                }
            }
            transaction.open_table(ABOUT)?.insert("revision", last.revision)?;
        }
        Ok(transaction.commit()?)
    }
}

/// Makes an empty store. It appears under its name only when it is complete, and never in place of
/// a file that somebody else made meanwhile. Only its owner can read it: it will hold secrets.
fn create(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let unfinished = tempfile::Builder::new().prefix(".objects-").tempfile_in(folder)?;
    write_empty(unfinished.path()).map_err(io::Error::other)?;
    match unfinished.persist_noclobber(path) {
        Err(failed) if failed.error.kind() != ErrorKind::AlreadyExists => return Err(failed.error),
        _ => {} // whoever made it, it is opened next
    }
    File::open(folder)?.sync_all() // the name is on the disk when its folder is
}

fn write_empty(path: &Path) -> Result<(), redb::Error> {
    let database = Builder::new().create(path)?;
    let transaction = database.begin_write()?;
    transaction.open_table(OBJECTS)?;
    {
        let mut about = transaction.open_table(ABOUT)?;
        about.insert("format", FORMAT)?;
        about.insert("revision", FIRST_REVISION)?;
    }
    Ok(transaction.commit()?)
}

/// `/registry/pods/default/web`.
pub(super) fn record_key(kind: &ResourceKind, key: &str) -> String {
    format!("/registry/{}/{key}", folder_of(kind))
}

/// Nodes are under the name they had when etcd was young.
fn folder_of(kind: &ResourceKind) -> &'static str {
    if kind.plural == "nodes" { "minions" } else { kind.plural }
}

fn parse_record_key(record: &str) -> Option<(&'static ResourceKind, &str)> {
    let (folder, key) = record.strip_prefix("/registry/")?.split_once('/')?;
    let kind = kinds::ALL.into_iter().find(|kind| folder_of(kind) == folder)?;
    Some((kind, key))
}

fn load(path: &Path, database: &Database) -> Result<World, StoreError> {
    let broken = |error: &dyn std::fmt::Display| damaged(path, error.to_string());
    let transaction = database.begin_read().map_err(|error| broken(&error))?;
    let about = transaction.open_table(ABOUT).map_err(|error| no_table(path, error))?;
    let objects = transaction.open_table(OBJECTS).map_err(|error| no_table(path, error))?;
    let number = |name| match about.get(name) {
        Ok(Some(number)) => Ok(number.value()),
        Ok(None) => Err(broken(&format_args!("it has no {name}"))),
        Err(error) => Err(broken(&error)),
    };
    match number("format")? {
        FORMAT => {}
        found => return Err(StoreError::Newer { path: path.to_owned(), found }),
    }
    let mut world = World::at(number("revision")?);
    for record in objects.iter().map_err(|error| broken(&error))? {
        let (record, bytes) = record.map_err(|error| broken(&error))?;
        let (kind, key) = parse_record_key(record.value())
            .ok_or_else(|| broken(&format_args!("no kind is stored under {}", record.value())))?;
        let object: Value = serde_json::from_slice(bytes.value())
            .map_err(|error| broken(&format_args!("{}: {error}", record.value())))?;
        if world::key(object::namespace(&object), object::name(&object)) != key {
            return Err(broken(&format_args!("another object lies under {}", record.value())));
        }
        world.restore(kind, key.to_owned(), object);
    }
    Ok(world)
}

fn damaged(path: &Path, why: impl Into<String>) -> StoreError {
    StoreError::Damaged { path: path.to_owned(), why: why.into() }
}

fn why_not(path: &Path, error: DatabaseError) -> StoreError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => StoreError::InUse { path: path.to_owned() },
        DatabaseError::Storage(StorageError::Io(error))
            if error.kind() == ErrorKind::InvalidData =>
        {
            StoreError::Foreign { path: path.to_owned() }
        }
        DatabaseError::Storage(StorageError::Io(error))
            if error.kind() != ErrorKind::UnexpectedEof =>
        {
            StoreError::Io { path: path.to_owned(), error }
        }
        error => damaged(path, error.to_string()),
    }
}

/// A database, but not of ours.
fn no_table(path: &Path, error: TableError) -> StoreError {
    match error {
        TableError::Storage(error) => damaged(path, error.to_string()),
        _ => StoreError::Foreign { path: path.to_owned() },
    }
}
