//! A lab cluster with a door in it, and a client that sends just what it is told to.

use crate::Door;
use crate::lab_client::Client;
use lab_cluster::trace::Opinion;
use lab_cluster::{LabCluster, Options};
use serde_json::Value;
use std::io;
use std::sync::Arc;

const WHO_AM_I: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

/// A cluster that runs, on a free port of loopback, and knows static tokens by your door alone.
pub struct Lab {
    cluster: LabCluster,
    client: Client,
}

/// What came back, and what the server keeps to itself.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The document that was sent.
    pub body: Value,
    /// What each authenticator said, in the order in which they were asked.
    pub log: Vec<Opinion>,
}

impl Lab {
    /// Starts a cluster with this door: who is known may do everything, as on microk8s. With `RBAC`
    /// a request without a token is let in as `system:anonymous`, who may do next to nothing.
    ///
    /// # Errors
    /// Whatever keeps it from starting.
    pub async fn start(door: Door, authorization_mode: &str) -> io::Result<Self> {
        let mut options = Options::embedded();
        options.flags.authorization_mode = vec![authorization_mode.to_owned()];
        options.static_tokens = Some(Arc::new(door));
        // The course's key: making one takes a second.
        options.signing_key = Some(signing::samples::lab_key());
        let cluster = LabCluster::start(options).await.map_err(io::Error::other)?;
        let client = Client::of(&cluster)?;
        Ok(Self { cluster, client })
    }

    /// Asks who one is, as `kubectl auth whoami` does, with these headers.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn who_am_i(&self, headers: &[(&str, &str)]) -> io::Result<Answer> {
        let question = r#"{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}"#;
        self.post(WHO_AM_I, headers, question).await
    }

    /// A new token of the account that every pod of the namespace `default` has, as
    /// `kubectl create token default` gets it.
    ///
    /// # Errors
    /// Those of the connection, and a refusal.
    pub async fn service_account_token(&self, of_admin: &str) -> io::Result<String> {
        let path = "/api/v1/namespaces/default/serviceaccounts/default/token";
        let authorization = format!("Bearer {of_admin}");
        let headers = [("Authorization", authorization.as_str())];
        let Answer { status, body, .. } = self.post(path, &headers, "{}").await?;
        let token = body["status"]["token"].as_str();
        token.map(str::to_owned).ok_or_else(|| {
            io::Error::other(format!(
                "the admin asked the lab for a service account's token, and the answer was \
                 {status}: does the door know the admin?"
            ))
        })
    }

    /// Sends one request, and looks up what the authenticators said of it.
    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> io::Result<Answer> {
        let (status, body) = self.client.post(path, headers, body).await?;
        let trace = self.cluster.traces().pop().unwrap_or_default();
        Ok(Answer { status, body, log: trace.authenticators })
    }

    /// Stops it.
    pub async fn stop(self) {
        self.cluster.shutdown().await;
    }
}
