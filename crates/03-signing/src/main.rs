//! The arguments of chapter 3's program.

use clap::{ArgGroup, Parser, Subcommand};
use narration::{Answer, Outcome};
use signing::{tool, walk};
use std::path::PathBuf;
use std::process::ExitCode;

/// Chapter 3: where does a token come from?
///
/// Without arguments: the guided walk. With a command: who signed this token, what is this key
/// called, and a new key.
#[derive(Parser)]
#[command(after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Whether one of these keys signed this token
    #[command(group(ArgGroup::new("keys").required(true)))]
    Verify {
        /// A PEM file, as kube-apiserver's --service-account-key-file: public keys, private keys,
        /// certificates. Repeat it for several files
        #[arg(long, value_name = "FILE", group = "keys")]
        key: Vec<PathBuf>,

        /// A JSON Web Key Set, as `kubectl get --raw /openid/v1/jwks` prints it
        #[arg(long, value_name = "FILE", group = "keys")]
        jwks: Option<PathBuf>,

        /// `-` reads the token from standard input, anything else is a file that holds it
        #[arg(value_name = "TOKEN")]
        token: PathBuf,
    },

    /// The name of each key in a file: the `kid` in the header of a token that it signed
    Kid {
        /// A PEM file or a JSON Web Key Set; `-` is standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },

    /// Make a key pair for --service-account-signing-key-file: RSA, 2048 bits
    NewKey {
        /// The file to make, readable by you alone. One that is there already is left as it is
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

const EXAMPLES: &str = "\
Examples:
  cargo run -p signing
          the walk
  microk8s kubectl get --raw /openid/v1/jwks > jwks.json
  microk8s kubectl create token default |
    cargo run -q -p signing -- verify --jwks jwks.json -
          did my cluster sign this token?
  cargo run -q -p signing -- verify --key sa.pub token.txt
          did this key?
  cargo run -q -p signing -- kid sa.pub
          what is this key called?
  cargo run -q -p signing -- new-key sa.key
          a new one

Exit status:
  0  one of the keys signed the token; the key is named; the key is made
  1  none of the keys signed it; a file is not what it should be
  2  the arguments make no sense";

fn main() -> ExitCode {
    narration::conclude(run(Arguments::parse()))
}

fn run(arguments: Arguments) -> Outcome {
    let mut story = narration::stdout();
    match arguments.command {
        Some(Command::Verify { key, jwks, token }) => {
            tool::verify(&mut story, &key, jwks.as_deref(), &token)
        }
        Some(Command::Kid { file }) => tool::kid(&mut story, &file),
        Some(Command::NewKey { file }) => tool::new_key(&mut story, &file),
        None => {
            walk::tell(&mut story)?;
            Ok(Answer::Yes)
        }
    }
}
