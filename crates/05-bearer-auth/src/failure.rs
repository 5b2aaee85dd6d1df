//! Why a request brought nothing, and what to do now.

use crate::client::{CertificateError, PICKS_UP};
use kube::core::Status;
use rustls::{CertificateError as Peer, Error as TlsError};
use std::error::Error;
use std::io;
use std::time::Duration;

/// A request that brought no answer, or a no.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The server answered with an error: 401, 403, 404, 422.
    #[error("{}", said(.0))]
    Refused(Box<Status>),
    /// Nobody listens there.
    #[error("nobody answers at the cluster's address: connection refused")]
    NobodyThere,
    /// The name leads nowhere.
    #[error("the cluster's host name leads nowhere: {0}")]
    NoSuchHost(String),
    /// It went on for too long.
    #[error("no answer within {} seconds", .0.as_secs())]
    TimedOut(Duration),
    /// The server's certificate proves nothing to us.
    #[error("the server's certificate is not to be trusted: {0}")]
    Untrusted(String),
    /// TLS failed for another reason.
    #[error("no TLS connection: {0}")]
    Tls(TlsError),
    /// `tls-server-name` is no name.
    #[error("the kubeconfig's tls-server-name is neither a DNS name nor an IP address")]
    ServerName,
    /// The kubeconfig's client certificate can't be used.
    #[error("the kubeconfig's user can't be used: {0}")]
    Certificate(#[from] CertificateError),
    /// It answered, but not as a Kubernetes API server.
    #[error("the answer is not what a Kubernetes API server says: {0}")]
    NotKubernetes(String),
    /// Anything else.
    #[error("the request failed: {0}")]
    Other(String),
}

impl Failure {
    /// The HTTP status, when there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(status) => Some(status.code),
            _ => None,
        }
    }

    /// What a reader can do now.
    #[must_use]
    pub fn advice(&self) -> &'static [&'static str] {
        match self {
            Self::NobodyThere | Self::TimedOut(_) => &[
                "is it running? `microk8s status`, and `microk8s start` if not",
                "did its address change? `microk8s config > FILE` writes a new kubeconfig",
            ],
            Self::NoSuchHost(_) => &["look at `server:` in the kubeconfig"],
            Self::Untrusted(_) => {
                &["certificates made anew? `microk8s config > FILE` writes a kubeconfig with the \
                 authority of today"]
            }
            Self::Tls(_) => &["look at `server:` in the kubeconfig: is that an API server's port?"],
            Self::Refused(status) if status.code == 404 => {
                &["which accounts are there? `microk8s kubectl get serviceaccounts -A`"]
            }
            Self::Refused(status) if status.code == 401 => &[
                "are the kubeconfig's credentials still good? `microk8s config > FILE` writes \
                 today's",
                "the reason is in the server's log only: `journalctl -u snap.microk8s.daemon-kubelite`",
            ],
            Self::Refused(status) if status.code == 403 => {
                &["the server knows who this is, and its authorizer says no: try another user"]
            }
            _ => &[],
        }
    }
}

/// The server's own sentence, with the number in front that stands in its status line.
fn said(status: &Status) -> String {
    let message = if status.message.is_empty() { &status.reason } else { &status.message };
    format!("{} {message}", status.code)
}

impl From<kube::Error> for Failure {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::Refused(status),
            kube::Error::SerdeError(why) => Self::NotKubernetes(why.to_string()),
            kube::Error::FromUtf8(_) => Self::NotKubernetes("it is no text".to_owned()),
            other => Self::of_connection(&other),
        }
    }
}

impl Failure {
    /// The cause lies at the end of a chain: kube, hyper, its connector, the TLS stream, the socket.
    fn of_connection(error: &(dyn Error + 'static)) -> Self {
        let mut last = error;
        let mut next = Some(error);
        while let Some(error) = next {
            last = unwrapped(error);
            if let Some(tls) = last.downcast_ref::<TlsError>() {
                return Self::of_tls(tls);
            }
            if let Some(found) = last.downcast_ref::<io::Error>().and_then(Self::of_socket) {
                return found;
            }
            // The resolver's error has no kind of its own.
            if last.to_string().contains("lookup address") {
                return Self::NoSuchHost(last.to_string());
            }
            next = last.source();
        }
        Self::Other(last.to_string())
    }

    fn of_tls(error: &TlsError) -> Self {
        let TlsError::InvalidCertificate(peer) = error else {
            return Self::Tls(error.clone());
        };
        Self::Untrusted(match peer {
            Peer::UnknownIssuer => {
                "the authority in the kubeconfig (certificate-authority-data) did not sign it"
                    .to_owned()
            }
            Peer::Expired | Peer::ExpiredContext { .. } => "it has expired".to_owned(),
            Peer::NotValidYet | Peer::NotValidYetContext { .. } => {
                "it is not valid yet; is your clock right?".to_owned()
            }
            Peer::NotValidForName | Peer::NotValidForNameContext { .. } => {
                "it was not made for the address in the kubeconfig (server, or tls-server-name)"
                    .to_owned()
            }
            other => other.to_string(),
        })
    }

    fn of_socket(error: &io::Error) -> Option<Self> {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Some(Self::NobodyThere),
            io::ErrorKind::TimedOut => Some(Self::TimedOut(PICKS_UP)),
            _ => None,
        }
    }
}

/// An [`io::Error`] may wrap another error, even another of its kind, and skips it when asked for
/// its source.
fn unwrapped<'e>(error: &'e (dyn Error + 'static)) -> &'e (dyn Error + 'static) {
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    inner.map_or(error, |inner| unwrapped(inner))
}
