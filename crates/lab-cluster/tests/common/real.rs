//! A real kube-apiserver to compare with: `KUBEBUILDER_ASSETS` names a folder with `kube-apiserver`
//! and `etcd` (`setup-envtest use -p path` prints one).

#![allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "tests; each uses a part")]

use super::{Answer, plain};
use serde_json::Value;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Everybody may do everything, and a pod needs no account.
pub const FOR_THE_REGISTRY: &str =
    "--authorization-mode=AlwaysAllow --disable-admission-plugins=ServiceAccount";
/// Roles and bindings decide, and a pod needs no account.
pub const WITH_RBAC: &str = "--authorization-mode=RBAC --disable-admission-plugins=ServiceAccount";

/// An API server alone, its etcd, and the folder they live in.
pub struct RealServer {
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

impl RealServer {
    /// Starts one with these flags besides what every one needs, and this token file.
    pub fn start(flags: &str, tokens: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().to_str().unwrap();
        fs::write(folder.path().join("tokens.csv"), tokens).unwrap();
        fs::write(folder.path().join("sa.key"), signing::samples::LAB_KEY_PEM).unwrap();
        let flags = format!(
            "--service-account-issuer=https://kubernetes.default.svc
             --service-account-signing-key-file={path}/sa.key
             --service-account-key-file={path}/sa.key --token-auth-file={path}/tokens.csv
             {flags}"
        );
        let flags: Vec<String> = flags.split_whitespace().map(str::to_owned).collect();
        let anybody = tokens.split(',').next().unwrap();
        Self::launch(folder, &flags, anybody).unwrap_or_else(|log| panic!("{log}"))
    }

    /// Starts one that finds its files in this folder. Somebody's token tells when it is ready.
    ///
    /// # Errors
    /// When it ends instead: with all that it said.
    pub fn launch(folder: TempDir, flags: &[String], anybody: &str) -> Result<Self, String> {
        let assets = std::env::var_os("KUBEBUILDER_ASSETS").expect("KUBEBUILDER_ASSETS is not set");
        let free_port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (port, etcd, peer) = (free_port(), free_port(), free_port());
        let path = folder.path().to_str().unwrap();
        let spawn = |program: &str, needed: String, flags: &[String]| {
            let log = File::create(folder.path().join(format!("{program}.log"))).unwrap();
            let mut command = Command::new(Path::new(&assets).join(program));
            command.args(needed.split_whitespace()).args(flags);
            command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
        };
        let etcd_flags = format!(
            "--data-dir={path}/etcd --unsafe-no-fsync --listen-client-urls=http://127.0.0.1:{etcd}
             --advertise-client-urls=http://127.0.0.1:{etcd} --listen-peer-urls=http://127.0.0.1:{peer}
             --initial-advertise-peer-urls=http://127.0.0.1:{peer}
             --initial-cluster=default=http://127.0.0.1:{peer}"
        );
        let api_flags = format!(
            "--etcd-servers=http://127.0.0.1:{etcd} --cert-dir={path} --bind-address=127.0.0.1
             --secure-port={port} --advertise-address=127.0.0.1 --endpoint-reconciler-type=none
             --service-cluster-ip-range=10.0.0.0/24"
        );
        let processes =
            vec![spawn("etcd", etcd_flags, &[]), spawn("kube-apiserver", api_flags, flags)];
        let mut server = Self { processes, folder, port };
        let anybody = format!("Bearer {anybody}");
        for _ in 0..600 {
            std::thread::sleep(Duration::from_millis(100));
            let headers: &[(&str, &[u8])] = &[("authorization", anybody.as_bytes())];
            let answer = server.send("GET", "/readyz", headers, "");
            if answer.is_ok_and(|answer| answer.status == 200) {
                return Ok(server);
            }
            if server.processes[1].try_wait().unwrap().is_some() {
                return Err(server.log());
            }
        }
        panic!("kube-apiserver is not ready after a minute: {}", server.log());
    }

    /// All that the API server wrote into its log.
    pub fn log(&self) -> String {
        let log = fs::read(self.folder.path().join("kube-apiserver.log")).unwrap();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The certificate that it made for itself, with its authority's.
    ///
    /// # Errors
    /// When it has made none yet.
    pub fn authorities(&self) -> std::io::Result<Vec<u8>> {
        fs::read(self.folder.path().join("apiserver.crt"))
    }

    /// What the registry's test asks: as the administrator, and JSON comes back.
    pub fn ask(&self, asked: &str, patch_type: &Value, body: &Value) -> (u16, Value) {
        let (method, path) = asked.split_once(' ').unwrap();
        let content_type = match patch_type.as_str() {
            Some(patch_type) => format!("application/{patch_type}+json"),
            None => "application/json".to_owned(),
        };
        // `null` stands for no body; a patch that is null is one.
        let patches = method == "PATCH";
        let body = if body.is_null() && !patches { String::new() } else { body.to_string() };
        let headers: &[(&str, &[u8])] =
            &[("authorization", b"Bearer token"), ("content-type", content_type.as_bytes())];
        let answer = self.send(method, path, headers, &body).unwrap();
        (answer.status, answer.json())
    }

    /// One request.
    ///
    /// # Errors
    /// When it does not listen yet.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &[u8])],
        body: &str,
    ) -> std::io::Result<Answer> {
        let server = (self.address(), &*self.authorities()?);
        plain::send(server, None, (method, path), headers, body.as_bytes())
    }
}
