//! The comparisons that an exercise's checks are made of. A difference is shown line by line, with
//! the page that explains it, and nothing ever offers to overwrite the expected answer.
//!
//! - [`output!`] compares what a program printed with the snapshot of that name.
//! - [`same!`] compares one value.
//!
//! Snapshots are insta's. A maintainer who means to write one says so:
//! `INSTA_UPDATE=always cargo test -p EXERCISE --features solution`.

#[doc(hidden)]
pub use insta;

use similar::{ChangeTag, TextDiff};
use std::fmt::{Debug, Write};
use std::path::Path;

/// Compares printed text with the snapshot `NAME` beside the test: `output!("NAME", text)`.
#[macro_export]
macro_rules! output {
    ($name:expr, $text:expr $(,)?) => {{
        let text: String = ($text).into();
        // Never from a reader's own code, whatever insta was told.
        if cfg!(feature = "solution") && $crate::maintainer_writes() {
            $crate::insta::assert_snapshot!($name, text);
        } else {
            let module = module_path!().replace("::", "__");
            let told = $crate::compare_output(env!("CARGO_MANIFEST_DIR"), &module, $name, &text);
            if let Err(difference) = told {
                panic!("{difference}");
            }
        }
    }};
}

/// Compares one value: `same!(got, expected, "what this is about")`.
#[macro_export]
macro_rules! same {
    ($got:expr, $expected:expr, $about:expr $(,)?) => {{
        let told = $crate::compare(env!("CARGO_MANIFEST_DIR"), &$got, &$expected, $about.as_ref());
        if let Err(difference) = told {
            panic!("{difference}");
        }
    }};
}

/// Whether insta was told to write: what the course itself sets is "no".
#[doc(hidden)]
#[must_use]
pub fn maintainer_writes() -> bool {
    std::env::var("INSTA_UPDATE")
        .is_ok_and(|update| matches!(update.as_str(), "always" | "new" | "unseen" | "force" | "1"))
}

/// # Errors
/// What differs, as a reader shall see it.
#[doc(hidden)]
pub fn compare_output(folder: &str, module: &str, name: &str, got: &str) -> Result<(), String> {
    let folder = Path::new(folder);
    let file = folder.join("tests/snapshots").join(format!("{module}__{name}.snap"));
    let snapshot = std::fs::read_to_string(&file).map_err(|error| {
        format!(
            "the expected output can't be read: {}: {error}\n`git checkout` brings it back",
            file.display()
        )
    })?;
    let expected = contents(&snapshot);
    if expected.trim_end() == got.trim_end() {
        return Ok(());
    }
    Err(difference(folder, "what your code printed is not what was expected", expected, got))
}

/// # Errors
/// What differs, as a reader shall see it.
#[doc(hidden)]
pub fn compare<G, E>(folder: &str, got: &G, expected: &E, about: &str) -> Result<(), String>
where
    G: Debug + PartialEq<E>,
    E: Debug,
{
    if got == expected {
        return Ok(());
    }
    let (expected, got) = (format!("{expected:#?}"), format!("{got:#?}"));
    Err(difference(Path::new(folder), about, &expected, &got))
}

/// The text of a snapshot file, without its head between two lines of `---`.
fn contents(snapshot: &str) -> &str {
    let body = snapshot.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    body.map_or(snapshot, |(_, contents)| contents)
}

fn difference(folder: &Path, about: &str, expected: &str, got: &str) -> String {
    let mut text = format!("{about}\n\n  - expected\n  + what came\n\n");
    let (expected, got) = (expected.trim_end(), got.trim_end());
    for change in TextDiff::from_lines(expected, got).iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        let line = change.value().trim_end_matches('\n');
        // Writing to a String can't fail.
        let _ = writeln!(text, "  {sign} {line}");
    }
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    if let Some(page) = page(&manifest) {
        let _ = write!(text, "\nexplained on: book/src/{page} (cargo run -p book)");
    }
    text
}

/// The source of the page that an exercise names in its metadata.
fn page(manifest: &str) -> Option<String> {
    let line = manifest.lines().find_map(|line| line.strip_prefix("page = "))?;
    let page = line.split('"').nth(1)?;
    Some(page.replacen(".html", ".md", 1))
}
