//! What an exercise asks a lab cluster with: a client that sends just what it is told to, over TLS,
//! and trusts this one cluster. Shared by the exercises that are built with the lab.

use lab_cluster::LabCluster;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client of one cluster.
pub(crate) struct Client {
    address: SocketAddr,
    connector: TlsConnector,
}

impl Client {
    /// Trusts the authority that signed the cluster's certificate, and no other.
    ///
    /// # Errors
    /// When the cluster's certificates can't be used.
    pub(crate) fn of(cluster: &LabCluster) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(cluster.ca_pem().as_bytes());
        roots.add(authority.map_err(io::Error::other)?).map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Self { address: cluster.address(), connector })
    }

    /// Sends one request over a TLS connection of its own. Answers the HTTP status, and the document
    /// that came with it.
    ///
    /// # Errors
    /// Those of the connection; an answer that is none.
    pub(crate) async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> io::Result<(u16, Value)> {
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let headers = headers.concat();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n{headers}\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let exchange = tokio::time::timeout(PATIENCE, self.exchange(request.as_bytes())).await?;
        let hung_up = "the lab hung up without an answer; did your code panic (see above)?";
        let response = exchange.map_err(|error| io::Error::other(format!("{hung_up} {error}")))?;
        let unreadable = || io::Error::other(format!("not an answer: {response}"));
        let (head, body) = response.split_once("\r\n\r\n").ok_or_else(unreadable)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Ok((status.ok_or_else(unreadable)?, serde_json::from_str(body)?))
    }

    async fn exchange(&self, request: &[u8]) -> io::Result<String> {
        let connection = TcpStream::connect(self.address).await?;
        let name = ServerName::from(self.address.ip());
        let mut connection = self.connector.connect(name, connection).await?;
        connection.write_all(request).await?;
        let mut response = String::new();
        connection.read_to_string(&mut response).await?;
        Ok(response)
    }
}
