//! `cargo course hint`.

use crate::guide::Guide;
use crate::progress::Done;
use crate::tell;
use narration::{Answer, Outcome, Story};
use std::io::Write;

/// The hints that were shown before, and one more.
///
/// # Errors
/// When the name is none; those of the writer.
pub fn hint<W: Write>(story: &mut Story<W>, guide: &mut Guide, name: Option<&str>) -> Outcome {
    let exercise = guide.chosen(name)?;
    let hints = &exercise.about.hints;
    let done = guide.done(exercise);
    let shown = (done.hints + 1).min(hints.len());

    tell::heading(story, exercise)?;
    for (number, hint) in hints.iter().take(shown).enumerate() {
        story.say(format_args!("Hint {} of {}: {hint}", number + 1, hints.len()))?;
    }
    let name = exercise.name.clone();
    let mut rows = vec![("page", format!("{} (cargo run -p book)", exercise.page()))];
    if shown < hints.len() {
        rows.push(("one more", format!("cargo course hint {name}")));
    } else {
        rows.push(("that was all", format!("cargo course solution {name} --spoil")));
    }
    story.rows(&rows)?;
    guide.remember(&name, Done { hints: shown, ..done });
    Ok(Answer::Yes)
}
