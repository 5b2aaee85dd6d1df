//! What a person sees who runs the chapter. Read the snapshot as documentation before you accept it.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::process::{Command, Stdio};

#[test]
fn the_walk() {
    let mut out = Vec::new();
    expiry::walk::tell(&mut narration::Story::new(&mut out)).unwrap();
    let told = String::from_utf8(out).unwrap();

    let too_wide: Vec<_> = told.lines().filter(|line| line.chars().count() > 80).collect();
    assert_eq!(too_wide, Vec::<&str>::new());
    insta::assert_snapshot!(told);
}

/// The program tells the same, and does not wait for somebody to type.
#[test]
fn the_program_tells_the_walk() {
    let mut out = Vec::new();
    expiry::walk::tell(&mut narration::Story::new(&mut out)).unwrap();

    let mut command = Command::new(env!("CARGO_BIN_EXE_expiry"));
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), String::from_utf8(out).unwrap());
}
