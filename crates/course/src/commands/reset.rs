//! `cargo course reset`.

use crate::guide::{Guide, why};
use crate::progress::Done;
use crate::tell;
use crate::tree::{Course, Exercise};
use narration::{Answer, Outcome, Report, Story};
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

/// Puts the stub back. What was there goes to `.course/backups`, or nothing is put back at all.
///
/// # Errors
/// When the name is none, when the work can't be kept; those of the writer.
pub fn reset<W: Write>(story: &mut Story<W>, guide: &mut Guide, name: &str) -> Outcome {
    let exercise = guide.chosen(Some(name))?;
    let name = exercise.name.clone();
    let file = exercise.file();
    let shown = guide.course.short(&file).to_string();

    tell::heading(story, exercise)?;
    if exercise.untouched() {
        story.say(format_args!("{shown} is as it came."))?;
    } else {
        let kept = keep(&guide.course, exercise).map_err(|error| {
            Report::failed(format_args!(
                "{shown} is left as it is: it can't be kept first: {error}"
            ))
            .advise("making .course/backups a folder that can be written to")
        })?;
        fs::copy(exercise.stub(), &file).map_err(|error| {
            Report::failed(format_args!("the stub can't be put back into {shown}: {}", why(&error)))
        })?;
        story.say(format_args!("{shown} is as it came. Your work is kept:"))?;
        story.lines(guide.course.short(&kept))?;
    }
    guide.remember(&name, Done::default());
    story.say("It counts as not done, and its hints begin again.")?;
    Ok(Answer::Yes)
}

/// Copies the reader's file to the first free name of `.course/backups/NAME.N.rs`.
fn keep(course: &Course, exercise: &Exercise) -> io::Result<PathBuf> {
    let work = fs::read(exercise.file())?;
    let folder = course.root.join(".course/backups");
    fs::create_dir_all(&folder)?;
    let mut number = 1;
    loop {
        let path = folder.join(format!("{}.{number}.rs", exercise.name));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(&work)?;
                file.sync_all()?;
                return Ok(path);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    }
}
