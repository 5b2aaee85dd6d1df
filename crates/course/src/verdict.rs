//! Whether an exercise holds: its checks are built and run, each alone, so that an endless loop, a
//! stack that overflows or a flood of output in one says nothing about the others.

use crate::cargo::{self, News, Program};
use crate::panics::{self, Panic};
use crate::process;
use crate::tree::{Course, Exercise};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::{fs, io};

/// What Rust's runtime says before it aborts.
const OVERFLOW: &str = "has overflowed its stack";

/// What came of the checks of one exercise.
#[derive(Debug)]
pub enum Verdict {
    /// The reader's file does not compile: what the compiler says, message by message.
    DoesNotCompile(Vec<String>),
    /// Something else does not compile, or cargo could not begin.
    Elsewhere(String),
    /// The checks ran, in the order in which they stand in their file.
    Ran {
        /// Each of them.
        checks: Vec<Check>,
        /// What the compiler remarked.
        warnings: Vec<String>,
    },
}

/// One check.
#[derive(Debug)]
pub struct Check {
    /// The name of its function.
    pub name: String,
    /// How it ended.
    pub end: End,
    /// What the reader's code printed meanwhile.
    pub printed: String,
}

/// How a check ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// It holds.
    Passed,
    /// It does not, and panicked: the last panic is the check's own.
    Failed(Vec<Panic>),
    /// It was killed after so many seconds.
    TimedOut(u64),
    /// The program itself died, which is no panic: what it said last.
    Died(String),
    /// One before it ran into its time limit, so this one was not tried.
    NotTried,
}

impl Verdict {
    /// Whether there were checks, and all of them hold.
    #[must_use]
    pub fn passed(&self) -> bool {
        let Self::Ran { checks, .. } = self else { return false };
        !checks.is_empty() && checks.iter().all(|check| check.end == End::Passed)
    }
}

/// Builds and runs the checks of one exercise.
///
/// # Errors
/// When cargo, or a program that it built, can't be started.
pub fn check(
    course: &Course,
    exercise: &Exercise,
    mut tell: impl FnMut(News),
) -> io::Result<Verdict> {
    let built = cargo::build(course, &[exercise], false, &mut tell)?;
    let (errors, warnings): (Vec<_>, Vec<_>) = built.said.into_iter().partition(|said| said.error);
    let rendered =
        |said: Vec<cargo::Said>| said.into_iter().map(|said| said.rendered).collect::<Vec<_>>();
    if !built.success {
        let errors = rendered(errors);
        return Ok(if errors.is_empty() {
            Verdict::Elsewhere(built.elsewhere)
        } else {
            Verdict::DoesNotCompile(errors)
        });
    }
    let checks = run(exercise, &built.programs, tell)?;
    let manifest = exercise.folder.join("Cargo.toml");
    let warnings = warnings.into_iter().filter(|said| said.manifest == manifest).collect();
    Ok(Verdict::Ran { checks, warnings: rendered(warnings) })
}

/// Runs the checks of `exercise` in those of the `programs` that are its own.
///
/// # Errors
/// When one can't be started.
pub fn run(
    exercise: &Exercise,
    programs: &[Program],
    mut tell: impl FnMut(News),
) -> io::Result<Vec<Check>> {
    let manifest = exercise.folder.join("Cargo.toml");
    let mut programs: Vec<&Program> =
        programs.iter().filter(|program| program.manifest == manifest).collect();
    // The exercise's checks first, what the reader has added in exercise.rs after them.
    programs.sort_by_key(|program| (!program.of_tests, &program.source));

    let mut checks: Vec<Check> = Vec::new();
    for program in programs {
        for name in names(exercise, program)? {
            let late = checks.iter().any(|check| matches!(check.end, End::TimedOut(_)));
            checks.push(if late {
                Check { name, end: End::NotTried, printed: String::new() }
            } else {
                run_one(exercise, program, name, &mut tell)?
            });
        }
    }
    Ok(checks)
}

/// A check takes milliseconds; one that starts a server on a busy machine takes seconds.
fn limit(exercise: &Exercise) -> Duration {
    Duration::from_secs(if exercise.links_the_lab { 60 } else { 10 })
}

/// The names of the checks in a program, in the order of its source: a reader meets the easy ones
/// first. (libtest sorts them by name.)
fn names(exercise: &Exercise, program: &Program) -> io::Result<Vec<String>> {
    let list = |ignored: &[&str]| -> io::Result<Vec<String>> {
        let mut command = program_of(exercise, &program.executable);
        command.args(["--list", "--format", "terse"]).args(ignored);
        let ran = process::run(&mut command, Duration::from_secs(10), || ())?;
        let names = ran.stdout.lines().filter_map(|line| line.strip_suffix(": test"));
        Ok(names.map(str::to_owned).collect())
    };
    let ignored = list(&["--ignored"])?;
    let mut names = list(&[])?;
    names.retain(|name| !ignored.contains(name));
    let source = fs::read_to_string(&program.source).unwrap_or_default();
    names.sort_by_key(|name| {
        let function = name.rsplit("::").next().unwrap_or(name);
        source.find(&format!("fn {function}(")).unwrap_or(usize::MAX)
    });
    Ok(names)
}

fn run_one(
    exercise: &Exercise,
    program: &Program,
    name: String,
    mut tell: impl FnMut(News),
) -> io::Result<Check> {
    let limit = limit(exercise);
    let mut command = program_of(exercise, &program.executable);
    // Uncaptured: a stack that overflows takes with it whatever libtest has captured.
    command.args(["--exact", &name, "--nocapture", "--quiet", "--color", "never"]);
    let slow = || tell(News::Slow { name: name.clone(), limit: limit.as_secs() });
    let ran = process::run(&mut command, limit, slow)?;
    let (mut beside, panics) = panics::read(&ran.stderr);
    if let Some(at) = beside.find(OVERFLOW) {
        // The line it stands in and all behind it is the runtime's.
        beside.truncate(beside[..at].rfind('\n').unwrap_or(0));
    }
    let printed = join(&without_libtest(&ran.stdout, &name), &beside);
    let end = match ran.status {
        None => End::TimedOut(limit.as_secs()),
        Some(status) if status.success() && told_of_success(&ran.stdout) => End::Passed,
        Some(status) if status.success() => {
            End::Died("your code ended the program (exit), so nothing was checked".to_owned())
        }
        Some(_) if ran.stderr.contains("has overflowed its stack") => {
            End::Died("your code calls itself without end: the stack overflowed".to_owned())
        }
        Some(_) if !panics.is_empty() => End::Failed(panics),
        Some(status) => End::Died(format!("the check's program died: {status}")),
    };
    Ok(Check { name, end, printed })
}

/// A program of checks, as `cargo test` would start it. It shall compare snapshots and never write
/// one, whatever the shell around us says.
fn program_of(exercise: &Exercise, executable: &Path) -> Command {
    let mut command = Command::new(executable);
    command
        .current_dir(&exercise.folder)
        .env("CARGO_MANIFEST_DIR", &exercise.folder)
        .env("INSTA_UPDATE", "no")
        .env("RUST_BACKTRACE", "0");
    for key in ["INSTA_FORCE_PASS", "INSTA_FORCE_UPDATE", "RUST_LIB_BACKTRACE", "RUST_TEST_SHUFFLE"]
    {
        command.env_remove(key);
    }
    command
}

/// Whether libtest came to its last line. A program that exits with 0 from within a check has told
/// nothing.
fn told_of_success(stdout: &str) -> bool {
    let last = stdout.trim_end().lines().next_back();
    last.is_some_and(|line| line.starts_with("test result: ok. 1 passed;"))
}

/// What was printed between the lines that libtest prints.
fn without_libtest(stdout: &str, name: &str) -> String {
    let body = stdout.split_once("running 1 test\n").map_or(stdout, |(_, body)| body);
    let end = [format!("{name} --- FAILED\n"), "\ntest result: ".to_owned()];
    let end = end.iter().filter_map(|end| body.rfind(end)).min().unwrap_or(body.len());
    body[..end].trim().to_owned()
}

fn join(first: &str, second: &str) -> String {
    [first, second].iter().filter(|text| !text.is_empty()).copied().collect::<Vec<_>>().join("\n")
}
