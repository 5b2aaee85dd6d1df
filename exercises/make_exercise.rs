//! The build script of every exercise: the file that the reader edits, `src/exercise.rs`, begins as
//! a copy of `src/stub.rs`. Git ignores it, so that nobody's progress shows as a change.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=src/stub.rs");
    println!("cargo::rerun-if-changed=src/exercise.rs");
    let stub = std::fs::read(Path::new("src/stub.rs"))?;
    // Never over what is there: it may be an hour of somebody's work.
    match OpenOptions::new().write(true).create_new(true).open("src/exercise.rs") {
        Ok(mut file) => file.write_all(&stub),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}
