//! JSON as the API server reads it inside a token: with an eye for what an ordinary parser lets
//! pass.
//!
//! Two members of one object with the same name make two programs read two different tokens: one
//! takes the first, the other the last. [RFC 8259, section 4][1] only asks that names be unique;
//! [`go-jose`][2], which reads tokens for the API server, refuses duplicates, and so do we.
//! `serde_json` alone keeps the last one without a word, which is why this module exists. It reads
//! into a tree that leaves nothing out, and what may be skipped is decided afterwards.
//!
//! The rest follows Go as well: bytes that are not UTF-8, and halves of surrogate pairs, become
//! U+FFFD; a number must fit a 64-bit float, unless nobody looks at it. Go's own decoder reads
//! values that nest at most [`MAX_DEPTH`] deep; `go-jose` knows no limit. What nests deeper than
//! anybody needs is read here without recursion and not kept, so that no token exhausts the stack.
//!
//! [1]: https://www.rfc-editor.org/rfc/rfc8259#section-4
//! [2]: https://github.com/go-jose/go-jose/blob/v2.6.3/json/decode.go

use serde_json::{Map, Number, Value};
use std::collections::HashSet;

/// How deep arrays and objects may lie in each other for Go's [`encoding/json`][1].
///
/// [1]: https://github.com/golang/go/blob/go1.26.0/src/encoding/json/scanner.go
pub const MAX_DEPTH: usize = 10_000;

/// How deep they are kept. A Kubernetes token needs four.
const KEPT: usize = 128;

/// Why bytes are not the JSON a token may hold. Places count bytes from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The text stops in the middle of a value.
    #[error("the JSON ends too early, after {bytes} bytes")]
    EndsEarly {
        /// How long the text is.
        bytes: usize,
    },
    /// A byte that can't stand where it stands.
    #[error("{found} at byte {at} is not JSON: {expected} should stand there")]
    Unexpected {
        /// Where, from 1.
        at: usize,
        /// The character, quoted, or its number when it can't be shown.
        found: String,
        /// What could have stood there.
        expected: &'static str,
    },
    /// Deeper than [`MAX_DEPTH`].
    #[error("values nest deeper than {MAX_DEPTH} at byte {at}")]
    TooDeep {
        /// Where, from 1.
        at: usize,
    },
    /// Two members of one object have the same name. The text is the real server's.
    #[error("json: duplicate key '{0}' in object")]
    DuplicateKey(String),
    /// A number beyond a 64-bit float, such as `1e999`. The text is the real server's.
    #[error("json: cannot unmarshal number {0} into Go value of type float64")]
    NumberTooLarge(String),
}

/// Reads one JSON value, refusing duplicate names at every level.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn parse_strict(bytes: &[u8]) -> Result<Value, JsonError> {
    parse_within(MAX_DEPTH, bytes)?.strict()
}

/// Reads one JSON value and keeps everything: duplicates, order, numbers as they are written.
/// However deep it nests: [`KEPT`] says what becomes of the rest.
pub(crate) fn parse(bytes: &[u8]) -> Result<Node, JsonError> {
    parse_within(usize::MAX, bytes)
}

/// Reads one JSON value that nests at most so deep.
pub(crate) fn parse_within(deepest: usize, bytes: &[u8]) -> Result<Node, JsonError> {
    let mut reader = Reader { bytes, at: 0, deepest };
    let node = reader.value(KEPT)?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.unexpected("nothing more")),
    }
}

/// A JSON value as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    /// The text of the number: what type it becomes is for whoever asks.
    Number(String),
    String(String),
    Array(Vec<Node>),
    /// Members in the order of the text, duplicates included.
    Object(Vec<(String, Node)>),
    /// An array or object that lies deeper than [`KEPT`].
    Deep(Deep),
}

/// What is remembered of an array or object that is not kept: what is wrong with it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Deep {
    duplicate: Option<String>,
    too_large: Option<String>,
}

impl Node {
    /// The value, if no name in it stands twice and every number fits. Go stops at the first and
    /// goes on after the second, so a duplicate is reported before any number.
    pub(crate) fn strict(self) -> Result<Value, JsonError> {
        let mut too_large = None;
        let value = self.without_duplicates(&mut too_large)?;
        too_large.map_or(Ok(value), |text| Err(JsonError::NumberTooLarge(text)))
    }

    fn without_duplicates(self, too_large: &mut Option<String>) -> Result<Value, JsonError> {
        Ok(match self {
            Node::Array(items) => {
                let items = items.into_iter().map(|item| item.without_duplicates(too_large));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            Node::Object(members) => {
                let mut map = Map::new();
                for (name, node) in members {
                    if map.contains_key(&name) {
                        return Err(JsonError::DuplicateKey(name));
                    }
                    map.insert(name, node.without_duplicates(too_large)?);
                }
                Value::Object(map)
            }
            Node::Number(text) if number(&text).is_none() => {
                too_large.get_or_insert(text);
                Value::Null
            }
            Node::Deep(Deep { duplicate: Some(name), .. }) => {
                return Err(JsonError::DuplicateKey(name));
            }
            Node::Deep(Deep { too_large: Some(text), .. }) => {
                too_large.get_or_insert(text);
                Value::Null
            }
            other => other.lenient(),
        })
    }

    /// The value as most programs would read it: the last of duplicates counts, and a number that
    /// fits nowhere stays the text it was.
    pub(crate) fn lenient(self) -> Value {
        match self {
            Node::Null => Value::Null,
            Node::Bool(bool) => Value::Bool(bool),
            Node::Number(text) => match number(&text) {
                Some(number) => Value::Number(number),
                None => Value::String(text),
            },
            Node::String(text) => Value::String(text),
            Node::Deep(_) => Value::String(format!("(deeper than {KEPT})")),
            Node::Array(items) => Value::Array(items.into_iter().map(Node::lenient).collect()),
            Node::Object(members) => Value::Object(
                members.into_iter().map(|(name, node)| (name, node.lenient())).collect(),
            ),
        }
    }

    /// What Go calls this kind of value in its error messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Node::Null => "null",
            Node::Bool(_) => "bool",
            Node::Number(_) => "number",
            Node::String(_) => "string",
            Node::Array(_) | Node::Deep(_) => "array",
            Node::Object(_) => "object",
        }
    }
}

/// The members one after the other, up to the first whose name has been there before.
pub(crate) fn distinct(
    members: &[(String, Node)],
) -> impl Iterator<Item = Result<(&str, &Node), JsonError>> {
    let mut seen = HashSet::new();
    members.iter().map(move |(name, node)| {
        if seen.insert(name) {
            Ok((name.as_str(), node))
        } else {
            Err(JsonError::DuplicateKey(name.clone()))
        }
    })
}

fn number(text: &str) -> Option<Number> {
    // Whole numbers stay exact as far as 64 bits go; -0 is a float.
    if let Ok(whole) = text.parse::<i64>()
        && text != "-0"
    {
        return Some(whole.into());
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(whole.into());
    }
    Number::from_f64(text.parse().ok()?)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    deepest: usize,
}

impl Reader<'_> {
    /// Reads a value, and keeps so many levels of it.
    fn value(&mut self, kept: usize) -> Result<Node, JsonError> {
        self.skip_space();
        match self.peek() {
            Some(b'{' | b'[') if kept == 0 => self.deep().map(Node::Deep),
            Some(b'{') => self.object(kept - 1),
            Some(b'[') => self.array(kept - 1),
            _ => self.scalar(),
        }
    }

    fn scalar(&mut self) -> Result<Node, JsonError> {
        match self.peek() {
            Some(b'"') => self.string().map(Node::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Node::Bool(true)),
            Some(b'f') => self.word("false", Node::Bool(false)),
            Some(b'n') => self.word("null", Node::Null),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn object(&mut self, kept: usize) -> Result<Node, JsonError> {
        self.at += 1;
        let mut members = Vec::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(Node::Object(members));
        }
        loop {
            let name = self.name()?;
            members.push((name, self.value(kept)?));
            if self.ends(b'}', "a comma or the closing brace")? {
                return Ok(Node::Object(members));
            }
        }
    }

    fn array(&mut self, kept: usize) -> Result<Node, JsonError> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(Node::Array(items));
        }
        loop {
            items.push(self.value(kept)?);
            if self.ends(b']', "a comma or the closing bracket")? {
                return Ok(Node::Array(items));
            }
        }
    }

    /// Reads past an array or object that lies too deep to be kept. What is open stands in a list:
    /// the names of an object, nothing of an array.
    fn deep(&mut self) -> Result<Deep, JsonError> {
        let mut found = Deep::default();
        let mut open: Vec<Option<HashSet<String>>> = Vec::new();
        loop {
            self.skip_space();
            if KEPT + open.len() >= self.deepest && matches!(self.peek(), Some(b'{' | b'[')) {
                return Err(JsonError::TooDeep { at: self.at + 1 });
            }
            if self.take(b'{') {
                self.skip_space();
                if !self.take(b'}') {
                    let name = self.name()?;
                    open.push(Some(HashSet::from([name])));
                    continue;
                }
            } else if self.take(b'[') {
                self.skip_space();
                if !self.take(b']') {
                    open.push(None);
                    continue;
                }
            } else if let Node::Number(text) = self.scalar()?
                && number(&text).is_none()
            {
                found.too_large.get_or_insert(text);
            }
            // A value has been read. How many more end with it?
            loop {
                let Some(innermost) = open.last_mut() else { return Ok(found) };
                let (with, expected) = match innermost {
                    Some(_) => (b'}', "a comma or the closing brace"),
                    None => (b']', "a comma or the closing bracket"),
                };
                if self.ends(with, expected)? {
                    open.pop();
                    continue;
                }
                if let Some(names) = innermost {
                    let name = self.name()?;
                    if !names.insert(name.clone()) {
                        found.duplicate.get_or_insert(name);
                    }
                }
                break;
            }
        }
    }

    /// The name of a member, and the colon after it.
    fn name(&mut self) -> Result<String, JsonError> {
        self.skip_space();
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a name in double quotes"));
        }
        let name = self.string()?;
        self.skip_space();
        if self.take(b':') { Ok(name) } else { Err(self.unexpected("a colon")) }
    }

    /// After a value: is that the end of what it lies in, or does a comma follow?
    fn ends(&mut self, with: u8, expected: &'static str) -> Result<bool, JsonError> {
        self.skip_space();
        if self.take(with) {
            return Ok(true);
        }
        if self.take(b',') { Ok(false) } else { Err(self.unexpected(expected)) }
    }

    fn number(&mut self) -> Result<Node, JsonError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(Node::Number(String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned()))
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.unexpected("a digit"));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn word(&mut self, word: &'static str, node: Node) -> Result<Node, JsonError> {
        for byte in word.bytes() {
            if !self.take(byte) {
                return Err(self.unexpected(word));
            }
        }
        Ok(node)
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.at += 1;
        // Bytes first, UTF-8 last: an escape may be followed by bytes that are none.
        let mut text = Vec::new();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(go_utf8(&text));
                }
                Some(b'\\') => {
                    self.at += 1;
                    let character = self.escape()?;
                    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Some(byte) if byte >= b' ' => {
                    self.at += 1;
                    text.push(byte);
                }
                _ => return Err(self.unexpected("the rest of a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let character = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.unexpected("an escape that JSON knows")),
        };
        self.at += 1;
        Ok(character)
    }

    /// Four hexadecimal digits, and four more when they are the first half of a pair.
    fn unicode(&mut self) -> Result<char, JsonError> {
        let unit = self.hex4()?;
        let high = (0xD800..0xDC00).contains(&unit);
        if high && self.bytes[self.at..].starts_with(br"\u") {
            let here = self.at;
            self.at += 2;
            let low = self.hex4()?;
            if (0xDC00..0xE000).contains(&low) {
                let scalar = 0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                return Ok(char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = here;
        }
        Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit * 16 + digit.ok_or_else(|| self.unexpected("a hexadecimal digit"))?;
            self.at += 1;
        }
        Ok(unit)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn unexpected(&self, expected: &'static str) -> JsonError {
        let Some(byte) = self.peek() else {
            return JsonError::EndsEarly { bytes: self.bytes.len() };
        };
        let found = if byte.is_ascii_graphic() || byte == b' ' {
            format!("`{}`", char::from(byte))
        } else {
            format!("the byte {byte:#04x}")
        };
        JsonError::Unexpected { at: self.at + 1, found, expected }
    }
}

/// Bytes as text, one U+FFFD for each byte that is no UTF-8: as Go does it, while
/// `String::from_utf8_lossy` makes one of several.
fn go_utf8(mut bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    loop {
        match std::str::from_utf8(bytes) {
            Ok(rest) => {
                text.push_str(rest);
                return text;
            }
            Err(error) => {
                let (good, bad) = bytes.split_at(error.valid_up_to());
                text.push_str(&String::from_utf8_lossy(good));
                text.push(char::REPLACEMENT_CHARACTER);
                bytes = &bad[1..];
            }
        }
    }
}
