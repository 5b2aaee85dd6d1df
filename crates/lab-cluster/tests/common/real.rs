//! The real kube-apiserver of `KUBEBUILDER_ASSETS`, asked by the client that also asks the lab.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "tests; each uses a part")]

use super::{Answer, plain};
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use tempfile::TempDir;

/// Everybody may do everything, and a pod needs no account.
pub const FOR_THE_REGISTRY: &str =
    "--authorization-mode=AlwaysAllow --disable-admission-plugins=ServiceAccount";
/// Roles and bindings decide, and a pod needs no account.
pub const WITH_RBAC: &str = "--authorization-mode=RBAC --disable-admission-plugins=ServiceAccount";

/// An API server alone.
pub struct RealServer(real_server::RealServer);

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
        let mut server = Self(real_server::RealServer::start(folder, flags).unwrap());
        server.ready(anybody)?;
        Ok(server)
    }

    /// Stops it and starts it again with these flags, on what it has stored.
    ///
    /// # Errors
    /// When it does not start again: with all that it said.
    pub fn relaunch(&mut self, flags: &[String], anybody: &str) -> Result<(), String> {
        self.0.restart(flags).unwrap();
        self.ready(anybody)
    }

    fn ready(&mut self, anybody: &str) -> Result<(), String> {
        let anybody = format!("Bearer {anybody}");
        let headers: &[(&str, &[u8])] = &[("authorization", anybody.as_bytes())];
        self.0.until(|server| {
            let answer = send(server, ("GET", "/readyz"), headers, "");
            answer.is_ok_and(|answer| answer.status == 200)
        })
    }

    /// All that the API server wrote into its log.
    pub fn log(&self) -> String {
        self.0.log()
    }

    /// The folder with its files.
    pub fn folder(&self) -> &Path {
        self.0.folder()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// The certificate that it made for itself, with its authority's.
    pub fn authorities(&self) -> Vec<u8> {
        self.0.authorities().unwrap().into_bytes()
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
    /// When it does not answer.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &[u8])],
        body: &str,
    ) -> std::io::Result<Answer> {
        send(&self.0, (method, path), headers, body)
    }
}

fn send(
    server: &real_server::RealServer,
    asked: (&str, &str),
    headers: &[(&str, &[u8])],
    body: &str,
) -> std::io::Result<Answer> {
    let authorities = server.authorities()?;
    let server = (server.address(), authorities.as_bytes());
    plain::send(server, None, asked, headers, body.as_bytes())
}
