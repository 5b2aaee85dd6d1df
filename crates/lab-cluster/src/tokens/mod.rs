//! Where tokens come from: somebody asks (`TokenRequest`), the server signs, and keeps nothing.
//!
//! `POST /api/v1/namespaces/NS/serviceaccounts/NAME/token`, the answer to which is the only copy
//! ([`token.go`][1]). Also here: what the controller manager writes into a Secret of the type
//! `kubernetes.io/service-account-token`.
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/registry/core/serviceaccount/storage/token.go

use crate::authn::bound_objects::Lookup;
use crate::registry::{IdSource, LegacyToken};
use crate::reviews::{Body, ReviewKind};
use crate::status::{Cause, Kind, Refusal};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use expiry::go::quote;
use expiry::lifetime::{self, Grant, LifetimeError};
use jwt_anatomy::LEGACY_ISSUER;
use narration::Clock;
use serde_json::{Value, json};
use signing::SigningKey;
use std::sync::Arc;

/// What the path takes. Like a review it is a question, and stored nowhere.
pub static TOKEN_REQUESTS: ReviewKind = ReviewKind {
    group: "authentication.k8s.io",
    kind: "TokenRequest",
    plural: "serviceaccounts/token",
    singular: "",
    namespaced: true,
};

const KIND: Kind<'static> = Kind { group: TOKEN_REQUESTS.group, resource: TOKEN_REQUESTS.kind };

/// Who signs tokens.
pub struct TokenIssuer {
    /// `--service-account-signing-key-file`.
    pub key: Arc<SigningKey>,
    /// The first `--service-account-issuer`.
    pub issuer: String,
    /// `--api-audiences`: who a token is for when nobody says.
    pub api_audiences: Vec<String>,
    /// `--service-account-max-token-expiration`, seconds.
    pub max_expiration: Option<i64>,
    /// `--service-account-extend-token-expiration`.
    pub extend: bool,
    /// Where accounts, pods, Secrets and nodes are.
    pub objects: Arc<dyn Lookup>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where a token's id comes from.
    pub ids: Arc<dyn IdSource>,
}

/// A granted `TokenRequest`.
pub struct Issued {
    /// The object, the token in its status.
    pub object: Value,
    /// Sentences for the response's `Warning` headers.
    pub warnings: Vec<String>,
    /// The token's name for the audit log: `JTI=...`.
    pub credential_id: String,
}

impl TokenIssuer {
    /// Grants a request for the account that the path names, or says why not.
    ///
    /// # Errors
    /// 400, 404, 409 and 422 as the real server answers them.
    pub fn issue(&self, namespace: &str, name: &str, body: &Body) -> Result<Issued, Refusal> {
        let request = Request::read(&body.fields);
        if !request.namespace.is_empty() && request.namespace != namespace {
            return Err(Refusal::bad_request(
                "the namespace of the provided object does not match the namespace sent on the \
                 request",
            ));
        }
        if !request.name.is_empty() && request.name != name {
            let message = format!(
                "Invalid value: {}: must match the service account name if specified",
                quote(request.name)
            );
            return Err(invalid(name, "metadata.name", message));
        }
        let account = self.objects.service_account(namespace, name)?;
        let uid = text(&account, "uid");
        if !request.uid.is_empty() && request.uid != uid {
            let why = format!(
                "the UID in the token request ({}) does not match the UID of the service account \
                 ({uid})",
                request.uid
            );
            return Err(Refusal::conflict(KIND, name, &why));
        }

        let audiences = match &request.audiences[..] {
            [] => self.api_audiences.clone(),
            asked => asked.to_vec(),
        };
        let is_api = audiences.iter().all(|audience| self.api_audiences.contains(audience));
        let pod_bound = request.bound.as_ref().is_some_and(|bound| bound.kind == "Pod");
        let grant = lifetime::grant(
            request.expiration_seconds,
            self.max_expiration,
            pod_bound,
            is_api,
            self.extend,
        )
        .map_err(|LifetimeError(why)| invalid("", lifetime::FIELD, why.message()))?;
        let bound = request.bound.map(|bound| self.bind(namespace, name, &bound)).transpose()?;

        let now = self.clock.now();
        let claims = self.claims(namespace, name, uid, &audiences, bound.as_ref(), &grant, now);
        let token = self
            .key
            .sign(&claims)
            .map_err(|error| Refusal::internal(format!("failed to generate token: {error}")))?;

        let mut spec =
            json!({"audiences": audiences, "expirationSeconds": grant.status_expires_in});
        spec["boundObjectRef"] = body.fields["spec"]["boundObjectRef"].clone();
        let object = json!({
            "kind": TOKEN_REQUESTS.kind,
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {
                "name": name, "namespace": namespace, "uid": uid, "creationTimestamp": date(now),
            },
            "spec": spec,
            "status": {
                "token": token,
                "expirationTimestamp": date(now + TimeDelta::seconds(grant.status_expires_in)),
            },
        });
        let credential_id = format!("JTI={}", claims["jti"].as_str().unwrap_or_default());
        Ok(Issued { object, warnings: grant.warning.into_iter().collect(), credential_id })
    }

    #[expect(clippy::too_many_arguments, reason = "they are the claims")]
    fn claims(
        &self,
        namespace: &str,
        name: &str,
        uid: &str,
        audiences: &[String],
        bound: Option<&Bound>,
        grant: &Grant,
        now: DateTime<Utc>,
    ) -> Value {
        let now = now.timestamp();
        let mut kubernetes = json!({
            "namespace": namespace,
            "serviceaccount": {"name": name, "uid": uid},
        });
        match bound {
            Some(Bound::Pod { pod, node }) => {
                kubernetes["pod"] = pod.clone();
                if let Some(node) = node {
                    kubernetes["node"] = node.clone();
                }
            }
            Some(Bound::Secret(secret)) => kubernetes["secret"] = secret.clone(),
            Some(Bound::Node(node)) => kubernetes["node"] = node.clone(),
            None => {}
        }
        if let Some(after) = grant.warn_after {
            kubernetes["warnafter"] = (now + after).into();
        }
        json!({
            "aud": audiences,
            "exp": now + grant.expires_in,
            "iat": now,
            "iss": self.issuer,
            "jti": self.ids.uid(),
            "kubernetes.io": kubernetes,
            "nbf": now,
            "sub": format!("system:serviceaccount:{namespace}:{name}"),
        })
    }

    /// Finds the object whose life the token is to share.
    fn bind(&self, namespace: &str, account: &str, asked: &BoundRef) -> Result<Bound, Refusal> {
        let BoundRef { kind, api_version, name, uid } = *asked;
        // What cannot be read has neither group nor version, as in Go's `FromAPIVersionAndKind`.
        let (group, version) = match api_version.split_once('/') {
            Some((_, rest)) if rest.contains('/') => ("", ""),
            Some(both) => both,
            None => ("", api_version),
        };
        if name.is_empty() && group.is_empty() && matches!(kind, "Pod" | "Secret" | "Node") {
            return Err(Refusal::bad_request("Name parameter required."));
        }
        let (object, bound) = match (group, kind) {
            ("", "Pod") => {
                let pod = self.objects.pod(namespace, name)?;
                let runs_as = pod["spec"]["serviceAccountName"].as_str().unwrap_or_default();
                if runs_as != account {
                    return Err(Refusal::bad_request(format!(
                        "cannot bind token for serviceaccount {} to pod running with different \
                         serviceaccount name.",
                        quote(account)
                    )));
                }
                let node = self.node_of(&pod);
                let bound = Bound::Pod { pod: reference(&pod), node };
                (pod, bound)
            }
            ("", "Secret") => {
                let secret = self.objects.secret(namespace, name)?;
                let bound = Bound::Secret(reference(&secret));
                (secret, bound)
            }
            ("", "Node") => {
                let node = self.objects.node(name)?;
                let bound = Bound::Node(reference(&node));
                (node, bound)
            }
            _ => {
                return Err(Refusal::bad_request(format!(
                    "cannot bind token to object of type {group}/{version}, Kind={kind}"
                )));
            }
        };
        let recorded = text(&object, "uid");
        if !uid.is_empty() && uid != recorded {
            let why = format!(
                "the UID in the bound object reference ({uid}) does not match the UID in record. \
                 The object might have been deleted and then recreated"
            );
            return Err(Refusal::conflict(Kind { group, resource: kind }, name, &why));
        }
        Ok(bound)
    }

    /// Where a pod runs: told in its tokens, and not checked at their use.
    fn node_of(&self, pod: &Value) -> Option<Value> {
        let name = pod["spec"]["nodeName"].as_str().filter(|name| !name.is_empty())?;
        let node = self.objects.node(name).map(|node| reference(&node));
        // A node that has gone still tells its name.
        Some(node.unwrap_or_else(|_| json!({"name": name})))
    }
}

/// The claims of a legacy token, for the controller that fills Secrets.
#[must_use]
pub fn legacy_claims(token: &LegacyToken) -> Value {
    let LegacyToken { namespace, account, uid, secret } = token;
    json!({
        "iss": LEGACY_ISSUER,
        "kubernetes.io/serviceaccount/namespace": namespace,
        "kubernetes.io/serviceaccount/secret.name": secret,
        "kubernetes.io/serviceaccount/service-account.name": account,
        "kubernetes.io/serviceaccount/service-account.uid": uid,
        "sub": format!("system:serviceaccount:{namespace}:{account}"),
    })
}

/// An object that a token names.
enum Bound {
    Pod { pod: Value, node: Option<Value> },
    Secret(Value),
    Node(Value),
}

fn reference(object: &Value) -> Value {
    json!({"name": text(object, "name"), "uid": text(object, "uid")})
}

/// The fields of a `TokenRequest` that count.
struct Request<'b> {
    name: &'b str,
    namespace: &'b str,
    uid: &'b str,
    audiences: Vec<String>,
    expiration_seconds: Option<i64>,
    bound: Option<BoundRef<'b>>,
}

struct BoundRef<'b> {
    kind: &'b str,
    api_version: &'b str,
    name: &'b str,
    uid: &'b str,
}

impl<'b> Request<'b> {
    /// Reads a body whose fields have the right types.
    fn read(body: &'b Value) -> Self {
        fn text<'v>(object: &'v Value, key: &str) -> &'v str {
            object[key].as_str().unwrap_or_default()
        }
        let (metadata, spec) = (&body["metadata"], &body["spec"]);
        let audiences = spec["audiences"].as_array().into_iter().flatten();
        let bound = Some(&spec["boundObjectRef"]).filter(|bound| bound.is_object());
        Self {
            name: text(metadata, "name"),
            namespace: text(metadata, "namespace"),
            uid: text(metadata, "uid"),
            audiences: audiences.filter_map(Value::as_str).map(str::to_owned).collect(),
            expiration_seconds: spec["expirationSeconds"].as_i64(),
            bound: bound.map(|bound| BoundRef {
                kind: text(bound, "kind"),
                api_version: text(bound, "apiVersion"),
                name: text(bound, "name"),
                uid: text(bound, "uid"),
            }),
        }
    }
}

fn invalid(name: &str, field: &str, message: String) -> Refusal {
    let cause = Cause { reason: "FieldValueInvalid", field: field.to_owned(), message };
    Refusal::invalid(KIND, name, &[cause])
}

fn text<'o>(object: &'o Value, key: &str) -> &'o str {
    object["metadata"][key].as_str().unwrap_or_default()
}

fn date(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
