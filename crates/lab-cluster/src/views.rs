//! The registry as others see it: authentication looks up what a token names, authorization reads
//! roles and bindings. Neither can write, but for one label.

use crate::authn::bound_objects::Lookup;
use crate::authn::service_accounts::LastUsed;
use crate::authz::rbac::{Binding, PolicyRule, Roles};
use crate::registry::kinds::{self, ResourceKind};
use crate::registry::{ListOptions, PatchType, Registry, WriteOptions};
use crate::status::Refusal;
use serde_json::{Value, json};
use std::sync::Arc;

impl Lookup for Registry {
    fn service_account(&self, namespace: &str, name: &str) -> Result<Arc<Value>, Refusal> {
        self.get(&kinds::SERVICE_ACCOUNTS, namespace, name)
    }

    fn pod(&self, namespace: &str, name: &str) -> Result<Arc<Value>, Refusal> {
        self.get(&kinds::PODS, namespace, name)
    }

    fn secret(&self, namespace: &str, name: &str) -> Result<Arc<Value>, Refusal> {
        self.get(&kinds::SECRETS, namespace, name)
    }

    fn node(&self, name: &str) -> Result<Arc<Value>, Refusal> {
        self.get(&kinds::NODES, "", name)
    }
}

impl LastUsed for Registry {
    fn mark_used(&self, namespace: &str, secret: &str, date: &str) {
        let label = json!({
            "metadata": {"labels": {"kubernetes.io/legacy-token-last-used": date}}
        });
        let options = WriteOptions::default();
        // Whoever sent the token is let in, label or no label.
        let _ = self.patch(&kinds::SECRETS, namespace, secret, PatchType::Merge, label, &options);
    }
}

/// Roles and bindings, read from the registry at each decision: a change counts at once.
pub(crate) struct StoredRoles(pub(crate) Arc<Registry>);

impl StoredRoles {
    fn rules(&self, kind: &'static ResourceKind, ns: &str, name: &str) -> Option<Vec<PolicyRule>> {
        self.0.get(kind, ns, name).ok().map(|role| PolicyRule::all_of(&role))
    }

    fn bindings(&self, kind: &'static ResourceKind, namespace: &str) -> Vec<Binding> {
        let all = self.0.list(kind, namespace, &ListOptions::default());
        all.map(|list| list.items).unwrap_or_default().iter().map(|b| Binding::read(b)).collect()
    }
}

impl Roles for StoredRoles {
    fn cluster_role(&self, name: &str) -> Option<Vec<PolicyRule>> {
        self.rules(&kinds::CLUSTER_ROLES, "", name)
    }

    fn role(&self, namespace: &str, name: &str) -> Option<Vec<PolicyRule>> {
        self.rules(&kinds::ROLES, namespace, name)
    }

    fn cluster_role_bindings(&self) -> Vec<Binding> {
        self.bindings(&kinds::CLUSTER_ROLE_BINDINGS, "")
    }

    fn role_bindings(&self, namespace: &str) -> Vec<Binding> {
        if namespace.is_empty() {
            return Vec::new();
        }
        self.bindings(&kinds::ROLE_BINDINGS, namespace)
    }
}
