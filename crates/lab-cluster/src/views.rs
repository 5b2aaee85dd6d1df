//! The registry as others see it: authentication looks up what a token names, authorization reads
//! roles and bindings. Neither can write, but for one label.

use crate::authn::bound_objects::Lookup;
use crate::authn::service_accounts::LastUsed;
use crate::authz::rbac::{Binding, PolicyRule, Roles};
use crate::registry::kinds::{self, ResourceKind};
use crate::registry::{ListOptions, PatchType, Registry, WriteOptions, path_segment};
use crate::status::Refusal;
use expiry::go::quote;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};

impl Lookup for Registry {
    fn service_account(&self, namespace: &str, name: &str) -> Result<Arc<Value>, Refusal> {
        // The real server asks itself over HTTP, and so has to make a path of the two
        // (`request.go` of client-go).
        for (what, part) in [("namespace", namespace), ("resource name", name)] {
            let problems = path_segment(part, false);
            if what == "resource name" && part.is_empty() {
                return Err(Refusal::bad_request("resource name may not be empty"));
            }
            if !problems.is_empty() {
                let (part, problems) = (quote(part), problems.join(" "));
                return Err(Refusal::bad_request(format!("invalid {what} {part}: [{problems}]")));
            }
        }
        if namespace.is_empty() {
            return Err(Refusal::no_such_path());
        }
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
        let _ = self.patch(&kinds::SECRETS, namespace, secret, PatchType::Merge, &label, &options);
    }
}

/// Roles and bindings, read from the registry. A change counts at once; between two changes the
/// bindings of the whole cluster, which every decision looks through, are read once.
pub(crate) struct StoredRoles {
    registry: Arc<Registry>,
    everywhere: Mutex<(u64, Arc<[Binding]>)>,
}

impl StoredRoles {
    pub(crate) fn new(registry: Arc<Registry>) -> Self {
        Self { registry, everywhere: Mutex::default() }
    }

    fn rules(&self, kind: &'static ResourceKind, ns: &str, name: &str) -> Option<Vec<PolicyRule>> {
        self.registry.get(kind, ns, name).ok().map(|role| PolicyRule::all_of(&role))
    }

    fn bindings(&self, kind: &'static ResourceKind, namespace: &str) -> (u64, Arc<[Binding]>) {
        let all = self.registry.list(kind, namespace, &ListOptions::default());
        let Ok(list) = all else { return Default::default() };
        let revision = list.resource_version.parse().unwrap_or_default();
        (revision, list.items.iter().map(|binding| Binding::read(binding)).collect())
    }
}

impl Roles for StoredRoles {
    fn cluster_role(&self, name: &str) -> Option<Vec<PolicyRule>> {
        self.rules(&kinds::CLUSTER_ROLES, "", name)
    }

    fn role(&self, namespace: &str, name: &str) -> Option<Vec<PolicyRule>> {
        self.rules(&kinds::ROLES, namespace, name)
    }

    fn cluster_role_bindings(&self) -> Arc<[Binding]> {
        let mut kept = self.everywhere.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.0 != self.registry.revision() {
            *kept = self.bindings(&kinds::CLUSTER_ROLE_BINDINGS, "");
        }
        kept.1.clone()
    }

    fn role_bindings(&self, namespace: &str) -> Arc<[Binding]> {
        if namespace.is_empty() {
            return Arc::default();
        }
        self.bindings(&kinds::ROLE_BINDINGS, namespace).1
    }
}
