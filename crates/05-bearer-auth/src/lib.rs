//! Chapter 5: how can I use it, and where is it stored?
//!
//! A token is used by sending it: in the header `Authorization`, behind the word `Bearer`, over
//! HTTPS ([RFC 6750, section 2.1][1]). That is all that any client does with it, kubectl included.
//!
//! ```text
//! GET /api/v1/pods HTTP/1.1
//! Host: 127.0.0.1:16443
//! Authorization: Bearer eyJhbGciOiJSUzI1...
//! ```
//!
//! This crate gets such a token from an API server ([`create_token`]), sends it ([`get`]), asks who
//! the server takes its bearer for ([`who_am_i`], [`review`]) and what they may do ([`may_i`]), and
//! looks for a copy of it in every object of the cluster ([`search`]). All of it works the same on
//! the lab cluster and on a real one ([`Cluster`]).
//!
//! [1]: https://www.rfc-editor.org/rfc/rfc6750#section-2.1

use chrono::{DateTime, Utc};
use http::Request;
use http::header::{ACCEPT, AUTHORIZATION, HOST};
use jwt_anatomy::{Claims, ServiceAccountName, UnverifiedToken};
use k8s_openapi::api::authentication::v1::{
    SelfSubjectReview, TokenRequest, TokenRequestSpec, TokenReview, TokenReviewSpec,
    TokenReviewStatus, UserInfo,
};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
    SubjectAccessReviewStatus,
};
use k8s_openapi::api::core::v1::{Pod, ServiceAccount};
use kube::api::{Api, ListParams, PostParams};
use kube::client::Client;

mod answer;
pub mod client;
pub mod cluster;
mod failure;
pub mod lab;
pub mod search;
mod token;
pub mod tool;
pub mod walk;

pub(crate) use answer::in_time;
pub use answer::{Answer, send};
pub use cluster::Cluster;
pub use failure::Failure;
pub use token::{BearerToken, NotAToken};

/// kubectl asks for so many objects at a time, and so do we.
pub(crate) const PAGE: u32 = 500;

/// What to ask of the server besides "a token, please".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Who is to accept it (`--audience`). None: the API server itself.
    pub audiences: Vec<String>,
    /// How long it is to live, in seconds (`--duration`). None: as long as the server likes, which
    /// is an hour.
    pub seconds: Option<i64>,
}

/// A fresh token, and until when the server says it is good.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The token.
    pub token: BearerToken,
    /// UTC. Chapter 4: the `exp` inside can lie a year later.
    pub expires_at: DateTime<Utc>,
}

/// Asks for a token that makes its bearer this account: a [`TokenRequest`][1]. It is a POST, but
/// nothing is saved by it; the token is made, signed and handed over.
///
/// # Errors
/// 404 when there is no such account, 403 when one may not, 422 for a lifetime out of bounds.
///
/// [1]: https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
pub async fn create_token(
    client: &Client,
    account: &ServiceAccountName,
    wishes: &Wishes,
) -> Result<Issued, Failure> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), &account.namespace);
    let question = token_request(wishes);
    let plain = PostParams::default();
    let answer = in_time(accounts.create_token_request(&account.name, &plain, &question)).await?;
    let status =
        answer.status.ok_or_else(|| answer::incomplete("a TokenRequest without status"))?;

    let token = status.token.ok_or_else(|| answer::incomplete("a TokenRequest without a token"))?;
    let token =
        BearerToken::read(&token).map_err(|error| answer::incomplete(&error.to_string()))?;
    // kube tells time by jiff, and this course by chrono.
    let expires_at = status
        .expiration_timestamp
        .and_then(|time| DateTime::from_timestamp(time.0.as_second(), 0))
        .ok_or_else(|| answer::incomplete("a TokenRequest without an expiry"))?;
    Ok(Issued { token, expires_at })
}

/// The body of that request.
#[must_use]
pub fn token_request(wishes: &Wishes) -> TokenRequest {
    let spec = TokenRequestSpec {
        audiences: Some(wishes.audiences.clone()).filter(|audiences| !audiences.is_empty()),
        expiration_seconds: wishes.seconds,
        ..TokenRequestSpec::default()
    };
    TokenRequest { spec: Some(spec), ..TokenRequest::default() }
}

/// What a token says of itself (chapter 2). `None` for a token that says nothing: one out of
/// `known_tokens.csv` (chapter 1), say.
#[must_use]
pub fn unverified_claims(token: &BearerToken) -> Option<Claims> {
    UnverifiedToken::read(token.secret()).ok()?.unverified_claims().ok()
}

/// The whole of authenticating by token: one header of a request.
///
/// # Errors
/// When `path` is no path.
pub fn get(path: &str, host: &str, header: &str, value: &str) -> http::Result<Request<Vec<u8>>> {
    let request = Request::get(path).header(HOST, host).header(ACCEPT, "application/json");
    let request = if header.is_empty() { request } else { request.header(header, value) };
    request.body(Vec::new())
}

/// `Authorization: Bearer TOKEN`, in two halves.
#[must_use]
pub fn bearer(token: &BearerToken) -> (&'static str, String) {
    (AUTHORIZATION.as_str(), format!("Bearer {}", token.secret()))
}

/// Who does the server take us for? `kubectl auth whoami`, since 1.28.
///
/// # Errors
/// 401 when it does not know us, 403 when we are anonymous.
pub async fn who_am_i(client: &Client) -> Result<UserInfo, Failure> {
    let api: Api<SelfSubjectReview> = Api::all(client.clone());
    let review = in_time(api.create(&PostParams::default(), &SelfSubjectReview::default())).await?;
    let user = review.status.and_then(|status| status.user_info);
    user.ok_or_else(|| answer::incomplete("a SelfSubjectReview without a user"))
}

/// Whose token is this, and is it for one of `audiences`? What a service asks that was handed a
/// token and has no key to check it with. Nothing is saved by it.
///
/// # Errors
/// 403 when *we* may not ask. That the token is bad is an answer.
pub async fn review(
    client: &Client,
    token: &BearerToken,
    audiences: &[String],
) -> Result<TokenReviewStatus, Failure> {
    let api: Api<TokenReview> = Api::all(client.clone());
    let spec = TokenReviewSpec {
        token: token.secret().to_owned(),
        audiences: Some(audiences.to_vec()).filter(|audiences| !audiences.is_empty()),
    };
    let question = TokenReview { spec, ..TokenReview::default() };
    let review = in_time(api.create(&PostParams::default(), &question)).await?;
    review.status.ok_or_else(|| answer::incomplete("a TokenReview without status"))
}

/// May we do this, in every namespace? `kubectl auth can-i VERB RESOURCE -A`.
///
/// # Errors
/// 401 when the server does not know us.
pub async fn may_i(
    client: &Client,
    verb: &str,
    group: &str,
    resource: &str,
) -> Result<SubjectAccessReviewStatus, Failure> {
    let api: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let attributes = ResourceAttributes {
        verb: Some(verb.to_owned()),
        group: Some(group.to_owned()),
        resource: Some(resource.to_owned()),
        ..ResourceAttributes::default()
    };
    let spec = SelfSubjectAccessReviewSpec {
        resource_attributes: Some(attributes),
        non_resource_attributes: None,
    };
    let question = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
    let review = in_time(api.create(&PostParams::default(), &question)).await?;
    review.status.ok_or_else(|| answer::incomplete("a SelfSubjectAccessReview without status"))
}

/// The pods of all namespaces: `kubectl get pods --all-namespaces`.
///
/// # Errors
/// 401 when the server does not know us, 403 when we may not.
pub async fn pods(client: &Client) -> Result<Vec<Pod>, Failure> {
    let api: Api<Pod> = Api::all(client.clone());
    let mut pods = Vec::new();
    let mut page = ListParams::default().limit(PAGE);
    loop {
        let list = in_time(api.list(&page)).await?;
        pods.extend(list.items);
        match list.metadata.continue_.filter(|more| !more.is_empty()) {
            Some(more) => page = page.continue_token(&more),
            None => return Ok(pods),
        }
    }
}
