//! Shown commands are run, and must print what the page says.
//!
//! A command finds the course's own programs and the tools of POSIX that are listed here, and
//! nothing else: no network tool, no kubectl. It runs in the page's own new folder, with an
//! environment of its own. `cargo run -q -p X -- ...` starts the program that is built already.

mod programs;

use crate::page::{Block, Page};
use crate::{Book, Problem};
pub use programs::{Error, Programs};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A program that is still running then hangs.
const TIME_OUT: Duration = Duration::from_secs(120);

/// Begins what a command prints. No program prints it.
const MARK: char = '\u{1e}';

/// A command on a page, and what the page says it prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The line of the block it is in, from 0: commands that are included have none of their own.
    offset: usize,
    /// As the shell gets it.
    pub command: String,
    /// What follows it on the page.
    pub expected: String,
}

/// The commands of a console block; what stands before the first is an error.
///
/// # Errors
/// What stands there that is no command's output.
pub fn steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    let mut goes_on = false;
    for (offset, line) in text.lines().enumerate() {
        if let Some(command) = line.strip_prefix("$ ") {
            let command = command.to_owned();
            goes_on = true;
            steps.push(Step { offset, command, expected: String::new() });
            continue;
        }
        let Some(step) = steps.last_mut() else { return Err(line.to_owned()) };
        let more =
            if goes_on { line.strip_prefix("> ").or((line == ">").then_some("")) } else { None };
        if let Some(more) = more {
            step.command.push('\n');
            step.command.push_str(more);
        } else {
            goes_on = false;
            step.expected.push_str(line);
            step.expected.push('\n');
        }
    }
    if steps.is_empty() { Err("it is empty".into()) } else { Ok(steps) }
}

/// Runs every console block of the book.
///
/// # Errors
/// When a program of the course can't be built, or no folder be made.
pub fn check(book: &Book, programs: &Programs) -> Result<Vec<Problem>, Error> {
    let mut problems = Vec::new();
    for page in &book.pages {
        let blocks = page.blocks.iter().filter(|block| block.language == "console");
        let mut blocks = blocks.peekable();
        if blocks.peek().is_none() {
            continue;
        }
        let folder = tempfile::tempdir().map_err(Error::Folder)?;
        for block in blocks {
            problems.extend(check_block(page, block, programs, folder.path())?);
        }
    }
    Ok(problems)
}

fn check_block(
    page: &Page,
    block: &Block,
    programs: &Programs,
    folder: &Path,
) -> Result<Option<Problem>, Error> {
    let steps = match steps(&block.text) {
        Ok(steps) => steps,
        Err(line) => {
            let what = format!("a console block without a command before {line:?}");
            let advice = "begin with a line `$ COMMAND`, or call the block text";
            return Ok(Some(page.problem(block.line, what, advice)));
        }
    };
    for step in &steps {
        programs.provide(&step.command)?;
    }
    let Some(printed) = run(&steps, programs, folder)? else {
        let what = format!("not done after {} s", TIME_OUT.as_secs());
        let advice = "a console block ends by itself; call a server's output text";
        return Ok(Some(page.problem(block.line, what, advice)));
    };
    for (index, step) in steps.iter().enumerate() {
        let line = line_of(page, block, step);
        let Some(got) = printed.get(index) else {
            let what = format!("`{}` did not run: the shell had ended", step.command);
            return Ok(Some(page.problem(line, what, "leave `exit` out of a block")));
        };
        if same(got) != same(&step.expected) {
            let difference = difference(&step.expected, got);
            let what = format!("`{}` prints something else\n{difference}", step.command);
            let advice = "put onto the page what it prints, or mend the program; \
                          run the commands of the page yourself to see";
            return Ok(Some(page.problem(line, what, advice)));
        }
    }
    Ok(None)
}

/// The line of a command on its page, if it is written there.
fn line_of(page: &Page, block: &Block, step: &Step) -> usize {
    let first = step.command.lines().next().unwrap_or_default();
    let lines = (1..).zip(page.source.lines()).skip(block.line);
    let mut inside = lines.take(block.end.saturating_sub(block.line));
    inside.find(|(_, line)| line.strip_prefix("$ ") == Some(first)).map_or(block.line, |(at, _)| at)
}

/// Blank lines at the end are nobody's; nothing else is forgiven.
fn same(text: &str) -> &str {
    text.trim_end_matches('\n')
}

/// What each command printed, as far as they came; None when they did not end in time.
fn run(steps: &[Step], programs: &Programs, folder: &Path) -> Result<Option<Vec<String>>, Error> {
    let mut script = String::new();
    for step in steps {
        // `$?` stays that of the command before.
        script.push_str("_status=$?; printf '\\036'; (exit $_status)\n");
        script.push_str(&step.command);
        script.push('\n');
    }
    let files = tempfile::tempdir().map_err(Error::Folder)?;
    let (script_file, printed_file) = (files.path().join("script"), files.path().join("printed"));
    std::fs::write(&script_file, script).map_err(Error::Folder)?;
    // A file and not a pipe: who is left in the background can't keep us waiting.
    let printed = std::fs::File::create(&printed_file).map_err(Error::Folder)?;
    let mut shell = Command::new("/bin/sh")
        .arg(&script_file)
        .current_dir(folder)
        .env_clear()
        .envs(programs.environment(folder))
        .stdin(Stdio::null())
        .stderr(printed.try_clone().map_err(Error::Folder)?)
        .stdout(printed)
        .process_group(0)
        .spawn()
        .map_err(Error::Shell)?;
    let group = shell.id();
    let (done, is_done) = mpsc::channel();
    let waiting = std::thread::spawn(move || done.send(shell.wait()));
    let in_time = is_done.recv_timeout(TIME_OUT).is_ok();
    // Whatever the block left running ends with it.
    let kill = format!("kill -9 -{group} 2>/dev/null");
    let _ = Command::new("/bin/sh").args(["-c", &kill]).status();
    let _ = waiting.join();
    let printed = std::fs::read(printed_file).map_err(Error::Folder)?;
    let printed = String::from_utf8_lossy(&printed);
    Ok(in_time.then(|| printed.split(MARK).skip(1).map(str::to_owned).collect()))
}

/// Both, from the first line that differs.
fn difference(expected: &str, got: &str) -> String {
    const SHOWN: usize = 12;
    let (expected, got): (Vec<&str>, Vec<&str>) =
        (same(expected).split('\n').collect(), same(got).split('\n').collect());
    let first = expected.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let mut lines = vec![format!("  from its line {} on", first + 1)];
    for (sign, side) in [('-', &expected), ('+', &got)] {
        let shown = side.iter().skip(first).take(SHOWN);
        lines.extend(shown.map(|line| format!("  {sign} {}", visible(line))));
        let more = side.len().saturating_sub(first + SHOWN);
        lines.extend((more > 0).then(|| format!("  {sign} ... {more} more")));
    }
    lines.push("  (- the page, + the command)".into());
    lines.join("\n")
}

/// A tab, an escape, a space at the end: what makes two lines differ can be seen.
fn visible(line: &str) -> String {
    let kept = line.trim_end_matches(' ');
    let shown = kept.chars().map(|letter| {
        if letter.is_control() { letter.escape_default().to_string() } else { letter.to_string() }
    });
    shown.chain(line[kept.len()..].chars().map(|_| "\u{b7}".into())).collect()
}
