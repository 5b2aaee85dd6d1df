//! How a program ends.

use crate::InputError;
use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

/// What a program that could do its work found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Exit status 0.
    Yes,
    /// Exit status 1: the work was done, and the answer is no.
    No,
}

/// What `main` works out before it ends.
pub type Outcome = Result<Answer, Report>;

/// A program's last words: what was wrong, why, and what to do now. Anything that is an [`Error`]
/// becomes one with `?`; what to do is added with [`Report::advise`].
#[derive(Debug)]
pub struct Report {
    message: String,
    causes: Vec<String>,
    advice: Vec<String>,
    status: u8,
    closed_pipe: bool,
}

impl Report {
    /// Something failed: exit status 1.
    #[must_use]
    pub fn failed(message: impl Display) -> Self {
        Self {
            message: message.to_string(),
            causes: Vec::new(),
            advice: Vec::new(),
            status: 1,
            closed_pipe: false,
        }
    }

    /// The program was called in a way it does not understand: exit status 2.
    #[must_use]
    pub fn usage(message: impl Display) -> Self {
        Self { status: 2, ..Self::failed(message) }
    }

    /// Adds one thing to do now.
    #[must_use]
    pub fn advise(mut self, what_to_do: impl Display) -> Self {
        self.advice.push(what_to_do.to_string());
        self
    }
}

impl<E: Error + 'static> From<E> for Report {
    fn from(error: E) -> Self {
        let mut report = Self::failed(&error);
        let mut next: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(error) = next {
            let pipe = error.downcast_ref::<io::Error>().map(io::Error::kind);
            report.closed_pipe |= pipe == Some(io::ErrorKind::BrokenPipe);
            next = error.source();
            // What the system said is already in the sentence of an InputError.
            if error.is::<InputError>() {
                continue;
            }
            // A cause that the message above it already tells is not told twice.
            if let Some(cause) = next.map(ToString::to_string)
                && !report.message.contains(&cause)
            {
                report.causes.push(cause);
            }
        }
        report
    }
}

/// Prints what is left to print, on standard error, and gives the exit status. A reader who closed
/// the pipe (`| head`) has seen enough: that is no error.
#[must_use]
pub fn conclude(outcome: Outcome) -> ExitCode {
    let report = match outcome {
        Ok(Answer::Yes) => return ExitCode::SUCCESS,
        Ok(Answer::No) => return ExitCode::FAILURE,
        Err(report) if report.closed_pipe => return ExitCode::SUCCESS,
        Err(report) => report,
    };
    let bold = anstyle::AnsiColor::Red.on_default().bold();
    aside(format_args!("{bold}error{bold:#}: {}", report.message));
    for cause in &report.causes {
        aside(format_args!("  because: {cause}"));
    }
    for advice in &report.advice {
        aside(format_args!("  try: {advice}"));
    }
    ExitCode::from(report.status)
}

/// Says something beside the story, on standard error: a note, a warning, a trace. Nobody may be
/// listening there, and that is no error.
pub fn aside(text: impl Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}
