//! The door: TLS, and the limits that keep one client from hurting the others. What a request means
//! is decided in [`crate::api`].

use crate::api::{Api, Peer};
use crate::pki::Identity;
use crate::presence::{Presence, Worked};
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// Connections at a time, if there may be as many open files; the next one waits at the door.
const MAX_CONNECTIONS: usize = 4096;
/// Open files that are no connections: the store, the runtime's own, what is being read.
const OTHER_FILES: usize = 64;
/// A handshake that takes longer is no client of ours.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// So must all headers of a request have come by then.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// A client that asks nothing for so long has to connect anew: the real server's `IdleTimeout`.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// All headers together, bytes: as Go's `DefaultMaxHeaderBytes`. A longer request is 431.
const MAX_HEADER_BYTES: usize = 1 << 20;
/// Requests at a time on one HTTP/2 connection.
const MAX_STREAMS: u32 = 250;
/// HTTP/2 requests that were taken back before they were looked at, or that were wrong, on one
/// connection. A client that has more is thrown out (CVE-2023-44487, CVE-2025-8671).
const MAX_RESET_STREAMS: usize = 100;
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

/// How many connections there is room for: as many as there may be open files, and no more than
/// enough.
#[cfg(unix)]
fn places() -> usize {
    use rustix::process::{Resource, getrlimit};
    let files = getrlimit(Resource::Nofile).current.and_then(|files| usize::try_from(files).ok());
    let files = files.unwrap_or(usize::MAX);
    files.saturating_sub(OTHER_FILES).clamp(1, MAX_CONNECTIONS)
}

#[cfg(not(unix))]
fn places() -> usize {
    MAX_CONNECTIONS
}

/// Lets the process open as many files as the system allows it, as every Go program does: shells
/// give 1024 or 256, and a connection is one. For a program that is a server and nothing else.
pub fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let enough = (MAX_CONNECTIONS + OTHER_FILES) as u64;
        let wanted = maximum.map_or(enough, |maximum| maximum.min(enough));
        if current.is_some_and(|current| current < wanted) {
            // Refused? Then there are fewer places.
            let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
        }
    }
}

/// Takes connections until `stop` says so, then lets what is in flight finish.
pub async fn serve(
    listener: TcpListener,
    tls: TlsAcceptor,
    api: Arc<Api>,
    mut stop: watch::Receiver<bool>,
) {
    let places = places();
    let room = Arc::new(Semaphore::new(places));
    let (crowd, crowded) = watch::channel(false);
    let door = Door { tls, api, crowded, stop: stop.clone() };
    let mut refused = false;
    loop {
        // From seven eighths on, who is idle has to leave: the last places are for the next.
        let is_crowded = refused || room.available_permits() <= places / 8;
        crowd.send_if_modified(|known| std::mem::replace(known, is_crowded) != is_crowded);
        let next = async {
            let place = room.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, stream) = tokio::select! {
            next = next => next,
            () = stopped(&mut stop) => break,
        };
        refused = stream.is_err();
        let Ok((stream, _)) = stream else {
            // Out of file descriptors, most likely: others have to leave first.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let door = door.clone();
        tokio::spawn(async move {
            door.connection(stream).await;
            drop(place);
        });
    }
    drop(listener);
    let everyone = u32::try_from(places).unwrap_or(u32::MAX);
    let _ = timeout(DRAIN_TIMEOUT, room.acquire_many(everyone)).await;
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// What a connection needs.
#[derive(Clone)]
struct Door {
    tls: TlsAcceptor,
    api: Arc<Api>,
    /// Are places rare?
    crowded: watch::Receiver<bool>,
    stop: watch::Receiver<bool>,
}

impl Door {
    /// Answers what one client asks, until it leaves, idles for too long, or all has to stop.
    async fn connection(self, stream: TcpStream) {
        let Self { tls, api, crowded, mut stop } = self;
        let presence = Presence::begin();
        // An answer goes out at once, however small.
        let _ = stream.set_nodelay(true);
        let peer = stream.peer_addr().ok();
        let stream = tokio::select! {
            shaken = tls.accept(stream) => shaken,
            () = presence.overstays(HANDSHAKE_TIMEOUT, HANDSHAKE_TIMEOUT, crowded.clone()) => return,
        };
        let Ok(stream) = stream else { return };
        let certificates: Arc<[CertificateDer<'static>]> =
            stream.get_ref().1.peer_certificates().unwrap_or_default().into();
        // As in Go, HTTP/2 is for who asked for it in the handshake.
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");

        let presence = Presence::begin();
        let service = service_fn(|mut request: Request<Incoming>| {
            if let Some(peer) = peer {
                request.extensions_mut().insert(Peer(peer.ip()));
            }
            let (api, certificates, work) = (api.clone(), certificates.clone(), presence.work());
            async move {
                let answer = api.answer(request, &certificates).await;
                Ok::<_, Infallible>(answer.map(|body| Worked::new(body, work)))
            }
        });
        let builder = protocols();
        let builder = if http2 { builder.http2_only() } else { builder.http1_only() };
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        // A client that breaks off, or talks nonsense, ends its own connection and nothing else.
        tokio::select! {
            _ = connection.as_mut() => return,
            () = presence.overstays(HEADER_TIMEOUT, IDLE_TIMEOUT, crowded) => {}
            () = stopped(&mut stop) => {}
        }
        connection.as_mut().graceful_shutdown();
        let _ = timeout(DRAIN_TIMEOUT, connection).await;
    }
}

fn protocols() -> auto::Builder<TokioExecutor> {
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
        .max_pending_accept_reset_streams(MAX_RESET_STREAMS)
        .max_local_error_reset_streams(MAX_RESET_STREAMS)
        .max_header_list_size(u32::try_from(MAX_HEADER_BYTES).unwrap_or(u32::MAX))
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(HEADER_TIMEOUT);
    builder
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
