//! What an exercise says about itself, held against the stub, the solution and the book. Nothing is
//! built for that.

use crate::tree::{Course, Exercise};
use std::fs;

/// Shorter is no exercise, longer is two.
const MINUTES: std::ops::RangeInclusive<u32> = 5..=15;

/// What is wrong with it, a sentence each.
#[must_use]
pub fn problems(course: &Course, exercise: &Exercise) -> Vec<String> {
    let mut problems = Vec::new();
    let mut must = |holds: bool, otherwise: String| {
        if !holds {
            problems.push(otherwise);
        }
    };
    let Exercise { name, about, folder, .. } = exercise;

    let plain =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    must(
        name.starts_with(|first: char| first.is_ascii_lowercase()) && name.chars().all(plain),
        format!("the name {name:?} must be small letters, digits and hyphens"),
    );
    let folder = folder.file_name().unwrap_or_default().to_string_lossy();
    let expected = folder.split_once('_').map_or("", |(_, words)| words).replace('_', "-");
    must(*name == expected, format!("the name in the folder {folder} should be {expected:?}"));
    let same = |other: &&Exercise| other.number == exercise.number;
    must(
        course.exercises.iter().filter(same).count() == 1,
        format!("{} is the number of another one as well", exercise.dotted()),
    );

    must(MINUTES.contains(&about.minutes), format!("{} minutes are not 5 to 15", about.minutes));
    must(about.hints.len() >= 2, "it has fewer than two hints".to_owned());
    must(!about.rust.is_empty(), "it does not say which Rust it assumes".to_owned());
    must(!about.fails.is_empty(), "it does not say how its stub fails".to_owned());

    // Page by page, as far as there is a book.
    let page = exercise.page();
    if course.root.join("book/src").is_dir() {
        must(course.root.join(&page).is_file(), format!("there is no page {page}"));
        let summary = fs::read_to_string(course.root.join("book/src/SUMMARY.md"));
        let linked = format!("({})", page.trim_start_matches("book/src/"));
        must(
            summary.unwrap_or_default().replace("(./", "(").contains(&linked),
            format!("book/src/SUMMARY.md does not list {linked}"),
        );
    }

    let stub = fs::read_to_string(exercise.stub()).unwrap_or_default();
    let first = format!("//! {}", about.title.trim_end_matches(['.', '?', '!']));
    let minutes = format!(" About {} minutes", about.minutes);
    let line = stub.lines().next().unwrap_or_default();
    must(
        line.starts_with(&first) && line.contains(&minutes),
        format!("the stub should begin with \"{first}.{minutes}\""),
    );
    must(stub.contains(&page), format!("the stub does not name its page, {page}"));
    must(stub.contains("todo!("), "the stub leaves nothing to do".to_owned());
    let solution = exercise.solution(course);
    let text = fs::read_to_string(&solution).unwrap_or_default();
    must(!text.is_empty(), format!("there is no solution in {}", course.short(&solution)));
    must(!text.contains("todo!("), "the solution leaves something to do".to_owned());
    must(text.contains("// "), "the solution does not say why".to_owned());
    problems
}
