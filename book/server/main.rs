//! Renders the course's book into `target/book`.

use mdbook_driver::MDBook;
use narration::{Answer, Outcome, Report};
use std::process::ExitCode;

fn main() -> ExitCode {
    narration::conclude(run())
}

fn run() -> Outcome {
    let failed = |error| Report::failed(format_args!("{error:#}"));
    let book = MDBook::load(env!("CARGO_MANIFEST_DIR")).map_err(failed)?;
    book.build().map_err(failed)?;
    Ok(Answer::Yes)
}
