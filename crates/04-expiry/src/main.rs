//! `cargo run -p expiry`: the walk; with `-` or a file: the same checks on a token of your own.

use clap::Parser;
use expiry::at::At;
use expiry::{Window, tool, walk};
use jwt_anatomy::dates::Zone;
use narration::{Answer, Clock, Outcome, Report, SystemClock};
use std::path::PathBuf;
use std::process::ExitCode;

/// Does a token expire? Without arguments, tells the chapter's story. With `-` or a file, draws the
/// life of a token of yours and says whether its claims would be accepted.
#[derive(Parser)]
#[command(after_help = "\
Examples:
  cargo run -p expiry
  microk8s kubectl create token default | cargo run -q -p expiry -- -
  cargo run -q -p expiry -- --at exp+61s token.txt
  cargo run -q -p expiry -- --at 2022-10-02T10:14:25Z token.txt
  cargo run -q -p expiry -- --audience vault token.txt

Exit status: 0 the claims would be accepted, 1 they would not (or it is no token), 2 bad usage.
The signature is not checked here: that takes a key, and `cargo run -p signing -- verify`.")]
struct Arguments {
    /// The moment to look at: a date (2022-10-02T10:14:25Z), unix seconds, a distance from now
    /// (+10m, -1h30m), or one from a date of the token (exp+61s, nbf-1m, iat)
    #[arg(long, value_name = "TIME", default_value = "now", allow_hyphen_values = true)]
    at: At,

    /// Whom the token is shown to; repeatable [default: an API server]
    #[arg(long, value_name = "NAME")]
    audience: Vec<String>,

    /// An issuer that is accepted; repeatable [default: the one the token names]
    #[arg(long, value_name = "NAME")]
    issuer: Vec<String>,

    /// A file with the token, or - for standard input
    token: Option<PathBuf>,
}

fn main() -> ExitCode {
    narration::conclude(run(Arguments::parse()))
}

fn run(arguments: Arguments) -> Outcome {
    let Some(path) = arguments.token else {
        if arguments.at != At::NOW || !arguments.audience.is_empty() || !arguments.issuer.is_empty()
        {
            return Err(Report::usage("these flags need a token to look at")
                .advise("a file, or `-` and the token on standard input"));
        }
        walk::tell(&mut narration::stdout())?;
        return Ok(Answer::Yes);
    };
    let claims = tool::read(&narration::read_text(&path)?)?;
    let now = arguments
        .at
        .resolve(SystemClock.now(), &Window::of(&claims))
        .map_err(|why| Report::usage(why).advise("--at now, or a date of your own"))?;
    let question = tool::Question { audiences: arguments.audience, issuers: arguments.issuer };
    tool::answer(&mut narration::stdout(), &claims, &question, now, &Zone::reader())
}
