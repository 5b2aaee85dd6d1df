//! What a reader sees when a check fails.

use std::fs;

fn exercise() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = "[package.metadata.exercise]\npage = \"01-a/b.html\"\n";
    fs::write(folder.path().join("Cargo.toml"), manifest).expect("written");
    fs::create_dir_all(folder.path().join("tests/snapshots")).expect("made");
    let snapshot = "---\nsource: tests/x.rs\nexpression: text\n---\nalice\nbob\n";
    fs::write(folder.path().join("tests/snapshots/x__names.snap"), snapshot).expect("written");
    folder
}

#[test]
fn printed_text_is_compared_line_by_line_and_never_offered_for_overwriting() {
    let folder = exercise();
    let path = folder.path().to_str().expect("UTF-8");
    assert_eq!(checks::compare_output(path, "x", "names", "alice\nbob\n"), Ok(()));
    let told = checks::compare_output(path, "x", "names", "alice\neve\n").expect_err("differs");
    assert_eq!(
        told,
        "what your code printed is not what was expected\n\n  - expected\n  + what came\n\n    \
         alice\n  - bob\n  + eve\n\nexplained on: book/src/01-a/b.md (cargo run -p book)"
    );
    assert!(!told.contains("insta"));
}

#[test]
fn one_value_says_what_it_is_about() {
    let folder = exercise();
    let path = folder.path().to_str().expect("UTF-8");
    assert_eq!(checks::compare(path, &1, &1, "one"), Ok(()));
    let told = checks::compare(path, &1, &2, "how many").expect_err("differs");
    assert!(told.starts_with("how many\n") && told.contains("  - 2\n  + 1\n"), "{told}");
}

#[test]
fn a_missing_snapshot_is_no_pass() {
    let folder = exercise();
    let path = folder.path().to_str().expect("UTF-8");
    let told = checks::compare_output(path, "x", "gone", "alice\n").expect_err("missing");
    assert!(told.contains("x__gone.snap"), "{told}");
}
