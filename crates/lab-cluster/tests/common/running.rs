//! The program itself, as a process of its own: to be killed, crowded, and looked at from outside.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "tests; each uses a part")]

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A lab that runs in a folder, on a free port. It is killed, as by `kill -9`, when it is dropped.
pub struct Running {
    child: Child,
    pub address: SocketAddr,
    folder: PathBuf,
}

impl Running {
    /// Starts it with these flags. What it logs is in the folder's `log`.
    pub fn start(folder: &Path, flags: &[&str]) -> Self {
        Self::by(Command::new(env!("CARGO_BIN_EXE_lab-cluster")), folder, flags)
    }

    /// As [`Running::start`], with no more than so many open files: a connection is one.
    #[cfg(unix)]
    pub fn with_few_files(files: usize, folder: &Path, flags: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {files} && exec \"$0\" \"$@\"")]);
        shell.arg(env!("CARGO_BIN_EXE_lab-cluster"));
        Self::by(shell, folder, flags)
    }

    fn by(mut command: Command, folder: &Path, flags: &[&str]) -> Self {
        let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("log"));
        let mut child = command
            .args(["--secure-port", "0", "--data-dir"])
            .arg(folder)
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(log.unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let address = lines
            .find_map(|line| line.split_once("https://").map(|(_, address)| address.to_owned()))
            .unwrap();
        let address = address.trim().parse().unwrap();
        Self { child, address, folder: folder.to_path_buf() }
    }

    /// All that it has logged so far.
    pub fn log(&self) -> String {
        String::from_utf8(fs::read(self.folder.join("log")).unwrap()).unwrap()
    }

    /// Has it ended by itself?
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// A line of `/proc/PID/status` that counts kilobytes: `VmRSS`. `None` where there is no /proc.
    pub fn kilobytes(&self, field: &str) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    }

    /// How many files it has open: a connection is one. `None` where there is no /proc.
    pub fn open_files(&self) -> Option<usize> {
        Some(fs::read_dir(format!("/proc/{}/fd", self.child.id())).ok()?.count())
    }

    /// A client of the Kubernetes API, as the administrator.
    pub async fn client(&self) -> kube::Client {
        let text = fs::read_to_string(self.folder.join("credentials/client.config")).unwrap();
        let kubeconfig = kube::config::Kubeconfig::from_yaml(&text).unwrap();
        let options = kube::config::KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
        assert_eq!(config.cluster_url.authority().unwrap().as_str(), self.address.to_string());
        kube::Client::try_from(config).unwrap()
    }

    /// TLS to it, and nothing above: `protocols` is what the client says it speaks (ALPN).
    pub fn connector(&self, protocols: &[&str]) -> Connector {
        let pem = fs::read(self.folder.join("certs/ca.crt")).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            roots.add(certificate.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = rustls::client::Resumption::disabled();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Connector { address: self.address, tls: TlsConnector::from(Arc::new(config)) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Opens connections.
#[derive(Clone)]
pub struct Connector {
    address: SocketAddr,
    tls: TlsConnector,
}

impl Connector {
    /// One more.
    ///
    /// # Errors
    /// When the server does not take it.
    pub async fn connect(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        self.tls.connect(ServerName::from(self.address.ip()), stream).await
    }
}
