//! `cargo run -p bearer-auth`: the walk, on a lab of its own or on the reader's cluster; and three
//! small tools for readers without kubectl.

use bearer_auth::cluster::KubeconfigProblem;
use bearer_auth::lab::Lab;
use bearer_auth::tool::{self, Asker, TokenOrder};
use bearer_auth::walk::{self, Stage, Stopped};
use bearer_auth::{BearerToken, Cluster, Failure};
use clap::{Args, Parser, Subcommand};
use narration::{Answer, Outcome, Report};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How can I use a token, and where is it stored? Without arguments, tells the chapter's story on a
/// lab cluster that it starts inside itself; with --kubeconfig, on your own cluster.
#[derive(Parser)]
#[command(after_help = "\
Examples:
  cargo run -p bearer-auth
  microk8s config > FILE && cargo run -p bearer-auth -- --kubeconfig FILE
  cargo run -q -p bearer-auth -- create-token --kubeconfig FILE default > TOKEN
  cargo run -q -p bearer-auth -- whoami --kubeconfig FILE TOKEN
  cargo run -q -p bearer-auth -- create-token | cargo run -q -p jwt-anatomy -- -

Without --kubeconfig everything happens on the lab. KUBECONFIG and ~/.kube/config are not looked at.
On your own cluster, making tokens is the only thing this program ever writes.
Exit status: 0 yes, 1 no (refused, or no answer), 2 bad usage.")]
struct Arguments {
    #[command(flatten)]
    place: Place,

    #[command(subcommand)]
    tool: Option<Tool>,
}

const LAB: &str = "lab";

#[derive(Args)]
struct Place {
    /// Your own cluster: a kubeconfig file, or - for standard input [default: the lab]
    #[arg(long, global = true, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,

    /// Which context of that file [default: the one it calls current]
    #[arg(long, global = true, value_name = "NAME")]
    context: Option<String>,
}

#[derive(Subcommand)]
enum Tool {
    /// Ask for a token, and print it: `kubectl create token`
    CreateToken(TokenOrder),
    /// Who is the bearer of a token? `kubectl auth whoami`
    Whoami(Bearer),
    /// List the pods of all namespaces: `kubectl get pods --all-namespaces`
    Pods(Bearer),
}

#[derive(Args)]
struct Bearer {
    /// A file with the token, or - for standard input [default: the kubeconfig's own credentials]
    token: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    narration::conclude(match runtime {
        Ok(runtime) => runtime.block_on(run(arguments)),
        Err(error) => Err(error.into()),
    })
}

async fn run(Arguments { place, tool }: Arguments) -> Outcome {
    let token = tool.as_ref().and_then(Tool::token_path).map(Path::to_owned);
    if place.kubeconfig.is_none() && place.context.is_some() {
        return Err(Report::usage("--context names a part of a kubeconfig")
            .advise("say which file: --kubeconfig FILE"));
    }
    let stdin = Some(Path::new("-"));
    if place.kubeconfig.as_deref() == stdin && token.as_deref() == stdin {
        return Err(Report::usage("standard input can't be both the kubeconfig and the token")
            .advise("put one of them into a file"));
    }
    let token = token.map(|path| read_token(&path)).transpose()?;

    match place.kubeconfig {
        Some(file) => {
            let cluster = Cluster::from_kubeconfig(&file, place.context.as_deref()).await;
            let cluster = cluster.map_err(|problem| unusable(&problem))?;
            let name = format!("{}, at {}", cluster.name, cluster.server());
            match tool {
                None => finish(walk(&cluster).await, &cluster.server()),
                Some(tool) => {
                    finish(use_tool(tool, token, &cluster, name).await, &cluster.server())
                }
            }
        }
        None => match tool {
            None => {
                let lab = Lab::standing_still().await?;
                let told = finish(walk_in(&lab).await, LAB);
                lab.stop().await;
                told
            }
            Some(tool) => {
                let lab = Lab::by_the_real_clock().await?;
                let name = format!("{LAB}, inside this program");
                let done = finish(use_tool(tool, token, &lab.cluster, name).await, LAB);
                lab.stop().await;
                done
            }
        },
    }
}

async fn walk(cluster: &Cluster) -> Result<Answer, Stopped> {
    walk::tell(&mut narration::stdout(), &Stage::real(cluster)?).await
}

async fn walk_in(lab: &Lab) -> Result<Answer, Stopped> {
    walk::tell(&mut narration::stdout(), &Stage::lab(lab)?).await
}

async fn use_tool(
    tool: Tool,
    token: Option<BearerToken>,
    cluster: &Cluster,
    name: String,
) -> Result<Answer, Stopped> {
    let asker = Asker { cluster, name, token };
    match tool {
        Tool::CreateToken(order) => tool::create_token(&asker, &order).await,
        Tool::Whoami(_) => tool::whoami(&mut narration::stdout(), &asker).await,
        Tool::Pods(_) => tool::pods(&mut narration::stdout(), &asker).await,
    }
}

impl Tool {
    fn token_path(&self) -> Option<&Path> {
        match self {
            Self::CreateToken(_) => None,
            Self::Whoami(bearer) | Self::Pods(bearer) => bearer.token.as_deref(),
        }
    }
}

/// A token is never taken from the command line, where every user of the machine can read it.
fn read_token(path: &Path) -> Result<BearerToken, Report> {
    let text = path.to_string_lossy();
    let a_token_itself = text.len() >= 40 && !text.contains('/') && !path.exists();
    if text.starts_with("eyJ") || a_token_itself {
        return Err(Report::usage(
            "that looks like a token itself, and a command line is no place for one: other users \
             of the machine see it, and your shell remembers it",
        )
        .advise("put it into a file and name that, or `-` and the token on standard input"));
    }
    BearerToken::read(&narration::read_text(path)?).map_err(|error| {
        let place = if text == "-" { "standard input" } else { &text };
        Report::failed(format!("{place} holds no token: {error}"))
            .advise("to see what you have there: cargo run -q -p jwt-anatomy -- -")
    })
}

fn unusable(problem: &KubeconfigProblem) -> Report {
    let report = Report::usage(problem);
    match problem.advice() {
        Some(advice) => report.advise(advice),
        None => report,
    }
}

fn finish(outcome: Result<Answer, Stopped>, place: &str) -> Outcome {
    outcome.map_err(|stopped| match stopped {
        Stopped::Output(error) => error.into(),
        Stopped::Failure(failure) => failed(&failure, place),
    })
}

fn failed(failure: &Failure, place: &str) -> Report {
    let report = Report::failed(format!("{place}: {failure}"));
    failure.advice().iter().fold(report, Report::advise)
}
