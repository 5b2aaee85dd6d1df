//! `cargo course solution`.

use crate::guide::{Guide, why};
use crate::tell;
use narration::{Answer, Outcome, Report, Story};
use std::fs;
use std::io::Write;

/// Shows a solution with its why, to who has passed the exercise or does not mind.
///
/// # Errors
/// When the name is none, when the file is not there; those of the writer.
pub fn solution<W: Write>(story: &mut Story<W>, guide: &Guide, name: &str, spoil: bool) -> Outcome {
    let exercise = guide.chosen(Some(name))?;
    let name = &exercise.name;
    if !spoil && !guide.done(exercise).passed {
        return Err(Report::failed(format_args!(
            "{name} has not passed yet, and this is its answer"
        ))
        .advise(format_args!("cargo course hint {name}"))
        .advise(format_args!("cargo course solution {name} --spoil")));
    }
    let file = exercise.solution(&guide.course);
    let shown = guide.course.short(&file);
    let text = fs::read_to_string(&file)
        .map_err(|error| Report::failed(format_args!("cannot read {shown}: {}", why(&error))))?;
    tell::heading(story, exercise)?;
    story.say(format_args!("One way to do it, from {shown}. Another that passes is as good."))?;
    story.lines(text)?;
    Ok(Answer::Yes)
}
