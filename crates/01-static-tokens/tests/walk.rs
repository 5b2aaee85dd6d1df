//! What a person sees. Read the snapshot as documentation before you accept it.
#![allow(clippy::unwrap_used, reason = "a test may")]

use narration::Story;

fn walk() -> String {
    let mut out = Vec::new();
    static_tokens::walk::tell(&mut Story::new(&mut out)).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_walk() {
    insta::assert_snapshot!(walk());
}

#[test]
fn the_walk_never_changes_and_fits_a_terminal() {
    assert_eq!(walk(), walk());
    for line in walk().lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}
