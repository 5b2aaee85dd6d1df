//! Go's `%q`: a string between quotes, and every character that does not print as an escape.
//!
//! It keeps a log line one line: an audience with a line break in it can't fake the next entry.
//! Source: Go 1.26, [`strconv/quote.go`](https://github.com/golang/go/blob/go1.26.0/src/strconv/quote.go).

use std::fmt::Write;

/// One string as `%q` prints it.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        push(&mut out, character);
    }
    out.push('"');
    out
}

/// A list of strings as `%q` prints it: `["a" "b"]`, without commas.
#[must_use]
pub fn quote_list(texts: &[String]) -> String {
    let quoted: Vec<_> = texts.iter().map(|text| quote(text)).collect();
    format!("[{}]", quoted.join(" "))
}

fn push(out: &mut String, character: char) {
    let short = match character {
        '"' | '\\' => Some(character),
        '\x07' => Some('a'),
        '\x08' => Some('b'),
        '\x0c' => Some('f'),
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        '\x0b' => Some('v'),
        _ => None,
    };
    let code = u32::from(character);
    // Writing to a String never fails.
    let _ = match short {
        Some(letter) => write!(out, "\\{letter}"),
        None if prints(character) => write!(out, "{character}"),
        None if code < 0x20 || code == 0x7f => write!(out, "\\x{code:02x}"),
        None if code < 0x1_0000 => write!(out, "\\u{code:04x}"),
        None => write!(out, "\\U{code:08x}"),
    };
}

/// Letters, marks, numbers, punctuation and symbols do, and of all spaces only the plain one. Rust
/// and Go draw that line alike, each in the edition of Unicode it knows.
fn prints(character: char) -> bool {
    if character.is_ascii() {
        return matches!(character, ' '..='~');
    }
    // At the start of a string `escape_debug` would escape a combining mark too: hence the letter.
    let after_a_letter = String::from_iter(['a', character]);
    let escaped_by_rust = after_a_letter.escape_debug().any(|escaped| escaped == '\\');
    let rust_prints = character == '\'' || !escaped_by_rust;
    let code = u32::from(character);
    rust_prints && !NEWER_THAN_GO.iter().any(|(first, last)| (*first..=*last).contains(&code))
}

/// Go 1.26 knows Unicode 15.0. These came with 15.1 to 17.0, which Rust knows.
#[rustfmt::skip]
const NEWER_THAN_GO: &[(u32, u32)] = &[
    (0x88f, 0x88f), (0x897, 0x897), (0xc5c, 0xc5c), (0xcdc, 0xcdc), (0x1acf, 0x1add),
    (0x1ae0, 0x1aeb), (0x1b4e, 0x1b4f), (0x1b7f, 0x1b7f), (0x1c89, 0x1c8a), (0x20c1, 0x20c1),
    (0x2427, 0x2429), (0x2b96, 0x2b96), (0x2ffc, 0x2fff), (0x31e4, 0x31e5), (0x31ef, 0x31ef),
    (0xa7cb, 0xa7cf), (0xa7d2, 0xa7d2), (0xa7d4, 0xa7d4), (0xa7da, 0xa7dc), (0xa7f1, 0xa7f1),
    (0xfbc3, 0xfbd2), (0xfd90, 0xfd91), (0xfdc8, 0xfdce), (0x1_05c0, 0x1_05f3),
    (0x1_0940, 0x1_0959), (0x1_0d40, 0x1_0d65), (0x1_0d69, 0x1_0d85), (0x1_0d8e, 0x1_0d8f),
    (0x1_0ec2, 0x1_0ec7), (0x1_0ed0, 0x1_0ed8), (0x1_0efa, 0x1_0efc), (0x1_1380, 0x1_1389),
    (0x1_138b, 0x1_138b), (0x1_138e, 0x1_138e), (0x1_1390, 0x1_13b5), (0x1_13b7, 0x1_13c0),
    (0x1_13c2, 0x1_13c2), (0x1_13c5, 0x1_13c5), (0x1_13c7, 0x1_13ca), (0x1_13cc, 0x1_13d5),
    (0x1_13d7, 0x1_13d8), (0x1_13e1, 0x1_13e2), (0x1_16d0, 0x1_16e3), (0x1_1b60, 0x1_1b67),
    (0x1_1bc0, 0x1_1be1), (0x1_1bf0, 0x1_1bf9), (0x1_1db0, 0x1_1ddb), (0x1_1de0, 0x1_1de9),
    (0x1_1f5a, 0x1_1f5a), (0x1_3460, 0x1_43fa), (0x1_6100, 0x1_6139), (0x1_6d40, 0x1_6d79),
    (0x1_6ea0, 0x1_6eb8), (0x1_6ebb, 0x1_6ed3), (0x1_6ff2, 0x1_6ff6), (0x1_87f8, 0x1_87ff),
    (0x1_8cff, 0x1_8cff), (0x1_8d09, 0x1_8d1e), (0x1_8d80, 0x1_8df2), (0x1_cc00, 0x1_ccfc),
    (0x1_cd00, 0x1_ceb3), (0x1_ceba, 0x1_ced0), (0x1_cee0, 0x1_cef0), (0x1_e5d0, 0x1_e5fa),
    (0x1_e5ff, 0x1_e5ff), (0x1_e6c0, 0x1_e6de), (0x1_e6e0, 0x1_e6f5), (0x1_e6fe, 0x1_e6ff),
    (0x1_f6d8, 0x1_f6d8), (0x1_f777, 0x1_f77a), (0x1_f8b2, 0x1_f8bb), (0x1_f8c0, 0x1_f8c1),
    (0x1_f8d0, 0x1_f8d8), (0x1_fa54, 0x1_fa57), (0x1_fa89, 0x1_fa8a), (0x1_fa8e, 0x1_fa8f),
    (0x1_fabe, 0x1_fabe), (0x1_fac6, 0x1_fac6), (0x1_fac8, 0x1_fac8), (0x1_facd, 0x1_facd),
    (0x1_fadc, 0x1_fadc), (0x1_fadf, 0x1_fadf), (0x1_fae9, 0x1_faea), (0x1_faef, 0x1_faef),
    (0x1_fbcb, 0x1_fbef), (0x1_fbfa, 0x1_fbfa), (0x2_b73a, 0x2_b73f), (0x2_cea2, 0x2_cead),
    (0x2_ebf0, 0x2_ee5d), (0x3_23b0, 0x3_3479),
];
