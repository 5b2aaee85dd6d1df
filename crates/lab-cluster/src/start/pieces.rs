//! The pieces that a cluster is put together of, each as its flags say.

use super::{Around, StartError};
use crate::audit::{Audit, Policy};
use crate::authn::TokenAuthenticator;
use crate::authz;
use crate::data_dir;
use crate::flags::{AuthorizationMode, Flags};
use crate::pki::Pki;
use crate::registry::Registry;
use crate::server;
use crate::views::StoredRoles;
use narration::Clock;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use signing::{KeySet, PublicKey, SigningKey};
use static_tokens::{Authenticator, TokenFile};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// TLS with the certificate that the flags name, or the lab's own.
pub(super) fn serving_tls(
    pki: &mut Pki,
    flags: &Flags,
    provider: &Arc<CryptoProvider>,
) -> Result<TlsAcceptor, StartError> {
    if let (Some(certificate), Some(key)) = (&flags.tls_cert_file, &flags.tls_private_key_file) {
        pki.serve_as(data_dir::read(certificate)?, data_dir::read(key)?);
    }
    server::tls(&pki.server, provider).map_err(|source| {
        let (file, own) = match &source {
            server::TlsError::NoPem("key") => (&flags.tls_private_key_file, "server.key"),
            _ => (&flags.tls_cert_file, "server.crt"),
        };
        StartError::Tls { path: file.clone().unwrap_or_else(|| own.into()), source }
    })
}

/// The audit log, if there is to be one.
pub(super) fn audit(
    flags: &Flags,
    clock: &Arc<dyn Clock>,
    notes: &mut Vec<String>,
) -> Result<Option<Arc<Audit>>, StartError> {
    let policy = flags.audit_policy_file.as_deref().map(Policy::open).transpose()?;
    let Some(path) = &flags.audit_log_path else {
        if policy.is_some() {
            notes.push("an audit policy without --audit-log-path: nothing is written".to_owned());
        }
        return Ok(None);
    };
    let policy = policy.unwrap_or_else(|| {
        notes.push(
            "No audit policy file provided: the lab's own writes of each request the metadata, and \
             no token. A real server would write nothing"
                .to_owned(),
        );
        Policy::metadata()
    });
    let written = policy.bodies_with_tokens();
    if !written.is_empty() {
        notes.push(format!(
            "the audit policy writes bodies of {}: who reads the log can use what is in it. The \
             level Metadata writes no token and no Secret",
            written.join(", ")
        ));
    }
    let audit = Audit::open(path, policy, clock.clone())
        .map_err(|source| StartError::AuditLog { path: path.clone(), source })?;
    Ok(Some(Arc::new(audit)))
}

/// Who decides, in the order of the modes.
pub(super) fn authorizers(modes: &[AuthorizationMode], registry: &Arc<Registry>) -> authz::Chain {
    modes.iter().fold(authz::Chain::default(), |chain, mode| match mode {
        AuthorizationMode::AlwaysAllow => chain.then("alwaysallow", authz::AlwaysAllow),
        AuthorizationMode::AlwaysDeny => chain.then("alwaysdeny", authz::AlwaysDeny),
        AuthorizationMode::Rbac => {
            chain.then("rbac", authz::rbac::Rbac(StoredRoles::new(registry.clone())))
        }
        AuthorizationMode::Node => chain,
    })
}

pub(super) fn put_around(
    members: Vec<Arc<dyn TokenAuthenticator>>,
    around: Option<Around>,
) -> Vec<Arc<dyn TokenAuthenticator>> {
    match around {
        Some(around) => members.into_iter().map(around).collect(),
        None => members,
    }
}

/// The keys that tokens are checked with: those named, or else the one that signs.
pub(super) fn verification_keys(
    flags: &Flags,
    signing_key: &SigningKey,
) -> Result<KeySet, StartError> {
    let mut keys = Vec::new();
    for path in &flags.service_account_key_file {
        let pem = data_dir::read(path)?;
        let read = PublicKey::all_from_pem(pem.as_bytes());
        keys.extend(read.map_err(|source| StartError::Key { path: path.clone(), source })?);
    }
    if keys.is_empty() {
        keys.push(signing_key.public_key());
    }
    Ok(KeySet::new(keys))
}

/// Who may vouch for client certificates: the file's authorities, or else the lab's own.
pub(super) fn client_authorities(flags: &Flags, pki: &Pki) -> Result<RootCertStore, StartError> {
    let (path, pem) = match &flags.client_ca_file {
        Some(path) => (path.as_path(), data_dir::read(path)?),
        None => (Path::new("ca.crt"), pki.authority.certificate.clone()),
    };
    let wrong = |why: String| StartError::ClientCa { path: path.into(), why };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() { Err(wrong("no certificate in it".to_owned())) } else { Ok(roots) }
}

pub(super) fn client_ca_error(
    flags: &Flags,
    error: &rustls::server::VerifierBuilderError,
) -> StartError {
    let path = flags.client_ca_file.clone().unwrap_or_default();
    StartError::ClientCa { path, why: error.to_string() }
}

pub(super) fn static_tokens(
    replacement: Option<Arc<dyn Authenticator>>,
    flags: &Flags,
    notes: &mut Vec<String>,
) -> Result<Option<Arc<dyn Authenticator>>, StartError> {
    let (None, Some(path)) = (&replacement, &flags.token_auth_file) else {
        return Ok(replacement);
    };
    let file = TokenFile::open(path)?;
    notes.extend(file.warnings().iter().map(ToString::to_string));
    Ok(Some(Arc::new(file)))
}
