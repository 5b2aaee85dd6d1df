//! A real kube-apiserver to compare with: `KUBEBUILDER_ASSETS` names a folder with `kube-apiserver`
//! and `etcd` (`setup-envtest use -p path` prints one).

#![allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "tests; each uses a part")]

use super::Answer;
use http::{HeaderMap, HeaderName};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
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
        let assets = std::env::var_os("KUBEBUILDER_ASSETS").expect("KUBEBUILDER_ASSETS is not set");
        let folder = TempDir::new().unwrap();
        let free_port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (port, etcd, peer) = (free_port(), free_port(), free_port());
        let path = folder.path().to_str().unwrap();
        fs::write(folder.path().join("tokens.csv"), tokens).unwrap();
        fs::write(folder.path().join("sa.key"), signing::samples::LAB_KEY_PEM).unwrap();
        let spawn = |program: &str, flags: String| {
            let mut command = Command::new(Path::new(&assets).join(program));
            command.args(flags.split_whitespace()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
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
             --service-cluster-ip-range=10.0.0.0/24
             --service-account-issuer=https://kubernetes.default.svc
             --service-account-signing-key-file={path}/sa.key
             --service-account-key-file={path}/sa.key --token-auth-file={path}/tokens.csv
             {flags}"
        );
        let processes = vec![spawn("etcd", etcd_flags), spawn("kube-apiserver", api_flags)];
        let server = Self { processes, folder, port };
        let anybody = format!("Bearer {}", tokens.split(',').next().unwrap());
        for _ in 0..600 {
            std::thread::sleep(Duration::from_millis(100));
            let answer =
                server.send("GET", "/readyz", &[("authorization", anybody.as_bytes())], "");
            if answer.is_ok_and(|answer| answer.status == 200) {
                return server;
            }
        }
        panic!("kube-apiserver is not ready after a minute");
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

    /// One request, as HTTP/1.0 has them: a connection each, and no chunks.
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
        let pem = fs::read(self.folder.path().join("apiserver.crt"))?;
        let mut roots = rustls::RootCertStore::empty();
        let certificates = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
        roots.add_parsable_certificates(certificates);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream =
            rustls::StreamOwned::new(session, TcpStream::connect(("127.0.0.1", self.port))?);
        let mut request = format!("{method} {path} HTTP/1.0\r\n").into_bytes();
        let length = body.len().to_string();
        for (name, value) in headers.iter().chain([&("content-length", length.as_bytes())]) {
            request.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        request.extend([b"\r\n", body.as_bytes()].concat());
        stream.write_all(&request)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let answer = String::from_utf8(answer).unwrap();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        Ok(Answer { status, headers, text: text.to_owned() })
    }
}
