//! The arguments of chapter 2's program.

use chrono::{DateTime, Utc};
use clap::{Parser, ValueEnum};
use jwt_anatomy::dates::{self, Zone};
use jwt_anatomy::{tool, walk};
use narration::{Answer, Clock, Outcome, Report, SystemClock};
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// Chapter 2: what is that token?
///
/// Without arguments: the guided walk. With a token: its header, its claims, how long it lives and
/// what is odd about it. With anything else: what that is.
#[derive(Parser)]
#[command(after_help = EXAMPLES)]
struct Arguments {
    /// `-` reads standard input, anything else is a file. What stands around the token (Bearer,
    /// quotes, a line break in it) is put aside, and named
    #[arg(value_name = "TOKEN")]
    token: Option<PathBuf>,

    /// The moment to look at instead of now: 2022-10-02T10:13:25+01:00, "2022-10-02 10:13:25" in
    /// your own zone, or seconds since 1970 such as @1664702005
    #[arg(long, value_name = "TIME", requires = "token", allow_hyphen_values = true)]
    at: Option<String>,

    /// For a person, or for a program
    #[arg(long, value_name = "FORM", default_value = "text", requires = "token")]
    output: Form,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// Sentences
    Text,
    /// One JSON object, whose members keep their names
    Json,
}

const EXAMPLES: &str = "\
Nothing is verified here, nothing is sent anywhere, and the signature is never printed.

Examples:
  cargo run -p jwt-anatomy
          the walk
  microk8s kubectl create token default | cargo run -q -p jwt-anatomy -- -
          what stands in your token
  cargo run -q -p jwt-anatomy -- token.txt --at 2022-10-02T10:30:00+01:00
          how long it had left then
  cargo run -q -p jwt-anatomy -- token.txt --output json
          the same for a program

Environment:
  TZ  the zone of your clock, such as Europe/London

Exit status:
  0  it is a JWT, and was taken apart
  1  it is none, or could not be read
  2  the arguments make no sense";

fn main() -> ExitCode {
    narration::conclude(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Outcome {
    let Some(input) = &arguments.token else {
        walk::tell(&mut narration::stdout())?;
        return Ok(Answer::Yes);
    };
    let zone = Zone::reader();
    let at = moment(arguments.at.as_deref(), zone)?.timestamp();
    let text = tool::read(input)?;
    match arguments.output {
        Form::Text => tool::tell(&mut narration::stdout(), &text, at, &zone),
        Form::Json => tool::print_json(&mut io::stdout().lock(), &text, at, &zone),
    }
}

fn moment(at: Option<&str>, zone: Zone) -> Result<DateTime<Utc>, Report> {
    match at {
        None => Ok(SystemClock.now()),
        Some(text) => dates::parse(text, &zone).map_err(Report::usage),
    }
}
