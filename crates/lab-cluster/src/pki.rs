//! The certificates of a new cluster: an authority, the server's own, and the administrator's.
//!
//! None of this signs tokens. Tokens have a key of their own, and no authority stands behind it:
//! the server that signs a token is the one that checks it (chapter 3).

use chrono::{Datelike, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A certificate and its private key, both PEM.
#[derive(Clone)]
pub struct Identity {
    /// What it shows.
    pub certificate: String,
    /// What it keeps to itself.
    pub key: String,
}

/// All certificates of a cluster.
#[derive(Clone)]
pub struct Pki {
    /// Who vouches for the two others. In a kubeconfig as `certificate-authority-data`.
    pub authority: Identity,
    /// Who the server is.
    pub server: Identity,
    /// Whom a client has to trust to know the server: the authority, unless the server shows another
    /// certificate than its own ([`Pki::serve_as`]).
    pub trusted: String,
    /// Who the administrator is: user `admin`, group `system:masters`.
    pub admin: Identity,
}

impl Pki {
    /// Makes all of them, for a server that is reached at `address` (and on loopback).
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn generate(address: IpAddr) -> Result<Self, rcgen::Error> {
        let authority_key = KeyPair::generate()?;
        let mut authority = params("lab-cluster-ca", &[]);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority_certificate = authority.self_signed(&authority_key)?.pem();
        let issuer = Issuer::from_params(&authority, &authority_key);

        let mut server = params("kube-apiserver", &[]);
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let mut addresses = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into(), address];
        addresses.dedup();
        server.subject_alt_names = addresses.into_iter().map(SanType::IpAddress).collect();
        for name in ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"] {
            server.subject_alt_names.push(SanType::DnsName(name.try_into()?));
        }

        let mut admin = params("admin", &["system:masters"]);
        admin.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];

        Ok(Self {
            trusted: authority_certificate.clone(),
            authority: Identity {
                certificate: authority_certificate,
                key: authority_key.serialize_pem(),
            },
            server: identity(&server, &issuer)?,
            admin: identity(&admin, &issuer)?,
        })
    }
}

impl Pki {
    /// Lets the server show a certificate that somebody else made, and clients trust all that is in
    /// its file.
    pub fn serve_as(&mut self, certificate: String, key: String) {
        self.trusted = format!("{}{certificate}", self.authority.certificate);
        self.server = Identity { certificate, key };
    }
}

fn params(common_name: &str, organisations: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, common_name);
    for organisation in organisations {
        params.distinguished_name.push(DnType::OrganizationName, *organisation);
    }
    // From before any story that is told on a lab with a clock of its own.
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(Utc::now().year() + 10, 1, 1);
    params.use_authority_key_identifier_extension = true;
    params
}

fn identity(
    params: &CertificateParams,
    issuer: &Issuer<&KeyPair>,
) -> Result<Identity, rcgen::Error> {
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, issuer)?.pem();
    Ok(Identity { certificate, key: key.serialize_pem() })
}
