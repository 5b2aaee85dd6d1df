//! What libtest and proptest print, taken apart.
#![allow(clippy::unwrap_used, reason = "a test may")]

use course::panics::{Panic, read};

fn panic(place: &str, message: &str) -> Panic {
    Panic { place: place.to_owned(), message: message.to_owned() }
}

#[test]
fn one_panic_with_and_without_a_thread_number() {
    for thread in ["thread 'a_check'", "thread 'a_check' (4242)"] {
        let text = format!(
            "[src/exercise.rs:3:5] x = 4\n\n{thread} panicked at src/exercise.rs:29:5:\nnot yet \
             implemented: this\nand that\nnote: run with `RUST_BACKTRACE=1` environment variable to \
             display a backtrace\n"
        );
        let (printed, panics) = read(&text);
        assert_eq!(printed, "[src/exercise.rs:3:5] x = 4");
        assert_eq!(panics, [panic("src/exercise.rs:29:5", "not yet implemented: this\nand that")]);
    }
}

#[test]
fn proptest_tells_the_smallest_input_and_does_not_count() {
    let text = "
thread 'any' (7) panicked at src/exercise.rs:9:5:
boom

thread 'any' (7) panicked at tests/columns.rs:37:1:
Test failed: boom.
minimal failing input: token = \"aAaA\", groups = [
    \"a\",
]
\tsuccesses: 0
\tlocal rejects: 0
\tglobal rejects: 0

note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
";
    let (printed, panics) = read(text);
    assert_eq!(printed, "");
    let smallest =
        "boom\n\nthe smallest input that fails: token = \"aAaA\", groups = [\n    \"a\",\n]";
    assert_eq!(
        panics,
        [panic("src/exercise.rs:9:5", "boom"), panic("tests/columns.rs:37:1", smallest)]
    );
}

#[test]
fn a_comparison_of_unseen_input_has_said_its_input() {
    let text = "thread 'x' (7) panicked at tests/columns.rs:37:1:\nTest failed: the line a\n\n  - \
                expected\n  + what came\n.\nminimal failing input: token = \"a\"\n\tsuccesses: 0\n";
    let (_, panics) = read(text);
    assert_eq!(panics[0].message, "the line a\n\n  - expected\n  + what came\n");
}

#[test]
fn what_looks_like_a_panic_and_is_none() {
    let text = "thread 'x' panicked\nthread of mine panicked at noon\n";
    assert_eq!(read(text), (text.trim().to_owned(), vec![]));
    assert_eq!(read(""), (String::new(), vec![]));
}
