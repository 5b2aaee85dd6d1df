//! The same program and a real kube-apiserver: does it tell the truth there, and leave no trace?
//!
//! `KUBEBUILDER_ASSETS` names a folder with `kube-apiserver` and `etcd`, as envtest tools use it
//! (`setup-envtest use -p path`). Each test starts and stops its own.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use bearer_auth::{Cluster, search::search};
use common::{kubeconfig, run, seen, stdout, write};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Client;
use kube::api::{Api, ObjectMeta, PostParams};
use real_server::RealServer;
use serde_json::Value;
use signing::samples::LAB_KEY_PEM;
use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

/// Read `certificates/README.md` for what is odd about it.
const CA: &str = include_str!("certificates/ca.crt");
const ADMIN: &str = include_str!("certificates/admin.crt");
const ADMIN_KEY: &str = include_str!("certificates/admin.key");

const AUDIT_POLICY: &str = "apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
";

/// A real API server, and its administrator.
struct Server {
    real: RealServer,
    admin: Client,
}

impl Server {
    /// As microk8s starts it, but for the authorization mode.
    async fn start(mode: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let file = |name: &str, content: &str| write(&path, name, content);
        let key = file("sa.key", LAB_KEY_PEM);
        let flags = [
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--service-account-signing-key-file={key}"),
            format!("--service-account-key-file={key}"),
            format!("--client-ca-file={}", file("ca.crt", CA)),
            format!("--token-auth-file={}", file("tokens.csv", "alices-token,alice,u1\n")),
            format!("--authorization-mode={mode}"),
            "--disable-admission-plugins=ServiceAccount".to_owned(),
            format!("--audit-policy-file={}", file("policy.yaml", AUDIT_POLICY)),
            format!("--audit-log-path={}", path.join("audit.log").display()),
        ];
        let mut real = RealServer::start(folder, &flags).unwrap();
        let certified = |real: &RealServer| real.authorities().is_ok();
        block_in_place(|| real.until(certified)).unwrap_or_else(|log| panic!("{log}"));
        let cluster = Cluster::from_kubeconfig_text(&config(&real, &admin())).await.unwrap();
        let admin = cluster.as_its_user().unwrap();
        let ready = |_: &RealServer| Handle::current().block_on(is_ready(&admin));
        block_in_place(|| real.until(ready)).unwrap_or_else(|log| panic!("{log}"));

        let server = Self { real, admin };
        // What the controller manager would make.
        server.make_account("default", "default").await;
        server.make_account("kube-system", "coredns").await;
        server.settled().await;
        server
    }

    /// A server that says it is ready is still making its own objects, last of all the service
    /// `kubernetes`: waits for that, and until two looks in a row find the same.
    async fn settled(&self) {
        let mut before = BTreeMap::new();
        for _ in 0..300 {
            let now = self.objects().await;
            if now["services"] > 0 && now == before {
                return;
            }
            before = now;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("kube-apiserver still makes objects after half a minute: {before:?}");
    }

    async fn make_account(&self, namespace: &str, name: &str) {
        let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
        let account = ServiceAccount { metadata, ..ServiceAccount::default() };
        let api: Api<ServiceAccount> = Api::namespaced(self.admin.clone(), namespace);
        api.create(&PostParams::default(), &account).await.unwrap();
    }

    fn file(&self, name: &str, user: &str) -> String {
        write(self.real.folder(), name, config(&self.real, user))
    }

    /// What was asked of the server so far, but not by itself: `create serviceaccounts/token`.
    fn audited(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.real.folder().join("audit.log")).unwrap();
        let events = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        events
            .filter(|event| event["user"]["username"] != "system:apiserver")
            .map(|event| {
                let object = &event["objectRef"];
                let parts = [&object["resource"], &object["subresource"]].map(text);
                let resource = parts.join("/").trim_end_matches('/').to_owned();
                format!("{} {resource}", text(&event["verb"]))
            })
            .collect()
    }

    /// Every object there is, but those that servers keep writing to themselves.
    async fn objects(&self) -> BTreeMap<String, usize> {
        let nothing = bearer_auth::BearerToken::read("nowhere-to-be-found").unwrap();
        let found = search(&self.admin, &nothing).await.unwrap();
        let kept = found.read.into_iter().filter(|read| !read.kind.starts_with("leases"));
        kept.map(|read| (read.kind, read.objects)).collect()
    }
}

/// A kubeconfig for it.
fn config(real: &RealServer, user: &str) -> String {
    kubeconfig(&format!("https://{}", real.address()), &real.authorities().unwrap(), user)
}

async fn is_ready(admin: &Client) -> bool {
    let request = http::Request::get("/readyz").body(Vec::new()).unwrap();
    admin.request_text(request).await.is_ok()
}

/// microk8s' admin since 1.34.
fn admin() -> String {
    format!(
        "{{client-certificate-data: {}, client-key-data: {}}}",
        STANDARD.encode(ADMIN),
        STANDARD.encode(ADMIN_KEY)
    )
}

/// Runs the walk, and holds it to what it says: which requests it makes, and what is there before
/// and afterwards.
async fn walk(server: &Server, user: &str) -> (String, i32) {
    let before = (server.objects().await, server.audited().len());
    let output = run(&["--kubeconfig", &server.file("walk.config", user)], "");
    let asked = server.audited().split_off(before.1);
    assert_eq!(server.objects().await, before.0, "the walk left something behind");

    let mut tokens = 0;
    for request in &asked {
        let (verb, resource) = request.split_once(' ').unwrap();
        match (verb, resource) {
            ("get" | "list", _) => {}
            ("create", "serviceaccounts/token") => tokens += 1,
            // Questions that are asked by POST.
            ("create", resource) if resource.ends_with("reviews") => {}
            _ => panic!("the walk said that it writes nothing: {request}"),
        }
    }
    assert!(tokens <= 2, "the walk said two tokens: {asked:?}");
    let text = stdout(&output);
    assert!(output.stderr.is_empty(), "{}", seen(&output));
    assert!(text.contains("It creates, changes and deletes nothing."), "{text}");
    (one_line(&text), output.status.code().unwrap())
}

/// Without the line breaks, so that a sentence can be looked for.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(text: &str, sentences: &[&str]) {
    for sentence in sentences {
        assert!(text.contains(sentence), "it does not say {sentence:?}:\n{text}");
    }
}

/// What is true of every cluster.
const EVERYWHERE: [&str; 9] = [
    "has a client certificate for you",
    "for whom it speaks (sub) system:serviceaccount:default:default",
    "user name system:serviceaccount:default:default",
    "TokenReview [invalid bearer token, go-jose/go-jose: error in cryptographic primitive]",
    "TokenReview [invalid bearer token, invalid signature, no keys found]",
    "is invalid for the target audiences [\"https://kubernetes.default.svc\"]]",
    "Three bad tokens, each for a reason of its own, and to the letter the same answer each time",
    "copies found none Not there.",
    "A client that shows both, the certificate and garbage: answer you are admin",
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs KUBEBUILDER_ASSETS"]
async fn the_walk_as_on_microk8s() {
    let server = Server::start("AlwaysAllow").await;
    let (text, status) = walk(&server, &admin()).await;
    assert_eq!(status, 0);
    says(&text, &EVERYWHERE);
    says(
        &text,
        &[
            "characters) answer 200 OK",
            "The server saw no credentials at all, and it lets nobody in without.",
            "list secrets yes",
            "this server allows all to all (--authorization-mode=AlwaysAllow",
            "Left out on your cluster: this deletes a service account.",
            "Left out on your cluster: this makes an account, a binding and a Secret.",
        ],
    );
    assert!(!text.contains("403 Forbidden"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs KUBEBUILDER_ASSETS"]
async fn the_walk_with_rbac() {
    let server = Server::start("Node,RBAC").await;
    let (text, status) = walk(&server, &admin()).await;
    assert_eq!(status, 0);
    says(&text, &EVERYWHERE);
    says(
        &text,
        &[
            "characters) answer 403 Forbidden pods is forbidden: User \
             \"system:serviceaccount:default:default\" cannot list resource \"pods\"",
            "403, not 401: the token is good",
            "took you for anybody: pods is forbidden: User \"system:anonymous\"",
            "No token: answer 403 Forbidden",
            "list secrets no",
            "Nothing. With RBAC an account may do what a role allows",
        ],
    );
    assert!(!text.contains("200 OK") && !text.contains("allows all to all"), "{text}");

    // Those who may not even get a token are told so, and nothing else is tried.
    let (text, status) = walk(&server, "{token: alices-token}").await;
    assert_eq!(status, 1);
    says(&text, &["User \"alice\" cannot create resource \"serviceaccounts/token\"", "403: the"]);
    let (text, status) = walk(&server, "{}").await;
    assert_eq!(status, 1);
    says(&text, &["403: the kubeconfig has no user, so the server takes you for anybody"]);
    let (text, status) = walk(&server, "{token: garbage}").await;
    assert_eq!(status, 1);
    says(&text, &["401: the server does not know whoever this kubeconfig says you are."]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs KUBEBUILDER_ASSETS"]
async fn the_tools() {
    let server = Server::start("Node,RBAC").await;
    let file = server.file("admin.config", &admin());
    let at = ["--kubeconfig", &file];
    let with = |arguments: &[&str], input: &str| run(&[arguments, &at].concat(), input);

    let output = with(&["create-token", "coredns", "-n", "kube-system"], "");
    let token = stdout(&output);
    says(&seen(&output), &["system:serviceaccount:kube-system:coredns, good until "]);
    says(&seen(&with(&["whoami"], "")), &["user name      admin", "exit status 0"]);
    let output = seen(&with(&["whoami", "-"], &token));
    says(&output, &["user name      system:serviceaccount:kube-system:coredns", "exit status 0"]);
    let output = seen(&with(&["pods", "-"], &token));
    says(&output, &["403 pods is forbidden", "exit status 1"]);
    let foreign = stdout(&with(&["create-token", "--audience", "vault"], ""));
    let output = seen(&with(&["whoami", "-"], &foreign));
    says(&output, &["TokenReview  [invalid bearer token, token audiences", "exit status 1"]);
    says(&seen(&with(&["create-token", "nobody"], "")), &["serviceaccounts \"nobody\" not found"]);

    // kubectl agrees about who that is, if it is there.
    let kubectl = real_server::assets().unwrap().join("kubectl");
    if kubectl.exists() {
        let bare = server.file("bare.config", "{}");
        let mut command = Command::new(kubectl);
        command.args(["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"]);
        let output = command.args(["--kubeconfig", &bare, "--token", &token]).output().unwrap();
        assert_eq!(stdout(&output), "system:serviceaccount:kube-system:coredns");
    }
}
