//! How a verdict is told.

use crate::guide::Guide;
use crate::panics::Panic;
use crate::tree::Exercise;
use crate::verdict::{Check, End, Verdict};
use narration::Story;
use std::io::{self, Write};

/// More of them would push the first, which is often the cause of the others, off the screen.
const MESSAGES: usize = 4;
const LINES: usize = 20;

/// The heading of an exercise: `1.1 columns: A line becomes a user`.
///
/// # Errors
/// This and all that follow: those of the writer.
pub fn heading<W: Write>(story: &mut Story<W>, exercise: &Exercise) -> io::Result<()> {
    let Exercise { name, about, .. } = exercise;
    story.title(&format!("{} {name}: {}", exercise.dotted(), about.title))
}

/// What came of a check, and what to do now. `passed_before` is what was known of it until now.
///
/// # Errors
/// Those of the writer.
pub fn verdict<W: Write>(
    story: &mut Story<W>,
    guide: &Guide,
    exercise: &Exercise,
    verdict: &Verdict,
    passed_before: bool,
) -> io::Result<()> {
    match verdict {
        Verdict::DoesNotCompile(errors) => {
            for error in errors.iter().take(MESSAGES) {
                story.lines(error.trim_end())?;
            }
            let more = errors.len().saturating_sub(MESSAGES);
            let more = if more > 0 { format!(" {more} more after these.") } else { String::new() };
            story.say(format_args!(
                "Not yet: it does not compile.{more} The first message is the one to begin with.",
            ))?;
        }
        Verdict::Elsewhere(text) => {
            story.lines(text.trim())?;
            story
                .say("No verdict: this is not about your file, but about what it is built with.")?;
            return Ok(());
        }
        Verdict::Ran { checks, .. } if checks.is_empty() => {
            let tests = exercise.folder.join("tests");
            story.say(format_args!(
                "No verdict: {} holds no check. Bring it back from where you got the course \
                 (git checkout), and check again.",
                guide.course.short(&tests)
            ))?;
            return Ok(());
        }
        Verdict::Ran { checks, warnings } => {
            let marks: Vec<(bool, String)> = checks.iter().map(mark).collect();
            story.marks(&marks)?;
            if verdict.passed() {
                return passed(story, guide, exercise, warnings);
            }
            if let Some(check) = checks.iter().find(|check| check.end != End::Passed) {
                failed(story, guide, exercise, check)?;
            }
        }
    }
    if passed_before {
        story
            .say("You had passed this one, and it no longer passes. It stays done in the list.")?;
    }
    what_now(story, guide, exercise)
}

fn mark(check: &Check) -> (bool, String) {
    let name = readable(&check.name);
    match check.end {
        End::Passed => (true, name),
        End::TimedOut(seconds) => (false, format!("{name} (stopped after {seconds} s)")),
        End::NotTried => (false, format!("{name} (not tried)")),
        End::Failed(_) | End::Died(_) => (false, name),
    }
}

/// `a_line_of_two_columns_is_nobody` is a sentence.
fn readable(name: &str) -> String {
    name.rsplit("::").next().unwrap_or(name).replace('_', " ")
}

fn failed<W: Write>(
    story: &mut Story<W>,
    guide: &Guide,
    exercise: &Exercise,
    check: &Check,
) -> io::Result<()> {
    story.say(format_args!("Not yet: {}", readable(&check.name)))?;
    match &check.end {
        End::Failed(panics) => panicked(story, guide, exercise, panics)?,
        End::Died(how) => story.lines(how)?,
        End::TimedOut(seconds) => story.lines(format_args!(
            "it was still running after {seconds} seconds, and was stopped.\n\
             Is there a loop in your code that never ends?"
        ))?,
        End::Passed | End::NotTried => {}
    }
    if !check.printed.is_empty() {
        let lines: Vec<&str> = check.printed.lines().collect();
        let last = &lines[lines.len().saturating_sub(LINES)..];
        let which = if last.len() < lines.len() {
            "The last of what your code printed:"
        } else {
            "Your code printed:"
        };
        story.say(which)?;
        story.lines(last.join("\n"))?;
    }
    if exercise.untouched() {
        let file = exercise.file();
        story.say(format_args!(
            "{} is still as it came: what to do stands at its top.",
            guide.course.short(&file)
        ))?;
    }
    Ok(())
}

fn panicked<W: Write>(
    story: &mut Story<W>,
    guide: &Guide,
    exercise: &Exercise,
    panics: &[Panic],
) -> io::Result<()> {
    let Some(last) = panics.last() else { return Ok(()) };
    let theirs = |panic: &&Panic| panic.place.contains("src/exercise.rs");
    match panics.iter().rev().find(theirs) {
        Some(own) => {
            let what = match own.message.strip_prefix("not yet implemented: ") {
                Some(what) => format!("still to do: {what}"),
                None if own.message == "not yet implemented" => "still to do".to_owned(),
                None => format!("your code panicked: {}", own.message),
            };
            story.lines(format_args!("{what}\nat {}", own.place))?;
            if let Some(earlier) = guide.course.whose(&own.place)
                && earlier.name != exercise.name
            {
                let (name, stands) = (&earlier.name, &exercise.name);
                story
                    .say(format_args!("{stands} stands on your {name}, and ends there. First:"))?;
                story.command(format_args!("cargo course check {name}"))?;
            }
            // What the check saw of it, when that is something else: a server of ours has caught it.
            if own != last && !last.message.contains(&own.message) {
                story.lines(&last.message)?;
            } else if let Some((_, input)) = last.message.split_once("\n\n") {
                story.lines(input)?;
            }
        }
        None => story.lines(&last.message)?,
    }
    // A comparison names the page itself.
    if !last.message.contains("explained on: ") {
        story.lines(format_args!("explained on: {} (cargo run -p book)", exercise.page()))?;
    }
    Ok(())
}

fn passed<W: Write>(
    story: &mut Story<W>,
    guide: &Guide,
    exercise: &Exercise,
    warnings: &[String],
) -> io::Result<()> {
    for warning in warnings.iter().take(MESSAGES) {
        story.lines(warning.trim_end())?;
    }
    let all = guide.course.exercises.len();
    let done = guide.passed();
    let remark = if warnings.is_empty() { "" } else { " The compiler has a remark, though." };
    story.say(format_args!("Done: every check passes.{remark} {done} of {all} exercises done."))?;
    let mut rows = vec![
        ("see it run", format!("cargo run -p {}", exercise.name)),
        ("compare", format!("cargo course solution {}", exercise.name)),
    ];
    if let Some(next) = guide.next() {
        rows.push(("next", format!("cargo course ({}, \"{}\")", next.dotted(), next.about.title)));
    }
    story.rows(&rows)
}

fn what_now<W: Write>(story: &mut Story<W>, guide: &Guide, exercise: &Exercise) -> io::Result<()> {
    let (file, stub) = (exercise.file(), exercise.stub());
    let name = &exercise.name;
    if guide.course.stub_has_changed(exercise) {
        story.say(format_args!(
            "The exercise has changed since you began: {} is how it begins now.",
            guide.course.short(&stub)
        ))?;
    }
    story.rows(&[
        ("edit", guide.course.short(&file).to_string()),
        ("again", format!("cargo course check {name}")),
        ("stuck?", format!("cargo course hint {name}")),
    ])
}
