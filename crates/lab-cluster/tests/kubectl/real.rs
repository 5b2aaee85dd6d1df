//! A real cluster, but for its nodes: etcd, kube-apiserver, and those controllers that have to do
//! with tokens.

use super::Result;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use tempfile::TempDir;

/// The controllers that the lab has, too.
const CONTROLLERS: &str = "clusterrole-aggregation-controller,namespace-controller,\
    garbage-collector-controller,root-ca-certificate-publisher-controller,serviceaccount-controller,\
    serviceaccount-token-controller";

/// A real API server, its store and its controllers. They end when it is dropped.
pub(crate) struct RealServer {
    processes: Vec<Child>,
    folder: TempDir,
    port: u16,
}

impl Drop for RealServer {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

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

impl RealServer {
    /// Starts all of it, from the programs in this folder.
    pub(crate) fn start(assets: &Path, common: &Common) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().to_owned();
        let [port, store, peers] = free_ports()?;
        let file = |name: &str, content: &str| -> Result<String> {
            fs::write(path.join(name), content)?;
            Ok(path.join(name).display().to_string())
        };
        let key = file("sa.key", common.signing_key)?;
        let authority = file("ca.crt", common.authority)?;
        let (store, peers) =
            (format!("http://127.0.0.1:{store}"), format!("http://127.0.0.1:{peers}"));
        let start = |program: &str, flags: &[String]| -> Result<Child> {
            let log = File::create(path.join(format!("{program}.log")))?;
            let mut command = Command::new(assets.join(program));
            command.args(flags).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
            command.spawn().map_err(|error| format!("{program}: {error}").into())
        };

        let mut server = Self { processes: Vec::new(), port, folder };
        server.processes.push(start(
            "etcd",
            &[
                format!("--data-dir={}", path.join("etcd").display()),
                "--unsafe-no-fsync".to_owned(),
                format!("--listen-client-urls={store}"),
                format!("--advertise-client-urls={store}"),
                format!("--listen-peer-urls={peers}"),
                format!("--initial-advertise-peer-urls={peers}"),
                format!("--initial-cluster=default={peers}"),
            ],
        )?);
        server.processes.push(start(
            "kube-apiserver",
            &[
                format!("--etcd-servers={store}"),
                format!("--cert-dir={}", path.display()),
                "--bind-address=127.0.0.1".to_owned(),
                format!("--secure-port={port}"),
                "--advertise-address=127.0.0.1".to_owned(),
                "--endpoint-reconciler-type=none".to_owned(),
                "--service-cluster-ip-range=10.152.183.0/24".to_owned(),
                "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
                format!("--service-account-signing-key-file={key}"),
                format!("--service-account-key-file={key}"),
                format!("--client-ca-file={authority}"),
                format!("--token-auth-file={}", file("tokens.csv", common.tokens)?),
                "--authorization-mode=RBAC".to_owned(),
            ],
        )?);

        for _ in 0..600 {
            sleep(Duration::from_millis(100));
            if let Some(status) = server.processes[1].try_wait()? {
                let log = fs::read_to_string(path.join("kube-apiserver.log"))?;
                return Err(format!("kube-apiserver ended ({status}): {log}").into());
            }
            if path.join("apiserver.crt").exists()
                && server.ask(&assets.join("kubectl"), common.admin, &["get", "--raw", "/readyz"])
            {
                let config = path.join("admin.config").display().to_string();
                server.processes.push(start(
                    "kube-controller-manager",
                    &[
                        format!("--kubeconfig={config}"),
                        format!("--controllers={CONTROLLERS}"),
                        format!("--service-account-private-key-file={key}"),
                        format!("--root-ca-file={authority}"),
                        "--leader-elect=false".to_owned(),
                        "--bind-address=127.0.0.1".to_owned(),
                        "--secure-port=0".to_owned(),
                    ],
                )?);
                return Ok(server);
            }
        }
        Err("kube-apiserver is not ready after a minute".into())
    }

    fn ask(&self, kubectl: &Path, user: &str, words: &[&str]) -> bool {
        let Ok(config) = self.kubeconfig(user) else { return false };
        let file = self.folder.path().join("admin.config");
        if fs::write(&file, config).is_err() {
            return false;
        }
        let mut command = Command::new(kubectl);
        command.arg("--kubeconfig").arg(file).args(words).stdin(Stdio::null());
        command.output().is_ok_and(|output| output.status.success())
    }

    /// A kubeconfig for this server.
    pub(crate) fn kubeconfig(&self, user: &str) -> Result<String> {
        // It makes its own certificate, and the authority's lies in the same file.
        let authority = fs::read_to_string(self.folder.path().join("apiserver.crt"))?;
        Ok(super::kubeconfig(&format!("https://127.0.0.1:{}", self.port), &authority, user))
    }
}

/// Three that were free a moment ago.
fn free_ports() -> Result<[u16; 3]> {
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(TcpListener::bind("127.0.0.1:0")?);
    }
    let port = |at: usize| held[at].local_addr().map(|address| address.port());
    Ok([port(0)?, port(1)?, port(2)?])
}

/// `KUBEBUILDER_ASSETS`, if there is all that is needed in it.
pub(crate) fn assets() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("KUBEBUILDER_ASSETS")?);
    let programs = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"];
    programs.iter().all(|program| folder.join(program).exists()).then_some(folder)
}
