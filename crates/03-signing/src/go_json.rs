//! JSON as Go writes it, so that a token made here is the token the real server would have made.
//!
//! Go sorts the names of an object, and escapes more than JSON asks for: `<`, `>`, `&` and the
//! Unicode line separators, lest the text be pasted into a web page. An audience may hold any of
//! them. The backspace and the form feed it writes as numbers.

use crate::SignError;
use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};
use std::io::{self, Write};

/// `claims` as one line of JSON, the names sorted at every level.
pub(crate) fn object(claims: &impl Serialize) -> Result<String, SignError> {
    let mut value = serde_json::to_value(claims)?;
    if !value.is_object() {
        return Err(SignError::NotAnObject);
    }
    value.sort_all_objects();

    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Go))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

struct Go;

impl Formatter for Go {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        for c in text.chars() {
            match c {
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                    write!(out, "\\u{:04x}", u32::from(c))?;
                }
                _ => write!(out, "{c}")?,
            }
        }
        Ok(())
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        match escape {
            CharEscape::Backspace => out.write_all(b"\\u0008"),
            CharEscape::FormFeed => out.write_all(b"\\u000c"),
            other => CompactFormatter.write_char_escape(out, other),
        }
    }
}
