//! Protocol Buffers, in which kubectl has sent what it creates since 1.32. Four bytes say what it
//! is, then comes an envelope with `kind` and `apiVersion`, and in it the object
//! ([`protobuf.go`][1]). It is turned into what the same object is in JSON, and read on from there:
//! nothing behind this file knows which of the two was sent.
//!
//! Only the kinds that clients send in this form are here. A pod, say, comes as JSON: kubectl has
//! read it from a file.
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apimachinery/pkg/runtime/serializer/protobuf/protobuf.go

#![expect(clippy::needless_pass_by_value, reason = "a message is read once, as a whole")]

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, SecondsFormat};
use k8s_pb::api::authentication::v1 as authentication;
use k8s_pb::api::authorization::v1 as authorization;
use k8s_pb::api::core::v1 as core;
use k8s_pb::api::rbac::v1 as rbac;
use k8s_pb::apimachinery::pkg::apis::meta::v1 as meta;
use k8s_pb::apimachinery::pkg::runtime::Unknown;
use prost::Message;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The media type.
pub const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// What such a body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// Why a body cannot be read, in the words of the real server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    /// Not even the envelope.
    #[error("{0}")]
    Envelope(&'static str),
    /// The envelope says what it is, but that is not what is in it.
    #[error("unexpected EOF")]
    Object {
        /// Its `kind`.
        kind: String,
        /// Its `apiVersion`.
        api_version: String,
    },
}

/// The object that a body holds, as it is in JSON. Of a kind that is not known here only `kind` and
/// `apiVersion` are left, for whoever says that it is not what was asked for.
///
/// # Errors
/// When it is none.
pub fn object(body: &[u8]) -> Result<Value, NotRead> {
    if body.is_empty() {
        return Err(NotRead::Envelope("empty data"));
    }
    let Some(envelope) = body.strip_prefix(MAGIC) else {
        return Err(NotRead::Envelope(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
        ));
    };
    if envelope.is_empty() {
        return Err(NotRead::Envelope("empty body"));
    }
    let envelope = Unknown::decode(envelope).map_err(|_| NotRead::Envelope("unexpected EOF"))?;
    let about = envelope.type_meta.unwrap_or_default();
    let kind = about.kind.unwrap_or_default();
    let api_version = about.api_version.unwrap_or_default();
    let mut object = fields(&kind, &api_version, &envelope.raw.unwrap_or_default())
        .map_err(|_| NotRead::Object { kind: kind.clone(), api_version: api_version.clone() })?;
    object["kind"] = kind.into();
    object["apiVersion"] = api_version.into();
    Ok(object)
}

/// One kind after the other, as it is in JSON; a field that is null is as good as missing.
#[expect(clippy::too_many_lines, reason = "a table")]
fn fields(kind: &str, api_version: &str, raw: &[u8]) -> Result<Value, prost::DecodeError> {
    Ok(match (api_version, kind) {
        ("v1", "Namespace") => {
            let core::Namespace { metadata, spec, .. } = Message::decode(raw)?;
            let finalizers = spec.map(|spec| spec.finalizers);
            json!({"metadata": object_meta(metadata), "spec": {"finalizers": finalizers}})
        }
        ("v1", "ServiceAccount") => {
            let account = core::ServiceAccount::decode(raw)?;
            json!({
                "metadata": object_meta(account.metadata),
                "secrets": each(account.secrets, object_reference),
                "imagePullSecrets":
                    each(account.image_pull_secrets, |secret| json!({"name": secret.name})),
                "automountServiceAccountToken": account.automount_service_account_token,
            })
        }
        ("v1", "Secret") => {
            let secret = core::Secret::decode(raw)?;
            json!({
                "metadata": object_meta(secret.metadata),
                "immutable": secret.immutable,
                "data": bytes(secret.data),
                "stringData": secret.string_data,
                "type": secret.r#type,
            })
        }
        ("v1", "ConfigMap") => {
            let map = core::ConfigMap::decode(raw)?;
            json!({
                "metadata": object_meta(map.metadata),
                "immutable": map.immutable,
                "data": map.data,
                "binaryData": bytes(map.binary_data),
            })
        }
        ("rbac.authorization.k8s.io/v1", "Role") => {
            let rbac::Role { metadata, rules } = Message::decode(raw)?;
            json!({"metadata": object_meta(metadata), "rules": each(rules, rule)})
        }
        ("rbac.authorization.k8s.io/v1", "ClusterRole") => {
            let rbac::ClusterRole { metadata, rules, aggregation_rule } = Message::decode(raw)?;
            let aggregation = aggregation_rule.map(|aggregation| {
                json!({
                    "clusterRoleSelectors": each(aggregation.cluster_role_selectors, label_selector)
                })
            });
            json!({
                "metadata": object_meta(metadata),
                "rules": each(rules, rule),
                "aggregationRule": aggregation,
            })
        }
        // The two bindings are the same message.
        ("rbac.authorization.k8s.io/v1", "RoleBinding" | "ClusterRoleBinding") => {
            let rbac::RoleBinding { metadata, subjects, role_ref } = Message::decode(raw)?;
            json!({
                "metadata": object_meta(metadata),
                "subjects": each(subjects, |subject| json!({
                    "kind": subject.kind, "apiGroup": subject.api_group, "name": subject.name,
                    "namespace": subject.namespace,
                })),
                "roleRef": role_ref.map(|role| json!({
                    "apiGroup": role.api_group, "kind": role.kind, "name": role.name,
                })),
            })
        }
        ("authentication.k8s.io/v1", "TokenRequest") => {
            let authentication::TokenRequest { metadata, spec, .. } = Message::decode(raw)?;
            let spec = spec.unwrap_or_default();
            json!({"metadata": object_meta(metadata), "spec": {
                "audiences": spec.audiences,
                "expirationSeconds": spec.expiration_seconds,
                "boundObjectRef": spec.bound_object_ref.map(|bound| json!({
                    "kind": bound.kind, "apiVersion": bound.api_version, "name": bound.name,
                    "uid": bound.u_id,
                })),
            }})
        }
        ("authentication.k8s.io/v1", "TokenReview") => {
            let authentication::TokenReview { metadata, spec, .. } = Message::decode(raw)?;
            let spec = spec.unwrap_or_default();
            let spec = json!({"token": spec.token, "audiences": spec.audiences});
            json!({"metadata": object_meta(metadata), "spec": spec})
        }
        ("authentication.k8s.io/v1", "SelfSubjectReview") => {
            let review = authentication::SelfSubjectReview::decode(raw)?;
            json!({"metadata": object_meta(review.metadata)})
        }
        ("authorization.k8s.io/v1", "SelfSubjectAccessReview") => {
            let authorization::SelfSubjectAccessReview { metadata, spec, .. } =
                Message::decode(raw)?;
            let spec = spec.unwrap_or_default();
            json!({"metadata": object_meta(metadata), "spec": {
                "resourceAttributes": spec.resource_attributes.map(resource_attributes),
                "nonResourceAttributes": spec.non_resource_attributes.map(path_attributes),
            }})
        }
        // The local one is the same message.
        ("authorization.k8s.io/v1", "SubjectAccessReview" | "LocalSubjectAccessReview") => {
            let authorization::SubjectAccessReview { metadata, spec, .. } = Message::decode(raw)?;
            let spec = spec.unwrap_or_default();
            let extra = spec.extra.into_iter().map(|(key, value)| (key, json!(value.items)));
            json!({"metadata": object_meta(metadata), "spec": {
                "resourceAttributes": spec.resource_attributes.map(resource_attributes),
                "nonResourceAttributes": spec.non_resource_attributes.map(path_attributes),
                "user": spec.user,
                "groups": spec.groups,
                "extra": extra.collect::<Map<_, _>>(),
                "uid": spec.uid,
            }})
        }
        ("authorization.k8s.io/v1", "SelfSubjectRulesReview") => {
            let authorization::SelfSubjectRulesReview { metadata, spec, .. } =
                Message::decode(raw)?;
            let namespace = spec.and_then(|spec| spec.namespace);
            json!({"metadata": object_meta(metadata), "spec": {"namespace": namespace}})
        }
        ("v1" | "meta.k8s.io/v1", "DeleteOptions") => {
            let options = meta::DeleteOptions::decode(raw)?;
            json!({
                "gracePeriodSeconds": options.grace_period_seconds,
                "preconditions": options.preconditions.map(|preconditions| json!({
                    "uid": preconditions.uid,
                    "resourceVersion": preconditions.resource_version,
                })),
                "orphanDependents": options.orphan_dependents,
                "propagationPolicy": options.propagation_policy,
                "dryRun": options.dry_run,
            })
        }
        _ => json!({}),
    })
}

fn object_meta(sent: Option<meta::ObjectMeta>) -> Value {
    let sent = sent.unwrap_or_default();
    json!({
        "name": sent.name,
        "generateName": sent.generate_name,
        "namespace": sent.namespace,
        "uid": sent.uid,
        "resourceVersion": sent.resource_version,
        "generation": sent.generation,
        "creationTimestamp": sent.creation_timestamp.and_then(time),
        "deletionTimestamp": sent.deletion_timestamp.and_then(time),
        "deletionGracePeriodSeconds": sent.deletion_grace_period_seconds,
        "labels": sent.labels,
        "annotations": sent.annotations,
        "ownerReferences": each(sent.owner_references, |owner| json!({
            "apiVersion": owner.api_version,
            "kind": owner.kind,
            "name": owner.name,
            "uid": owner.uid,
            "controller": owner.controller,
            "blockOwnerDeletion": owner.block_owner_deletion,
        })),
        "finalizers": sent.finalizers,
    })
}

/// A time without seconds is no time.
fn time(sent: meta::Time) -> Option<String> {
    let time = DateTime::from_timestamp(sent.seconds.filter(|seconds| *seconds != 0)?, 0)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

fn object_reference(sent: core::ObjectReference) -> Value {
    json!({
        "kind": sent.kind,
        "namespace": sent.namespace,
        "name": sent.name,
        "uid": sent.uid,
        "apiVersion": sent.api_version,
        "resourceVersion": sent.resource_version,
        "fieldPath": sent.field_path,
    })
}

fn rule(sent: rbac::PolicyRule) -> Value {
    json!({
        "verbs": sent.verbs,
        "apiGroups": sent.api_groups,
        "resources": sent.resources,
        "resourceNames": sent.resource_names,
        "nonResourceURLs": sent.non_resource_ur_ls,
    })
}

fn label_selector(sent: meta::LabelSelector) -> Value {
    json!({
        "matchLabels": sent.match_labels,
        "matchExpressions": each(sent.match_expressions, label_requirement),
    })
}

fn label_requirement(sent: meta::LabelSelectorRequirement) -> Value {
    json!({"key": sent.key, "operator": sent.operator, "values": sent.values})
}

fn resource_attributes(sent: authorization::ResourceAttributes) -> Value {
    json!({
        "namespace": sent.namespace,
        "verb": sent.verb,
        "group": sent.group,
        "version": sent.version,
        "resource": sent.resource,
        "subresource": sent.subresource,
        "name": sent.name,
        "fieldSelector": sent.field_selector.map(|selector| json!({
            "rawSelector": selector.raw_selector,
            "requirements": each(selector.requirements, |one| json!({
                "key": one.key, "operator": one.operator, "values": one.values,
            })),
        })),
        "labelSelector": sent.label_selector.map(|selector| json!({
            "rawSelector": selector.raw_selector,
            "requirements": each(selector.requirements, label_requirement),
        })),
    })
}

fn path_attributes(sent: authorization::NonResourceAttributes) -> Value {
    json!({"path": sent.path, "verb": sent.verb})
}

/// A list. An element may be as little as two bytes long, and there may be a million of them: of each
/// only the fields are kept that it has.
fn each<T>(list: Vec<T>, to_json: impl Fn(T) -> Value) -> Value {
    let with_its_fields = |element| match to_json(element) {
        Value::Object(fields) => fields.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        other => other,
    };
    list.into_iter().map(with_its_fields).collect()
}

fn bytes(map: BTreeMap<String, Vec<u8>>) -> Map<String, Value> {
    map.into_iter().map(|(key, value)| (key, STANDARD.encode(value).into())).collect()
}
