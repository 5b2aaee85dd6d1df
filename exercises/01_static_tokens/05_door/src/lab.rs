//! A lab cluster with a door in it, and a client that sends just what it is told to.

use crate::Door;
use lab_cluster::trace::Opinion;
use lab_cluster::{LabCluster, Options};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(20);

const WHO_AM_I: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

/// A cluster that runs, on a free port of loopback, and knows static tokens by your door alone.
pub struct Lab {
    cluster: LabCluster,
    connector: TlsConnector,
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

        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(cluster.ca_pem().as_bytes());
        roots.add(authority.map_err(io::Error::other)?).map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { cluster, connector: TlsConnector::from(Arc::new(config)) })
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

    /// Sends one request over a TLS connection of its own.
    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> io::Result<Answer> {
        let mut request = Vec::new();
        write!(request, "POST {path} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n")?;
        for (name, value) in headers {
            write!(request, "{name}: {value}\r\n")?;
        }
        let length = body.len();
        write!(request, "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n")?;
        request.extend_from_slice(body.as_bytes());

        let exchange = self.exchange(&request);
        let response = tokio::time::timeout(PATIENCE, exchange).await??;
        let unreadable = || io::Error::other(format!("not an answer: {response}"));
        let (head, body) = response.split_once("\r\n\r\n").ok_or_else(unreadable)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let trace = self.cluster.traces().pop().unwrap_or_default();
        Ok(Answer {
            status: status.ok_or_else(unreadable)?,
            body: serde_json::from_str(body)?,
            log: trace.authenticators,
        })
    }

    async fn exchange(&self, request: &[u8]) -> io::Result<String> {
        let address = self.cluster.address();
        let connection = TcpStream::connect(address).await?;
        let mut connection =
            self.connector.connect(ServerName::from(address.ip()), connection).await?;
        connection.write_all(request).await?;
        let mut response = String::new();
        connection.read_to_string(&mut response).await?;
        Ok(response)
    }

    /// Stops it.
    pub async fn stop(self) {
        self.cluster.shutdown().await;
    }
}
