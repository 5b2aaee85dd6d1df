//! The course's own exercises: what they say about themselves; and, for who has a minute, that all
//! of it is true and that `cargo test` and `cargo course check` share what they build.
#![allow(clippy::unwrap_used, reason = "a test may")]

use course::manifest;
use course::tree::Course;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

fn real() -> Course {
    Course::find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn every_exercise_agrees_with_its_stub_its_solution_and_the_book() {
    let course = real();
    let problems: BTreeMap<&str, Vec<String>> = course
        .exercises
        .iter()
        .map(|exercise| (exercise.name.as_str(), manifest::problems(&course, exercise)))
        .filter(|(_, problems)| !problems.is_empty())
        .collect();
    assert!(problems.is_empty(), "{problems:#?}");
}

/// Cargo as a shell has it: without what the cargo that runs this test says about this crate.
fn cargo(course: &Course) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap());
    cargo.current_dir(&course.root).stdin(Stdio::null());
    for (key, _) in std::env::vars_os() {
        let name = key.to_string_lossy().into_owned();
        let kept = ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_INCREMENTAL", "CARGO_TERM_COLOR"];
        if name.starts_with("CARGO") && !kept.contains(&&*name) {
            cargo.env_remove(key);
        }
    }
    cargo
}

/// What `cargo test --no-run` in the exercise's folder had to compile.
fn compiled_by_cargo_test(course: &Course, folder: &Path) -> Vec<String> {
    let mut cargo = cargo(course);
    cargo.current_dir(folder).args(["test", "--no-run"]);
    let output = cargo.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let lines = said.lines().filter(|line| line.trim().starts_with("Compiling"));
    lines.map(str::to_owned).collect()
}

/// The one without dependencies, and the one with the most: build scripts such as ring's run again
/// when the environment names another package than the last time.
#[test]
#[ignore = "builds exercises, the lab cluster among what they stand on"]
fn cargo_test_and_cargo_course_check_in_turn_recompile_nothing() {
    let course = real();
    let lab = course.exercises.iter().find(|exercise| exercise.links_the_lab);
    for exercise in course.exercises.first().into_iter().chain(lab) {
        compiled_by_cargo_test(&course, &exercise.folder);
        for _ in 0..2 {
            // Word for word what a reader types: the alias, and `cargo run` behind it.
            let output = cargo(&course).args(["course", "check", &exercise.name]).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.code().is_some_and(|status| status < 2), "{said}");
            assert!(!said.contains("building"), "{said}");
            let name = &exercise.name;
            let compiled = compiled_by_cargo_test(&course, &exercise.folder);
            assert!(compiled.is_empty(), "{name}: compiled again: {compiled:#?}");
        }
        // And the other way round: what a check has built, `cargo test` need not build.
        let now = std::fs::read(exercise.file()).unwrap();
        std::fs::write(exercise.file(), now).unwrap();
        cargo(&course).args(["course", "check", &exercise.name]).output().unwrap();
        let compiled = compiled_by_cargo_test(&course, &exercise.folder);
        assert!(compiled.is_empty(), "{}: compiled again: {compiled:#?}", exercise.name);
    }
}
