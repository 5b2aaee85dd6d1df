//! What is in the folder lives on: through a stop, and through `kill -9`.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::Lab;
use common::running::Running;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{DeleteParams, ListParams, ObjectMeta, PostParams};
use lab_cluster::{LabCluster, Options, StartError, Storage};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::task::JoinSet;

async fn in_folder(folder: &Path) -> Lab {
    Lab::with(&[], |options| {
        options.storage = Storage::Folder(folder.to_path_buf());
        options.signing_key = None;
    })
    .await
}

#[tokio::test]
async fn yesterdays_token_is_refused_because_it_expired() {
    let folder = tempfile::tempdir().unwrap();
    let account = "/api/v1/namespaces/default/serviceaccounts/default";
    let lab = in_folder(folder.path()).await;
    let token = lab.token("default", "default", "{}").await;
    let before = lab.admin("GET", account, "").await.json();
    lab.cluster.shutdown().await;

    let lab = in_folder(folder.path()).await;
    assert_eq!(
        lab.bearer(&token, "GET", "/api", "").await.status,
        200,
        "the same key, the same uid"
    );
    assert_eq!(lab.admin("GET", account, "").await.json(), before);
    lab.cluster.shutdown().await;

    let lab = in_folder(folder.path()).await;
    lab.pass(86400);
    assert_eq!(lab.bearer(&token, "GET", "/api", "").await.status, 401);
    assert_eq!(lab.last_rejection(), "service account token has expired");
    lab.cluster.shutdown().await;
}

#[cfg(unix)]
#[tokio::test]
async fn keys_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    in_folder(folder.path()).await.cluster.shutdown().await;
    let mode =
        |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    for name in ["certs/ca.key", "certs/server.key", "certs/client.key", "objects.redb"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    assert_eq!(mode("certs/serviceaccount.key"), 0o600);
    assert_eq!(mode("certs"), 0o700);
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_left_as_it_is() {
    let refused = |storage: &Path| {
        let storage = Storage::Folder(storage.to_path_buf());
        async {
            match LabCluster::start(Options { storage, ..Options::embedded() }).await {
                Ok(_) => panic!("it started"),
                Err(error) => error,
            }
        }
    };
    // Half of the certificates are gone.
    let folder = tempfile::tempdir().unwrap();
    in_folder(folder.path()).await.cluster.shutdown().await;
    fs::remove_file(folder.path().join("certs/ca.key")).unwrap();
    let error = refused(folder.path()).await;
    assert!(error.to_string().ends_with("certs has some certificates, but no ca.key"), "{error}");
    assert!(!folder.path().join("certs/ca.key").exists());

    // The store is damaged.
    let folder = tempfile::tempdir().unwrap();
    in_folder(folder.path()).await.cluster.shutdown().await;
    let store = folder.path().join("objects.redb");
    let mut bytes = fs::read(&store).unwrap();
    bytes.truncate(5000);
    fs::write(&store, &bytes).unwrap();
    let error = refused(folder.path()).await;
    assert!(matches!(error, StartError::Store(_)), "{error}");
    assert_eq!(fs::read(&store).unwrap(), bytes, "not touched");

    // The signing key is something else.
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("certs")).unwrap();
    let key = folder.path().join("certs/serviceaccount.key");
    fs::write(&key, "no key at all").unwrap();
    let error = refused(folder.path()).await;
    assert!(error.to_string().contains("serviceaccount.key: "), "{error}");
    assert_eq!(fs::read_to_string(&key).unwrap(), "no key at all");
}

/// Somebody's notes, and the last of each that the server has acknowledged: its text, or `None` when
/// it was deleted. A write that was cut off may have happened or not, so both are right.
type Notes = BTreeMap<String, BTreeSet<Option<String>>>;

fn note(name: &str, text: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        data: Some([("text".to_owned(), text.to_owned())].into()),
        ..ConfigMap::default()
    }
}

/// Makes notes, changes them and deletes them until the server is gone.
async fn write_until_it_is_gone(
    api: Api<ConfigMap>,
    writer: String,
    written: Arc<AtomicUsize>,
) -> Notes {
    let mut notes = Notes::new();
    for number in 0.. {
        let name = format!("{writer}-{}", number / 3);
        let wanted = (number % 3 != 2).then(|| format!("text {number}"));
        let result = match (number % 3, &wanted) {
            (0, Some(text)) => {
                api.create(&PostParams::default(), &note(&name, text)).await.map(drop)
            }
            (_, Some(text)) => {
                api.replace(&name, &PostParams::default(), &note(&name, text)).await.map(drop)
            }
            // Every other note is left for good.
            _ if number % 2 == 0 => continue,
            _ => api.delete(&name, &DeleteParams::default()).await.map(drop),
        };
        match result {
            Ok(()) => {
                notes.insert(name, [wanted].into());
                written.fetch_add(1, Ordering::Relaxed);
            }
            Err(kube::Error::Api(status)) => panic!("{name}: {status:?}"),
            Err(_) => {
                notes.entry(name).or_insert_with(|| [None].into()).insert(wanted);
                break;
            }
        }
    }
    notes
}

/// `Child::kill` is SIGKILL: nothing in the process gets to say good-bye.
async fn kill_9_in_the_middle_of_writes(rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut notes = Notes::new();
    let mut acknowledged = 0;
    for round in 0..rounds {
        let running = Running::start(folder.path(), &[]);
        let api: Api<ConfigMap> = Api::namespaced(running.client().await, "default");
        let found = api.list(&ListParams::default()).await.unwrap().items.into_iter();
        let mut found: BTreeMap<String, Option<String>> = found
            .map(|note| (note.metadata.name.unwrap(), note.data.unwrap().remove("text")))
            .filter(|(name, _)| name != "kube-root-ca.crt")
            .collect();
        for (name, right) in &notes {
            let text = found.remove(name).flatten();
            assert!(right.contains(&text), "round {round}: {name} is {text:?}, not {right:?}");
        }
        assert_eq!(found, BTreeMap::new(), "nobody wrote these");

        let written = Arc::new(AtomicUsize::new(0));
        let mut writers = JoinSet::new();
        for writer in 0..4 {
            let api = api.clone();
            writers.spawn(write_until_it_is_gone(
                api,
                format!("r{round}-w{writer}"),
                written.clone(),
            ));
        }
        // Each round at another moment, so that the blow falls on every kind of write.
        while written.load(Ordering::Relaxed) < 5 + round {
            tokio::task::yield_now().await;
        }
        drop(running);
        for of_writer in writers.join_all().await {
            notes.extend(of_writer);
        }
        acknowledged += written.load(Ordering::Relaxed);
    }
    assert!(acknowledged >= 5 * rounds);
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_loses_nothing_that_was_acknowledged() {
    kill_9_in_the_middle_of_writes(2).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "abuse: starts the program twenty times"]
async fn kill_9_twenty_times_loses_nothing_either() {
    kill_9_in_the_middle_of_writes(20).await;
}

#[test]
fn two_cannot_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Running::start(folder.path(), &[]);
    let second = Command::new(env!("CARGO_BIN_EXE_lab-cluster"))
        .args(["--secure-port", "0", "--data-dir"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("in use"), "{said}");
}
