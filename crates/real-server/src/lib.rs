//! A real API server of one's own, for tests that compare with it: etcd and kube-apiserver on free
//! ports of loopback, ended when the value is dropped.
//!
//! The environment variable `KUBEBUILDER_ASSETS` names a folder with the programs, as the tools of
//! [envtest] have it; `setup-envtest use -p path` fetches one and prints its name. Tests that need it
//! are ignored by `cargo test`.
//!
//! [envtest]: https://pkg.go.dev/sigs.k8s.io/controller-runtime/tools/setup-envtest

use std::fs::{self, File};
use std::io::{Error, Result};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The folder with `etcd`, `kube-apiserver`, and maybe `kubectl` and `kube-controller-manager`.
///
/// # Errors
/// When `KUBEBUILDER_ASSETS` is not set.
pub fn assets() -> Result<PathBuf> {
    let folder = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    folder.ok_or_else(|| {
        Error::other(
            "this asks a real API server: set KUBEBUILDER_ASSETS to a folder with kube-apiserver \
             and etcd (`setup-envtest use -p path` prints one)",
        )
    })
}

/// An API server, its store, and the folder with their files and logs.
#[derive(Debug)]
pub struct RealServer {
    /// In the order of their start: etcd, kube-apiserver, what else was run.
    processes: Vec<Child>,
    /// The flags without which kube-apiserver does not start.
    needed: Vec<String>,
    assets: PathBuf,
    folder: TempDir,
    port: u16,
}

impl Drop for RealServer {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().rev() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl RealServer {
    /// Starts both, with these flags besides those without which neither starts. It is not ready yet:
    /// see [`until`](Self::until).
    ///
    /// # Errors
    /// When `KUBEBUILDER_ASSETS` is not set, or a program cannot be started.
    pub fn start(folder: TempDir, flags: &[String]) -> Result<Self> {
        let path = folder.path().display().to_string();
        let [port, etcd, peer] = free_ports()?;
        let (processes, needed) = (Vec::new(), Vec::new());
        let mut server = Self { processes, needed, assets: assets()?, folder, port };
        let (etcd, peer) = (format!("http://127.0.0.1:{etcd}"), format!("http://127.0.0.1:{peer}"));
        server.run(
            "etcd",
            &[
                format!("--data-dir={path}/etcd"),
                "--unsafe-no-fsync".to_owned(),
                format!("--listen-client-urls={etcd}"),
                format!("--advertise-client-urls={etcd}"),
                format!("--listen-peer-urls={peer}"),
                format!("--initial-advertise-peer-urls={peer}"),
                format!("--initial-cluster=default={peer}"),
            ],
        )?;
        server.needed = vec![
            format!("--etcd-servers={etcd}"),
            format!("--cert-dir={path}"),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={port}"),
            "--advertise-address=127.0.0.1".to_owned(),
            "--endpoint-reconciler-type=none".to_owned(),
            "--service-cluster-ip-range=10.152.183.0/24".to_owned(),
        ];
        server.run("kube-apiserver", &[&server.needed, flags].concat())?;
        Ok(server)
    }

    /// Ends the API server, at once, and starts it again with these flags, on the same store and
    /// with the same files. It is not ready yet.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn restart(&mut self, flags: &[String]) -> Result<()> {
        self.processes[1].kill()?;
        self.processes[1].wait()?;
        self.processes[1] = self.spawn("kube-apiserver", &[&self.needed, flags].concat())?;
        Ok(())
    }

    /// Runs one more of the programs, until the server is dropped. What it says lands in
    /// `PROGRAM.log` of the folder.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&mut self, program: &str, flags: &[String]) -> Result<()> {
        let process = self.spawn(program, flags)?;
        self.processes.push(process);
        Ok(())
    }

    fn spawn(&self, program: &str, flags: &[String]) -> Result<Child> {
        let log = File::create(self.folder.path().join(format!("{program}.log")))?;
        let mut command = Command::new(self.assets.join(program));
        command.args(flags).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let started = command.spawn();
        let named = |error| Error::other(format!("{program} in KUBEBUILDER_ASSETS: {error}"));
        started.map_err(named)
    }

    /// Waits until this is true of it, a minute at most.
    ///
    /// # Errors
    /// When the API server ends instead, or the minute does: its log.
    pub fn until(
        &mut self,
        mut is_ready: impl FnMut(&Self) -> bool,
    ) -> std::result::Result<(), String> {
        for _ in 0..600 {
            if is_ready(self) {
                return Ok(());
            }
            if self.processes[1].try_wait().is_ok_and(|ended| ended.is_some()) {
                return Err(self.log());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(format!("kube-apiserver is not ready after a minute: {}", self.log()))
    }

    /// All that the API server wrote into its log.
    #[must_use]
    pub fn log(&self) -> String {
        let log = fs::read(self.folder.path().join("kube-apiserver.log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// The folder with its files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where it listens, by HTTPS.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The certificate that it made for itself, with its authority's: PEM.
    ///
    /// # Errors
    /// When it has made none yet.
    pub fn authorities(&self) -> Result<String> {
        fs::read_to_string(self.folder.path().join("apiserver.crt"))
    }
}

/// Three that were free a moment ago: held all at once, so that they differ.
fn free_ports() -> Result<[u16; 3]> {
    let bind = || TcpListener::bind("127.0.0.1:0");
    let held = [bind()?, bind()?, bind()?];
    let port = |at: usize| held[at].local_addr().map(|address| address.port());
    Ok([port(0)?, port(1)?, port(2)?])
}
