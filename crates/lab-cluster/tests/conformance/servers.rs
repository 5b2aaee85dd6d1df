//! The lab or a real API server, started with the same flags on the same files.

use super::common::real::RealServer;
use super::common::{Answer, NOON, plain};
use super::corpus::Setup;
use super::making::{CLIENT_CA, KEYS, STRANGER_CA};
use chrono::{TimeDelta, Utc};
use clap::Parser;
use lab_cluster::registry::CountedIds;
use lab_cluster::{Flags, LabCluster, Options, Storage};
use narration::ManualClock;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Lab,
    Real,
}

/// One that runs.
pub(crate) enum Server {
    Lab(Box<Lab>),
    Real(RealServer),
}

/// A lab, and what outlives it when it is started again.
pub(crate) struct Lab {
    cluster: Option<LabCluster>,
    clock: ManualClock,
    ids: Arc<CountedIds>,
    storage: Storage,
    runtime: Runtime,
    folder: TempDir,
}

/// One that does not: what it said when it ended, and the folder of its files.
pub(crate) struct Refusal {
    pub(crate) said: String,
    pub(crate) folder: String,
}

impl Server {
    /// Starts one; a lab keeps what it has in memory, unless it will be started again.
    pub(crate) fn start(which: Which, setup: &Setup, again: bool) -> Result<Self, Refusal> {
        let folder = TempDir::new().unwrap();
        let flags = prepare(which, setup, folder.path());
        let path = folder.path().display().to_string();
        let refusal = |said| Refusal { said, folder: path };
        match which {
            Which::Real => {
                RealServer::launch(folder, &flags, "admin-token").map(Self::Real).map_err(refusal)
            }
            Which::Lab => {
                let mut builder = tokio::runtime::Builder::new_multi_thread();
                let runtime = builder.worker_threads(1).enable_all().build().unwrap();
                let (clock, ids) = (ManualClock::at_unix(NOON), Arc::default());
                let storage = if again {
                    Storage::Folder(folder.path().join("lab"))
                } else {
                    Storage::Memory
                };
                let mut lab = Lab { cluster: None, clock, ids, storage, runtime, folder };
                lab.start(flags).map_err(refusal)?;
                Ok(Self::Lab(Box::new(lab)))
            }
        }
    }

    /// Stops it, and starts it again on what it has stored.
    pub(crate) fn restart(&mut self, setup: &Setup) -> Result<(), String> {
        match self {
            Self::Lab(lab) => {
                let flags = prepare(Which::Lab, setup, lab.folder.path());
                if let Some(cluster) = lab.cluster.take() {
                    lab.runtime.block_on(cluster.shutdown());
                }
                lab.start(flags)
            }
            Self::Real(server) => {
                let flags = prepare(Which::Real, setup, server.folder());
                server.relaunch(&flags, "admin-token")
            }
        }
    }

    /// What time it is there.
    pub(crate) fn now(&self) -> i64 {
        match self {
            Self::Lab(lab) => narration::Clock::now(&lab.clock).timestamp(),
            Self::Real(_) => Utc::now().timestamp(),
        }
    }

    /// Lets time pass: in the lab by its clock.
    pub(crate) fn pass(&self, seconds: u32) {
        match self {
            Self::Lab(lab) => lab.clock.advance(TimeDelta::seconds(seconds.into())),
            Self::Real(_) => std::thread::sleep(Duration::from_secs(seconds.into())),
        }
    }

    /// Gives the real one a moment to take notice: its authorizer and its look-up of accounts hear
    /// of a change a little later than the one who made it.
    pub(crate) fn settle(&self) {
        if matches!(self, Self::Real(_)) {
            std::thread::sleep(Duration::from_millis(400));
        }
    }

    pub(crate) fn send(
        &self,
        certificate: Option<&(String, String)>,
        asked: (&str, &str),
        headers: &[(String, String)],
        body: &str,
    ) -> Answer {
        let headers: Vec<(&str, &[u8])> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let certificate = certificate.map(|(chain, key)| (chain.as_str(), key.as_str()));
        let (address, authorities) = match self {
            Self::Lab(lab) => (lab.cluster().address(), lab.cluster().ca_pem().as_bytes().to_vec()),
            Self::Real(server) => (server.address(), server.authorities()),
        };
        let to = (address, &*authorities);
        plain::send(to, certificate, asked, &headers, body.as_bytes())
            .unwrap_or_else(|error| panic!("{} {}: {error}", asked.0, asked.1))
    }

    /// What was said while it started that a user ought to know.
    pub(crate) fn notes(&self) -> Vec<String> {
        match self {
            Self::Lab(lab) => lab.cluster().notes().to_vec(),
            Self::Real(server) => log_lines(&server.log())
                .filter(|line| {
                    line.contains(" token has been found in")
                        || line.contains("AnonymousAuth is not")
                })
                .map(str::to_owned)
                .collect(),
        }
    }

    /// How long the log is so far, to know what is new in it.
    pub(crate) fn mark(&self) -> usize {
        match self {
            Self::Lab(_) => 0,
            Self::Real(server) => server.log().len(),
        }
    }

    /// Why the last request was not let in: what only the server's own log says.
    pub(crate) fn why_rejected(&self, since: usize) -> String {
        match self {
            Self::Lab(lab) => {
                let Some(trace) = lab.cluster().traces().pop() else { return String::new() };
                let said = trace.authenticators.iter();
                let said = said.filter_map(|opinion| opinion.said.strip_prefix("rejected: "));
                said.collect::<Vec<_>>().join(", ")
            }
            Self::Real(server) => {
                let log = server.log();
                let line = log_lines(&log[since..])
                    .filter_map(|line| {
                        line.split_once("\"Unable to authenticate the request\" err=")
                    })
                    .last();
                line.map(|(_, said)| reasons(&unquoted(said))).unwrap_or_default()
            }
        }
    }
}

impl Lab {
    fn start(&mut self, flags: Vec<String>) -> Result<(), String> {
        let lab = ["lab-cluster", "--secure-port=0", "--bare"].map(str::to_owned);
        let flags = Flags::try_parse_from(lab.into_iter().chain(flags));
        let options = Options {
            flags: flags.map_err(|error| error.to_string())?,
            clock: Arc::new(self.clock.clone()),
            ids: self.ids.clone(),
            storage: self.storage.clone(),
            ..Options::embedded()
        };
        let started = self.runtime.block_on(LabCluster::start(options));
        self.cluster = Some(started.map_err(|error| error.to_string())?);
        Ok(())
    }

    fn cluster(&self) -> &LabCluster {
        self.cluster.as_ref().unwrap()
    }
}

/// `[invalid bearer token, why]`: what the other authenticators say of each token is left out.
fn reasons(said: &str) -> String {
    let said = said.strip_prefix('[').and_then(|said| said.strip_suffix(']')).unwrap_or(said);
    let said = said.replace("invalid bearer token, ", "");
    let said = said.strip_suffix("invalid bearer token").unwrap_or(&said);
    said.trim_end_matches(", ").to_owned()
}

/// What a line of klog says, without its date and place.
pub(crate) fn log_lines(log: &str) -> impl Iterator<Item = &str> {
    log.lines().filter_map(|line| line.split_once("] ").map(|(_, said)| said))
}

/// A value in a structured line: quoted as Go does.
pub(crate) fn unquoted(text: &str) -> String {
    serde_json::from_str(text).unwrap_or_else(|_| text.to_owned())
}

/// Writes a server's files and gives its flags.
fn prepare(which: Which, setup: &Setup, folder: &Path) -> Vec<String> {
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    for (name, key) in &*KEYS {
        write(&format!("{name}.key"), &key.to_pem());
        write(&format!("{name}.pub"), &key.public_key().to_pem());
    }
    write("ca.crt", &CLIENT_CA.certificate);
    write("stranger.crt", &STRANGER_CA.certificate);
    let mut tokens = setup.tokens.clone().unwrap_or_default();
    if !tokens.is_empty() && !tokens.ends_with('\n') {
        tokens += "\n";
    }
    write("tokens.csv", &(tokens + "admin-token,admin,u-admin,system:masters\n"));
    for (name, text) in &setup.files {
        write(name, text);
    }
    let mut flags = setup.flags.clone();
    if which == Which::Real {
        // The lab's pods have no token mounted, and `--bare` makes no account for them.
        flags.push("--disable-admission-plugins=ServiceAccount".to_owned());
    }
    for usual in [
        "--authorization-mode=RBAC",
        "--token-auth-file=DIR/tokens.csv",
        "--client-ca-file=DIR/ca.crt",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-account-signing-key-file=DIR/first.key",
        "--service-account-key-file=DIR/first.pub",
    ] {
        let name = usual.split('=').next().unwrap();
        if !flags.iter().any(|flag| flag.split('=').next() == Some(name)) {
            flags.push(usual.to_owned());
        }
    }
    let folder = folder.display().to_string();
    flags.iter().map(|flag| flag.replace("DIR/", &format!("{folder}/"))).collect()
}
