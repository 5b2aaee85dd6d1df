//! What is in the folder lives on: through a stop, and through `kill -9`.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::Lab;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{ObjectMeta, PostParams};
use lab_cluster::{LabCluster, Options, StartError, Storage};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

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

/// The program itself, in a folder, on a free port.
struct Running {
    child: Child,
    address: String,
    folder: std::path::PathBuf,
}

impl Running {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_lab-cluster"))
            .args(["--secure-port", "0", "--data-dir"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let address = lines
            .find_map(|line| line.split_once("https://").map(|(_, address)| address.to_owned()))
            .unwrap();
        Self { child, address: address.trim().to_owned(), folder: folder.to_path_buf() }
    }

    async fn client(&self) -> kube::Client {
        let text = fs::read_to_string(self.folder.join("credentials/client.config")).unwrap();
        let kubeconfig = kube::config::Kubeconfig::from_yaml(&text).unwrap();
        let options = kube::config::KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
        assert_eq!(config.cluster_url.authority().unwrap().as_str(), self.address);
        kube::Client::try_from(config).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `Child::kill` is SIGKILL: nothing in the process gets to say good-bye.
#[tokio::test]
async fn kill_9_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 0..3 {
        let running = Running::start(folder.path());
        let notes: Api<ConfigMap> = Api::namespaced(running.client().await, "default");
        for name in &acknowledged {
            assert_eq!(
                notes.get(name).await.unwrap().metadata.name.as_deref(),
                Some(name.as_str())
            );
        }
        for number in 0..5 {
            let name = format!("note-{round}-{number}");
            let note = ConfigMap {
                metadata: ObjectMeta { name: Some(name.clone()), ..ObjectMeta::default() },
                ..ConfigMap::default()
            };
            notes.create(&PostParams::default(), &note).await.unwrap();
            acknowledged.push(name);
        }
        drop(running);
    }
    assert_eq!(acknowledged.len(), 15);
}

#[test]
fn two_cannot_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Running::start(folder.path());
    let second = Command::new(env!("CARGO_BIN_EXE_lab-cluster"))
        .args(["--secure-port", "0", "--data-dir"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("in use"), "{said}");
}
