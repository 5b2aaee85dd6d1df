//! Bodies in Protocol Buffers: the same object as in JSON.

use k8s_pb::api::authentication::v1 as authentication;
use k8s_pb::api::authorization::v1 as authorization;
use k8s_pb::api::core::v1 as core;
use k8s_pb::api::rbac::v1 as rbac;
use k8s_pb::apimachinery::pkg::apis::meta::v1 as meta;
use k8s_pb::apimachinery::pkg::runtime::Unknown;
use lab_cluster::decode::{self, Expected};
use lab_cluster::field_validation::FieldValidation;
use lab_cluster::protobuf::{MEDIA_TYPE, NotRead, object};
use lab_cluster::registry::{kinds, unknown_fields};
use lab_cluster::reviews::{self, Body};
use prost::Message;

/// Reads a body.
///
/// - Twice the same; and the same once more when the message is encoded anew, without what nobody
///   knows.
/// - Sent as JSON, it is the same object.
/// - It is not much longer in memory than on the wire, whatever is left out of it.
/// - What reads it next gets along with it: it is of its kind or refused, and its fields are known.
pub fn protobuf(input: &[u8]) {
    let read = object(input);
    assert_eq!(read, object(input), "it reads differently the second time");
    let value = match read {
        Ok(value) => value,
        Err(NotRead::Object { .. }) => return,
        Err(NotRead::Envelope(_)) => {
            assert!(
                input
                    .strip_prefix(b"k8s\0")
                    .is_none_or(|rest| { rest.is_empty() || Unknown::decode(rest).is_err() })
            );
            return;
        }
    };
    if let Some(anew) = encode_anew(&input[4..]) {
        assert_eq!(Ok(&value), object(&anew).as_ref());
    }
    let text = value.to_string();
    // A field may be two bytes long, and `"blockOwnerDeletion":false` in JSON.
    assert!(text.len() < 4096 + 16 * input.len(), "{} bytes of {}", text.len(), input.len());

    for (group, kind) in known_kinds() {
        let expected = Expected { group, version: "v1", kind };
        let sent = |media_type, body| decode::body(Some(media_type), body, expected);
        let sent = (sent(MEDIA_TYPE, input).ok(), sent("application/json", text.as_bytes()).ok());
        let (Some(one), Some(other)) = sent else { panic!("{value} is an object") };
        assert!(one.value == value && other.value == value && other.twice.is_empty(), "{value}");
        if decode::of_kind(&value, expected).is_err() {
            continue;
        }
        if let Some(kind) = kinds::ALL.into_iter().find(|known| known.kind == kind) {
            assert_eq!(unknown_fields(kind, &value), Vec::<String>::new());
        } else if let Some(kind) = reviews::ALL.into_iter().find(|known| known.kind == kind) {
            let body = Body::read(kind, &one, FieldValidation::Strict);
            assert!(body.is_ok_and(|body| body.warnings.is_empty()), "{value}");
        }
    }
}

fn known_kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    let objects = kinds::ALL.into_iter().map(|kind| (kind.group, kind.kind));
    objects.chain(reviews::ALL.into_iter().map(|kind| (kind.group, kind.kind)))
}

/// The same message, its fields in their order and nothing else; `None` for a kind that is not read.
fn encode_anew(envelope: &[u8]) -> Option<Vec<u8>> {
    let mut envelope = Unknown::decode(envelope).ok()?;
    let about = envelope.type_meta.clone().unwrap_or_default();
    let raw = envelope.raw.clone().unwrap_or_default();
    let raw = match about.kind() {
        "Namespace" => again::<core::Namespace>(&raw),
        "ServiceAccount" => again::<core::ServiceAccount>(&raw),
        "Secret" => again::<core::Secret>(&raw),
        "ConfigMap" => again::<core::ConfigMap>(&raw),
        "Role" => again::<rbac::Role>(&raw),
        "ClusterRole" => again::<rbac::ClusterRole>(&raw),
        "RoleBinding" | "ClusterRoleBinding" => again::<rbac::RoleBinding>(&raw),
        "TokenRequest" => again::<authentication::TokenRequest>(&raw),
        "TokenReview" => again::<authentication::TokenReview>(&raw),
        "SelfSubjectReview" => again::<authentication::SelfSubjectReview>(&raw),
        "SelfSubjectAccessReview" => again::<authorization::SelfSubjectAccessReview>(&raw),
        "SubjectAccessReview" | "LocalSubjectAccessReview" => {
            again::<authorization::SubjectAccessReview>(&raw)
        }
        "SelfSubjectRulesReview" => again::<authorization::SelfSubjectRulesReview>(&raw),
        "DeleteOptions" => again::<meta::DeleteOptions>(&raw),
        _ => return None,
    };
    envelope.raw = Some(raw?);
    Some([b"k8s\0", &envelope.encode_to_vec()[..]].concat())
}

fn again<M: Message + Default>(raw: &[u8]) -> Option<Vec<u8>> {
    M::decode(raw).ok().map(|message| message.encode_to_vec())
}
