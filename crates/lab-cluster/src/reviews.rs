//! Questions to the API server, asked by creating an object that is stored nowhere: the answer
//! comes back in its `status`.
//!
//! | object | question | kubectl |
//! |---|---|---|
//! | `TokenReview` | whose token is this? | |
//! | `SelfSubjectReview` | who am I? | `auth whoami` |
//! | `SelfSubjectAccessReview` | may I? | `auth can-i VERB RESOURCE` |
//! | `SelfSubjectRulesReview` | what may I? | `auth can-i --list` |
//! | `SubjectAccessReview` | may they? | |
//! | `LocalSubjectAccessReview` | may they, in this namespace? | |
//!
//! A service that is sent a token it cannot check itself asks the first, and then the last: that is
//! all a service outside of Kubernetes needs to live by its users and roles. Whoever reads a
//! `TokenReview` must read `status.authenticated`, and nothing else before it.
//!
//! The real server's: `pkg/registry/authentication` and `pkg/registry/authorization` of
//! [v1.37.2][1]. Unlike it, the lab keeps no `metadata.managedFields`, and does not look into
//! selectors beyond their outermost fields.
//!
//! [1]: https://github.com/kubernetes/kubernetes/tree/v1.37.2/pkg/registry

pub mod body;

pub use body::Body;

use crate::authz::{Attributes, Authorizer, Decision, quote::quoted};
use crate::status::{Cause, Kind, Refusal};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use static_tokens::User;

/// A kind of review, as a path and as an object names it. The version is `v1`.
#[derive(Debug, PartialEq, Eq)]
pub struct ReviewKind {
    /// The API group.
    pub group: &'static str,
    /// `TokenReview`.
    pub kind: &'static str,
    /// `tokenreviews`.
    pub plural: &'static str,
    /// `tokenreview`.
    pub singular: &'static str,
    /// Is it created in a namespace?
    pub namespaced: bool,
}

const AUTHENTICATION: &str = "authentication.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";

/// Who am I?
pub static SELF_SUBJECT_REVIEWS: ReviewKind = ReviewKind {
    group: AUTHENTICATION,
    kind: "SelfSubjectReview",
    plural: "selfsubjectreviews",
    singular: "selfsubjectreview",
    namespaced: false,
};

/// Whose token is this?
pub static TOKEN_REVIEWS: ReviewKind = ReviewKind {
    group: AUTHENTICATION,
    kind: "TokenReview",
    plural: "tokenreviews",
    singular: "tokenreview",
    namespaced: false,
};

/// May I?
pub static SELF_SUBJECT_ACCESS_REVIEWS: ReviewKind = ReviewKind {
    group: AUTHORIZATION,
    kind: "SelfSubjectAccessReview",
    plural: "selfsubjectaccessreviews",
    singular: "selfsubjectaccessreview",
    namespaced: false,
};

/// What may I?
pub static SELF_SUBJECT_RULES_REVIEWS: ReviewKind = ReviewKind {
    group: AUTHORIZATION,
    kind: "SelfSubjectRulesReview",
    plural: "selfsubjectrulesreviews",
    singular: "selfsubjectrulesreview",
    namespaced: false,
};

/// May they?
pub static SUBJECT_ACCESS_REVIEWS: ReviewKind = ReviewKind {
    group: AUTHORIZATION,
    kind: "SubjectAccessReview",
    plural: "subjectaccessreviews",
    singular: "subjectaccessreview",
    namespaced: false,
};

/// May they, in this namespace? Its owner may ask without a right to ask about all the others.
pub static LOCAL_SUBJECT_ACCESS_REVIEWS: ReviewKind = ReviewKind {
    group: AUTHORIZATION,
    kind: "LocalSubjectAccessReview",
    plural: "localsubjectaccessreviews",
    singular: "localsubjectaccessreview",
    namespaced: true,
};

/// All of them, each group's in alphabetical order, as discovery lists them. They can only be
/// created: another verb on the collection is a 405, and below it there is nothing, 404.
pub static ALL: [&ReviewKind; 6] = [
    &SELF_SUBJECT_REVIEWS,
    &TOKEN_REVIEWS,
    &LOCAL_SUBJECT_ACCESS_REVIEWS,
    &SELF_SUBJECT_ACCESS_REVIEWS,
    &SELF_SUBJECT_RULES_REVIEWS,
    &SUBJECT_ACCESS_REVIEWS,
];

/// The kind that a path means: `find("authentication.k8s.io", "v1", "tokenreviews")`.
#[must_use]
pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static ReviewKind> {
    ALL.into_iter().find(|kind| kind.group == group && kind.plural == plural && version == "v1")
}

/// What the server's authenticators found out about a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// Whose it is, and which of the audiences asked for it is meant for.
    Of(User, Vec<String>),
    /// Nobody said anything about it.
    Nobodys,
    /// Why it is refused.
    Refused(String),
}

/// Whose token is this, if it is meant for one of `spec.audiences`, or else of `api_audiences`?
///
/// `authenticate` gets what a client that has the token would send as its `Authorization` header,
/// and the audiences. That is how the real server does it, with a consequence: of ` x`, with a
/// blank in front, the header is `Bearer  x`, which carries no token, so that where anonymous
/// requests are allowed this token "is authenticated" as `system:anonymous`.
///
/// # Errors
/// 400 without a token; 500 when an authenticator vouches for a token without saying what for.
pub fn token_review(
    body: &Body,
    api_audiences: &[String],
    authenticate: impl FnOnce(&str, &[String]) -> Credential,
) -> Result<Value, Refusal> {
    let spec = &body.fields["spec"];
    let token = spec["token"].as_str().unwrap_or_default();
    if token.is_empty() {
        return Err(Refusal::bad_request("token is required for TokenReview in authentication"));
    }
    let audiences = match texts(&spec["audiences"]) {
        none if none.is_empty() => api_audiences.to_vec(),
        audiences => audiences,
    };

    // What the client wrote into the status stays there where nothing else is known. It is no
    // answer: `authenticated` is missing.
    let sent = &body.fields["status"];
    let mut user = Some(&sent["user"]).filter(|user| user.is_object()).cloned();
    let mut good_for = sent["audiences"].clone();
    let mut error = sent["error"].clone();
    let mut status = Map::new();
    match authenticate(&format!("Bearer {token}"), &audiences) {
        Credential::Of(found, meant_for) => {
            if !audiences.is_empty() && !audiences.iter().any(|one| meant_for.contains(one)) {
                return Err(Refusal::internal("error validating audiences"));
            }
            status.insert("authenticated".into(), true.into());
            user = Some(user_info(&found));
            good_for = meant_for.into();
        }
        Credential::Nobodys => {}
        Credential::Refused(why) => error = why.into(),
    }
    status.insert("user".into(), user.unwrap_or_else(|| json!({})));
    put(&mut status, "audiences", good_for);
    put(&mut status, "error", error);

    let mut review = object(&TOKEN_REVIEWS, &metadata(body));
    review["spec"] = spec.clone();
    review["status"] = status.into();
    Ok(review)
}

/// Who am I? What the body says does not matter.
#[must_use]
pub fn self_subject_review(user: &User, now: DateTime<Utc>) -> Value {
    let now = now.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut review = object(&SELF_SUBJECT_REVIEWS, &Map::new());
    review["metadata"]["creationTimestamp"] = now.into();
    review["status"] = json!({"userInfo": user_info(user)});
    review
}

/// May I?
///
/// # Errors
/// 422 unless exactly one thing is asked for.
pub fn self_subject_access_review(
    body: &Body,
    user: &User,
    authorizer: &dyn Authorizer,
) -> Result<Value, Refusal> {
    refuse(&problems(body, None))?;
    Ok(access_review(&SELF_SUBJECT_ACCESS_REVIEWS, body, user, authorizer))
}

/// May they, whoever `spec` describes? Nothing of it is looked up: a user with groups that no
/// credential gave them is answered about all the same.
///
/// # Errors
/// 422 unless exactly one thing is asked for, about a user or groups.
pub fn subject_access_review(body: &Body, authorizer: &dyn Authorizer) -> Result<Value, Refusal> {
    let user = described(body);
    refuse(&problems(body, Some(&user)))?;
    Ok(access_review(&SUBJECT_ACCESS_REVIEWS, body, &user, authorizer))
}

/// May they, in the namespace of the path? Three places name it, and have to agree.
///
/// # Errors
/// 400 for the metadata of another namespace; 422 as [`subject_access_review`], and when the
/// question is not about this namespace.
pub fn local_subject_access_review(
    body: &Body,
    namespace: &str,
    authorizer: &dyn Authorizer,
) -> Result<Value, Refusal> {
    let sent = &body.fields["metadata"]["namespace"];
    if sent.as_str().is_some_and(|sent| sent != namespace) {
        return Err(Refusal::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    let user = described(body);
    let mut causes = spec_problems(body, Some(&user));
    let mut sent = metadata(body);
    if !sent.is_empty() {
        let at =
            usize::from(sent.contains_key("name")) + usize::from(sent.contains_key("generateName"));
        sent.shift_insert(at, "namespace".into(), namespace.into());
        causes.push(invalid("metadata", &sent.into(), "must be empty except for namespace"));
    }
    let (resource, path) =
        (&body.fields["spec"]["resourceAttributes"], &body.fields["spec"]["nonResourceAttributes"]);
    let asked = resource["namespace"].as_str().unwrap_or_default();
    if resource.is_object() && asked != namespace {
        let field = "spec.resourceAttributes.namespace";
        causes.push(invalid(field, &asked.into(), "must match metadata.namespace"));
    }
    if path.is_object() {
        let why = "disallowed on this kind of request";
        causes.push(invalid("spec.nonResourceAttributes", &in_memory(path), why));
    }
    refuse(&causes)?;

    let mut review = access_review(&LOCAL_SUBJECT_ACCESS_REVIEWS, body, &user, authorizer);
    review["metadata"]["namespace"] = namespace.into();
    Ok(review)
}

/// The user that `spec` describes.
fn described(body: &Body) -> User {
    let spec = &body.fields["spec"];
    let extra = spec["extra"].as_object().into_iter().flatten();
    User {
        name: spec["user"].as_str().unwrap_or_default().to_owned(),
        uid: spec["uid"].as_str().unwrap_or_default().to_owned(),
        groups: texts(&spec["groups"]),
        extra: extra.map(|(key, values)| (key.clone(), texts(values))).collect(),
    }
}

/// What may I, in the namespace of `spec`?
///
/// # Errors
/// 400 without a namespace.
pub fn self_subject_rules_review(
    body: &Body,
    user: &User,
    authorizer: &dyn Authorizer,
) -> Result<Value, Refusal> {
    let namespace = body.fields["spec"]["namespace"].as_str();
    let Some(namespace) = namespace else {
        return Err(Refusal::bad_request("no namespace on request"));
    };

    let known = authorizer.rules_for(user, namespace);
    let (mut on_resources, mut on_paths) = (Vec::new(), Vec::new());
    for rule in &known.rules {
        if !rule.resources.is_empty() {
            let mut shown = Map::new();
            shown.insert("verbs".into(), json!(rule.verbs));
            put(&mut shown, "apiGroups", json!(rule.api_groups));
            put(&mut shown, "resources", json!(rule.resources));
            put(&mut shown, "resourceNames", json!(rule.resource_names));
            on_resources.push(shown);
        }
        if !rule.non_resource_urls.is_empty() {
            on_paths.push(json!({"verbs": rule.verbs, "nonResourceURLs": rule.non_resource_urls}));
        }
    }
    let mut status = Map::new();
    status.insert("resourceRules".into(), json!(on_resources));
    status.insert("nonResourceRules".into(), json!(on_paths));
    status.insert("incomplete".into(), known.incomplete.into());
    put(&mut status, "evaluationError", known.error.unwrap_or_default().into());

    let mut review = object(&SELF_SUBJECT_RULES_REVIEWS, &Map::new());
    // Not even the namespace is repeated.
    review["spec"] = json!({});
    review["status"] = status.into();
    Ok(review)
}

/// Asks the authorizer what `spec` asks for.
fn access_review(
    kind: &ReviewKind,
    body: &Body,
    user: &User,
    authorizer: &dyn Authorizer,
) -> Value {
    let spec = &body.fields["spec"];
    let is_resource = spec["resourceAttributes"].is_object();
    let asked =
        if is_resource { &spec["resourceAttributes"] } else { &spec["nonResourceAttributes"] };
    let word = |name: &str| asked[name].as_str().unwrap_or_default();
    let decision = authorizer.authorize(&Attributes {
        user,
        verb: word("verb"),
        api_group: word("group"),
        resource: word("resource"),
        subresource: word("subresource"),
        namespace: word("namespace"),
        name: word("name"),
        path: word("path"),
        is_resource,
    });

    let mut status = Map::new();
    status.insert("allowed".into(), decision.allowed().into());
    put(&mut status, "denied", matches!(decision, Decision::Deny { .. }).into());
    put(&mut status, "reason", decision.reason().into());
    let mut review = object(kind, &Map::new());
    review["spec"] = spec.clone();
    review["status"] = status.into();
    review
}

/// What is wrong with a question, and with the user that it is about where that is somebody else.
fn problems(body: &Body, user: Option<&User>) -> Vec<Cause> {
    let mut causes = spec_problems(body, user);
    let metadata = metadata(body);
    if !metadata.is_empty() {
        causes.push(invalid("metadata", &metadata.into(), "must be empty"));
    }
    causes
}

fn refuse(causes: &[Cause]) -> Result<(), Refusal> {
    if causes.is_empty() {
        return Ok(());
    }
    // What it is that is invalid the real server forgets to say: its sentence begins with a dot.
    Err(Refusal::invalid(Kind { group: AUTHORIZATION, resource: "" }, "", causes))
}

/// The real server shows what it has in memory, where fields are capitalised.
fn in_memory(path: &Value) -> Value {
    let word = |name: &str| path[name].as_str().unwrap_or_default();
    match path {
        Value::Null => Value::Null,
        _ => json!({"Path": word("path"), "Verb": word("verb")}),
    }
}

fn spec_problems(body: &Body, user: Option<&User>) -> Vec<Cause> {
    let spec = &body.fields["spec"];
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let mut causes = Vec::new();

    if resource.is_object() == path.is_object() {
        let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
        causes.push(invalid("spec", &in_memory(path), why));
    }
    if user.is_some_and(|user| user.name.is_empty() && user.groups.is_empty()) {
        let why = "at least one of user or group must be specified";
        causes.push(invalid("spec.user", &"".into(), why));
    }
    for selector in ["fieldSelector", "labelSelector"] {
        let (raw, requirements) =
            (&resource[selector]["rawSelector"], &resource[selector]["requirements"]);
        let at = format!("spec.resourceAttributes.{selector}");
        if !raw.is_null() && !requirements.is_null() {
            let why = "may not specified at the same time as requirements";
            causes.push(invalid(&format!("{at}.rawSelector"), raw, why));
        } else if resource[selector].is_object() && raw.is_null() && requirements.is_null() {
            causes.push(Cause {
                reason: "FieldValueRequired",
                field: format!("{at}.requirements"),
                message: format!(
                    "Required value: when {at} is specified, requirements or rawSelector is \
                     required"
                ),
            });
        }
    }
    causes
}

/// What of the metadata a real server repeats: a review has no namespace, uid or dates of its own.
fn metadata(body: &Body) -> Map<String, Value> {
    let mut metadata = body.fields["metadata"].as_object().cloned().unwrap_or_default();
    for field in [
        "namespace",
        "selfLink",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "managedFields",
    ] {
        metadata.shift_remove(field);
    }
    metadata
}

/// A user as reviews and the audit log show one.
pub(crate) fn user_info(user: &User) -> Value {
    let mut shown = Map::new();
    put(&mut shown, "username", user.name.as_str().into());
    put(&mut shown, "uid", user.uid.as_str().into());
    put(&mut shown, "groups", json!(user.groups));
    put(&mut shown, "extra", json!(user.extra));
    shown.into()
}

fn texts(list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// What is wrong, after the value that is: text in quotation marks, objects as Go writes JSON, safe
/// for a page.
fn invalid(field: &str, value: &Value, why: &str) -> Cause {
    let shown = match value {
        Value::String(text) => quoted(text),
        value => value
            .to_string()
            .replace('&', "\\u0026")
            .replace('<', "\\u003c")
            .replace('>', "\\u003e"),
    };
    Cause {
        reason: "FieldValueInvalid",
        field: field.to_owned(),
        message: format!("Invalid value: {shown}: {why}"),
    }
}

fn object(kind: &ReviewKind, metadata: &Map<String, Value>) -> Value {
    json!({"kind": kind.kind, "apiVersion": format!("{}/v1", kind.group), "metadata": metadata})
}

/// Adds a field, unless there is nothing in it: `omitempty` in Go.
pub(crate) fn put(object: &mut Map<String, Value>, name: &str, value: Value) {
    let nothing = match &value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    if !nothing {
        object.insert(name.to_owned(), value);
    }
}
