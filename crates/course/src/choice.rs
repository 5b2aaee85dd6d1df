//! Which exercise a reader means: `columns`, `col`, `1.2`, `01`, or the path of its folder or file.

use crate::tree::{Course, Exercise};
use narration::Report;
use std::path::Path;

/// The one exercise that `word` means.
///
/// # Errors
/// When it means none, or more than one; the report names them.
pub fn named<'a>(course: &'a Course, word: &str) -> Result<&'a Exercise, Report> {
    if let Some(exercise) = course.exercises.iter().find(|exercise| exercise.name == word) {
        return Ok(exercise);
    }
    // A path as the shell completes it.
    if word.contains('/')
        && let Some(exercise) = course.around(folder_of(Path::new(word)))
    {
        return Ok(exercise);
    }
    let meant: Vec<&Exercise> = match numbers(word)[..] {
        [chapter, exercise] => with(course, |it| it.number == (chapter, exercise)),
        [exercise] => with(course, |it| it.number.1 == exercise),
        _ => with(course, |it| !word.is_empty() && it.name.starts_with(word)),
    };
    match meant[..] {
        [exercise] => Ok(exercise),
        [] => Err(Report::usage(format_args!("there is no exercise {word:?}"))
            .advise("cargo course list")),
        _ => {
            let names: Vec<String> = meant
                .iter()
                .map(|exercise| format!("{} {}", exercise.dotted(), exercise.name))
                .collect();
            let message = format!("{word:?} may mean any of: {}", names.join(", "));
            Err(Report::usage(message).advise("one of those numbers, or one of those names"))
        }
    }
}

fn with(course: &Course, meant: impl Fn(&Exercise) -> bool) -> Vec<&Exercise> {
    course.exercises.iter().filter(|exercise| meant(exercise)).collect()
}

/// The numbers of `1.2`, `01.02`, `1/2` or `02`; none when there is anything else in it.
fn numbers(word: &str) -> Vec<u32> {
    let numbers: Result<Vec<u32>, _> = word.split(['.', '/']).map(str::parse).collect();
    numbers.unwrap_or_default()
}

/// A file stands in a folder; a folder is one.
fn folder_of(path: &Path) -> &Path {
    if path.is_dir() { path } else { path.parent().unwrap_or(path) }
}
