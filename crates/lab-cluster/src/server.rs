//! The door: TLS, and the limits that keep one client from hurting the others. What a request means
//! is decided in [`crate::api`].

use crate::api::{Api, Peer};
use crate::pki::Identity;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// Connections at a time; the next one waits at the door.
const MAX_CONNECTIONS: usize = 4096;
/// A handshake that takes longer is no client of ours.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// So must all headers of a request have come by then.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// All headers together, bytes: as Go's `DefaultMaxHeaderBytes`. A longer request is 431.
const MAX_HEADER_BYTES: usize = 1 << 20;
/// Requests at a time on one HTTP/2 connection.
const MAX_STREAMS: u32 = 250;
/// How long a stopping server waits for what is in flight.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// The TLS side of the server: its own certificate, and a client's if it has one. TLS 1.2 and up.
///
/// # Errors
/// When certificate and key do not fit each other, or are no PEM.
pub fn tls(server: &Identity, provider: &Arc<CryptoProvider>) -> Result<TlsAcceptor, TlsError> {
    let chain = CertificateDer::pem_slice_iter(server.certificate.as_bytes())
        .collect::<Result<Vec<_>, _>>()?;
    if chain.is_empty() {
        return Err(TlsError::NoPem("certificate"));
    }
    let key =
        PrivateKeyDer::from_pem_slice(server.key.as_bytes()).map_err(|_| TlsError::NoPem("key"))?;
    let mut config = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(AnyCertificate(provider.clone())))
        .with_single_cert(chain, key)
        .map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => TlsError::Mismatch,
            error => TlsError::Tls(error),
        })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Certificates that a server can't use.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// No PEM, or a broken one.
    #[error("cannot read the server's certificate or key: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// Nothing that could be one.
    #[error("tls: failed to find any PEM data in {0} input")]
    NoPem(&'static str),
    /// The key is another one's.
    #[error("tls: private key does not match public key")]
    Mismatch,
    /// They do not fit.
    #[error("cannot use the server's certificate: {0}")]
    Tls(#[from] rustls::Error),
}

/// Takes connections until `stop` says so, then lets what is in flight finish.
pub async fn serve(
    listener: TcpListener,
    tls: TlsAcceptor,
    api: Arc<Api>,
    mut stop: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { break };
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => break,
        };
        let Ok((stream, _)) = stream else {
            // Out of file descriptors, most likely: others have to leave first.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (tls, api, watcher) = (tls.clone(), api.clone(), graceful.watcher());
        tokio::spawn(async move {
            connection(stream, &tls, api, watcher).await;
            drop(place);
        });
    }
    drop(listener);
    let _ = timeout(DRAIN_TIMEOUT, graceful.shutdown()).await;
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn connection(
    stream: TcpStream,
    tls: &TlsAcceptor,
    api: Arc<Api>,
    watcher: hyper_util::server::graceful::Watcher,
) {
    // An answer goes out at once, however small.
    let _ = stream.set_nodelay(true);
    let peer = stream.peer_addr().ok();
    let Ok(Ok(stream)) = timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await else { return };
    let certificates: Arc<[CertificateDer<'static>]> =
        stream.get_ref().1.peer_certificates().unwrap_or_default().into();

    let service = service_fn(move |mut request: Request<Incoming>| {
        let (api, certificates) = (api.clone(), certificates.clone());
        if let Some(peer) = peer {
            request.extensions_mut().insert(Peer(peer.ip()));
        }
        async move { Ok::<_, Infallible>(api.answer(request, &certificates).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(MAX_HEADER_BYTES).unwrap_or(u32::MAX))
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(HEADER_TIMEOUT);
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    // A client that breaks off, or talks nonsense, ends its own connection and nothing else.
    let _ = watcher.watch(connection).await;
}

/// Lets any client certificate through the handshake, as Go's `RequestClientCert` does: TLS proves
/// that the client holds its key, and [`crate::authn::x509`] decides whether it is worth anything.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
