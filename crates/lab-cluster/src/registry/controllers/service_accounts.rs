//! An account called `default` in every namespace ([`serviceaccounts_controller.go`][1]).
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/controller/serviceaccount/serviceaccounts_controller.go

use crate::registry::kinds::SERVICE_ACCOUNTS;
use crate::registry::world::key;
use crate::registry::writer::Writer;
use serde_json::json;

/// Makes it where it is missing.
pub(super) fn ensure_default(writer: &mut Writer, namespace: &str) {
    if writer.draft.get(&SERVICE_ACCOUNTS, &key(namespace, "default")).is_none() {
        let body = json!({"metadata": {"name": "default"}});
        let _ = writer.create(&SERVICE_ACCOUNTS, namespace, body);
    }
}
