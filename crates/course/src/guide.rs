//! Where a reader is, and what comes next.

use crate::choice;
use crate::progress::{Done, Progress};
use crate::tree::{Course, Exercise, TreeError};
use narration::{Report, aside};
use std::io;
use std::path::{Path, PathBuf};

/// The course, and how far somebody has come in it.
#[derive(Debug)]
pub struct Guide {
    /// The exercises.
    pub course: Course,
    /// What is done of them.
    pub progress: Progress,
    /// Where the reader stands.
    here: PathBuf,
}

impl Guide {
    /// Opens the course around `here`, and gives every exercise the file that the reader edits.
    ///
    /// # Errors
    /// When there is no course around it.
    pub fn open(here: &Path) -> Result<Self, TreeError> {
        let course = Course::find(here)?;
        for (exercise, error) in course.make_files() {
            aside(format_args!(
                "note: {} could not be made: {}",
                why(&error),
                course.short(&exercise.file())
            ));
        }
        let progress = Progress::read(&course.root).unwrap_or_else(|error| {
            let none = Progress::none(&course.root);
            let file = course.short(none.file());
            aside(format_args!("note: what you have done is not known: {file}: {}", why(&error)));
            none
        });
        Ok(Self { course, progress, here: here.to_path_buf() })
    }

    /// The first exercise that has not passed yet; none when all have.
    #[must_use]
    pub fn next(&self) -> Option<&Exercise> {
        self.course.exercises.iter().find(|exercise| !self.done(exercise).passed)
    }

    /// Whether there is neither a next exercise nor one in whose folder the reader stands.
    #[must_use]
    pub fn all_done(&self) -> bool {
        self.next().is_none() && self.course.around(&self.here).is_none()
    }

    /// The exercise of that name; without one, that in whose folder the reader stands; else the next.
    ///
    /// # Errors
    /// When the name means none, or more than one.
    pub fn chosen(&self, name: Option<&str>) -> Result<&Exercise, Report> {
        if let Some(name) = name {
            return choice::named(&self.course, name);
        }
        self.course.around(&self.here).or_else(|| self.next()).ok_or_else(|| {
            Report::usage("every exercise is done: there is no next one")
                .advise("naming one, such as 1.1")
        })
    }

    /// What was done of it.
    #[must_use]
    pub fn done(&self, exercise: &Exercise) -> Done {
        self.progress.of(&exercise.name)
    }

    /// How many have passed.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.course.exercises.iter().filter(|exercise| self.done(exercise).passed).count()
    }

    /// Writes down what was done. That it can't be written is worth a note, and changes nothing
    /// about what the reader asked for.
    pub fn remember(&mut self, name: &str, done: Done) {
        if let Err(error) = self.progress.set(name, done) {
            let file = self.course.short(self.progress.file());
            aside(format_args!("note: this could not be written down in {file}: {}", why(&error)));
        }
    }
}

/// What the system said, without the `(os error N)` that helps nobody.
pub(crate) fn why(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
