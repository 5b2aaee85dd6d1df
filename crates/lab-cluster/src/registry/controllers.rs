//! What the controller manager does, and the one thing that this lab needs of a kubelet. Each
//! controller looks at what has changed and writes what should follow from it; what it writes is a
//! change as well, so the others look at that in turn, until nothing follows any more.
//!
//! On a real cluster this happens moments later, in another process. Here it belongs to the same
//! commit, so that nobody ever sees a namespace without its `default` account; only the answer to
//! the write itself shows the object as it was before the controllers came.

use super::kinds::{self, ResourceKind};
use super::world::{Change, key, prefix};
use super::writer::Writer;
use super::{Preconditions, object};
use crate::authz::aggregation;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::sync::Arc;

const ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";
const ACCOUNT_UID: &str = "kubernetes.io/service-account.uid";
const TOKEN_SECRET: &str = "kubernetes.io/service-account-token";
const ROOT_CA: &str = "kube-root-ca.crt";
const ROOT_CA_DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

/// Whom a legacy token is for, and the Secret that holds it: all that its claims say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegacyToken<'a> {
    /// The namespace of both.
    pub namespace: &'a str,
    /// The account's name.
    pub account: &'a str,
    /// The account's uid.
    pub uid: &'a str,
    /// The Secret's name.
    pub secret: &'a str,
}

/// Makes a signed token; `None` if it cannot.
type SignLegacy = Box<dyn Fn(&LegacyToken) -> Option<String> + Send + Sync>;

/// The controllers, and what they hand out.
pub struct Controllers {
    ca_pem: String,
    sign_legacy: SignLegacy,
}

impl Controllers {
    /// Controllers that publish this certificate authority (`--root-ca-file`, PEM) and sign legacy
    /// tokens with this (`--service-account-private-key-file`).
    #[must_use]
    pub fn new(
        ca_pem: impl Into<String>,
        sign_legacy: impl Fn(&LegacyToken) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self { ca_pem: ca_pem.into(), sign_legacy: Box::new(sign_legacy) }
    }

    /// Follows up on all that a writer has written.
    pub(super) fn follow(&self, writer: &mut Writer) {
        let mut at = 0;
        while let Some(change) = writer.draft.changes().get(at).cloned() {
            self.on(&change, writer);
            at += 1;
        }
    }

    /// Looks at everything there is, as when the controller manager starts.
    pub(super) fn resync(&self, everything: Vec<Change>, writer: &mut Writer) {
        for change in everything {
            self.on(&change, writer);
        }
        self.follow(writer);
    }

    fn on(&self, change: &Change, writer: &mut Writer) {
        // A controller gets no more than the API gives to anybody. When it is refused, say because
        // the namespace is on its way out, there is nothing left for it to do.
        match (change.kind.kind, &change.after) {
            ("Namespace", Some(namespace)) => {
                if object::deletion_timestamp(namespace).is_some() {
                    empty_namespace(writer, object::name(namespace));
                } else {
                    ensure_default_account(writer, object::name(namespace));
                    self.publish_root_ca(writer, object::name(namespace));
                }
            }
            ("ServiceAccount", None) => {
                if let Some(account) = &change.before {
                    delete_tokens_of(writer, account);
                    ensure_default_account(writer, object::namespace(account));
                }
            }
            ("ConfigMap", after) => {
                let config_map = after.as_ref().or(change.before.as_ref());
                if let Some(namespace) = config_map
                    .filter(|config_map| object::name(config_map) == ROOT_CA)
                    .map(|config_map| object::namespace(config_map))
                {
                    self.publish_root_ca(writer, namespace);
                }
            }
            ("Secret", Some(secret)) => self.fill_token_secret(writer, secret),
            ("Secret", None) => {
                if let Some(secret) = &change.before {
                    forget_secret(writer, secret);
                }
            }
            ("Pod", Some(pod)) if object::deletion_timestamp(pod).is_some() => {
                writer.finish_deletion(change.kind, pod); // the kubelet stopped it at once
            }
            ("ClusterRole", _) => aggregate_cluster_roles(writer),
            _ => {}
        }
        if let (None, Some(gone)) = (&change.after, &change.before) {
            finish_namespace(writer, object::namespace(gone));
        }
    }

    /// [`publisher.go`][1]: the CA, for whoever wants to know that it talks to the right server.
    ///
    /// [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/controller/certificates/rootcacertpublisher/publisher.go
    fn publish_root_ca(&self, writer: &mut Writer, namespace: &str) {
        let kind = &kinds::CONFIG_MAPS;
        let data = json!({"ca.crt": self.ca_pem});
        let Some(found) = writer.draft.get(kind, &key(namespace, ROOT_CA)) else {
            let body = json!({
                "metadata": {
                    "name": ROOT_CA,
                    "annotations": {"kubernetes.io/description": ROOT_CA_DESCRIPTION},
                },
                "data": data,
            });
            let _ = writer.create(kind, namespace, body);
            return;
        };
        let described = object::annotation(&found, "kubernetes.io/description").is_some();
        if found["data"] != data || !described {
            let mut config_map = Value::clone(&found);
            config_map["data"] = data;
            object::map_mut(&mut config_map["metadata"], "annotations")
                .insert("kubernetes.io/description".to_owned(), ROOT_CA_DESCRIPTION.into());
            let _ = writer.update(kind, namespace, ROOT_CA, config_map);
        }
    }

    /// [`tokens_controller.go`][1]: a Secret that names an account gets a token of that account,
    /// or, if there is no such account, goes.
    ///
    /// [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/controller/serviceaccount/tokens_controller.go
    fn fill_token_secret(&self, writer: &mut Writer, changed: &Value) {
        let (namespace, name) = (object::namespace(changed), object::name(changed));
        let Some(secret) = writer.draft.get(&kinds::SECRETS, &key(namespace, name)) else { return };
        if secret["type"] != TOKEN_SECRET || object::deletion_timestamp(&secret).is_some() {
            return;
        }
        let Some(account) = account_of(writer, &secret) else {
            let preconditions =
                Preconditions { uid: Some(object::uid(&secret).to_owned()), ..Default::default() };
            let _ = writer.delete(&kinds::SECRETS, namespace, name, &preconditions);
            return;
        };
        let held = |key: &str| secret["data"][key].as_str().unwrap_or_default();
        let ca = STANDARD.encode(&self.ca_pem);
        let mut missing = Vec::new();
        if !ca.is_empty() && held("ca.crt") != ca {
            missing.push(("ca.crt", ca));
        }
        if held("namespace").is_empty() {
            missing.push(("namespace", STANDARD.encode(namespace)));
        }
        if held("token").is_empty() {
            let (account, uid) = (object::name(&account), object::uid(&account));
            let asked = LegacyToken { namespace, account, uid, secret: name };
            let Some(token) = (self.sign_legacy)(&asked).filter(|token| !token.is_empty()) else {
                return;
            };
            missing.push(("token", STANDARD.encode(token)));
        }
        if missing.is_empty() {
            return;
        }
        let mut filled = Value::clone(&secret);
        let data = object::map_mut(&mut filled, "data");
        data.extend(missing.into_iter().map(|(key, value)| (key.to_owned(), value.into())));
        object::map_mut(&mut filled["metadata"], "annotations")
            .insert(ACCOUNT_UID.to_owned(), object::uid(&account).into());
        let _ = writer.update(&kinds::SECRETS, namespace, name, filled);
    }
}

/// The account that a token Secret names: by its uid too, once that has been written there.
fn account_of(writer: &Writer, secret: &Value) -> Option<Arc<Value>> {
    let name = object::annotation(secret, ACCOUNT_NAME)?;
    let account =
        writer.draft.get(&kinds::SERVICE_ACCOUNTS, &key(object::namespace(secret), name))?;
    let uid = object::annotation(secret, ACCOUNT_UID).unwrap_or_default();
    (uid.is_empty() || uid == object::uid(&account)).then_some(account)
}

/// Every namespace has an account called `default`.
fn ensure_default_account(writer: &mut Writer, namespace: &str) {
    let kind = &kinds::SERVICE_ACCOUNTS;
    if writer.draft.get(kind, &key(namespace, "default")).is_none() {
        let _ = writer.create(kind, namespace, json!({"metadata": {"name": "default"}}));
    }
}

/// A token of an account that is gone is worth nothing, and goes too.
fn delete_tokens_of(writer: &mut Writer, account: &Value) {
    let namespace = object::namespace(account);
    for (_, secret) in writer.draft.range(&kinds::SECRETS, &prefix(namespace)) {
        let uid = object::annotation(&secret, ACCOUNT_UID).unwrap_or_default();
        if secret["type"] == TOKEN_SECRET
            && object::annotation(&secret, ACCOUNT_NAME) == Some(object::name(account))
            && (uid.is_empty() || uid == object::uid(account))
        {
            let name = object::name(&secret);
            let _ = writer.delete(&kinds::SECRETS, namespace, name, &Preconditions::default());
        }
    }
}

/// An account lists no Secret that is gone.
fn forget_secret(writer: &mut Writer, secret: &Value) {
    let Some(account) = account_of(writer, secret) else { return };
    let listed = object::elements(&account["secrets"]);
    let kept: Vec<Value> =
        listed.iter().filter(|listed| listed["name"] != object::name(secret)).cloned().collect();
    if kept.len() < listed.len() {
        let mut account = Value::clone(&account);
        account["secrets"] = kept.into();
        let (namespace, name) =
            (object::namespace(&account).to_owned(), object::name(&account).to_owned());
        let _ = writer.update(&kinds::SERVICE_ACCOUNTS, &namespace, &name, account);
    }
}

/// A namespace that is deleted is emptied first.
fn empty_namespace(writer: &mut Writer, namespace: &str) {
    for kind in namespaced_kinds() {
        for (_, object) in writer.draft.range(kind, &prefix(namespace)) {
            let name = object::name(&object);
            let _ = writer.delete(kind, namespace, name, &Preconditions::default());
        }
    }
    finish_namespace(writer, namespace);
}

/// Lets a namespace go that is deleted and empty.
fn finish_namespace(writer: &mut Writer, name: &str) {
    let Some(namespace) = writer.draft.get(&kinds::NAMESPACES, name) else { return };
    let is_empty =
        || namespaced_kinds().all(|kind| writer.draft.range(kind, &prefix(name)).is_empty());
    if object::deletion_timestamp(&namespace).is_some() && is_empty() {
        let others = object::texts(&namespace["spec"]["finalizers"]).any(|f| f != "kubernetes");
        if !others {
            writer.finish_deletion(&kinds::NAMESPACES, &namespace);
        }
    }
}

fn namespaced_kinds() -> impl Iterator<Item = &'static ResourceKind> {
    kinds::ALL.into_iter().filter(|kind| kind.namespaced)
}

/// Roles made of roles get the rules of those they select.
fn aggregate_cluster_roles(writer: &mut Writer) {
    let roles = writer.draft.range(&kinds::CLUSTER_ROLES, "");
    let all: Vec<&Value> = roles.iter().map(|(_, role)| &**role).collect();
    for role in &all {
        if let Some(rules) = aggregation::gathered_rules(role, &all)
            && rules != role["rules"]
        {
            let mut gathered = Value::clone(role);
            gathered["rules"] = rules;
            let _ = writer.update(&kinds::CLUSTER_ROLES, "", object::name(role), gathered);
        }
    }
}
