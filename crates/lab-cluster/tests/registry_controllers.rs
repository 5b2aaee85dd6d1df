//! What happens by itself once the controllers run, as seen with a real controller manager 1.37.2
//! beside a real API server.
#![allow(clippy::unwrap_used, reason = "a test may")]

use base64::{Engine, engine::general_purpose::STANDARD};
use lab_cluster::registry::kinds::{self, ResourceKind};
use lab_cluster::registry::{
    Controllers, CountedIds, ListOptions, PatchType, Preconditions, Registry, Store, WriteOptions,
    object, seeds,
};
use narration::ManualClock;
use serde_json::{Value, json};
use std::sync::Arc;

const CA: &str = "-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n";

/// An API server alone.
fn bare() -> Registry {
    let clock = ManualClock::at_unix(1_664_702_005);
    let registry =
        Registry::new(Store::in_memory(), Arc::new(clock), Arc::new(CountedIds::default()));
    seeds::system_namespaces(&registry).unwrap();
    registry
}

/// With a controller manager.
fn cluster() -> Registry {
    let registry = bare();
    registry.start_controllers(controllers()).unwrap();
    registry
}

fn controllers() -> Controllers {
    Controllers::new(CA, |token| {
        Some(format!("{}/{} {} in {}", token.namespace, token.account, token.uid, token.secret))
    })
}

fn create(
    registry: &Registry,
    kind: &'static ResourceKind,
    namespace: &str,
    body: Value,
) -> Arc<Value> {
    registry.create(kind, namespace, body, &WriteOptions::default()).unwrap()
}

fn named(name: &str) -> Value {
    json!({"metadata": {"name": name}})
}

fn delete(registry: &Registry, kind: &'static ResourceKind, namespace: &str, name: &str) -> Value {
    registry
        .delete(kind, namespace, name, &Preconditions::default(), &WriteOptions::default())
        .unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "a json! at each call")]
fn patch(registry: &Registry, kind: &'static ResourceKind, name: &str, patch: Value) -> Arc<Value> {
    let options = WriteOptions::default();
    registry.patch(kind, "default", name, PatchType::Merge, &patch, &options).unwrap()
}

fn names(registry: &Registry, kind: &'static ResourceKind, namespace: &str) -> Vec<String> {
    let list = registry.list(kind, namespace, &ListOptions::default()).unwrap();
    list.items.iter().map(|object| object::name(object).to_owned()).collect()
}

fn gone(registry: &Registry, kind: &'static ResourceKind, namespace: &str, name: &str) -> bool {
    registry.get(kind, namespace, name).is_err_and(|refusal| refusal.code == 404)
}

fn token_secret(name: &str, account: &str) -> Value {
    json!({
        "metadata": {
            "name": name, "annotations": {"kubernetes.io/service-account.name": account},
        },
        "type": "kubernetes.io/service-account-token",
    })
}

fn decoded(secret: &Value, key: &str) -> String {
    String::from_utf8(STANDARD.decode(secret["data"][key].as_str().unwrap()).unwrap()).unwrap()
}

#[test]
fn an_api_server_alone_does_nothing_by_itself() {
    let registry = bare();
    let all: Vec<String> =
        registry.all_objects().iter().map(|(_, object)| object::name(object).to_owned()).collect();
    assert_eq!(all, ["default", "kube-node-lease", "kube-public", "kube-system"]);
    create(&registry, &kinds::SECRETS, "default", token_secret("t", "nobody"));
    assert!(registry.get(&kinds::SECRETS, "default", "t").unwrap().get("data").is_none());
}

#[test]
fn every_namespace_gets_an_account_and_the_ca() {
    let registry = cluster();
    create(&registry, &kinds::NAMESPACES, "", named("shop"));
    for namespace in ["default", "kube-system", "shop"] {
        assert_eq!(names(&registry, &kinds::SERVICE_ACCOUNTS, namespace), ["default"]);
        let ca = registry.get(&kinds::CONFIG_MAPS, namespace, "kube-root-ca.crt").unwrap();
        assert_eq!(ca["data"], json!({"ca.crt": CA}));
        let description = object::annotation(&ca, "kubernetes.io/description").unwrap();
        assert!(description.starts_with("Contains a CA bundle"), "{description}");
    }
}

#[test]
fn they_come_back() {
    let registry = cluster();
    let before = registry.get(&kinds::SERVICE_ACCOUNTS, "default", "default").unwrap();
    delete(&registry, &kinds::SERVICE_ACCOUNTS, "default", "default");
    let after = registry.get(&kinds::SERVICE_ACCOUNTS, "default", "default").unwrap();
    assert_ne!(object::uid(&before), object::uid(&after), "the same name, another account");

    delete(&registry, &kinds::CONFIG_MAPS, "default", "kube-root-ca.crt");
    assert!(!gone(&registry, &kinds::CONFIG_MAPS, "default", "kube-root-ca.crt"));

    let wrong = json!({
        "metadata": {"annotations": null, "labels": {"mine": "yes"}}, "data": {"ca.crt": "forged"},
    });
    let answer = patch(&registry, &kinds::CONFIG_MAPS, "kube-root-ca.crt", wrong);
    assert_eq!(answer["data"]["ca.crt"], "forged", "the answer comes before the controllers");
    let ca = registry.get(&kinds::CONFIG_MAPS, "default", "kube-root-ca.crt").unwrap();
    assert_eq!(ca["data"], json!({"ca.crt": CA}));
    assert_eq!(object::label(&ca, "mine"), Some("yes"));
}

#[test]
fn a_token_secret_is_filled() {
    let registry = cluster();
    let account = create(&registry, &kinds::SERVICE_ACCOUNTS, "default", named("robot"));
    let answer = create(&registry, &kinds::SECRETS, "default", token_secret("t1", "robot"));
    assert!(answer.get("data").is_none(), "the answer comes before the controllers");

    let secret = registry.get(&kinds::SECRETS, "default", "t1").unwrap();
    let uid = object::uid(&account);
    assert_eq!(decoded(&secret, "token"), format!("default/robot {uid} in t1"));
    assert_eq!(decoded(&secret, "ca.crt"), CA);
    assert_eq!(decoded(&secret, "namespace"), "default");
    assert_eq!(object::annotation(&secret, "kubernetes.io/service-account.uid"), Some(uid));
    let keys: Vec<&String> = secret["data"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["ca.crt", "namespace", "token"]);
    // A new token appears in place of one that was taken out.
    patch(&registry, &kinds::SECRETS, "t1", json!({"data": {"token": null, "namespace": ""}}));
    assert_eq!(registry.get(&kinds::SECRETS, "default", "t1").unwrap()["data"], secret["data"]);
}

#[test]
fn what_a_token_secret_already_holds_stays() {
    let registry = cluster();
    create(&registry, &kinds::SERVICE_ACCOUNTS, "default", named("robot"));
    let mut body = token_secret("t4", "robot");
    body["data"] = json!({"token": "YWJj", "ca.crt": "eA==", "namespace": "eA==", "more": "eA=="});
    create(&registry, &kinds::SECRETS, "default", body);
    let secret = registry.get(&kinds::SECRETS, "default", "t4").unwrap();
    assert_eq!(decoded(&secret, "token"), "abc");
    assert_eq!(decoded(&secret, "namespace"), "x");
    assert_eq!(decoded(&secret, "more"), "x");
    assert_eq!(decoded(&secret, "ca.crt"), CA, "only the CA is put right");
}

#[test]
fn a_token_secret_of_nobody_goes() {
    let registry = cluster();
    create(&registry, &kinds::SERVICE_ACCOUNTS, "default", named("robot"));
    create(&registry, &kinds::SECRETS, "default", token_secret("t2", "ghost"));
    assert!(gone(&registry, &kinds::SECRETS, "default", "t2"));

    let mut body = token_secret("t3", "robot");
    body["metadata"]["annotations"]["kubernetes.io/service-account.uid"] = "an older robot".into();
    create(&registry, &kinds::SECRETS, "default", body);
    assert!(gone(&registry, &kinds::SECRETS, "default", "t3"));
}

#[test]
fn a_deleted_account_takes_its_tokens_along() {
    let registry = cluster();
    for account in ["robot", "other"] {
        create(&registry, &kinds::SERVICE_ACCOUNTS, "default", named(account));
        create(
            &registry,
            &kinds::SECRETS,
            "default",
            token_secret(&format!("of-{account}"), account),
        );
    }
    create(&registry, &kinds::SECRETS, "default", named("plain"));
    create(&registry, &kinds::NAMESPACES, "", named("elsewhere"));
    create(&registry, &kinds::SERVICE_ACCOUNTS, "elsewhere", named("robot"));
    create(&registry, &kinds::SECRETS, "elsewhere", token_secret("of-robot", "robot"));

    delete(&registry, &kinds::SERVICE_ACCOUNTS, "default", "robot");
    assert_eq!(names(&registry, &kinds::SECRETS, "default"), ["of-other", "plain"]);
    assert_eq!(names(&registry, &kinds::SECRETS, "elsewhere"), ["of-robot"]);
}

#[test]
fn an_account_forgets_a_secret_that_is_gone() {
    let registry = cluster();
    let mut account = named("robot");
    account["secrets"] = json!([{"name": "t1"}, {"name": "kept"}]);
    create(&registry, &kinds::SERVICE_ACCOUNTS, "default", account);
    create(&registry, &kinds::SECRETS, "default", token_secret("t1", "robot"));
    delete(&registry, &kinds::SECRETS, "default", "t1");
    let account = registry.get(&kinds::SERVICE_ACCOUNTS, "default", "robot").unwrap();
    assert_eq!(account["secrets"], json!([{"name": "kept"}]));
}

#[test]
fn without_a_token_nothing_is_written_over_and_over() {
    let registry = bare();
    registry.start_controllers(Controllers::new(CA, |_| None)).unwrap();
    create(&registry, &kinds::SECRETS, "default", token_secret("t", "default"));
    assert!(registry.get(&kinds::SECRETS, "default", "t").unwrap().get("data").is_none());
    let mut frozen = token_secret("frozen", "default");
    frozen["immutable"] = true.into();
    let cluster = cluster();
    create(&cluster, &kinds::SECRETS, "default", frozen);
    assert!(cluster.get(&kinds::SECRETS, "default", "frozen").unwrap().get("data").is_none());
}

#[test]
fn a_deleted_namespace_is_emptied_and_goes() {
    let registry = cluster();
    create(&registry, &kinds::NAMESPACES, "", named("zap"));
    create(&registry, &kinds::SECRETS, "zap", token_secret("t", "default"));
    let roles = json!({"metadata": {"name": "r"}});
    create(&registry, &kinds::ROLES, "zap", roles);
    let answer = delete(&registry, &kinds::NAMESPACES, "", "zap");
    assert_eq!(answer["status"]["phase"], "Terminating");
    assert!(gone(&registry, &kinds::NAMESPACES, "", "zap"));
    let left: Vec<_> = registry
        .all_objects()
        .into_iter()
        .filter(|(_, object)| object::namespace(object) == "zap")
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // And may come again.
    create(&registry, &kinds::NAMESPACES, "", named("zap"));
    assert_eq!(names(&registry, &kinds::SERVICE_ACCOUNTS, "zap"), ["default"]);
}

#[test]
fn a_finalizer_holds_the_namespace_up() {
    let registry = cluster();
    create(&registry, &kinds::NAMESPACES, "", named("zap"));
    let held = json!({"metadata": {"name": "held", "finalizers": ["example.com/mine"]}});
    create(&registry, &kinds::CONFIG_MAPS, "zap", held);
    delete(&registry, &kinds::NAMESPACES, "", "zap");
    let namespace = registry.get(&kinds::NAMESPACES, "", "zap").unwrap();
    assert_eq!(namespace["status"]["phase"], "Terminating");
    assert_eq!(names(&registry, &kinds::CONFIG_MAPS, "zap"), ["held"]);
    assert_eq!(names(&registry, &kinds::SERVICE_ACCOUNTS, "zap"), [""; 0], "and no new default");
    let options = WriteOptions::default();
    let refused = registry.create(&kinds::SECRETS, "zap", named("late"), &options).unwrap_err();
    assert_eq!(refused.code, 403);

    let released = json!({"metadata": {"finalizers": null}});
    registry
        .patch(&kinds::CONFIG_MAPS, "zap", "held", PatchType::Merge, &released, &options)
        .unwrap();
    assert!(gone(&registry, &kinds::NAMESPACES, "", "zap"));
}

#[test]
fn a_dry_run_leaves_the_controllers_work_undone_too() {
    let registry = cluster();
    let dry = WriteOptions { dry_run: true };
    registry.create(&kinds::NAMESPACES, "", named("dry"), &dry).unwrap();
    let preconditions = Preconditions::default();
    registry.delete(&kinds::SERVICE_ACCOUNTS, "default", "default", &preconditions, &dry).unwrap();
    assert!(gone(&registry, &kinds::NAMESPACES, "", "dry"));
    assert!(gone(&registry, &kinds::SERVICE_ACCOUNTS, "dry", "default"));
    assert!(!gone(&registry, &kinds::SERVICE_ACCOUNTS, "default", "default"));
}

#[test]
fn controllers_that_start_late_catch_up() {
    let registry = bare();
    create(&registry, &kinds::SERVICE_ACCOUNTS, "default", named("robot"));
    create(&registry, &kinds::SECRETS, "default", token_secret("early", "robot"));
    create(&registry, &kinds::SECRETS, "default", token_secret("lost", "ghost"));
    create(&registry, &kinds::NAMESPACES, "", named("doomed"));
    delete(&registry, &kinds::NAMESPACES, "", "doomed");
    assert!(!gone(&registry, &kinds::NAMESPACES, "", "doomed"));

    registry.start_controllers(controllers()).unwrap();
    let early = registry.get(&kinds::SECRETS, "default", "early").unwrap();
    assert!(decoded(&early, "token").starts_with("default/robot"));
    assert!(gone(&registry, &kinds::SECRETS, "default", "lost"));
    assert!(gone(&registry, &kinds::NAMESPACES, "", "doomed"));
}

#[test]
fn cluster_roles_are_gathered() {
    let registry = cluster();
    let view = json!({
        "metadata": {"name": "view"},
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"to-view": "true"}}]},
    });
    create(&registry, &kinds::CLUSTER_ROLES, "", view);
    let rule = json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]});
    let part =
        json!({"metadata": {"name": "part", "labels": {"to-view": "true"}}, "rules": [rule]});
    create(&registry, &kinds::CLUSTER_ROLES, "", part);
    let view = registry.get(&kinds::CLUSTER_ROLES, "", "view").unwrap();
    assert_eq!(view["rules"], json!([rule]));
    delete(&registry, &kinds::CLUSTER_ROLES, "", "part");
    let view = registry.get(&kinds::CLUSTER_ROLES, "", "view").unwrap();
    assert_eq!(view["rules"], Value::Null);
}

// What follows was asked of an API server with the ServiceAccount admission plug-in on.

fn pod(name: &str, spec: &Value) -> Value {
    let mut pod = json!({
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": "x"}]},
    });
    pod["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    pod
}

#[test]
fn a_pod_runs_as_somebody_and_gets_a_place_for_a_token() {
    let registry = cluster();
    let pod = create(&registry, &kinds::PODS, "default", pod("w1", &json!({})));
    assert_eq!(pod["spec"]["serviceAccountName"], "default");
    assert_eq!(pod["spec"]["serviceAccount"], "default");
    let volume = pod["spec"]["volumes"][0]["name"].as_str().unwrap();
    assert_eq!(volume, "kube-api-access-bbbbb");
    assert_eq!(
        pod["spec"]["volumes"],
        json!([{
            "name": volume,
            "projected": {
                "sources": [
                    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                    {"configMap": {
                        "name": "kube-root-ca.crt",
                        "items": [{"key": "ca.crt", "path": "ca.crt"}],
                    }},
                    {"downwardAPI": {"items": [{
                        "path": "namespace",
                        "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                    }]}},
                ],
                "defaultMode": 420,
            },
        }])
    );
    assert_eq!(
        pod["spec"]["containers"][0]["volumeMounts"],
        json!([{
            "name": volume, "readOnly": true,
            "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
        }])
    );
}

#[test]
fn a_pod_or_its_account_can_do_without_a_token() {
    let registry = cluster();
    let account = json!({
        "metadata": {"name": "shy"}, "automountServiceAccountToken": false,
        "imagePullSecrets": [{"name": "pull"}],
    });
    create(&registry, &kinds::SERVICE_ACCOUNTS, "default", account);
    for (name, spec, mounts) in [
        ("w2", json!({"automountServiceAccountToken": false}), 0),
        ("w5", json!({"serviceAccountName": "shy"}), 0),
        ("w6", json!({"serviceAccountName": "shy", "automountServiceAccountToken": true}), 1),
    ] {
        let pod = create(&registry, &kinds::PODS, "default", pod(name, &spec));
        let volumes = pod["spec"]["volumes"].as_array().map_or(0, Vec::len);
        assert_eq!(volumes, mounts, "{name}");
        let pull = &pod["spec"]["imagePullSecrets"];
        assert_eq!(pull.is_null(), name == "w2", "{name}");
    }
}

#[test]
fn a_pod_of_nobody_is_refused() {
    let registry = cluster();
    let body = pod("w4", &json!({"serviceAccountName": "ghost"}));
    let refused =
        registry.create(&kinds::PODS, "default", body, &WriteOptions::default()).unwrap_err();
    assert_eq!(refused.code, 403);
    assert_eq!(
        refused.message,
        "pods \"w4\" is forbidden: error looking up service account default/ghost: serviceaccount \"ghost\" not found"
    );
}

#[test]
fn a_mount_of_its_own_is_left_alone() {
    let registry = cluster();
    let spec = json!({
        "volumes": [{"name": "e", "emptyDir": {}}],
        "initContainers": [{"name": "i", "image": "y"}],
        "containers": [{"name": "c", "image": "x", "volumeMounts": [
            {"name": "e", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"},
        ]}],
    });
    let pod = create(&registry, &kinds::PODS, "default", pod("w3", &spec));
    assert_eq!(pod["spec"]["containers"][0]["volumeMounts"].as_array().unwrap().len(), 1);
    assert_eq!(pod["spec"]["containers"][0]["volumeMounts"][0]["name"], "e");
    assert_eq!(
        pod["spec"]["initContainers"][0]["volumeMounts"][0]["name"],
        pod["spec"]["volumes"][1]["name"]
    );
}

#[test]
fn a_deleted_pod_is_stopped_at_once() {
    let registry = cluster();
    create(&registry, &kinds::PODS, "default", pod("w1", &json!({"nodeName": "n"})));
    let answer = delete(&registry, &kinds::PODS, "default", "w1");
    assert_eq!(answer["metadata"]["deletionTimestamp"], "2022-10-02T09:13:55Z", "30 s from now");
    assert_eq!(answer["metadata"]["deletionGracePeriodSeconds"], 30);
    assert!(gone(&registry, &kinds::PODS, "default", "w1"));
}

#[test]
fn a_fresh_microk8s() {
    let registry = cluster();
    seeds::sample_workloads(&registry).unwrap();
    let all = registry.all_objects();
    let lines: Vec<String> = all
        .iter()
        .map(|(kind, object)| {
            format!("{:16} {:16} {}", kind.plural, object::namespace(object), object::name(object))
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
    let pod = registry.get(&kinds::PODS, "kube-system", "coredns-79b94494c7-tkmwz").unwrap();
    insta::assert_snapshot!("a_pod_of_it", serde_json::to_string_pretty(&*pod).unwrap());

    // A node that is ready has lost the mark of one that is not.
    assert_eq!(registry.get(&kinds::NODES, "", seeds::NODE).unwrap()["spec"], json!({}));

    // Nothing is made twice, and what the reader deleted stays deleted.
    delete(&registry, &kinds::PODS, "kube-system", "coredns-79b94494c7-tkmwz");
    seeds::sample_workloads(&registry).unwrap();
    seeds::system_namespaces(&registry).unwrap();
    assert_eq!(registry.all_objects().len(), all.len() - 1);
}

#[test]
fn an_object_has_a_largest_size() {
    let registry = bare();
    let role = |verb: usize| {
        json!({
            "metadata": {"name": "big"},
            "rules": [{"verbs": ["x".repeat(verb)], "apiGroups": [""], "resources": ["y"]}],
        })
    };
    let options = WriteOptions::default();
    let refused =
        registry.create(&kinds::CLUSTER_ROLES, "", role(1_572_864), &options).unwrap_err();
    assert_eq!((refused.code, refused.reason), (500, ""));
    assert_eq!(refused.message, "etcdserver: request is too large");
    registry.create(&kinds::CLUSTER_ROLES, "", role(1_572_000), &options).unwrap();
}
