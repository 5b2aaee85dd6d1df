//! The certificate authority, in a `ConfigMap` of every namespace, for whoever wants to know that it
//! talks to the right server ([`publisher.go`][1]).
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/controller/certificates/rootcacertpublisher/publisher.go

use crate::registry::kinds::CONFIG_MAPS;
use crate::registry::object;
use crate::registry::world::key;
use crate::registry::writer::Writer;
use serde_json::{Value, json};

/// What the `ConfigMap` is called.
pub(super) const NAME: &str = "kube-root-ca.crt";

const DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

/// Makes it, or puts it right.
pub(super) fn publish(writer: &mut Writer, namespace: &str, ca_pem: &str) {
    let data = json!({"ca.crt": ca_pem});
    let annotations = json!({"kubernetes.io/description": DESCRIPTION});
    let Some(found) = writer.draft.get(&CONFIG_MAPS, &key(namespace, NAME)) else {
        let body = json!({"metadata": {"name": NAME, "annotations": annotations}, "data": data});
        let _ = writer.create(&CONFIG_MAPS, namespace, body);
        return;
    };
    let described = object::annotation(&found, "kubernetes.io/description").is_some();
    if found["data"] != data || !described {
        let mut config_map = Value::clone(&found);
        config_map["data"] = data;
        config_map["metadata"]["annotations"] = annotations;
        let _ = writer.update(&CONFIG_MAPS, namespace, NAME, config_map);
    }
}
