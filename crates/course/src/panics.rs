//! What a failed check said: the panics in its standard error.

/// One panic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panic {
    /// `exercises/01_static_tokens/01_columns/src/exercise.rs:29:5`.
    pub place: String,
    /// What it said.
    pub message: String,
}

/// Takes a standard error apart: what else was printed there, and the panics, first to last.
#[must_use]
pub fn read(stderr: &str) -> (String, Vec<Panic>) {
    let mut printed = String::new();
    let mut panics: Vec<Panic> = Vec::new();
    for line in stderr.lines() {
        if let Some(place) = place(line) {
            panics.push(Panic { place: place.to_owned(), message: String::new() });
        } else if let Some(panic) = panics.last_mut() {
            if !line.starts_with("note: run with `RUST_BACKTRACE") {
                panic.message.push_str(line);
                panic.message.push('\n');
            }
        } else {
            printed.push_str(line);
            printed.push('\n');
        }
    }
    for panic in &mut panics {
        panic.message = plain(panic.message.trim_end());
    }
    (printed.trim().to_owned(), panics)
}

/// `thread 'name' (4242) panicked at src/exercise.rs:29:5:`; the number is younger than Rust 1.90.
fn place(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("thread '")?;
    let (_, place) = rest.split_once(" panicked at ")?;
    place.strip_suffix(':')
}

/// A message of proptest without its counting: what failed, and the smallest input that does it.
fn plain(message: &str) -> String {
    let failed = message.strip_prefix("Test failed: ");
    let parts = failed.and_then(|rest| rest.split_once("\nminimal failing input: "));
    let Some((what, input)) = parts else { return message.to_owned() };
    let input = input.split("\n\tsuccesses: ").next().unwrap_or(input);
    let what = what.strip_suffix('.').unwrap_or(what);
    // A comparison has said already what it was about.
    if what.contains("- expected") {
        return what.to_owned();
    }
    format!("{what}\n\nthe smallest input that fails: {}", input.trim_end())
}
