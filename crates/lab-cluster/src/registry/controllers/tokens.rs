//! Secrets of the type `kubernetes.io/service-account-token`: each gets a token of the account that
//! it names, or, if there is no such account, goes ([`tokens_controller.go`][1]).
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/controller/serviceaccount/tokens_controller.go

use super::{Controllers, LegacyToken};
use crate::registry::kinds::{SECRETS, SERVICE_ACCOUNTS};
use crate::registry::world::{key, prefix};
use crate::registry::writer::Writer;
use crate::registry::{Preconditions, object};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use std::sync::Arc;

const TYPE: &str = "kubernetes.io/service-account-token";
const ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";
const ACCOUNT_UID: &str = "kubernetes.io/service-account.uid";

/// Fills a Secret, or deletes it.
pub(super) fn fill(writer: &mut Writer, changed: &Value, controllers: &Controllers) {
    let (namespace, name) = (object::namespace(changed), object::name(changed));
    let Some(secret) = writer.draft.get(&SECRETS, &key(namespace, name)) else { return };
    if secret["type"] != TYPE || object::deletion_timestamp(&secret).is_some() {
        return;
    }
    let Some(account) = account_of(writer, &secret) else {
        let preconditions =
            Preconditions { uid: Some(object::uid(&secret).to_owned()), ..Default::default() };
        let _ = writer.delete(&SECRETS, namespace, name, &preconditions);
        return;
    };
    let held = |key: &str| secret["data"][key].as_str().unwrap_or_default();
    let ca = STANDARD.encode(&controllers.ca_pem);
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
        let Some(token) = (controllers.sign_legacy)(&asked).filter(|token| !token.is_empty())
        else {
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
    let _ = writer.update(&SECRETS, namespace, name, filled);
}

/// The account that a token Secret names: by its uid too, once that has been written there.
fn account_of(writer: &Writer, secret: &Value) -> Option<Arc<Value>> {
    let name = object::annotation(secret, ACCOUNT_NAME)?;
    let account = writer.draft.get(&SERVICE_ACCOUNTS, &key(object::namespace(secret), name))?;
    let uid = object::annotation(secret, ACCOUNT_UID).unwrap_or_default();
    (uid.is_empty() || uid == object::uid(&account)).then_some(account)
}

/// A token of an account that is gone is worth nothing, and goes too.
pub(super) fn delete_all_of(writer: &mut Writer, account: &Value) {
    let namespace = object::namespace(account);
    for secret in writer.draft.range(&SECRETS, &prefix(namespace)) {
        let uid = object::annotation(&secret, ACCOUNT_UID).unwrap_or_default();
        if secret["type"] == TYPE
            && object::annotation(&secret, ACCOUNT_NAME) == Some(object::name(account))
            && (uid.is_empty() || uid == object::uid(account))
        {
            let name = object::name(&secret);
            let _ = writer.delete(&SECRETS, namespace, name, &Preconditions::default());
        }
    }
}

/// An account lists no Secret that is gone.
pub(super) fn forget(writer: &mut Writer, secret: &Value) {
    let Some(account) = account_of(writer, secret) else { return };
    let listed = object::elements(&account["secrets"]);
    let kept: Vec<Value> =
        listed.iter().filter(|listed| listed["name"] != object::name(secret)).cloned().collect();
    if kept.len() < listed.len() {
        let mut account = Value::clone(&account);
        account["secrets"] = kept.into();
        let (namespace, name) =
            (object::namespace(&account).to_owned(), object::name(&account).to_owned());
        let _ = writer.update(&SERVICE_ACCOUNTS, &namespace, &name, account);
    }
}
