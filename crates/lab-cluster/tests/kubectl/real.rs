//! A real cluster, but for its nodes: etcd, kube-apiserver, and those controllers that have to do
//! with tokens.

use super::Result;
use real_server::RealServer;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The controllers that the lab has, too.
const CONTROLLERS: &str = "clusterrole-aggregation-controller,namespace-controller,\
    garbage-collector-controller,root-ca-certificate-publisher-controller,serviceaccount-controller,\
    serviceaccount-token-controller";

/// What the real server is to have in common with the lab.
pub(crate) struct Common<'c> {
    /// Who vouches for clients, PEM; pods get it, too.
    pub(crate) authority: &'c str,
    /// The key that signs tokens, PEM.
    pub(crate) signing_key: &'c str,
    /// The token file.
    pub(crate) tokens: &'c str,
    /// A kubeconfig's `user` that may do everything.
    pub(crate) admin: &'c str,
}

/// Starts all of it.
pub(crate) fn start(common: &Common) -> Result<RealServer> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_owned();
    let file = |name: &str, content: &str| -> Result<String> {
        fs::write(path.join(name), content)?;
        Ok(path.join(name).display().to_string())
    };
    let key = file("sa.key", common.signing_key)?;
    let authority = file("ca.crt", common.authority)?;
    let mut server = RealServer::start(
        folder,
        &[
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--service-account-signing-key-file={key}"),
            format!("--service-account-key-file={key}"),
            format!("--client-ca-file={authority}"),
            format!("--token-auth-file={}", file("tokens.csv", common.tokens)?),
            "--authorization-mode=RBAC".to_owned(),
        ],
    )?;

    let kubectl = real_server::assets()?.join("kubectl");
    let config = path.join("admin.config");
    server.until(|server| {
        let written =
            kubeconfig(server, common.admin).is_ok_and(|text| fs::write(&config, text).is_ok());
        written && is_ready(&kubectl, &config)
    })?;
    server.run(
        "kube-controller-manager",
        &[
            format!("--kubeconfig={}", config.display()),
            format!("--controllers={CONTROLLERS}"),
            format!("--service-account-private-key-file={key}"),
            format!("--root-ca-file={authority}"),
            "--leader-elect=false".to_owned(),
            "--bind-address=127.0.0.1".to_owned(),
            "--secure-port=0".to_owned(),
        ],
    )?;
    Ok(server)
}

fn is_ready(kubectl: &Path, config: &Path) -> bool {
    let mut command = Command::new(kubectl);
    command.arg("--kubeconfig").arg(config).args(["get", "--raw", "/readyz"]).stdin(Stdio::null());
    command.output().is_ok_and(|output| output.status.success())
}

/// A kubeconfig for this server.
pub(crate) fn kubeconfig(server: &RealServer, user: &str) -> Result<String> {
    let address = format!("https://{}", server.address());
    Ok(super::kubeconfig(&address, &server.authorities()?, user))
}

/// `KUBEBUILDER_ASSETS`, if there is all that is needed in it.
pub(crate) fn assets() -> Option<PathBuf> {
    let folder = real_server::assets().ok()?;
    let programs = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"];
    programs.iter().all(|program| folder.join(program).exists()).then_some(folder)
}
