//! Text in quotation marks, as the real server's messages write it: Go's [`strconv.Quote`][1].
//!
//! Rust's `{:?}` is nearly the same, and differs where it matters least: `\x00` for its `\0`,
//! `\u200b` for its `\u{200b}`. A message is compared byte for byte, so it is done right.
//!
//! [1]: https://pkg.go.dev/strconv#Quote

use std::fmt::Write as _;

/// `text` in quotation marks, on one line.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0c' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\x0b' => quoted.push_str("\\v"),
            ' '..='~' => quoted.push(c),
            // Writing to a string cannot fail.
            '\0'..='\x7f' => _ = write!(quoted, "\\x{:02x}", c as u32),
            _ if is_printable(c) => quoted.push(c),
            '\u{80}'..='\u{ffff}' => _ = write!(quoted, "\\u{:04x}", c as u32),
            _ => _ = write!(quoted, "\\U{:08x}", c as u32),
        }
    }
    quoted.push('"');
    quoted
}

/// `["a" "b"]`: a list of quoted texts, as `%q` prints one.
#[must_use]
pub fn quoted_list(texts: &[String]) -> String {
    let quoted: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", quoted.join(" "))
}

/// Letters, marks, numbers, punctuation and symbols. `escape_debug` knows these; it escapes a mark
/// only where it has no letter before it.
fn is_printable(c: char) -> bool {
    !format!("a{c}").escape_debug().any(|c| c == '\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_as_go_1_26_quotes() {
        for (text, go) in [
            ("", r#""""#),
            ("a b", r#""a b""#),
            ("\"\\", r#""\"\\""#),
            ("\x07\x08\x0c\n\r\t\x0b", r#""\a\b\f\n\r\t\v""#),
            ("\0\x1f\x7f", r#""\x00\x1f\x7f""#),
            (
                "\u{80}\u{a0}\u{ad}\u{200b}\u{2028}\u{feff}",
                r#""\u0080\u00a0\u00ad\u200b\u2028\ufeff""#,
            ),
            ("\u{fffd}", "\"\u{fffd}\""),
            ("é ñ 日本 😀", r#""é ñ 日本 😀""#),
            ("e\u{301} \u{301}", "\"e\u{301} \u{301}\""),
            ("\u{e0001}\u{10ffff}\u{e000}", r#""\U000e0001\U0010ffff\ue000""#),
            ("'`<>&", r#""'`<>&""#),
        ] {
            assert_eq!(quoted(text), go);
        }
        assert_eq!(quoted_list(&["a".to_owned(), "b c".to_owned()]), r#"["a" "b c"]"#);
        assert_eq!(quoted_list(&[]), "[]");
    }
}
