//! What was acknowledged is there after `kill -9`, and a store that is not whole is never taken for
//! an empty one, nor touched.
#![allow(clippy::unwrap_used, reason = "a test may")]

use lab_cluster::registry::kinds;
use lab_cluster::registry::{
    Controllers, CountedIds, ListOptions, PatchType, RandomIds, Registry, Store, StoreError,
    WriteOptions, object, seeds,
};
use narration::{ManualClock, SystemClock};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// Names the store that [`a_writer`] writes to.
const STORE: &str = "LAB_CLUSTER_TEST_STORE";

fn registry(store: Store) -> Registry {
    Registry::new(store, Arc::new(SystemClock), Arc::new(RandomIds))
}

fn controllers() -> Controllers {
    Controllers::new("the CA", |token| Some(format!("token of {}", token.account)))
}

fn namespace(name: &str) -> Value {
    json!({"metadata": {"name": name}})
}

/// Everything in a registry, by key.
fn contents(registry: &Registry) -> BTreeMap<String, Value> {
    let key = |object: &Value| {
        let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
        format!("{} {}/{}", text("kind"), object::namespace(object), object::name(object))
    };
    registry.all_objects().iter().map(|(_, object)| (key(object), Value::clone(object))).collect()
}

/// A small store on disk, and what is in it.
fn small_store(folder: &TempDir) -> (PathBuf, BTreeMap<String, Value>) {
    let path = folder.path().join("objects.redb");
    let clock = ManualClock::at_unix(1_700_000_000);
    let registry = Registry::new(
        Store::open(&path).unwrap(),
        Arc::new(clock),
        Arc::new(CountedIds::default()),
    );
    seeds::system_namespaces(&registry).unwrap();
    registry.start_controllers(controllers()).unwrap();
    seeds::sample_workloads(&registry).unwrap();
    let contents = contents(&registry);
    assert!(contents.len() > 15, "{}", contents.len());
    (path, contents)
}

/// Not a test of its own: [`kill_9_loses_nothing_acknowledged`] runs this one in a process that it
/// then kills. It makes namespaces, and says so after each.
#[test]
fn a_writer() {
    let Ok(path) = std::env::var(STORE) else { return };
    let registry = registry(Store::open(Path::new(&path)).unwrap());
    registry.start_controllers(controllers()).unwrap();
    let first = registry.list(&kinds::NAMESPACES, "", &ListOptions::default()).unwrap().items.len();
    let mut out = std::io::stdout();
    for number in first.. {
        let name = format!("n{number:06}");
        let options = WriteOptions::default();
        registry.create(&kinds::NAMESPACES, "", namespace(&name), &options).unwrap();
        writeln!(out, "acknowledged {name}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn kill_9_loses_nothing_acknowledged() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("objects.redb");
    let mut acknowledged = Vec::new();
    for until in [1, 2, 25, 60] {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_writer", "--nocapture"])
            .env(STORE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(writer.stdout.take().unwrap()).lines();
        let names = said.map_while(Result::ok);
        let names = names.filter_map(|line| Some(line.split_once("acknowledged ")?.1.to_owned()));
        let mut count = 0;
        for name in names {
            acknowledged.push(name);
            count += 1;
            if count == until {
                writer.kill().unwrap(); // SIGKILL; what it said until then is still in the pipe
            }
        }
        writer.wait().unwrap();

        let registry = registry(Store::open(&path).unwrap());
        for name in &acknowledged {
            assert!(registry.get(&kinds::NAMESPACES, "", name).is_ok(), "{name} is lost");
        }
        // A commit is there as a whole: no namespace without what the controllers put into it.
        let all = registry.list(&kinds::NAMESPACES, "", &ListOptions::default()).unwrap();
        assert!(all.items.len() - acknowledged.len() <= 1, "one may have been on its way");
        for name in all.items.iter().map(|namespace| object::name(namespace)) {
            assert!(registry.get(&kinds::SERVICE_ACCOUNTS, name, "default").is_ok(), "{name}");
            assert!(registry.get(&kinds::CONFIG_MAPS, name, "kube-root-ca.crt").is_ok(), "{name}");
        }
    }
}

/// Each operation of a JSON patch may be shallow, and what they build together deeper than a reader
/// of JSON goes, or than a stack is.
#[test]
fn what_cannot_be_read_back_is_not_stored() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("objects.redb");
    let before = {
        let registry = registry(Store::open(&path).unwrap());
        let (nodes, options) = (&kinds::NODES, WriteOptions::default());
        let node = json!({"metadata": {"name": "n"}, "spec": {"configSource": {}}});
        registry.create(nodes, "", node, &options).unwrap();
        let add = |path: &str| json!({"op": "add", "path": path, "value": {}});
        let nested = |times: usize| {
            let paths =
                (1..=times).map(|depth| format!("/spec/configSource{}", "/x".repeat(depth)));
            Value::from(paths.map(|path| add(&path)).collect::<Vec<_>>())
        };
        let send = |operations: &Value| {
            registry.patch(nodes, "", "n", PatchType::Json, operations, &options).map(drop)
        };
        send(&nested(50)).unwrap();
        assert_eq!(send(&nested(150)).unwrap_err().code, 422, "built of many");
        // A copy of everything into its own depth.
        let mut doubled = vec![json!({"op": "add", "path": "/spec", "value": {}})];
        let mut deepest = "/spec/x".to_owned();
        for _ in 0..10 {
            doubled.push(json!({"op": "copy", "from": "/spec", "path": deepest}));
            deepest = deepest.repeat(2);
        }
        assert_eq!(send(&doubled.into()).unwrap_err().code, 422, "copied into itself");
        contents(&registry)
    };
    assert_eq!(contents(&registry(Store::open(&path).unwrap())), before);
}

#[test]
fn a_restart_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let (path, before) = small_store(&folder);
    let again = registry(Store::open(&path).unwrap());
    assert_eq!(contents(&again), before);

    // The controllers find everything in order, and revisions go on where they ended.
    again.start_controllers(controllers()).unwrap();
    assert_eq!(contents(&again), before);
    let last = before
        .values()
        .map(object::resource_version)
        .max_by_key(|text| text.parse::<u64>().unwrap());
    let options = WriteOptions::default();
    let new = again.create(&kinds::NAMESPACES, "", namespace("new"), &options).unwrap();
    let revision = |text: &str| text.parse::<u64>().unwrap();
    assert_eq!(revision(object::resource_version(&new)), revision(last.unwrap()) + 1);
}

/// Opens a copy of a file with these bytes. Whatever comes of it, a refusal changes nothing.
fn open_copy(folder: &TempDir, bytes: &[u8]) -> Result<Registry, StoreError> {
    let copy = folder.path().join("copy.redb");
    fs::write(&copy, bytes).unwrap();
    let opened = Store::open(&copy).map(registry);
    if let Err(error) = &opened {
        assert_eq!(fs::read(&copy).unwrap(), bytes, "changed, though: {error}");
        assert!(error.to_string().contains(copy.to_str().unwrap()), "{error}");
    }
    opened
}

#[test]
fn damage_is_noticed() {
    let folder = TempDir::new().unwrap();
    let (path, before) = small_store(&folder);
    let whole = fs::read(&path).unwrap();
    let in_the_header = (0..320).step_by(40);
    let anywhere = (4096..whole.len()).step_by(whole.len() / 24);
    let mut noticed = 0;
    for at in in_the_header.chain(anywhere) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        match open_copy(&folder, &bytes) {
            // Where nothing is stored, nothing can be damaged.
            Ok(registry) => assert_eq!(contents(&registry), before, "byte {at}"),
            Err(StoreError::Damaged { .. } | StoreError::Foreign { .. }) => noticed += 1,
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
    assert!(noticed > 5, "{noticed}");
}

#[test]
fn a_truncated_store_is_no_empty_one() {
    let folder = TempDir::new().unwrap();
    let (path, _) = small_store(&folder);
    let whole = fs::read(&path).unwrap();
    for length in [0, 1, 8, 9, 100, 4095, 4096, 4097, whole.len() / 2, whole.len() - 1] {
        match open_copy(&folder, &whole[..length]) {
            Err(StoreError::Damaged { .. } | StoreError::Foreign { .. }) => {}
            Err(other) => panic!("{length} bytes: {other}"),
            Ok(_) => panic!("{length} bytes pass for a store"),
        }
    }
}

#[test]
fn other_peoples_files_are_left_alone() {
    let folder = TempDir::new().unwrap();
    for bytes in [&b"dear diary"[..], &[0; 5000], &[0xff; 5000], b"redb", b"SQLite format 3\0"] {
        let error = open_copy(&folder, bytes).err().unwrap();
        assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    }

    // A database of the same make, with somebody else's table in it.
    let path = folder.path().join("shopping.redb");
    let table: TableDefinition<&str, u64> = TableDefinition::new("apples");
    let database = Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(table).unwrap().insert("red", 3).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    let database = Database::open(&path).unwrap();
    let transaction = database.begin_read().unwrap();
    assert_eq!(transaction.open_table(table).unwrap().get("red").unwrap().unwrap().value(), 3);
    assert_eq!(transaction.list_tables().unwrap().count(), 1);
}

#[test]
fn what_is_no_file() {
    let folder = TempDir::new().unwrap();
    let error = Store::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Folder { .. }), "{error}");
    let error = Store::open(&folder.path().join("missing/objects.redb")).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    let error = Store::open(Path::new("")).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
}

#[test]
fn two_cannot_have_one_store() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("objects.redb");
    let first = Store::open(&path).unwrap();
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    drop(first);
    Store::open(&path).unwrap();
}

#[test]
#[cfg(unix)]
fn only_the_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("objects.redb");
    drop(Store::open(&path).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
}

/// Changes a store behind the lab's back.
fn meddle(path: &Path, with_about: &[(&str, u64)], with_objects: &[(&str, &[u8])]) {
    let database = Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let about: TableDefinition<&str, u64> = TableDefinition::new("about");
        let mut about = transaction.open_table(about).unwrap();
        for (name, number) in with_about {
            about.insert(*name, number).unwrap();
        }
        let objects: TableDefinition<&str, &[u8]> = TableDefinition::new("objects");
        let mut objects = transaction.open_table(objects).unwrap();
        for (key, bytes) in with_objects {
            objects.insert(*key, *bytes).unwrap();
        }
    }
    transaction.commit().unwrap();
}

#[test]
fn a_newer_format_is_left_to_a_newer_lab() {
    let folder = TempDir::new().unwrap();
    let (path, _) = small_store(&folder);
    meddle(&path, &[("format", 2)], &[]);
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 2, .. }), "{error}");
    // Even if it holds what this version has never heard of.
    meddle(&path, &[], &[("/registry/dragons/default/smaug", b"fire")]);
    assert!(matches!(Store::open(&path).unwrap_err(), StoreError::Newer { .. }));
}

#[test]
fn a_record_that_makes_no_sense_is_damage() {
    let folder = TempDir::new().unwrap();
    for (key, bytes) in [
        ("/registry/dragons/default/smaug", &b"{}"[..]),
        ("/registry/pods/no-namespace", b"{}"),
        ("/registry/nodes/old-name", b"{}"),
        ("/registry/pods/default/web", b"{\"kind\":"),
        ("/registry/pods/default/web", b"[]"),
        (
            "/registry/pods/default/web",
            b"{\"metadata\":{\"name\":\"db\",\"namespace\":\"default\"}}",
        ),
        ("pods", b"{}"),
        ("", b""),
    ] {
        let path = folder.path().join("objects.redb");
        let _ = fs::remove_file(&path);
        drop(Store::open(&path).unwrap());
        meddle(&path, &[], &[(key, bytes)]);
        let error = Store::open(&path).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{key}: {error}");
    }
}

#[test]
fn a_store_holds_what_etcd_would() {
    let folder = TempDir::new().unwrap();
    let (path, before) = small_store(&folder);
    let database = Database::open(&path).unwrap();
    let transaction = database.begin_read().unwrap();
    let objects: TableDefinition<&str, &[u8]> = TableDefinition::new("objects");
    let objects = transaction.open_table(objects).unwrap();
    let keys: Vec<String> =
        objects.iter().unwrap().map(|record| record.unwrap().0.value().to_owned()).collect();
    assert_eq!(keys.len(), before.len());
    for key in ["/registry/minions/microk8s-vm", "/registry/serviceaccounts/kube-system/coredns"] {
        assert!(keys.iter().any(|known| known == key), "{keys:#?}");
    }
}
