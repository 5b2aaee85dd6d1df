//! What a reader of the chapter sees. Read the snapshot as documentation before you accept it.
#![allow(clippy::unwrap_used, reason = "a test may")]

use narration::Story;

#[test]
fn the_walk() {
    let mut out = Vec::new();
    signing::walk::tell(&mut Story::new(&mut out)).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.lines().all(|line| line.chars().count() <= 80));
    insta::assert_snapshot!(text);
}
