//! What a reader sees who types the commands, and what they do to the reader's files.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::{SOLVED, Small};
use std::fs;

const DOTS: &str = "exercises/01_shapes/01_dots/src/exercise.rs";

#[test]
fn at_the_start() {
    let small = Small::new();
    let said = small.course(&[]).all();
    insta::assert_snapshot!(said);
    // An editor that is opened now finds every file.
    assert_eq!(small.read(DOTS), small.read("exercises/01_shapes/01_dots/src/stub.rs"));
    assert!(small.path().join("exercises/02_claims/01_issuer/src/exercise.rs").is_file());
    // Looking is no progress.
    assert!(!small.path().join(".course/progress.txt").exists());
}

#[test]
fn the_list_knows_what_is_done_begun_and_next() {
    let small = Small::new();
    insta::assert_snapshot!("list_at_the_start", small.course(&["list"]).all());
    small.write(".course/progress.txt", "dots: passed, hints 2\nno such exercise: passed\n\u{0}\n");
    small.write("exercises/02_claims/01_issuer/src/exercise.rs", "// half of it");
    insta::assert_snapshot!("list_later", small.course(&["list"]).all());
}

#[test]
fn alone_after_the_first_pass_and_after_the_last() {
    let small = Small::new();
    small.write(".course/progress.txt", "dots: passed\n");
    insta::assert_snapshot!("alone_after_the_first_pass", small.course(&[]).all());
    small.write(".course/progress.txt", "dots: passed\ndashes: passed\nissuer: passed\n");
    insta::assert_snapshot!("alone_after_the_last", small.course(&[]).all());
    assert_eq!(small.course(&["check"]).status, Some(0), "nothing is left to check");
}

#[test]
fn a_hint_more_each_time() {
    let small = Small::new();
    insta::assert_snapshot!("first_hint", small.course(&["hint"]).all());
    assert!(small.course(&["hint"]).stdout.contains("Hint 2 of 3"));
    insta::assert_snapshot!("last_hint", small.course(&["hint"]).all());
    assert!(small.course(&["hint"]).stdout.contains("Hint 3 of 3"), "and no more");
    insta::assert_snapshot!(small.read(".course/progress.txt"), @r"
    # What you have done, as `cargo course` remembers it. It is yours: a line may be changed or removed.
    dots: hints 3
    ");
    assert!(small.course(&["hint", "dashes"]).stdout.contains("Hint 1 of 3"), "each has its own");
}

#[test]
fn a_reset_keeps_what_was_written() {
    let small = Small::new();
    small.course(&[]);
    insta::assert_snapshot!("reset_of_nothing", small.course(&["reset", "dots"]).all());

    small.write(DOTS, "// an hour of work");
    small.write(".course/progress.txt", "dots: passed, hints 2\n");
    insta::assert_snapshot!("reset", small.course(&["reset", "dots"]).all());
    assert_eq!(small.read(".course/backups/dots.1.rs"), "// an hour of work");
    assert_eq!(small.read(DOTS), small.read("exercises/01_shapes/01_dots/src/stub.rs"));
    assert!(!small.read(".course/progress.txt").contains("dots:"));

    small.write(DOTS, b"\xff\xfe of no encoding");
    small.course(&["reset", "dots"]);
    assert_eq!(
        fs::read(small.path().join(".course/backups/dots.2.rs")).unwrap(),
        b"\xff\xfe of no encoding"
    );
    assert_eq!(
        small.read(".course/backups/dots.1.rs"),
        "// an hour of work",
        "never over a backup"
    );
}

#[test]
fn what_can_not_be_kept_is_not_reset() {
    let small = Small::new();
    small.write(DOTS, "// an hour of work");
    small.write(".course", "a file where the folder should be");
    insta::assert_snapshot!(small.course(&["reset", "dots"]).all());
    assert_eq!(small.read(DOTS), "// an hour of work");
    // Everything else goes on without it.
    let said = small.course(&["hint"]);
    assert_eq!(said.status, Some(0), "{}", said.all());
    assert!(said.stderr.contains("note: "), "{}", said.stderr);
}

#[test]
fn an_untouched_file_follows_its_stub_and_work_does_not() {
    let small = Small::new();
    small.course(&[]);
    let dashes = "exercises/01_shapes/02_dashes/src/exercise.rs";
    small.write(dashes, "// half of it");
    for stub in
        ["exercises/01_shapes/01_dots/src/stub.rs", "exercises/01_shapes/02_dashes/src/stub.rs"]
    {
        small.write(stub, "// another one, by git pull");
    }
    small.course(&[]);
    assert_eq!(small.read(DOTS), "// another one, by git pull");
    assert_eq!(small.read(dashes), "// half of it");
}

#[test]
fn a_solution_is_for_who_has_passed_or_insists() {
    let small = Small::new();
    insta::assert_snapshot!("solution_too_early", small.course(&["solution", "dots"]).all());
    let spoiled = small.course(&["solution", "dots", "--spoil"]);
    assert_eq!(spoiled.status, Some(0));
    small.write(".course/progress.txt", "dots: passed\n");
    insta::assert_snapshot!("solution", small.course(&["solution", "dots"]).all());
    assert_eq!(spoiled.stdout, small.course(&["solution", "dots"]).stdout);
}

#[test]
fn an_exercise_has_many_names() {
    let small = Small::new();
    for name in ["dashes", "da", "1.2", "01.02", "exercises/01_shapes/02_dashes", "2", "02"] {
        let said = small.course(&["hint", name]);
        assert!(said.stdout.starts_with("1.2 dashes: "), "{name}: {}", said.all());
    }
    let file = "exercises/01_shapes/02_dashes/src/exercise.rs";
    assert!(small.course(&["hint", file]).stdout.starts_with("1.2 dashes: "));
    // Who stands in an exercise's folder means that one.
    let folder = "exercises/02_claims/01_issuer/src";
    assert!(small.course_in(folder, &["hint"]).stdout.starts_with("2.1 issuer: "));
    assert!(small.course_in("exercises", &["hint"]).stdout.starts_with("1.1 dots: "));
}

#[test]
fn a_name_that_means_none_or_several() {
    let small = Small::new();
    let several = ["d", "01", "nothing", "", "1.9", "../..", "9999999999999", "--hlep"];
    let said =
        several.map(|name| format!("$ hint {name}\n{}", small.course(&["hint", name]).all()));
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn somewhere_else_there_is_no_course() {
    let nowhere = tempfile::tempdir().unwrap();
    let output = common::program(nowhere.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    let path = nowhere.path().canonicalize().unwrap().display().to_string();
    insta::assert_snapshot!(said.replace(&path, "HERE"), @r"
    error: HERE is not inside the course's folder
      try: running it in the folder that holds the course
    ");
}

#[test]
fn a_manifest_that_lacks_a_line() {
    let small = Small::new();
    let manifest = "exercises/01_shapes/02_dashes/Cargo.toml";
    small.write(manifest, small.read(manifest).replace("minutes = 5\n", ""));
    insta::assert_snapshot!(small.course(&[]).all());
}

#[test]
fn help_has_examples_and_a_closed_pipe_is_no_error() {
    let small = Small::new();
    insta::assert_snapshot!(small.course(&["--help"]).all());
    // Nobody reads what it prints.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = common::program(&small.path()).arg("list").stdout(writer).status().unwrap();
    assert_eq!(status.code(), Some(0));
}

/// One crate without dependencies is built a few times: a second or two.
#[test]
fn from_the_stub_to_a_pass_and_back() {
    let small = Small::new();
    insta::assert_snapshot!("check_of_the_stub", small.course(&["check"]).all());

    small.write(DOTS, SOLVED.replace("count()", "cuont()"));
    // The compiler's words change with its version.
    let said = small.course(&["check"]).all();
    for part in ["error[E0599]", DOTS, "`cuont`", "Not yet: it does not compile.", "[status 1]"] {
        assert!(said.contains(part), "{part} is not in: {said}");
    }
    assert!(!said.contains("could not compile"), "that is cargo's own noise: {said}");

    let printing = "println!(\"looking at {token}\");\n    2";
    small.write(DOTS, SOLVED.replace("token.matches('.').count()", printing));
    insta::assert_snapshot!("check_fails", small.course(&["check"]).all());
    assert!(!small.path().join(".course/progress.txt").exists());

    small.write(DOTS, SOLVED);
    insta::assert_snapshot!("check_passes", small.course(&["check"]).all());
    assert!(small.read(".course/progress.txt").contains("dots: passed"));

    small.write(DOTS, SOLVED.replace('.', ","));
    let later = small.course(&["check", "dots"]);
    assert!(later.stdout.contains("You had passed this one"), "{}", later.all());
    assert_eq!(later.status, Some(1));
    assert!(small.course(&["list"]).stdout.contains("dots    done"), "it stays done");
}
