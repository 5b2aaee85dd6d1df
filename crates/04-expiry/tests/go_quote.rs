//! Go's `%q`. Strings: what Go 1.26.8 printed.

use expiry::go::{quote, quote_list};

#[test]
fn strings() {
    for (text, quoted) in [
        ("", r#""""#),
        ("https://kubernetes.default.svc", r#""https://kubernetes.default.svc""#),
        (r#"a"b\c'd"#, r#""a\"b\\c'd""#),
        ("\u{7}\u{8}\t\n\u{b}\u{c}\r", r#""\a\b\t\n\v\f\r""#),
        ("\0\u{1f}\u{7f}", r#""\x00\x1f\x7f""#),
        ("\u{80}\u{85}\u{a0}\u{ad}", r#""\u0080\u0085\u00a0\u00ad""#),
        ("é日本\u{301}😀\u{fffd}", "\"é日本\u{301}😀\u{fffd}\""),
        ("\u{200b}\u{200e}\u{2028}\u{3000}\u{feff}", r#""\u200b\u200e\u2028\u3000\ufeff""#),
        ("\u{e0001}\u{10ffff}\u{e000}", r#""\U000e0001\U0010ffff\ue000""#),
        ("\u{1fae8}\u{1fae9}", "\"\u{1fae8}\\U0001fae9\""), // Unicode 15.0, and 16.0
    ] {
        assert_eq!(quote(text), quoted);
    }
}

#[test]
fn lists() {
    let list =
        |texts: &[&str]| quote_list(&texts.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(list(&[]), "[]");
    assert_eq!(list(&["a"]), r#"["a"]"#);
    assert_eq!(list(&["", "b c"]), r#"["" "b c"]"#);
}

/// `strconv.IsPrint` of Go 1.26.8 was asked about every character there is: so many print, and this
/// is their sum. Of the planes where none does, one character in 256 is tried.
#[test]
fn the_line_is_drawn_where_go_draws_it() {
    let planes_in_use = ('\0'..'\u{40000}').chain('\u{e0000}'..'\u{e0200}');
    let empty_planes = ('\u{40000}'..'\u{e0000}').chain('\u{e0200}'..=char::MAX);
    let printing: Vec<u64> = planes_in_use
        .chain(empty_planes.step_by(256))
        .filter(|c| "\"\\".contains(*c) || quote(&c.to_string()).len() == c.len_utf8() + 2)
        .map(u64::from)
        .collect();
    assert_eq!((printing.len(), printing.iter().sum::<u64>()), (148_998, 15_750_900_724));
}
