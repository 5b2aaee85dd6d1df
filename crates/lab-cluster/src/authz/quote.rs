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

/// Letters, marks, numbers, punctuation and symbols. `escape_debug` knows these; it escapes a mark only
/// where it has no letter before it.
fn is_printable(c: char) -> bool {
    !format!("a{c}").escape_debug().any(|c| c == '\\')
}
