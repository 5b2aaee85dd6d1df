//! A client that sends just the lines it is given: one request a connection, as HTTP/1.0 has them,
//! so that no answer comes in chunks. The lab and a real server are asked by the same one.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "tests; each uses a part")]

use super::{Answer, Certificate};
use http::{HeaderMap, HeaderName};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use std::io::{Error, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// Sends a request to a server on loopback that shows a certificate of these authorities.
///
/// # Errors
/// When it does not listen, breaks off, or answers with something else than HTTP.
pub fn send(
    (address, authorities): (SocketAddr, &[u8]),
    certificate: Option<Certificate>,
    (method, path): (&str, &str),
    headers: &[(&str, &[u8])],
    body: &[u8],
) -> std::io::Result<Answer> {
    let config = trusting(authorities, certificate);
    let name = ServerName::from(address.ip());
    let session = rustls::ClientConnection::new(config, name).unwrap();
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut stream = rustls::StreamOwned::new(session, stream);

    let mut request = format!("{method} {path} HTTP/1.0\r\n").into_bytes();
    let length = body.len().to_string();
    let length =
        (method != "GET" || !body.is_empty()).then_some(("content-length", length.as_bytes()));
    for (name, value) in headers.iter().copied().chain(length) {
        request.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    request.extend([b"\r\n", body].concat());
    stream.write_all(&request)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    read(answer).ok_or_else(|| Error::other("that is no HTTP"))
}

/// Believes these authorities, and shows this certificate.
pub fn trusting(authorities: &[u8], certificate: Option<Certificate>) -> Arc<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    let certificates = CertificateDer::pem_slice_iter(authorities).filter_map(Result::ok);
    roots.add_parsable_certificates(certificates);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    Arc::new(match certificate {
        None => config.with_no_client_auth(),
        Some((chain, key)) => config
            .with_client_auth_cert(
                CertificateDer::pem_slice_iter(chain.as_bytes()).map(Result::unwrap).collect(),
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap(),
    })
}

fn read(answer: Vec<u8>) -> Option<Answer> {
    let answer = String::from_utf8(answer).ok()?;
    let (head, text) = answer.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers.append(name.parse::<HeaderName>().ok()?, value.parse().ok()?);
    }
    Some(Answer { status, headers, text: text.to_owned() })
}
