//! The last word before an object is made, from those plug-ins of the real server that a reader of
//! this course meets: [`NamespaceLifecycle`][1] and [`ServiceAccount`][2].
//!
//! [1]: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#namespacelifecycle
//! [2]: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#serviceaccount

use super::draft::Draft;
use super::kinds::{self, ResourceKind};
use super::strategy::pods;
use super::{IdSource, object, world};
use crate::status::Refusal;
use serde_json::{Value, json};

/// Where a pod finds its token, the CA and its namespace.
const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Seconds. 3607 is a number that nobody else asks for: the API server knows by it who asks, and
/// extends the token to a year for programs that never read it again.
const TOKEN_SECONDS: u64 = 3607;

/// An object can only be made in a namespace that is there to stay.
pub(super) fn namespace_is_there(
    draft: &Draft,
    kind: &ResourceKind,
    namespace: &str,
    name: &str,
) -> Result<(), Refusal> {
    let Some(found) = draft.get(&kinds::NAMESPACES, namespace) else {
        return Err(Refusal::not_found(kinds::NAMESPACES.as_resource(), namespace));
    };
    if object::deletion_timestamp(&found).is_none() {
        return Ok(());
    }
    let why = format!(
        "unable to create new content in namespace {namespace} because it is being terminated"
    );
    let mut refusal = Refusal::forbidden(kind.as_resource(), name, &why);
    if let Some(details) = &mut refusal.details {
        details["causes"] = json!([{
            "reason": "NamespaceTerminating",
            "message": format!("namespace {namespace} is being terminated"),
            "field": "metadata.namespace",
        }]);
    }
    Err(refusal)
}

/// These three are never deleted.
pub(super) fn may_be_deleted(kind: &ResourceKind, name: &str) -> Result<(), Refusal> {
    if *kind == kinds::NAMESPACES && matches!(name, "default" | "kube-system" | "kube-public") {
        let why = "this namespace may not be deleted";
        return Err(Refusal::forbidden(kind.as_resource(), name, why));
    }
    Ok(())
}

/// Every pod runs as somebody: as `default`, unless it says otherwise. It gets a volume into which
/// its kubelet will write a token of that account, and never the token itself.
pub(super) fn give_account(
    draft: &Draft,
    ids: &dyn IdSource,
    namespace: &str,
    pod: &mut Value,
) -> Result<(), Refusal> {
    let mut name = pod["spec"]["serviceAccountName"].as_str().unwrap_or_default().to_owned();
    if name.is_empty() {
        "default".clone_into(&mut name);
        let account = Some(Value::from("default"));
        pods::set_spec(pod, [("serviceAccountName", account.clone()), ("serviceAccount", account)]);
    }
    let Some(account) = draft.get(&kinds::SERVICE_ACCOUNTS, &world::key(namespace, &name)) else {
        let why = format!(
            "error looking up service account {namespace}/{name}: serviceaccount \"{name}\" not found"
        );
        return Err(Refusal::forbidden(kinds::PODS.as_resource(), object::name(pod), &why));
    };
    if object::elements(&pod["spec"]["imagePullSecrets"]).is_empty()
        && let Some(secrets) = account.get("imagePullSecrets")
    {
        pods::set_spec(pod, [("imagePullSecrets", Some(secrets.clone()))]);
    }
    let wanted = |who: &Value| who["automountServiceAccountToken"].as_bool();
    if wanted(&pod["spec"]).or_else(|| wanted(&account)).unwrap_or(true) {
        mount_token(ids, pod);
    }
    Ok(())
}

fn mount_token(ids: &dyn IdSource, pod: &mut Value) {
    let volume = format!("kube-api-access-{}", ids.suffix());
    let mut used = false;
    for list in ["initContainers", "containers"] {
        let containers = pod["spec"].get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten().filter(|container| container.is_object())
        {
            let mut mounts = object::elements(&container["volumeMounts"]).to_vec();
            if mounts.iter().any(|mount| mount["mountPath"] == MOUNT_PATH) {
                continue;
            }
            mounts.push(json!({"name": volume, "readOnly": true, "mountPath": MOUNT_PATH}));
            pods::set_container(container, [("volumeMounts", Some(mounts.into()))]);
            used = true;
        }
    }
    if !used {
        return;
    }
    let mut volumes = object::elements(&pod["spec"]["volumes"]).to_vec();
    volumes.push(json!({
        "name": volume,
        "projected": {
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
                {"configMap": {
                    "name": "kube-root-ca.crt",
                    "items": [{"key": "ca.crt", "path": "ca.crt"}],
                }},
                {"downwardAPI": {"items": [{
                    "path": "namespace",
                    "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                }]}},
            ],
            "defaultMode": 0o644,
        },
    }));
    pods::set_spec(pod, [("volumes", Some(volumes.into()))]);
}
