//! A lab cluster to talk to, and a client that sends just what a test says.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "tests; each uses a part")]

pub mod plain;
pub mod real;
pub mod recorded;
pub mod running;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use lab_cluster::registry::CountedIds;
use lab_cluster::{Flags, LabCluster, Options};
use narration::ManualClock;
use rustls::pki_types::ServerName;
use serde_json::Value;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Monday 23 November 2026, 12:00 UTC.
pub const NOON: i64 = 1_795_435_200;

/// A cluster with a clock that a test moves.
pub struct Lab {
    pub cluster: LabCluster,
    pub clock: ManualClock,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A certificate and its key, PEM.
pub type Certificate<'c> = (&'c str, &'c str);

impl Lab {
    /// Starts one with these flags, and what the function changes.
    pub async fn with(flags: &[&str], change: impl FnOnce(&mut Options)) -> Self {
        let clock = ManualClock::at(DateTime::from_timestamp(NOON, 0).unwrap());
        let flags = Flags::parse_from([&["lab-cluster", "--secure-port=0"], flags].concat());
        let mut options = Options {
            flags,
            clock: Arc::new(clock.clone()),
            ids: Arc::new(CountedIds::default()),
            signing_key: Some(signing::samples::lab_key()),
            ..Options::embedded()
        };
        change(&mut options);
        let cluster = LabCluster::start(options).await.unwrap();
        Self { cluster, clock }
    }

    pub async fn start(flags: &[&str]) -> Self {
        Self::with(flags, |_| {}).await
    }

    pub fn pass(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    pub fn now(&self) -> DateTime<Utc> {
        narration::Clock::now(&self.clock)
    }

    /// Sends a request as the administrator.
    pub async fn admin(&self, method: &str, path: &str, body: &str) -> Answer {
        let kubeconfig: Value = serde_saphyr::from_str(&self.cluster.admin_kubeconfig()).unwrap();
        let user = &kubeconfig["users"][0]["user"];
        let (certificate, key) =
            (decoded(&user["client-certificate-data"]), decoded(&user["client-key-data"]));
        self.send(Some((&certificate, &key)), &[], method, path, body.as_bytes()).await
    }

    /// Sends a request with a bearer token.
    pub async fn bearer(&self, token: &str, method: &str, path: &str, body: &str) -> Answer {
        let header = format!("Bearer {token}");
        self.send(None, &[("authorization", header.as_bytes())], method, path, body.as_bytes())
            .await
    }

    /// Gets a path with these headers and nothing else.
    pub async fn get(&self, path: &str, headers: &[(&str, &[u8])]) -> Answer {
        self.send(None, headers, "GET", path, b"").await
    }

    /// A TLS connection of its own.
    pub async fn connect(&self, certificate: Option<Certificate<'_>>) -> TlsStream<TcpStream> {
        let config = plain::trusting(self.cluster.ca_pem().as_bytes(), certificate);
        let stream = TcpStream::connect(self.cluster.address()).await.unwrap();
        let name = ServerName::from(self.cluster.address().ip());
        tokio_rustls::TlsConnector::from(config).connect(name, stream).await.unwrap()
    }

    /// Sends a request over a TLS connection of its own.
    pub async fn send(
        &self,
        certificate: Option<Certificate<'_>>,
        headers: &[(&str, &[u8])],
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Answer {
        let stream = self.connect(certificate).await;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);

        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "lab");
        }
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(body))).unwrap();
        let response: Response<Incoming> = sender.send_request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        drop(sender);
        let _ = connection.await;
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    /// A token for an account, by `TokenRequest`.
    pub async fn token(&self, namespace: &str, account: &str, spec: &str) -> String {
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token");
        let answer = self.admin("POST", &path, &format!(r#"{{"spec":{spec}}}"#)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["status"]["token"].as_str().unwrap().to_owned()
    }

    /// What the server says of a token in its log: the last trace's rejections.
    pub fn last_rejection(&self) -> String {
        let trace = self.cluster.traces().pop().unwrap();
        let said = trace.authenticators.iter().filter(|o| o.said.starts_with("rejected: "));
        said.map(|opinion| opinion.said["rejected: ".len()..].to_owned())
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// What is in base64 there.
pub fn decoded(value: &Value) -> String {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(value.as_str().unwrap()).unwrap();
    String::from_utf8(bytes).unwrap()
}
