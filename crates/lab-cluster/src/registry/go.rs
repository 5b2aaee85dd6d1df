//! Where the real server's answers show that it is written in Go: how it reads base64, and what it
//! says about broken JSON.

use crate::authz::quote::quoted;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;
use serde_json::error::Category;

/// A value as `%+v` prints it: `map[data:map[colour:1]]`.
pub(super) fn printed(value: &Value) -> String {
    let joined = |parts: Vec<String>| parts.join(" ");
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(list) => format!("[{}]", joined(list.iter().map(printed).collect())),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let pairs = fields.iter().map(|(name, value)| format!("{name}:{}", printed(value)));
            format!("map[{}]", joined(pairs.collect()))
        }
        other => other.to_string(),
    }
}

/// What Go makes of a JSON value: its `reflect.Kind`.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

/// Standard base64 with padding; line ends are skipped, and bits that nothing needs may be set.
/// The error is the offset that Go reports.
pub(super) fn base64(text: &str) -> Result<Vec<u8>, usize> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len() / 4 * 3);
    let mut at = 0;
    let skip_line_ends = |mut at| {
        while matches!(bytes.get(at), Some(b'\n' | b'\r')) {
            at += 1;
        }
        at
    };
    loop {
        let mut group = 0_u32;
        let mut count = 0;
        while count < 4 {
            at = skip_line_ends(at);
            let Some(&byte) = bytes.get(at) else {
                return if count == 0 { Ok(decoded) } else { Err(at - count) };
            };
            let Some(six) = sextet(byte) else { break };
            group = group << 6 | six;
            count += 1;
            at += 1;
        }
        let [_, first, second, third] = (group << (6 * (4 - count))).to_be_bytes();
        if count == 4 {
            decoded.extend([first, second, third]);
            continue;
        }
        if bytes[at] != b'=' || count < 2 {
            return Err(at);
        }
        decoded.push(first);
        if count == 2 {
            at = skip_line_ends(at + 1);
            match bytes.get(at) {
                None => return Err(at),
                Some(b'=') => {}
                Some(_) => return Err(at - 1),
            }
        } else {
            decoded.push(second);
        }
        at = skip_line_ends(at + 1);
        return if at == bytes.len() { Ok(decoded) } else { Err(at) };
    }
}

fn sextet(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

/// A date, in UTC and without fractions, as it will be written.
pub(crate) fn time(text: &str) -> Result<String, String> {
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| {
        let text = quoted(text);
        format!(
            "parsing time {text} as \"2006-01-02T15:04:05Z07:00\": cannot parse {text} as \"2006\""
        )
    })?;
    Ok(time.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// What Go calls this kind of JSON value.
pub(crate) fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// What Go says about text that is no JSON, given what serde said. The same sentence wherever the
/// mistake is an ordinary one.
pub(crate) fn json_error(text: &[u8], error: &serde_json::Error) -> String {
    if error.classify() == Category::Eof {
        return "unexpected end of JSON input".to_owned();
    }
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let line_start: usize = lines.take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
    let at = (line_start + error.column()).saturating_sub(1);
    // Go looks at bytes, and shows one as the character of that number.
    let Some(found) = text.get(at).copied().map(char::from) else {
        return "unexpected end of JSON input".to_owned();
    };
    let said = error.to_string();
    let context = if said.starts_with("recursion limit exceeded") {
        "exceeded max depth"
    } else if said.starts_with("key must be a string") {
        "looking for beginning of object key string"
    } else if said.starts_with("expected `:`") {
        "after object key"
    } else if said.starts_with("expected `,` or `}`") {
        "after object key:value pair"
    } else if said.starts_with("expected `,` or `]`") {
        "after array element"
    } else if said.starts_with("trailing characters") {
        "after top-level value"
    } else if said.starts_with("invalid escape") {
        "in string escape code"
    } else if said.starts_with("control character") {
        "in string literal"
    } else if said.starts_with("trailing comma") && found == '}' {
        "looking for beginning of object key string"
    } else if said.starts_with("expected value") || said.starts_with("trailing comma") {
        "looking for beginning of value"
    } else {
        return said;
    };
    let found = quoted(&found.to_string());
    format!("invalid character '{}' {context}", &found[1..found.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_fails_where_go_fails() {
        for (text, offset) in [
            ("!!", 0),
            ("YWI", 0),
            ("YWJj!!!!", 4),
            ("YWJjZA", 4),
            ("YWJj!", 4),
            ("YW=j", 2),
            ("YWJjZA=", 7),
            ("=", 0),
            ("YQ==YQ==", 4),
            ("YWJjZGVmZw==x", 12),
            ("-_-_", 0),
        ] {
            assert_eq!(base64(text), Err(offset), "{text}");
        }
    }

    #[test]
    fn base64_takes_what_go_takes() {
        for (text, bytes) in
            [("", ""), ("YWI=", "ab"), ("YW\nI=\r\n", "ab"), ("YWJ=", "ab"), ("YQ=\n=", "a")]
        {
            assert_eq!(base64(text).as_deref(), Ok(bytes.as_bytes()), "{text}");
        }
    }

    #[test]
    fn broken_json() {
        for (text, said) in [
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            (" ", "unexpected end of JSON input"),
            (r#"{"a"}"#, "invalid character '}' after object key"),
            (r#"{"a":}"#, "invalid character '}' looking for beginning of value"),
            ("{a:1}", "invalid character 'a' looking for beginning of object key string"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            (r#"{"a":1,}"#, "invalid character '}' looking for beginning of object key string"),
            (r#"{"a":1}x"#, "invalid character 'x' after top-level value"),
            (r#""\x""#, "invalid character 'x' in string escape code"),
            ("\"\n\"", r"invalid character '\n' in string literal"),
            (r#"{"a":1 "b":2}"#, r#"invalid character '\"' after object key:value pair"#),
            ("[1 2]", "invalid character '2' after array element"),
            ("\0", r"invalid character '\x00' looking for beginning of value"),
            ("\u{feff}{}", "invalid character 'ï' looking for beginning of value"),
        ] {
            let error = serde_json::from_str::<Value>(text).unwrap_err();
            assert_eq!(json_error(text.as_bytes(), &error), said, "{text}");
        }
    }
}
