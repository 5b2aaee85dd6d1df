//! The arguments of `cargo course`.

use clap::{Parser, Subcommand};
use course::commands::{check, hint, reset, solution, status, verify, watch};
use course::guide::Guide;
use course::process;
use course::tree::TreeError;
use narration::{Outcome, Report};
use std::process::ExitCode;

/// Guides you through the exercises.
///
/// Alone it says where you are, what is next and what to type.
#[derive(Parser)]
#[command(name = "cargo course", bin_name = "cargo course", after_help = EXAMPLES)]
#[command(disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Every exercise, and which are done
    List,
    /// Check an exercise: the one you name, or in whose folder you are, or the next one
    Check {
        /// Its name, the beginning of its name, its number (1.2), or its path
        name: Option<String>,
    },
    /// A hint, and one more each time you ask
    Hint {
        /// As for check
        name: Option<String>,
    },
    /// Begin an exercise again; what you wrote is kept in .course/backups
    Reset {
        /// As for check
        name: String,
    },
    /// A solution, and why it is one
    Solution {
        /// As for check
        name: String,
        /// Also when you have not passed it
        #[arg(long)]
        spoil: bool,
    },
    /// Check an exercise whenever you save it
    Watch {
        /// As for check; whichever you save is the one from then on
        name: Option<String>,
    },
    /// For who writes exercises: do the stubs fail as they should, do the solutions pass?
    Verify {
        /// As for check; all of them without any
        names: Vec<String>,
    },
}

const EXAMPLES: &str = "\
What you have done is kept in .course/progress.txt; neither it nor the files you edit show in git.

Examples:
  cargo course
          where you are, and what is next
  cargo course check
          check the next exercise
  cargo course check 1.2
          check the second exercise of chapter 1
  cargo course watch
          check whenever you save
  cargo course hint columns
          a hint for the exercise of that name

Environment:
  NO_COLOR  print without colour

Exit status:
  0  yes: the exercise passes, or what you asked for was shown
  1  no: it does not pass, or could not be checked
  2  the arguments make no sense";

fn main() -> ExitCode {
    narration::conclude(run(Arguments::parse()))
}

fn run(arguments: Arguments) -> Outcome {
    let here = std::env::current_dir()?;
    let mut guide = Guide::open(&here).map_err(|error| match error {
        TreeError::Outside(_) => {
            Report::from(error).advise("running it in the folder that holds the course")
        }
        _ => Report::from(error),
    })?;
    process::end_together()?;
    let story = &mut narration::stdout();
    match arguments.command {
        None => status::alone(story, &guide),
        Some(Command::List) => status::list(story, &guide),
        Some(Command::Check { name }) => check::check(story, &mut guide, name.as_deref()),
        Some(Command::Hint { name }) => hint::hint(story, &mut guide, name.as_deref()),
        Some(Command::Reset { name }) => reset::reset(story, &mut guide, &name),
        Some(Command::Solution { name, spoil }) => solution::solution(story, &guide, &name, spoil),
        Some(Command::Watch { name }) => watch::watch(story, &mut guide, name.as_deref()),
        Some(Command::Verify { names }) => verify::verify(story, &guide, &names),
    }
}
