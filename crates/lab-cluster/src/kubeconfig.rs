//! The files that tell a client where the cluster is, and who it is there.

use crate::pki::Identity;
use base64::{Engine, engine::general_purpose::STANDARD};
use std::net::SocketAddr;

/// Where a cluster is, and how to know that it is the right one.
#[derive(Debug, Clone)]
pub struct Cluster {
    server: String,
    authority: String,
}

impl Cluster {
    /// The cluster at this address, with this certificate authority (PEM).
    #[must_use]
    pub fn at(address: SocketAddr, authority: &str) -> Self {
        Self { server: format!("https://{address}"), authority: STANDARD.encode(authority) }
    }

    /// A kubeconfig with the administrator's certificate: what `microk8s config` prints.
    #[must_use]
    pub fn admin_kubeconfig(&self, admin: &Identity) -> String {
        let certificate = STANDARD.encode(&admin.certificate);
        let key = STANDARD.encode(&admin.key);
        self.kubeconfig(
            "admin",
            &format!("\n    client-certificate-data: {certificate}\n    client-key-data: {key}"),
        )
    }

    /// A kubeconfig with nobody in it: for experiments with `--token`. Beside a certificate any
    /// `--token` "works", since the certificate is asked first.
    #[must_use]
    pub fn bare_kubeconfig(&self) -> String {
        self.kubeconfig("nobody", " {}")
    }

    /// Whether a kubeconfig leads here.
    #[must_use]
    pub fn is_in(&self, kubeconfig: &str) -> bool {
        let lines = |wanted: &str| kubeconfig.lines().any(|line| line.trim() == wanted);
        lines(&format!("server: {}", self.server))
            && lines(&format!("certificate-authority-data: {}", self.authority))
    }

    fn kubeconfig(&self, name: &str, user: &str) -> String {
        let Self { server, authority } = self;
        format!(
            "apiVersion: v1
kind: Config
clusters:
- name: lab-cluster
  cluster:
    certificate-authority-data: {authority}
    server: {server}
contexts:
- name: lab
  context:
    cluster: lab-cluster
    user: {name}
current-context: lab
users:
- name: {name}
  user:{user}
"
        )
    }
}
