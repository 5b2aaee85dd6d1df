//! Builds an exercise's checks by cargo, exactly as `cargo test` in its folder would: the two share
//! what they built, and neither makes the other start again.

use crate::tree::{Course, Exercise};
use serde::Deserialize;
use std::collections::HashSet;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// What cargo made of it.
#[derive(Debug, Default)]
pub struct Built {
    /// Whether everything was built.
    pub success: bool,
    /// The programs with the checks in them.
    pub programs: Vec<Program>,
    /// What the compiler said of the exercises themselves, errors first.
    pub said: Vec<Said>,
    /// What went wrong outside of them: another crate that does not compile, no network.
    pub elsewhere: String,
}

/// A program of checks.
#[derive(Debug)]
pub struct Program {
    /// The exercise it belongs to, by its manifest.
    pub manifest: PathBuf,
    /// Where it lies.
    pub executable: PathBuf,
    /// The source it was made of.
    pub source: PathBuf,
    /// Whether it comes from `tests/`, and not from the exercise's own sources.
    pub of_tests: bool,
}

/// What the compiler said of an exercise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The exercise, by its manifest.
    pub manifest: PathBuf,
    /// Whether it is an error; a warning otherwise.
    pub error: bool,
    /// As it shows it, with colours.
    pub rendered: String,
}

/// What a reader who waits may want to know.
#[derive(Debug)]
pub enum News {
    /// Crates that the exercise stands on are being compiled: it will take a while.
    Long,
    /// Another one is being compiled.
    Compiling {
        /// The crate, with its version.
        what: String,
        /// How many crates are ready.
        ready: usize,
    },
    /// A check runs for longer than any should.
    Slow {
        /// Its name.
        name: String,
        /// After how many seconds it will be stopped.
        limit: u64,
    },
    /// Another cargo is at work in the same target folder.
    Blocked,
}

/// As many crates as may be compiled anew without a word.
const FEW: usize = 2;

#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-message")]
    Diagnostic { manifest_path: PathBuf, message: Diagnostic },
    #[serde(rename = "compiler-artifact")]
    Artifact {
        package_id: String,
        manifest_path: PathBuf,
        target: Target,
        profile: Profile,
        executable: Option<PathBuf>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    rendered: Option<String>,
    spans: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    src_path: PathBuf,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

enum Line {
    Message(String),
    Status(String),
}

/// Cargo as the reader's shell would start it.
#[must_use]
pub fn command(course: &Course) -> Command {
    // The cargo that started us, whichever toolchain that is.
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(&course.root);
    // What `cargo run` says about this program is not about the one that is built now. A build
    // script that looked at it would run again.
    for (key, _) in std::env::vars_os() {
        if is_about_us(&key) {
            cargo.env_remove(key);
        }
    }
    cargo
}

fn is_about_us(key: &OsString) -> bool {
    let key = key.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"]
        .iter()
        .any(|about_us| key.starts_with(about_us))
        || key == "CARGO"
}

/// Builds the checks of `exercises`: `cargo test --no-run -p NAME`.
///
/// # Errors
/// When cargo can't be started.
pub fn build(
    course: &Course,
    exercises: &[&Exercise],
    solutions: bool,
    mut tell: impl FnMut(News),
) -> io::Result<Built> {
    let mut cargo = command(course);
    cargo.args(["test", "--no-run", "--message-format=json-diagnostic-rendered-ansi"]);
    select(&mut cargo, exercises, solutions);
    let mut child =
        cargo.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;

    let (send, receive) = channel();
    let messages = child.stdout.take().map(|pipe| lines(pipe, Line::Message, send.clone()));
    let status = child.stderr.take().map(|pipe| lines(pipe, Line::Status, send));
    let exercises = &course.exercises;
    let mut state = Build { exercises, ready: HashSet::new(), begun: 0, built: Built::default() };
    for line in receive {
        match line {
            Line::Message(line) => state.message(&line),
            Line::Status(line) => state.status(&line, &mut tell),
        }
    }
    for thread in [messages, status].into_iter().flatten() {
        let _ = thread.join();
    }
    let mut built = state.built;
    built.success = child.wait()?.success();
    built.said.sort_by_key(|said| !said.error);
    if built.success {
        built.elsewhere.clear();
    }
    Ok(built)
}

/// `-p NAME`, and the feature that puts its solution in the place of the reader's file.
pub(crate) fn select(cargo: &mut Command, exercises: &[&Exercise], solutions: bool) {
    for exercise in exercises {
        cargo.args(["-p", &exercise.name]);
        if solutions {
            cargo.args(["--features", &format!("{}/solution", exercise.name)]);
        }
    }
}

struct Build<'a> {
    /// All of them: a later one may stand on what the reader made of earlier ones.
    exercises: &'a [Exercise],
    /// The crates that are ready, built now or before.
    ready: HashSet<String>,
    /// How many others than the exercises had to be begun.
    begun: usize,
    built: Built,
}

impl Build<'_> {
    fn is_ours(&self, manifest: &Path) -> bool {
        self.exercises.iter().any(|exercise| exercise.folder.join("Cargo.toml") == manifest)
    }

    fn message(&mut self, line: &str) {
        // What is no message of cargo's is none of ours either.
        let Ok(message) = serde_json::from_str(line) else { return };
        match message {
            Message::Diagnostic { manifest_path, message } => {
                let error = message.level.starts_with("error");
                let Some(rendered) = message.rendered else { return };
                if self.is_ours(&manifest_path) {
                    // "aborting due to 2 previous errors" has no place in the source, and no news.
                    let closing = message.spans.is_empty()
                        && (rendered.contains("aborting due to") || rendered.contains("emitted"));
                    let said = Said { manifest: manifest_path, error, rendered };
                    // Each is said once for the library, and again for its own tests.
                    if !closing
                        && (error || message.level == "warning")
                        && !self.built.said.contains(&said)
                    {
                        self.built.said.push(said);
                    }
                } else if error {
                    self.built.elsewhere.push_str(&rendered);
                }
            }
            Message::Artifact { package_id, manifest_path, target, profile, executable } => {
                self.ready.insert(package_id);
                let Some(executable) = executable.filter(|_| profile.test) else { return };
                if self.is_ours(&manifest_path) {
                    self.built.programs.push(Program {
                        manifest: manifest_path,
                        executable,
                        source: target.src_path,
                        of_tests: target.kind.iter().any(|kind| kind == "test"),
                    });
                }
            }
            Message::Other => {}
        }
    }

    fn status(&mut self, line: &str, tell: &mut impl FnMut(News)) {
        let plain = line.trim();
        if plain.starts_with("Blocking") {
            // The package cache is free again in a moment; a target folder when its build is done.
            if plain.ends_with("directory") {
                tell(News::Blocked);
            }
        } else if let Some(what) = plain.strip_prefix("Compiling ") {
            let what = what.split(" (").next().unwrap_or(what).to_owned();
            let name = what.split(' ').next().unwrap_or_default();
            if self.exercises.iter().all(|exercise| exercise.name != name) {
                self.begun += 1;
                if self.begun == FEW + 1 {
                    tell(News::Long);
                }
                if self.begun > FEW {
                    tell(News::Compiling { what, ready: self.ready.len() });
                }
            }
        } else if !["Finished", "Executable", "Downloading", "Downloaded", "Updating", "Locking"]
            .iter()
            .any(|noise| plain.starts_with(noise))
        {
            self.built.elsewhere.push_str(line);
            self.built.elsewhere.push('\n');
        }
    }
}

fn lines(
    pipe: impl Read + Send + 'static,
    kind: fn(String) -> Line,
    send: Sender<Line>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n') {
            let Ok(line) = line else { return };
            if send.send(kind(String::from_utf8_lossy(&line).into_owned())).is_err() {
                return;
            }
        }
    })
}

/// How many crates an exercise is made of, itself included; `None` when cargo does not tell.
#[must_use]
pub fn count(course: &Course, exercise: &Exercise) -> Option<usize> {
    let mut cargo = command(course);
    cargo.args(["tree", "--offline", "--quiet", "--edges", "normal,build,dev"]);
    cargo.args(["--prefix", "none", "--format", "{p}", "-p", &exercise.name]);
    let output = cargo.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    let crates: HashSet<&str> = text.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    Some(crates.len())
}
