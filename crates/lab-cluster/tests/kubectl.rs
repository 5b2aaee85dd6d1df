//! An unmodified kubectl, or several, on the lab and on a real API server: the same command lines,
//! and, what differs from run to run aside, the same exit status and output.
//!
//! The lines are in `kubectl/commands.txt`. Where the lab says something else, that stands in
//! `tests/conformance/DIFFERENCES.md`, with the reason; the test fails on a difference that does not
//! stand there, and on one that stands there and is none.
//!
//! - `KUBEBUILDER_ASSETS`: a folder with etcd, kube-apiserver, kube-controller-manager and kubectl,
//!   as envtest tools use it; the first three make the real server.
//! - `KUBECTLS`: another folder, with more of them: every program in it whose name begins with
//!   `kubectl`. The one on `PATH` is asked, too.
//! - `KUBECTL_ONLY`: asks only the versions that begin like one of these: `1.27,1.37`.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "kubectl/differences.rs"]
mod differences;
#[path = "kubectl/lines.rs"]
mod lines;
#[path = "kubectl/real.rs"]
mod real;

use base64::{Engine, engine::general_purpose::STANDARD};
use clap::Parser;
use differences::Known;
use lab_cluster::{Flags, LabCluster, Options};
use lines::{EVERYONE, Kubectl, Outcome, Step, Terminal};
use real::Common;
use real_server::RealServer;
use serde_json::Value;
use signing::samples::LAB_KEY_PEM;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, thread};
use tempfile::TempDir;

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

const TOKENS: &str = "alices-token,alice,u1\n";

const COMMANDS: &str = include_str!("kubectl/commands.txt");

const DIFFERENCES: &str = include_str!("../../../tests/conformance/DIFFERENCES.md");

#[test]
#[ignore = "needs KUBEBUILDER_ASSETS, and some minutes"]
fn kubectl_on_the_lab_and_on_a_real_api_server() {
    let assets = real::assets().expect(
        "this test asks a real cluster: set KUBEBUILDER_ASSETS to a folder with etcd, \
         kube-apiserver, kube-controller-manager and kubectl",
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let pair = Pair::start(&runtime, &assets).unwrap();
    let steps = lines::read(COMMANDS).unwrap();

    let mut known = Known::read(DIFFERENCES).unwrap();
    let mut report = String::new();
    let mut counts = String::new();
    let mut new = 0;
    for kubectl in kubectls(&assets) {
        let begun = Instant::now();
        let outcomes = pair.run(&kubectl, &steps).unwrap();
        let mut table = BTreeMap::<_, [usize; 2]>::new();
        for (who, line, [real, lab]) in &outcomes {
            let same = real == lab;
            table.entry(*who).or_default()[usize::from(!same)] += 1;
            let documented = known.covers(&kubectl.version, who, line, same);
            if !same && !documented {
                new += 1;
            }
            if !same {
                let note = if documented { "documented" } else { "NEW" };
                let _ = writeln!(
                    report,
                    "{note}: {} {who}: {line}\n{}",
                    kubectl.version,
                    lines::difference(real, lab)
                );
            }
        }
        let _ = write!(counts, "kubectl {:<9}", kubectl.version);
        for who in EVERYONE {
            let [same, different] = table.get(who).copied().unwrap_or_default();
            let _ = write!(counts, " {who} {same} equal {different} not;");
        }
        let _ = writeln!(counts, " {} s", begun.elapsed().as_secs());
    }
    // Not captured: who runs the test wants to see it.
    let _ = write!(std::io::stderr(), "{counts}");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kubectl-differences.txt");
    fs::write(&file, &report).unwrap();
    let stale = known.stale();
    assert!(
        new == 0 && stale.is_empty(),
        "{new} differences are not in tests/conformance/DIFFERENCES.md (all are in {}); these \
         stand there and are none: {stale:#?}",
        file.display()
    );
}

/// Every kubectl there is to ask, oldest first, each version once.
fn kubectls(assets: &Path) -> Vec<Kubectl> {
    let mut paths = vec![assets.join("kubectl")];
    if let Some(folder) = std::env::var_os("KUBECTLS") {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let named = entries.filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("kubectl") && !name.contains("convert")
        });
        paths.extend(named.map(|entry| entry.path()));
    }
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&on_path).map(|folder| folder.join("kubectl"));
    paths.extend(folders.find(|path| path.exists()));

    let only = std::env::var("KUBECTL_ONLY").unwrap_or_default();
    let wanted = |version: &str| only.split(',').any(|only| version.starts_with(only));
    let mut found: Vec<_> = paths.into_iter().filter_map(kubectl).collect();
    found.retain(|kubectl| wanted(&kubectl.version));
    found.sort_by_key(|kubectl| {
        let numbers = kubectl.version.split(['.', '-']).map(|word| word.parse().unwrap_or(0));
        numbers.collect::<Vec<u32>>()
    });
    found.dedup_by(|a, b| a.version == b.version);
    found
}

/// Asks a program for its version; `None` when it has none to tell.
fn kubectl(path: PathBuf) -> Option<Kubectl> {
    let mut command = Command::new(&path);
    command.args(["version", "--client", "-o", "json"]).env("KUBECONFIG", "/nowhere/kubeconfig");
    let output = command.output().ok()?;
    let answer: Value = serde_json::from_slice(&output.stdout).ok()?;
    let version =
        answer["clientVersion"]["gitVersion"].as_str()?.trim_start_matches('v').to_owned();
    Some(Kubectl { path, version })
}

/// A kubeconfig with one user.
fn kubeconfig(server: &str, authority_pem: &str, user: &str) -> String {
    let authority = STANDARD.encode(authority_pem);
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: home\n\
         clusters:\n- name: home\n  cluster:\n    server: {server}\n    certificate-authority-data: {authority}\n\
         contexts:\n- name: home\n  context:\n    cluster: home\n    user: me\n\
         users:\n- name: me\n  user: {user}\n"
    )
}

/// The lab and a real server, with the same people, the same keys, and the same pods.
struct Pair {
    _lab: LabCluster,
    _real: RealServer,
    /// `real/admin.config`, `lab/alice.config` and so on.
    configs: TempDir,
}

/// Who typed what, and what the real server and the lab made of it.
type Compared = (&'static str, String, [Outcome; 2]);

impl Pair {
    fn start(runtime: &tokio::runtime::Runtime, assets: &Path) -> Result<Self> {
        let configs = tempfile::tempdir()?;
        let tokens = configs.path().join("tokens.csv");
        fs::write(&tokens, TOKENS)?;
        let tokens = format!("--token-auth-file={}", tokens.display());
        let flags = ["lab-cluster", "--secure-port=0", "--authorization-mode=RBAC", &tokens];
        let options = Options {
            flags: Flags::parse_from(flags),
            signing_key: Some(signing::samples::lab_key()),
            ..Options::embedded()
        };
        let lab = runtime.block_on(LabCluster::start(options))?;
        let admin: Value = serde_saphyr::from_str(&lab.admin_kubeconfig())?;
        let admin = admin["users"][0]["user"].to_string();
        let authority = lab.ca_pem();
        let common = Common { authority, signing_key: LAB_KEY_PEM, tokens: TOKENS, admin: &admin };
        let real = real::start(&common)?;

        for server in ["real", "lab"] {
            fs::create_dir(configs.path().join(server))?;
            for who in EVERYONE {
                let user = match who {
                    "admin" => admin.as_str(),
                    "alice" => "{token: alices-token}",
                    "bad" => "{token: nobody-knows-this}",
                    _ => "{}",
                };
                let config = match server {
                    "real" => real::kubeconfig(&real, user)?,
                    _ => kubeconfig(&format!("https://{}", lab.address()), authority, user),
                };
                fs::write(configs.path().join(server).join(format!("{who}.config")), config)?;
            }
        }
        let pair = Self { _lab: lab, _real: real, configs };
        pair.furnish(&assets.join("kubectl"))?;
        Ok(pair)
    }

    /// Gives the real server the node and the pods that the lab begins with.
    fn furnish(&self, kubectl: &Path) -> Result<()> {
        let ask = |server: &str, words: &[&str]| -> Result<String> {
            let mut command = Command::new(kubectl);
            let config = self.configs.path().join(server).join("admin.config");
            let output = command.arg("--kubeconfig").arg(config).args(words).output()?;
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
            }
            Ok(String::from_utf8(output.stdout)?)
        };
        let patiently = |words: &[&str]| -> Result<()> {
            for _ in 0..50 {
                if ask("real", words).is_ok() {
                    return Ok(());
                }
                thread::sleep(Duration::from_millis(200)); // the controllers have just begun
            }
            ask("real", words).map(drop)
        };
        let what = "get serviceaccounts,nodes,pods -n kube-system -o json";
        let words: Vec<_> = what.split(' ').collect();
        let list: Value = serde_json::from_str(&ask("lab", &words)?)?;
        for item in list["items"].as_array().into_iter().flatten() {
            let mut item = item.clone();
            let (kind, name) = (item["kind"].clone(), item["metadata"]["name"].clone());
            let (kind, name) = (kind.as_str().unwrap(), name.as_str().unwrap());
            if name == "default" {
                continue; // it makes that one itself
            }
            for field in ["uid", "resourceVersion", "creationTimestamp"] {
                item["metadata"].as_object_mut().unwrap().remove(field);
            }
            let file = self.configs.path().join("item.json");
            fs::write(&file, item.to_string())?;
            patiently(&["create", "-f", file.to_str().unwrap()])?;
            let status = serde_json::json!({"status": item["status"]}).to_string();
            let patch = ["patch", kind, name, "-n", "kube-system", "--type=merge", "-p"];
            if item["status"].is_object() {
                patiently(&[&patch[..], &[&status, "--subresource=status"]].concat())?;
            }
            if kind == "Node" {
                patiently(&[&patch[..], &[r#"{"spec":{"taints":null}}"#]].concat())?;
            }
        }
        patiently(&["get", "sa", "default"])
    }

    /// Runs all lines by one kubectl, on both servers at the same time.
    fn run(&self, kubectl: &Kubectl, steps: &[Step]) -> Result<Vec<Compared>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kubectl");
        let on = |server: &str| -> Result<Vec<Outcome>> {
            let home = tempfile::tempdir()?;
            let configs = self.configs.path().join(server);
            let terminal = Terminal {
                kubectl: &kubectl.path,
                configs: &configs,
                home: home.path(),
                folder: &folder,
            };
            let mut outcomes = Vec::new();
            for step in steps {
                match step {
                    Step::Run { who, line } => outcomes.push(terminal.run(who, line)?),
                    Step::Wait => thread::sleep(Duration::from_secs(1)),
                }
            }
            Ok(outcomes)
        };
        let (real, lab) = thread::scope(|scope| {
            let real = scope.spawn(|| on("real"));
            let lab = on("lab");
            (real.join().unwrap(), lab)
        });
        let typed = steps.iter().filter_map(|step| match step {
            Step::Run { who, line } => Some((*who, line.clone())),
            Step::Wait => None,
        });
        let outcomes = real?.into_iter().zip(lab?).map(<[Outcome; 2]>::from);
        Ok(typed.zip(outcomes).map(|((who, line), both)| (who, line, both)).collect())
    }
}
