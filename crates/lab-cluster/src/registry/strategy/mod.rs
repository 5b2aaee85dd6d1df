//! What is particular to each kind: the values that fill empty fields, the fields that a client
//! cannot write, and what makes an object invalid. One kind a file, all of one shape; the real
//! server calls them strategies too ([`create.go`][1], [`update.go`][2]).
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apiserver/pkg/registry/rest/create.go
//! [2]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apiserver/pkg/registry/rest/update.go

mod bindings;
mod config_maps;
pub(super) mod metadata;
mod namespaces;
mod nodes;
pub(super) mod pods;
mod roles;
mod secrets;
mod service_accounts;

use super::kinds::ResourceKind;
use super::names;
use super::problems::Problems;
use serde_json::Value;

/// The rules of one kind.
pub(super) trait Strategy: Sync {
    /// What an object of this kind may be called.
    fn name_rule(&self) -> names::Rule {
        names::subdomain
    }

    /// Fills what was left out.
    fn default(&self, _object: &mut Value) {}

    /// Takes back what a client cannot decide about a new object.
    fn before_create(&self, _object: &mut Value) {}

    /// Takes back what a client cannot change.
    fn before_update(&self, _object: &mut Value, _old: &Value) {}

    /// Looks for what is wrong beyond the metadata; `old` is what an update replaces.
    fn validate(&self, _object: &Value, _old: Option<&Value>, _problems: &mut Problems) {}

    /// Does a PUT make an object that is not there?
    fn creates_on_update(&self) -> bool {
        false
    }
}

/// The rules of a kind.
pub(super) fn of(kind: &ResourceKind) -> &'static dyn Strategy {
    match kind.kind {
        "Namespace" => &namespaces::Namespaces,
        "ServiceAccount" => &service_accounts::ServiceAccounts,
        "Pod" => &pods::Pods,
        "Secret" => &secrets::Secrets,
        "ConfigMap" => &config_maps::ConfigMaps,
        "Node" => &nodes::Nodes,
        "Role" => &roles::Roles { namespaced: true },
        "ClusterRole" => &roles::Roles { namespaced: false },
        "RoleBinding" => &bindings::Bindings { namespaced: true },
        _ => &bindings::Bindings { namespaced: false },
    }
}
