//! The kinds that the lab serves: one table, read by discovery, by the router and by the registry.
//!
//! Names, verbs and short names are those that a real 1.37.2 lists under `/api/v1` and
//! `/apis/rbac.authorization.k8s.io/v1`, `watch` included.

use crate::status;

/// One kind of object, and the path segment ("resource") it is reached under.
#[derive(Debug)]
#[non_exhaustive]
pub struct ResourceKind {
    /// The API group; empty for the core group, whose objects live under `/api`.
    pub group: &'static str,
    /// `v1`, for every kind here.
    pub version: &'static str,
    /// As an object's `kind` field says it: `ServiceAccount`.
    pub kind: &'static str,
    /// As a path says it: `serviceaccounts`.
    pub plural: &'static str,
    /// As a person says it: `serviceaccount`.
    pub singular: &'static str,
    /// What `kubectl get` understands besides: `sa`.
    pub short_names: &'static [&'static str],
    /// Groups that `kubectl get` knows: pods belong to `all`.
    pub categories: &'static [&'static str],
    /// Does an object of this kind live in a namespace?
    pub namespaced: bool,
    /// What may be asked of it, in alphabetical order.
    pub verbs: &'static [&'static str],
    /// Its place in [`ALL`].
    pub(super) index: usize,
}

impl PartialEq for ResourceKind {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl Eq for ResourceKind {}

const ALL_VERBS: &[&str] =
    &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

const CORE: ResourceKind = ResourceKind {
    group: "",
    version: "v1",
    kind: "",
    plural: "",
    singular: "",
    short_names: &[],
    categories: &[],
    namespaced: true,
    verbs: ALL_VERBS,
    index: usize::MAX,
};

const RBAC: ResourceKind = ResourceKind { group: "rbac.authorization.k8s.io", ..CORE };

/// A room of its own for names.
pub static NAMESPACES: ResourceKind = ResourceKind {
    kind: "Namespace",
    plural: "namespaces",
    singular: "namespace",
    short_names: &["ns"],
    namespaced: false,
    // Several namespaces cannot be deleted at once.
    verbs: &["create", "delete", "get", "list", "patch", "update", "watch"],
    index: 1,
    ..CORE
};

/// Who a program is.
pub static SERVICE_ACCOUNTS: ResourceKind = ResourceKind {
    kind: "ServiceAccount",
    plural: "serviceaccounts",
    singular: "serviceaccount",
    short_names: &["sa"],
    index: 5,
    ..CORE
};

/// A running program.
pub static PODS: ResourceKind = ResourceKind {
    kind: "Pod",
    plural: "pods",
    singular: "pod",
    short_names: &["po"],
    categories: &["all"],
    index: 3,
    ..CORE
};

/// Small things that not everybody should read; legacy tokens among them.
pub static SECRETS: ResourceKind =
    ResourceKind { kind: "Secret", plural: "secrets", singular: "secret", index: 4, ..CORE };

/// Small things that anybody may read; the cluster's CA among them.
pub static CONFIG_MAPS: ResourceKind = ResourceKind {
    kind: "ConfigMap",
    plural: "configmaps",
    singular: "configmap",
    short_names: &["cm"],
    index: 0,
    ..CORE
};

/// A machine.
pub static NODES: ResourceKind = ResourceKind {
    kind: "Node",
    plural: "nodes",
    singular: "node",
    short_names: &["no"],
    namespaced: false,
    index: 2,
    ..CORE
};

/// What may be done, in one namespace.
pub static ROLES: ResourceKind =
    ResourceKind { kind: "Role", plural: "roles", singular: "role", index: 9, ..RBAC };

/// Who may do it, in one namespace.
pub static ROLE_BINDINGS: ResourceKind = ResourceKind {
    kind: "RoleBinding",
    plural: "rolebindings",
    singular: "rolebinding",
    index: 8,
    ..RBAC
};

/// What may be done, anywhere.
pub static CLUSTER_ROLES: ResourceKind = ResourceKind {
    kind: "ClusterRole",
    plural: "clusterroles",
    singular: "clusterrole",
    namespaced: false,
    index: 7,
    ..RBAC
};

/// Who may do it, everywhere.
pub static CLUSTER_ROLE_BINDINGS: ResourceKind = ResourceKind {
    kind: "ClusterRoleBinding",
    plural: "clusterrolebindings",
    singular: "clusterrolebinding",
    namespaced: false,
    index: 6,
    ..RBAC
};

/// Every kind, each group's in alphabetical order, as discovery lists them.
pub static ALL: [&ResourceKind; 10] = [
    &CONFIG_MAPS,
    &NAMESPACES,
    &NODES,
    &PODS,
    &SECRETS,
    &SERVICE_ACCOUNTS,
    &CLUSTER_ROLE_BINDINGS,
    &CLUSTER_ROLES,
    &ROLE_BINDINGS,
    &ROLES,
];

impl ResourceKind {
    /// `v1`, `rbac.authorization.k8s.io/v1`: an object's `apiVersion` field.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// How a refusal names the resource: `serviceaccounts "x" not found`.
    #[must_use]
    pub fn as_resource(&self) -> status::Kind<'static> {
        status::Kind { group: self.group, resource: self.plural }
    }

    /// How a 422 names the kind: `ServiceAccount "x" is invalid`.
    #[must_use]
    pub fn as_kind(&self) -> status::Kind<'static> {
        status::Kind { group: self.group, resource: self.kind }
    }

    /// The Go package that the real server keeps it in: some of its messages name it.
    #[must_use]
    pub fn go_package(&self) -> &'static str {
        if self.group.is_empty() { "core" } else { "rbac" }
    }
}

/// The kind that a path means: `find("", "v1", "pods")`.
#[must_use]
pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static ResourceKind> {
    ALL.into_iter()
        .find(|kind| kind.group == group && kind.version == version && kind.plural == plural)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_knows_its_place() {
        for (place, kind) in ALL.into_iter().enumerate() {
            assert_eq!(kind.index, place, "{}", kind.kind);
            assert_eq!(find(kind.group, "v1", kind.plural), Some(kind));
        }
    }
}
