//! The sentence of a 403: who, what, where, and what the authorizer said to it ([source][1]).
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go

use super::{Attributes, quote::quoted};
use crate::status::{Kind, Refusal};

/// The refusal that the client gets. `reason` is the authorizer's, and often empty: nothing allowed
/// it, and there is nothing more to say.
#[must_use]
pub fn forbidden(asked: &Attributes, reason: &str) -> Refusal {
    let mut why = sentence(asked).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    if !reason.is_empty() {
        why = format!("{why}: {reason}");
    }
    Refusal::forbidden(Kind { group: asked.api_group, resource: asked.resource }, asked.name, &why)
}

fn sentence(asked: &Attributes) -> String {
    let Attributes { verb, resource, subresource, namespace, .. } = *asked;
    let who = quoted(&asked.user.name);
    if !asked.is_resource {
        return format!("User {who} cannot {verb} path {}", quoted(asked.path));
    }

    let what = match subresource {
        "" => quoted(resource),
        _ => quoted(&format!("{resource}/{subresource}")),
    };
    let scope = match namespace {
        "" => "at the cluster scope".to_owned(),
        _ => format!("in the namespace {}", quoted(namespace)),
    };
    let group = quoted(asked.api_group);
    format!("User {who} cannot {verb} resource {what} in API group {group} {scope}")
}
