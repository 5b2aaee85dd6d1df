//! What is said to somebody who waits for a build.

use crate::cargo::{self, News};
use crate::tree::{Course, Exercise};
use console::Term;
use narration::aside;

/// On a terminal one line that changes; elsewhere a line now and then.
pub struct Wait<'a> {
    course: &'a Course,
    exercise: &'a Exercise,
    terminal: Term,
    /// How many crates there are in all.
    all: Option<usize>,
    told: usize,
}

/// How many crates apart two lines are where nothing can be overwritten.
const STEP: usize = 25;

impl<'a> Wait<'a> {
    /// Nothing is said until there is something to wait for.
    #[must_use]
    pub fn new(course: &'a Course, exercise: &'a Exercise) -> Self {
        Self { course, exercise, terminal: Term::stderr(), all: None, told: 0 }
    }

    /// Tells it.
    pub fn tell(&mut self, news: &News) {
        match news {
            News::Blocked => aside("waiting for another cargo that builds here (an editor's?)"),
            News::Slow { name, limit } => {
                let name = name.replace('_', " ");
                aside(format_args!("still running: {name}; it will be stopped after {limit} s"));
            }
            News::Long => {
                self.all = cargo::count(self.course, self.exercise);
                let name = &self.exercise.name;
                aside(if self.exercise.links_the_lab {
                    format!(
                        "building what {name} stands on, the lab cluster among it: about a minute, \
                         this once"
                    )
                } else {
                    format!("building what {name} stands on: less than a minute, this once")
                });
            }
            News::Compiling { what, ready } => {
                let of = self.all.map(|all| format!(" of about {all}")).unwrap_or_default();
                let line = format!("  {ready}{of} crates, now {what}");
                if self.terminal.is_term() {
                    // Nobody may be looking, and that is no error.
                    let _ = self.terminal.clear_line();
                    let width = usize::from(self.terminal.size().1).saturating_sub(1);
                    let line: String = line.chars().take(width).collect();
                    let _ = self.terminal.write_str(&line);
                } else if *ready >= self.told + STEP {
                    self.told = *ready;
                    aside(line);
                }
            }
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if self.all.is_some() && self.terminal.is_term() {
            let _ = self.terminal.clear_line();
        }
    }
}
