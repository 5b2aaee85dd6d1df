//! The arguments of chapter 1's program.

use clap::{Parser, Subcommand};
use narration::{Answer, Outcome};
use static_tokens::{new_token, tool, walk};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Chapter 1: what was the token in my kubeconfig?
///
/// Without arguments: the guided walk. With a token file: whose is this token, and would a server
/// start with this file?
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    /// The file that kube-apiserver's flag of the same name reads: token,name,uid,"group1,group2"
    #[arg(long, value_name = "FILE")]
    token_auth_file: Option<PathBuf>,

    /// Whose is it? `-` reads the token from standard input, anything else is a file that holds it.
    /// White space around it is left out, as a server does
    #[arg(value_name = "TOKEN", requires = "token_auth_file")]
    token: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Print a new token, made as microk8s made them: 60 characters, 32 random bytes in them
    NewToken,
}

const EXAMPLES: &str = "\
Examples:
  cargo run -p static-tokens
          the walk
  cargo run -q -p static-tokens -- --token-auth-file tokens.csv
          who is in the file, and would a server start with it?
  cargo run -q -p static-tokens -- --token-auth-file tokens.csv - < token.txt
          whose token is this?
  cargo run -q -p static-tokens -- new-token
          a new one

Exit status:
  0  the token is a user's; a server starts with the file
  1  nobody sends that token; a server does not start with the file, or it can't be read
  2  the arguments make no sense";

fn main() -> ExitCode {
    narration::conclude(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Outcome {
    if let Some(Command::NewToken) = arguments.command {
        writeln!(io::stdout(), "{}", new_token())?;
        return Ok(Answer::Yes);
    }
    let mut story = narration::stdout();
    match (&arguments.token_auth_file, &arguments.token) {
        (Some(file), Some(token)) => tool::who(&mut story, file, token),
        (Some(file), None) => tool::check(&mut story, file),
        (None, _) => {
            walk::tell(&mut story)?;
            Ok(Answer::Yes)
        }
    }
}
