//! A request as it is, what came back for it, and how long to wait.

use crate::Failure;
use http::Request;
use http_body_util::{BodyExt, Limited};
use kube::client::{Body, Client};
use serde_json::Value;
use std::time::Duration;

/// How long an answer may take. A person waits at the other end.
pub(crate) const ANSWERS: Duration = Duration::from_secs(20);

/// A page of pods is some megabytes at most.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// What came back for a raw request.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON that came with it; null for anything else.
    pub body: Value,
}

impl Answer {
    /// Why not, for an answer that is an error (a [`Status`][kube::core::Status] object).
    #[must_use]
    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

/// Sends a request as it is. The client should be nobody ([`crate::Cluster::as_nobody`]), so that
/// what the request shows is all that the server sees.
///
/// # Errors
/// When no answer came. An answer that says no is an [`Answer`].
pub async fn send(client: &Client, request: Request<Vec<u8>>) -> Result<Answer, Failure> {
    let response = in_time(client.send(request.map(Body::from))).await?;
    let status = response.status().as_u16();
    let body = tokio::time::timeout(
        ANSWERS,
        Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect(),
    );
    let body = body.await.map_err(|_| Failure::TimedOut(ANSWERS))?;
    let body = body.map_err(|error| Failure::NotKubernetes(error.to_string()))?.to_bytes();
    Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or_default() })
}

/// Waits for an answer, and not for ever.
pub(crate) async fn in_time<T>(
    answer: impl Future<Output = kube::Result<T>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(ANSWERS, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Failure::TimedOut(ANSWERS)),
    }
}

pub(crate) fn incomplete(what: &str) -> Failure {
    Failure::NotKubernetes(what.to_owned())
}
