//! What kubectl asks for besides objects, and in which forms it sends them. The expected answers
//! were given by kube-apiserver 1.37.2. The program itself is tried in `kubectl.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Answer, Lab};
use k8s_pb::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_pb::api::core::v1::{Secret, ServiceAccount};
use k8s_pb::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_pb::apimachinery::pkg::runtime::{TypeMeta, Unknown};
use prost::Message;
use serde_json::{Value, json};

const TABLE: &[u8] = b"application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const PROTOBUF: &[u8] = b"application/vnd.kubernetes.protobuf";

const ALICE: &[u8] = b"Bearer alices-token";

/// A cluster in which alice may do everything.
async fn lab() -> Lab {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.csv");
    std::fs::write(&file, "alices-token,alice,u1\n").unwrap();
    Lab::start(&[&format!("--token-auth-file={}", file.display())]).await
}

async fn get(lab: &Lab, path: &str, accept: &[u8]) -> Answer {
    lab.get(path, &[("authorization", ALICE), ("accept", accept)]).await
}

async fn post(lab: &Lab, path: &str, body: &[u8]) -> Answer {
    let headers: &[(&str, &[u8])] = &[
        ("authorization", ALICE),
        ("content-type", PROTOBUF),
        ("accept", b"application/vnd.kubernetes.protobuf,application/json"),
    ];
    lab.send(None, headers, "POST", path, body).await
}

fn envelope(api_version: &str, kind: &str, object: &impl Message) -> Vec<u8> {
    let about = TypeMeta { api_version: Some(api_version.into()), kind: Some(kind.into()) };
    let unknown =
        Unknown { type_meta: Some(about), raw: Some(object.encode_to_vec()), ..Unknown::default() };
    [b"k8s\0", &unknown.encode_to_vec()[..]].concat()
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() }
}

/// Names of columns, then the cells of each row.
fn grid(table: &Value) -> Vec<Vec<Value>> {
    let columns = table["columnDefinitions"].as_array().unwrap();
    let names = columns.iter().map(|column| column["name"].clone()).collect();
    let rows = table["rows"].as_array().unwrap();
    let cells = rows.iter().map(|row| row["cells"].as_array().unwrap().clone());
    std::iter::once(names).chain(cells).collect()
}

#[tokio::test]
async fn lists_as_tables() {
    let lab = lab().await;
    lab.pass(599);
    let pods = get(&lab, "/api/v1/pods?limit=500", TABLE).await;
    assert_eq!(pods.header("content-type"), "application/json");
    let pods = pods.json();
    assert_eq!(pods["kind"], "Table");
    assert_eq!(pods["apiVersion"], "meta.k8s.io/v1");
    let grid_of_pods = grid(&pods);
    assert_eq!(
        Value::from(grid_of_pods[0].clone()),
        json!([
            "Name",
            "Ready",
            "Status",
            "Restarts",
            "Age",
            "IP",
            "Node",
            "Nominated Node",
            "Readiness Gates"
        ])
    );
    assert_eq!(
        Value::from(grid_of_pods[3].clone()),
        json!([
            "coredns-79b94494c7-tkmwz",
            "1/1",
            "Running",
            "0",
            "9m59s",
            "10.1.254.66",
            "microk8s-vm",
            "<none>",
            "<none>"
        ])
    );
    let row = &pods["rows"][2]["object"];
    assert_eq!(row["kind"], "PartialObjectMetadata");
    assert_eq!(row["metadata"]["labels"]["k8s-app"], "kube-dns", "for -L and --show-labels");
    assert!(row.get("spec").is_none());

    let node = get(&lab, "/api/v1/nodes/microk8s-vm", TABLE).await.json();
    assert_eq!(
        Value::from(grid(&node)[1].clone()),
        json!([
            "microk8s-vm",
            "Ready",
            "<none>",
            "9m59s",
            "v1.37.2",
            "10.64.140.43",
            "<none>",
            "Ubuntu 24.04.3 LTS",
            "6.8.0-90-generic (amd64)",
            "containerd://1.7.28"
        ])
    );
    let spaces = get(&lab, "/api/v1/namespaces?includeObject=Object", TABLE).await.json();
    assert_eq!(Value::from(grid(&spaces)[1].clone()), json!(["default", "Active", "9m59s"]));
    assert_eq!(spaces["rows"][0]["object"]["kind"], "Namespace");
    let maps = get(&lab, "/api/v1/namespaces/default/configmaps", TABLE).await.json();
    assert_eq!(Value::from(grid(&maps)[1].clone()), json!(["kube-root-ca.crt", 1, "9m59s"]));
}

#[tokio::test]
async fn bindings_and_roles_as_tables() {
    let lab = lab().await;
    let path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    let binding = json!({
        "metadata": {"name": "b"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [
            {"kind": "User", "name": "u"},
            {"kind": "Group", "name": "g"},
            {"kind": "Group", "name": "h"},
            {"kind": "ServiceAccount", "name": "s", "namespace": "n"},
        ],
    });
    assert_eq!(lab.admin("POST", path, &binding.to_string()).await.status, 201);
    let table = get(&lab, &format!("{path}/b"), TABLE).await.json();
    assert_eq!(
        json!(grid(&table)),
        json!([
            ["Name", "Role", "Age", "Users", "Groups", "ServiceAccounts"],
            ["b", "ClusterRole/view", "0s", "u", "g, h", "n/s"],
        ])
    );
}

/// What is no object stays what it is, and who asks for metadata alone gets that.
#[tokio::test]
async fn other_views() {
    let lab = lab().await;
    let missing = get(&lab, "/api/v1/namespaces/default/pods/x", TABLE).await;
    assert_eq!((missing.status, &missing.json()["kind"]), (404, &json!("Status")));
    let accept = b"application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    let list = get(&lab, "/api/v1/nodes", accept).await.json();
    assert_eq!(list["kind"], "PartialObjectMetadataList");
    assert_eq!(list["items"][0]["metadata"]["name"], "microk8s-vm");
    assert!(list["items"][0].get("spec").is_none());
    let none = get(&lab, "/api/v1/nodes", b"application/json;as=Chair;v=v1;g=meta.k8s.io").await;
    assert_eq!(none.status, 406);
}

#[tokio::test]
async fn objects_in_protocol_buffers() {
    let lab = lab().await;
    let accounts = "/api/v1/namespaces/default/serviceaccounts";
    let account = ServiceAccount { metadata: Some(named("web")), ..ServiceAccount::default() };
    let answer = post(&lab, accounts, &envelope("v1", "ServiceAccount", &account)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json()["metadata"]["name"], "web");

    let secret = Secret {
        metadata: Some(named("s")),
        data: [("k".to_owned(), vec![0xff, 0])].into(),
        r#type: Some("Opaque".to_owned()),
        ..Secret::default()
    };
    let body = envelope("v1", "Secret", &secret);
    let answer = post(&lab, "/api/v1/namespaces/default/secrets", &body).await.json();
    assert_eq!(answer["data"], json!({"k": "/wA="}));

    let spec = TokenRequestSpec { expiration_seconds: Some(700), ..TokenRequestSpec::default() };
    let request = TokenRequest { spec: Some(spec), ..TokenRequest::default() };
    let body = envelope("authentication.k8s.io/v1", "TokenRequest", &request);
    let answer = post(&lab, &format!("{accounts}/web/token"), &body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.json()["spec"]["expirationSeconds"], 700);
}

#[tokio::test]
async fn what_is_no_object_in_protocol_buffers() {
    let lab = lab().await;
    let unrecognized = "the object provided is unrecognized (must be of type ServiceAccount): ";
    let handled = "cannot be handled as a ServiceAccount: ";
    for (body, message) in [
        (
            &b"x"[..],
            format!(
                "{unrecognized}provided data does not appear to be a protobuf message, expected \
                 prefix [107 56 115 0] (78)"
            ),
        ),
        (b"k8s\0", format!("{unrecognized}empty body (6b387300)")),
        (b"k8s\0zzz", format!("{unrecognized}unexpected EOF (6b3873007a7a7a)")),
        (
            b"k8s\0\x0a\x14\x0a\x02v1\x12\x0eServiceAccount\x12\x02\x0a\x09",
            format!("ServiceAccount in version \"v1\" {handled}unexpected EOF"),
        ),
        (
            b"k8s\0\x0a\x0f\x0a\x02v1\x12\x09ConfigMap\x12\x02\x0a\x00",
            format!(
                "ConfigMap in version \"v1\" {handled}converting (v1.ConfigMap) to \
                 (core.ServiceAccount): unknown conversion"
            ),
        ),
        (
            b"k8s\0\x0a\x11\x0a\x02v1\x12\x0bConfigMapXX\x12\x02\x0a\x00",
            format!(
                "ConfigMapXX in version \"v1\" {handled}no kind \"ConfigMapXX\" is registered for \
                 version \"v1\" in scheme \"pkg/runtime/scheme.go:111\""
            ),
        ),
    ] {
        let answer = post(&lab, "/api/v1/namespaces/default/serviceaccounts", body).await;
        assert_eq!((answer.status, &answer.json()["message"]), (400, &json!(message)));
    }
}

#[tokio::test]
async fn everything_there_is_in_two_requests() {
    let lab = lab().await;
    let kind = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let core = get(&lab, "/api", format!("{kind},application/json").as_bytes()).await;
    assert_eq!(core.header("content-type"), kind);
    let core = core.json();
    assert_eq!(core["kind"], "APIGroupDiscoveryList");
    assert_eq!(core["apiVersion"], "apidiscovery.k8s.io/v2");
    let resources = core["items"][0]["versions"][0]["resources"].as_array().unwrap();
    let of = |name: &str| resources.iter().find(|one| one["resource"] == name).unwrap();
    assert_eq!(
        *of("configmaps"),
        json!({
            "resource": "configmaps",
            "responseKind": {"group": "", "version": "", "kind": "ConfigMap"},
            "scope": "Namespaced",
            "singularResource": "configmap",
            "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
            "shortNames": ["cm"],
        })
    );
    assert_eq!(
        of("serviceaccounts")["subresources"],
        json!([{
            "subresource": "token",
            "responseKind":
                {"group": "authentication.k8s.io", "version": "v1", "kind": "TokenRequest"},
            "verbs": ["create"],
        }])
    );
    let groups = get(&lab, "/apis", kind.as_bytes()).await.json();
    let names: Vec<_> =
        groups["items"].as_array().unwrap().iter().map(|g| &g["metadata"]["name"]).collect();
    assert_eq!(
        json!(names),
        json!(["authentication.k8s.io", "authorization.k8s.io", "rbac.authorization.k8s.io"])
    );
    // kubectl 1.27 knows v2beta1 alone, and asks each group.
    let old = b"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
    assert_eq!(get(&lab, "/apis", old).await.json()["kind"], "APIGroupList");
}

#[tokio::test]
async fn the_fields_as_a_document() {
    let lab = lab().await;
    let index = get(&lab, "/openapi/v3", b"*/*").await.json();
    let paths: Vec<_> = index["paths"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(paths, ["api/v1", "apis/rbac.authorization.k8s.io/v1"]);
    let link = index["paths"]["api/v1"]["serverRelativeURL"].as_str().unwrap();
    let document = get(&lab, link, b"application/json").await.json();
    let patch =
        &document["paths"]["/api/v1/namespaces/{namespace}/serviceaccounts/{name}"]["patch"];
    assert_eq!(
        patch["x-kubernetes-group-version-kind"],
        json!({"group": "", "kind": "ServiceAccount", "version": "v1"})
    );
    let parameters = patch["parameters"].as_array().unwrap();
    assert!(parameters.iter().any(|one| one["name"] == "fieldValidation"), "{patch}");
    let schemas = &document["components"]["schemas"];
    let account = &schemas["io.k8s.api.core.v1.ServiceAccount"]["properties"];
    assert_eq!(
        account["imagePullSecrets"]["items"]["allOf"][0]["$ref"],
        "#/components/schemas/io.k8s.api.core.v1.LocalObjectReference"
    );
    // Whatever is referred to is there.
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas[name].is_object(), "{name}");
    }
    assert_eq!(get(&lab, "/openapi/v3/apis/apps/v1", b"*/*").await.status, 404);
}
