//! `cargo run -p lab-cluster`: a Kubernetes API server on your own machine.

use clap::Parser;
use lab_cluster::dashboard;
use lab_cluster::data_dir::{DataDir, DataDirError};
use lab_cluster::{Flags, LabCluster, Options, StartError, Trace};
use narration::{Answer, Outcome, Report};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    narration::conclude(run())
}

fn run() -> Outcome {
    let mut flags = flags_of_this_run()?;
    flags.check().map_err(Report::usage)?;
    // Removed when it is dropped: at the end of the run.
    let ephemeral = if flags.ephemeral {
        let folder = tempfile::Builder::new().prefix("lab-cluster-").tempdir()?;
        flags.data_dir = folder.path().to_path_buf();
        Some(folder)
    } else {
        None
    };

    lab_cluster::server::raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(serve(flags));
    drop(ephemeral);
    outcome
}

async fn serve(flags: Flags) -> Outcome {
    let data_dir = flags.data_dir.clone();
    let (address, loopback) = (flags.bind_address, flags.bind_address.is_loopback());
    let mut options = Options::of(flags.clone());
    let trace = flags.trace;
    options.listener = Some(Box::new(move |request: &Trace| {
        if trace {
            narration::aside(request);
        }
    }));
    let cluster = LabCluster::start(options).await.map_err(|error| advise(error, &data_dir))?;
    let folder = DataDir::open(&data_dir, flags.cert_dir.as_deref())?;
    let admin =
        folder.write_kubeconfig("client.config", &cluster.admin_kubeconfig(), cluster.cluster())?;
    let bare =
        folder.write_kubeconfig("bare.config", &cluster.bare_kubeconfig(), cluster.cluster())?;

    for note in cluster.notes() {
        narration::aside(format_args!("note: {note}"));
    }
    if !loopback {
        narration::aside(format_args!(
            "warning: {address} is not loopback: others on your network reach this cluster. It is \
             for learning, and by default whoever can authenticate may do everything."
        ));
    }
    // From here on: who reads the address may stop the cluster at once.
    let told_to_stop = told_to_stop()?;
    // Who only wanted the address may have closed the pipe; the cluster goes on.
    let _ = announce(&cluster, &flags, &admin, &bare);

    told_to_stop.await;
    narration::aside("\nstopping: answering what is in flight");
    cluster.shutdown().await;
    Ok(Answer::Yes)
}

/// Listens from now on for Ctrl-C, `kill` and the terminal's end, and waits for one of them. Each ends
/// the cluster in the same way, so that the folder of an ephemeral one, with its keys, is removed.
#[cfg(unix)]
fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
            _ = hung_up.recv() => {}
        }
    })
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}

fn announce(cluster: &LabCluster, flags: &Flags, admin: &Path, bare: &Path) -> std::io::Result<()> {
    let (admin, bare) = (admin.display().to_string(), bare.display().to_string());
    let kept = if flags.ephemeral { "no: gone when it stops" } else { "yes" };
    let mut story = narration::stdout();
    story.begin("lab", "A Kubernetes API server, ready. Ctrl-C stops it.")?;
    let mut rows = Vec::from([
        ("address", format!("https://{}", cluster.address())),
        ("kubeconfig", format!("{admin} (an administrator's certificate)")),
        ("without a user", format!("{bare} (for --token)")),
        ("authorization", flags.authorization_mode.join(",")),
        ("kept", format!("{kept}: {}", flags.data_dir.display())),
    ]);
    if flags.dashboard {
        let page = format!("https://{}{}", cluster.address(), dashboard::PATH);
        rows.push(("dashboard", format!("{page} (paste a token)")));
    }
    story.rows(&rows)?;
    story.say("Try, in another terminal:")?;
    story.lines(format!(
        "cargo run -q -p bearer-auth -- whoami --kubeconfig {admin}\n\
         cargo run -q -p bearer-auth -- create-token default --kubeconfig {admin} | cargo run -q -p jwt-anatomy -- -\n\
         cargo run -q -p bearer-auth -- --kubeconfig {admin}\n\
         kubectl --kubeconfig {admin} get pods -A"
    ))
}

/// The flags of the folder's `args/kube-apiserver`, if there is one, and after them those of the
/// command line, which win: as `/var/snap/microk8s/current/args/kube-apiserver` is read.
fn flags_of_this_run() -> Result<Flags, Report> {
    let typed: Vec<OsString> = std::env::args_os().collect();
    let flags = Flags::parse_from(&typed);
    if flags.ephemeral {
        return Ok(flags);
    }
    let path = DataDir::arguments(&flags.data_dir);
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(flags) };
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    let name = |flag: &str| flag.split(['=', ' ']).next().unwrap_or_default().to_owned();
    let typed_names: Vec<String> =
        typed.iter().filter_map(|word| word.to_str()).map(name).collect();
    // A flag that may be repeated is replaced as a whole, not added to.
    let kept = lines.filter(|line| !typed_names.contains(&name(line)));
    let words = kept.flat_map(|line| line.splitn(2, ' ').map(OsString::from).collect::<Vec<_>>());
    let all = typed[..1].iter().cloned().chain(words).chain(typed[1..].iter().cloned());
    Flags::try_parse_from(all).map_err(|error| {
        Report::usage(format!("{}: {}", path.display(), error.to_string().trim()))
            .advise(format!("correct the file, or remove it: {}", path.display()))
    })
}

fn advise(error: StartError, data_dir: &Path) -> Report {
    let moved: PathBuf = data_dir.with_extension("old");
    let start_anew =
        format!("keep it and start anew: mv {} {}", data_dir.display(), moved.display());
    let in_use = matches!(&error, StartError::Listen { source, .. }
        if source.kind() == std::io::ErrorKind::AddrInUse);
    let advice = match &error {
        StartError::Listen { address, .. } if in_use && address.port() == 16443 => {
            Some("port 16443 is probably your own microk8s: lab-cluster --secure-port 0".to_owned())
        }
        StartError::Listen { .. } if in_use => Some("another port: --secure-port 0".to_owned()),
        StartError::TokenFile(error) => Some(error.advice()),
        StartError::Store(_) | StartError::DataDir(DataDirError::Incomplete { .. }) => {
            Some(start_anew)
        }
        _ => None,
    };
    let report = Report::from(error);
    advice.into_iter().fold(report, Report::advise)
}
