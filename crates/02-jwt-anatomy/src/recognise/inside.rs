//! Documents in which a token may stand: objects of Kubernetes as JSON or YAML, kubeconfigs, and
//! what `kubectl describe` prints.

use super::{Mend, Recognised, What, look};
use crate::json;
use serde_json::Value;

/// What a document holds, if the text is one.
pub(super) fn document(text: &str, depth: usize) -> Option<Recognised> {
    if text.starts_with(['{', '[']) {
        let value = json::parse(text.as_bytes()).ok()?.lenient();
        return Some(json_document(&value, depth));
    }
    yaml_document(text, depth)
}

fn json_document(document: &Value, depth: usize) -> Recognised {
    let has = |name: &str| document.get(name).is_some();
    if let Some(token) = token_in(document).filter(|_| depth > 0) {
        return look(token, depth - 1).after(&[Mend::Document]);
    }
    Recognised::is(if has("payload") && (has("signatures") || has("signature")) {
        What::JsonSignature
    } else if has("kty") || document.pointer("/keys/0/kty").is_some() {
        What::PublicKeys
    } else if has("alg") {
        What::HeaderAlone
    } else if has("iss") || has("sub") || has("exp") || has("kubernetes.io") {
        What::ClaimsAlone
    } else {
        match document.get("kind").and_then(Value::as_str) {
            Some("Config") => What::Kubeconfig,
            Some("Status") => What::ErrorMessage,
            Some(kind) => What::KubernetesObject(kind.to_owned()),
            None => What::SomethingElse,
        }
    })
}

/// Where tokens stand: `TokenRequest` and `ExecCredential`, `TokenReview`, Secret, kubeconfig, and
/// the answers of identity providers. In a list, the first.
fn token_in<'v>(document: &'v Value) -> Option<&'v str> {
    const PLACES: [&str; 8] = [
        "/status/token",
        "/spec/token",
        "/stringData/token",
        "/data/token",
        "/user/token",
        "/token",
        "/id_token",
        "/access_token",
    ];
    let token_of = |object: &'v Value| {
        let mut texts = PLACES.iter().filter_map(|place| object.pointer(place)?.as_str());
        texts.find(|text| !HIDDEN.contains(text))
    };
    let lists = ["items", "users"].iter().filter_map(|list| document.get(list)?.as_array());
    token_of(document).or_else(|| lists.flatten().find_map(token_of))
}

/// What `kubectl config view` prints in the place of secrets.
const HIDDEN: [&str; 2] = ["REDACTED", "DATA+OMITTED"];

fn yaml_document(text: &str, depth: usize) -> Option<Recognised> {
    let lines = || text.lines().map(|line| line.trim_start().trim_start_matches("- "));
    let value_of = |name: &str| {
        let values = lines().filter_map(|line| line.strip_prefix(name));
        values.map(str::trim).find(|value| !value.is_empty() && !HIDDEN.contains(value))
    };
    let kind = value_of("kind:");
    let several_lines = text.trim().contains('\n');
    if let Some(token) = value_of("token:").filter(|_| depth > 0 && several_lines) {
        let inner = look(token, depth - 1);
        // Without a kind it may be what `kubectl describe` prints, or a token with a label that a
        // line break was put into.
        let known = !matches!(inner.what, What::SomethingElse | What::HalfAJwt(_));
        if known || kind.is_some() {
            return Some(inner.after(&[Mend::Document]));
        }
    }
    let is_yaml = kind.is_some() && value_of("apiVersion:").is_some();
    match kind.filter(|_| is_yaml)? {
        "Config" => Some(Recognised::is(What::Kubeconfig)),
        kind => Some(Recognised::is(What::KubernetesObject(kind.to_owned()))),
    }
}
