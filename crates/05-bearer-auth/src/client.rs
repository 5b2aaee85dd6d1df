//! The HTTPS client under [`kube::Client`].
//!
//! kube's ready-made stack does all of this but one thing: rustls checks the reader's *own*
//! certificate too, and takes only X.509 version 3. Since 1.34 the one in microk8s' kubeconfig is of
//! version 1 (its certificates are signed by openssl 3 without extensions, [microk8s#5447]), which
//! kube-apiserver and kubectl accept. So the certificate is handed to rustls unread.
//!
//! [microk8s#5447]: https://github.com/canonical/microk8s/issues/5447

use crate::Failure;
use base64::{Engine, engine::general_purpose::STANDARD};
use hyper_rustls::{FixedServerNameResolver, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client as Http, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::client::{Client, ConfigExt};
use kube::config::{AuthInfo, Config};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{Error as TlsError, InconsistentKeys};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;
use tower::{BoxError, ServiceBuilder};

/// How long to wait for a server to pick up: one that is there does so at once.
pub(crate) const PICKS_UP: Duration = Duration::from_secs(5);

/// A client that talks to the cluster of `config`, with its token, if it has one, and this
/// certificate, if there is one.
///
/// # Errors
/// When there is nothing to check the server's certificate against, or the token fits no header.
pub fn connect(config: &Config, certificate: Option<&Certificate>) -> Result<Client, Failure> {
    let mut without_user = config.clone();
    without_user.auth_info = AuthInfo::default();
    let mut tls = without_user.rustls_client_config()?;
    if let Some(Certificate(key)) = certificate {
        tls.client_auth_cert_resolver = Arc::clone(key) as _;
    }

    let mut https = HttpsConnectorBuilder::new().with_tls_config(tls).https_only();
    if let Some(name) = &config.tls_server_name {
        let name = ServerName::try_from(name.clone()).map_err(|_| Failure::ServerName)?;
        https = https.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(PICKS_UP));

    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(
            Http::builder(TokioExecutor::new()).build(https.enable_http1().wrap_connector(tcp)),
        );
    Ok(Client::new(service, config.default_namespace.clone()))
}

/// A client's certificate and its private key: the other way to say who one is, shown in the TLS
/// handshake, before there is any request or header.
#[derive(Clone)]
pub struct Certificate(Arc<SingleCertAndKey>);

/// Why there is no certificate to be had from a kubeconfig that names one.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A certificate without a key, or a key without a certificate.
    #[error("it has a {has} and no {lacks}")]
    Half {
        /// What is there.
        has: &'static str,
        /// What is not.
        lacks: &'static str,
    },
    /// The file that holds it can't be read.
    #[error("its {what} cannot be read: {path}: {source}")]
    Unreadable {
        /// `client-certificate` or `client-key`.
        what: &'static str,
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not base64, PEM, a certificate, or a key.
    #[error("its {what} is no {wanted}")]
    Unfit {
        /// `client-certificate-data`, or one of its like.
        what: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// The one does not belong to the other.
    #[error("its client-key is not the key of its client-certificate")]
    Strangers,
}

impl Certificate {
    /// The certificate of a kubeconfig's user, from the file itself (`client-certificate-data`) or
    /// from beside it (`client-certificate`). `None` when the user has none.
    ///
    /// # Errors
    /// When half of it is missing, or it can't be read.
    pub fn of(user: &AuthInfo) -> Result<Option<Self>, CertificateError> {
        let key_data = user.client_key_data.as_ref().map(ExposeSecret::expose_secret);
        let certificate = pem(
            "client-certificate",
            user.client_certificate_data.as_deref(),
            user.client_certificate.as_deref(),
        )?;
        let key = pem("client-key", key_data, user.client_key.as_deref())?;

        let half = |has, lacks| Err(CertificateError::Half { has, lacks });
        match (certificate, key) {
            (None, None) => Ok(None),
            (Some(_), None) => half("client-certificate", "client-key"),
            (None, Some(_)) => half("client-key", "client-certificate"),
            (Some(certificate), Some(key)) => Self::from_pem(&certificate, &key).map(Some),
        }
    }

    fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        let unfit = |what, wanted| CertificateError::Unfit { what, wanted };
        let not_a_certificate = || unfit("client-certificate", "certificate in PEM");
        let not_a_key = || unfit("client-key", "private key in PEM");

        let chain = CertificateDer::pem_slice_iter(certificate)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| not_a_certificate())?;
        if chain.is_empty() {
            return Err(not_a_certificate());
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| not_a_key())?;
        let key = default_provider().key_provider.load_private_key(key).map_err(|_| not_a_key())?;

        let pair = CertifiedKey::new(chain, key);
        // A certificate of version 1 can't be compared; the server will, in the handshake.
        if let Err(TlsError::InconsistentKeys(InconsistentKeys::KeyMismatch)) = pair.keys_match() {
            return Err(CertificateError::Strangers);
        }
        Ok(Self(Arc::new(SingleCertAndKey::from(pair))))
    }
}

/// What stands in the kubeconfig goes before what it points to.
fn pem(
    what: &'static str,
    data: Option<&str>,
    path: Option<&str>,
) -> Result<Option<Vec<u8>>, CertificateError> {
    match (data.filter(|data| !data.is_empty()), path) {
        (Some(data), _) => {
            let decoded = STANDARD.decode(data.trim());
            decoded.map(Some).map_err(|_| CertificateError::Unfit { what, wanted: "base64" })
        }
        (None, Some(path)) => {
            let unreadable =
                |source| CertificateError::Unreadable { what, path: path.to_owned(), source };
            std::fs::read(path).map(Some).map_err(unreadable)
        }
        (None, None) => Ok(None),
    }
}
