//! Command lines: read from `commands.txt`, run, and what they print made comparable.

use super::Result;
use regex::Regex;
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

/// Who types.
pub(crate) const EVERYONE: [&str; 4] = ["admin", "alice", "bad", "none"];

/// No command takes so long.
const TOO_LONG: Duration = Duration::from_secs(60);

/// One command line of one person.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// As it stands in the file, after the colon.
    Run {
        /// Who types it.
        who: &'static str,
        /// What.
        line: String,
    },
    /// Controllers take a moment.
    Wait,
}

/// Reads `commands.txt`.
pub(crate) fn read(text: &str) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if line == "..." {
            steps.push(Step::Wait);
            continue;
        }
        let (people, line) = line.split_once(": ").ok_or(format!("no colon in {line:?}"))?;
        for who in EVERYONE {
            if people == "everyone" || people.split(',').any(|name| name == who) {
                steps.push(Step::Run { who, line: line.to_owned() });
            }
        }
    }
    Ok(steps)
}

/// A kubectl, and the version that it says it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kubectl {
    pub(crate) path: PathBuf,
    pub(crate) version: String,
}

/// What a command line came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: String,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// As it is shown to who looks for the difference.
    pub(crate) fn text(&self) -> String {
        let Self { status, stdout, stderr } = self;
        format!("{stdout}--- standard error\n{stderr}--- {status}\n")
    }
}

/// A server to talk to, by one kubectl.
pub(crate) struct Terminal<'t> {
    pub(crate) kubectl: &'t Path,
    /// Where `admin.config`, `alice.config` and so on lie.
    pub(crate) configs: &'t Path,
    /// A home of its own, so that nothing is cached across servers.
    pub(crate) home: &'t Path,
    /// Where the files are that command lines name.
    pub(crate) folder: &'t Path,
}

impl Terminal<'_> {
    /// Types a line, and says what it printed, with all that differs from run to run taken out.
    pub(crate) fn run(&self, who: &str, line: &str) -> Result<Outcome> {
        let mut lines = line.split(" ~ ");
        let mut first = self.spawn(who, &self.words(lines.next().unwrap_or_default())?)?;
        let meanwhile: Vec<_> = lines.collect();
        if !meanwhile.is_empty() {
            first.settle(Duration::from_secs(2));
            for line in &meanwhile {
                self.spawn("admin", &self.words(line)?)?.wait()?;
            }
            first.settle(Duration::from_secs(1));
            first.child.kill()?;
        }
        let (stdout, stderr, status) = first.wait()?;
        Ok(Outcome {
            status,
            stdout: if line.starts_with("describe secret") {
                // kubectl goes through the data in no order.
                comparable(&sorted(&stdout))
            } else {
                comparable(&stdout)
            },
            stderr: comparable(&stderr),
        })
    }

    fn spawn(&self, who: &str, words: &[String]) -> Result<Running> {
        let mut command = Command::new(self.kubectl);
        command.args(words).current_dir(self.folder).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home).env("KUBECACHEDIR", self.home.join("cache"));
        command.env("KUBECONFIG", self.configs.join(format!("{who}.config")));
        command.env("KUBE_EDITOR", "sed -i 's/colour: red/colour: blue/'").env("TZ", "UTC");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let stdout = Output::of(child.stdout.take());
        let stderr = Output::of(child.stderr.take());
        Ok(Running { child, stdout, stderr })
    }

    /// A line's words: blanks divide, 'single quotes' hold together, `$(...)` is what kubectl prints.
    fn words(&self, line: &str) -> Result<Vec<String>> {
        let mut words = Vec::new();
        let (mut word, mut begun, mut quoted) = (String::new(), false, false);
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            if let Some(inside) = rest.strip_prefix("$(").filter(|_| !quoted) {
                let (inside, after) = inside.split_once(')').ok_or("no ) after $(")?;
                let inside: Vec<_> = inside.split(' ').map(str::to_owned).collect();
                let (stdout, stderr, status) = self.spawn("admin", &inside)?.wait()?;
                if status != "exit status: 0" {
                    return Err(format!("{inside:?}: {status}: {stderr}").into());
                }
                word.push_str(stdout.trim_end());
                (begun, rest) = (true, after);
                continue;
            }
            rest = &rest[c.len_utf8()..];
            match c {
                '\'' => (quoted, begun) = (!quoted, true),
                ' ' if !quoted => {
                    if begun {
                        words.push(std::mem::take(&mut word));
                    }
                    begun = false;
                }
                c => {
                    word.push(c);
                    begun = true;
                }
            }
        }
        words.extend(begun.then_some(word));
        Ok(words)
    }
}

/// A kubectl that runs.
struct Running {
    child: Child,
    stdout: Output,
    stderr: Output,
}

impl Running {
    /// What it printed, and how it ended.
    fn wait(mut self) -> Result<(String, String, String)> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok((self.stdout.all(), self.stderr.all(), status.to_string()));
            }
            if begun.elapsed() > TOO_LONG {
                self.child.kill()?;
            }
            sleep(Duration::from_millis(2));
        }
    }

    /// Waits until it has printed something, and then nothing for a while; or for so long at most
    /// when it prints nothing at all.
    fn settle(&self, patience: Duration) {
        let quiet = patience / 2;
        let (begun, mut seen, mut last) = (Instant::now(), 0, Instant::now());
        loop {
            let length = self.stdout.length();
            if length != seen {
                (seen, last) = (length, Instant::now());
            }
            let waited = if seen == 0 { begun.elapsed() / 2 } else { last.elapsed() };
            if waited > quiet {
                return;
            }
            sleep(Duration::from_millis(20));
        }
    }
}

/// What somebody reads of a pipe.
struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

impl Output {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let read = Arc::clone(&bytes);
        let thread = std::thread::spawn(move || {
            let Some(mut pipe) = pipe else { return };
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = pipe.read(&mut buffer) {
                read.lock().unwrap().extend_from_slice(&buffer[..length]);
            }
        });
        Self { bytes, thread }
    }

    fn length(&self) -> usize {
        self.bytes.lock().unwrap().len()
    }

    fn all(self) -> String {
        let _ = self.thread.join();
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }
}

/// What differs from run to run, and the word that stands for it.
static CHANGING: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", "TOKEN"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UID"),
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "DATE"),
        (r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+A-Z0-9]+", "DATE"),
        (r"\b127\.0\.0\.1:\d+", "ADDRESS"),
        (r#"(resourceVersion"?: ?"?)\d+"#, "${1}REVISION"),
        (r"(?m)^[EWI]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ ", "LOG "),
        // At the end of a line, or between the columns of a table.
        (r"(?m)( {2,})(\d+[dhms]){1,2}( {2,}|$)", "${1}AGE${3}"),
        (r"/tmp/[^ \n]*kubectl-edit-[^ \n]+", "EDITED"),
        (r"\bkube-api-access-[a-z0-9]{5}\b", "kube-api-access-RANDOM"),
        (r" {2,}", "  "),
        (r"(?m) +$", ""),
    ]
    .map(|(pattern, word)| (Regex::new(pattern).expect("a pattern of ours"), word))
    .into()
});

fn sorted(text: &str) -> String {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

fn comparable(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, word) in CHANGING.iter() {
        text = pattern.replace_all(&text, *word).into_owned();
    }
    text
}

/// The lines that two outcomes do not share.
pub(crate) fn difference(real: &Outcome, lab: &Outcome) -> String {
    let (real, lab) = (real.text(), lab.text());
    let lines = similar::TextDiff::from_lines(&real, &lab);
    let mut text = String::new();
    for change in lines.iter_all_changes() {
        let sign = match change.tag() {
            similar::ChangeTag::Equal => continue,
            similar::ChangeTag::Delete => "real",
            similar::ChangeTag::Insert => "lab ",
        };
        let _ = write!(text, "    {sign} | {change}"); // into a String: it can't fail
    }
    text
}
