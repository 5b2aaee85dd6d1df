//! What a person sees. Read the snapshot as documentation before you accept it.

#[test]
fn the_walk() {
    let mut out = Vec::new();
    jwt_anatomy::walk::tell(&mut narration::Story::new(&mut out)).unwrap();
    let text = String::from_utf8(out).unwrap();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "more than 80 columns: {line}");
    }
    insta::assert_snapshot!(text);
}
