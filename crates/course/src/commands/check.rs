//! `cargo course check`.

use crate::commands::status;
use crate::guide::Guide;
use crate::progress::Done;
use crate::tell;
use crate::verdict::{self, Verdict};
use crate::wait::Wait;
use narration::{Answer, Outcome, Story};
use std::io::Write;

/// Checks one exercise, tells what came of it, and remembers when it passes.
///
/// # Errors
/// When the name is none, when cargo can't be started; those of the writer.
pub fn check<W: Write>(story: &mut Story<W>, guide: &mut Guide, name: Option<&str>) -> Outcome {
    if name.is_none() && guide.all_done() {
        return status::alone(story, guide);
    }
    let exercise = guide.chosen(name)?;
    tell::heading(story, exercise)?;
    let mut wait = Wait::new(&guide.course, exercise);
    let verdict = verdict::check(&guide.course, exercise, |news| wait.tell(&news))?;
    drop(wait);
    let name = exercise.name.clone();
    tell_and_remember(story, guide, &name, &verdict)
}

fn tell_and_remember<W: Write>(
    story: &mut Story<W>,
    guide: &mut Guide,
    name: &str,
    verdict: &Verdict,
) -> Outcome {
    let done = guide.progress.of(name);
    if verdict.passed() {
        guide.remember(name, Done { passed: true, ..done });
    }
    let exercise = guide.chosen(Some(name))?;
    tell::verdict(story, guide, exercise, verdict, done.passed)?;
    Ok(if verdict.passed() { Answer::Yes } else { Answer::No })
}
