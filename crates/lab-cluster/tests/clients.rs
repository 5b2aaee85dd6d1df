//! Other people's clients, unmodified: kube for Rust, and the official one for Python. kubectl has
//! a file of its own, `kubectl.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::Lab;
use futures_util::{StreamExt, TryStreamExt};
use k8s_openapi::api::authentication::v1::{SelfSubjectReview, TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{ConfigMap, Pod, ServiceAccount};
use kube::api::{
    Api, DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams, WatchEvent,
    WatchParams,
};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

async fn client(kubeconfig: &str) -> Client {
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig).unwrap();
    let options = KubeConfigOptions::default();
    Client::try_from(Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap()).unwrap()
}

/// The same kubeconfig for somebody with a token.
fn with_token(bare: &str, token: &str) -> String {
    assert!(bare.contains("user: {}"), "{bare}");
    bare.replace("user: {}", &format!("user: {{token: {token}}}"))
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() }
}

fn words(event: &WatchEvent<ConfigMap>) -> String {
    let name = |map: &ConfigMap| map.metadata.name.clone().unwrap();
    match event {
        WatchEvent::Added(map) => format!("added {}", name(map)),
        WatchEvent::Modified(map) => format!("modified {}", name(map)),
        WatchEvent::Deleted(map) => format!("deleted {}", name(map)),
        WatchEvent::Bookmark(_) => "bookmark".to_owned(),
        WatchEvent::Error(status) => format!("error {}", status.code),
    }
}

#[tokio::test]
async fn kube_lists_in_pages() {
    let lab = Lab::start(&[]).await;
    let admin = client(&lab.cluster.admin_kubeconfig()).await;
    let pods: Api<Pod> = Api::all(admin);
    let first = pods.list(&ListParams::default().limit(2)).await.unwrap();
    assert_eq!((first.items.len(), first.metadata.remaining_item_count), (2, Some(1)));
    let page = ListParams::default().limit(2).continue_token(&first.metadata.continue_.unwrap());
    let second = pods.list(&page).await.unwrap();
    assert_eq!((second.items.len(), second.metadata.continue_), (1, None));

    let dns = ListParams::default().labels("k8s-app=kube-dns").fields("status.phase=Running");
    assert_eq!(pods.list(&dns).await.unwrap().items.len(), 1);
}

/// List, then watch from there: what every controller does.
#[tokio::test]
async fn kube_watches_and_applies() {
    let lab = Lab::start(&[]).await;
    let admin = client(&lab.cluster.admin_kubeconfig()).await;
    let maps: Api<ConfigMap> = Api::namespaced(admin, "default");
    let seen = maps.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let events = maps.watch(&WatchParams::default(), &seen).await.unwrap();
    let mut events = std::pin::pin!(events);

    let apply = PatchParams::apply("a-test");
    let wanted = |colour: &str| {
        Patch::Apply(json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "colours"}, "data": {"colour": colour},
        }))
    };
    maps.patch("colours", &apply, &wanted("red")).await.unwrap();
    let blue = maps.patch("colours", &apply, &wanted("blue")).await.unwrap();
    assert_eq!(blue.data.unwrap()["colour"], "blue");
    let same = maps.patch("colours", &apply, &wanted("blue")).await.unwrap();
    assert_eq!(same.metadata.resource_version, blue.metadata.resource_version, "nothing to do");
    maps.delete("colours", &DeleteParams::default()).await.unwrap();

    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(words(&events.try_next().await.unwrap().unwrap()));
    }
    assert_eq!(told, ["added colours", "modified colours", "deleted colours"]);

    // A watch ends with its server.
    lab.cluster.registry().end_watches();
    assert!(events.next().await.is_none());
}

/// Without a list first: all there is, and a bookmark that says so.
#[tokio::test]
async fn kube_watches_from_the_beginning() {
    let lab = Lab::start(&[]).await;
    let admin = client(&lab.cluster.admin_kubeconfig()).await;
    let maps: Api<ConfigMap> = Api::namespaced(admin, "default");
    let all = WatchParams::default().initial_events();
    let events = maps.watch(&all, "0").await.unwrap();
    lab.cluster.registry().end_watches();
    let events: Vec<_> = events.try_collect().await.unwrap();
    let words: Vec<_> = events.iter().map(words).collect();
    assert_eq!(words, ["added kube-root-ca.crt", "bookmark"]);
}

#[tokio::test]
async fn kube_asks_for_a_token_and_is_that_account() {
    let lab = Lab::start(&["--authorization-mode=RBAC"]).await;
    let admin = client(&lab.cluster.admin_kubeconfig()).await;
    let accounts: Api<ServiceAccount> = Api::namespaced(admin, "default");
    let robot = ServiceAccount { metadata: named("robot"), ..ServiceAccount::default() };
    accounts.create(&PostParams::default(), &robot).await.unwrap();
    let spec = TokenRequestSpec { expiration_seconds: Some(600), ..TokenRequestSpec::default() };
    let request = TokenRequest { spec: Some(spec), ..TokenRequest::default() };
    let issued =
        accounts.create_token_request("robot", &PostParams::default(), &request).await.unwrap();
    let token = issued.status.unwrap().token.unwrap();

    let robot = client(&with_token(&lab.cluster.bare_kubeconfig(), &token)).await;
    let reviews: Api<SelfSubjectReview> = Api::all(robot.clone());
    let review =
        reviews.create(&PostParams::default(), &SelfSubjectReview::default()).await.unwrap();
    let user = review.status.unwrap().user_info.unwrap();
    assert_eq!(user.username.unwrap(), "system:serviceaccount:default:robot");
    let extra: BTreeMap<_, _> = user.extra.unwrap();
    assert!(
        extra["authentication.kubernetes.io/credential-id"][0].starts_with("JTI="),
        "{extra:?}"
    );

    let pods: Api<Pod> = Api::namespaced(robot.clone(), "default");
    let status = |error: kube::Error| match error {
        kube::Error::Api(status) => (status.code, status.message),
        other => panic!("{other}"),
    };
    let (code, message) = status(pods.list(&ListParams::default()).await.unwrap_err());
    assert_eq!(code, 403);
    assert_eq!(
        message,
        "pods is forbidden: User \"system:serviceaccount:default:robot\" cannot list resource \
         \"pods\" in API group \"\" in the namespace \"default\""
    );
    // Ten minutes, and the minute of leeway.
    lab.pass(661);
    assert_eq!(status(pods.list(&ListParams::default()).await.unwrap_err()).0, 401);
}

/// Installs it from the package index, beside what cargo builds; `LAB_PYTHON` names a Python that has it already.
fn python() -> Result<String, String> {
    if let Ok(python) = std::env::var("LAB_PYTHON") {
        return Ok(python);
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let python = folder.join("bin/python");
    let done = folder.join("installed");
    if !done.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        run(Command::new(&python).args(pip).arg("kubernetes>=33"))?;
        std::fs::write(&done, "").map_err(|error| error.to_string())?;
    }
    Ok(python.display().to_string())
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(format!("{command:?}: {}{}", text(&output.stdout), text(&output.stderr)))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python and its package index"]
async fn the_python_client() {
    let python = match python() {
        Ok(python) => python,
        Err(why) => {
            // Not captured: who runs the test wants to see it.
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "SKIPPED: the Python client: {why}");
            return;
        }
    };
    let lab = Lab::with(&["--authorization-mode=RBAC"], |options| {
        options.clock = std::sync::Arc::new(narration::SystemClock);
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let admin = file("admin.config", &lab.cluster.admin_kubeconfig());
    let bare = file("bare.config", &lab.cluster.bare_kubeconfig());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/client.py");
    let said = run(Command::new(python).arg(script).args([&admin, &bare])).unwrap();
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        said,
        json!({
            "listed": ["calico-kube-controllers-5947598c79-4rfmk", "calico-node-7xk8d", "coredns-79b94494c7-tkmwz"],
            "watched": ["ADDED colours", "MODIFIED colours", "DELETED colours"],
            "user": "system:serviceaccount:default:robot",
            "groups": ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
            "may list pods": false,
            "refused": 403,
            "garbage": 401,
            "missing": 404,
        })
    );
}
