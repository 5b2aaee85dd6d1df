//! CSV by the rules of Go's [encoding/csv][1], to the byte: kube-apiserver reads a token file with
//! it, so its corners decide who gets in.
//!
//! - A column ends at a comma, a record at a line break (`\n` or `\r\n`), and nothing is trimmed.
//! - A column that begins with a quote goes on to the next quote, over commas and line breaks; in
//!   it, `""` stands for one quote and `\r\n` for `\n`. No other column may hold a quote.
//! - Blank lines are skipped. A line that holds a space is not blank.
//! - There is no comment character, and any number of columns is a record.
//!
//! A file is bytes: nothing here asks for UTF-8. Lines and columns are counted from 1, and a column
//! number counts bytes.
//!
//! ```
//! use static_tokens::csv::Records;
//!
//! let mut records = Records::new(b"secret,alice,u1,\"dev,qa\"\n");
//! let record = records.next().expect("one record")?;
//! assert_eq!(record.columns[3].as_ref(), b"dev,qa");
//!
//! let stray = Records::new(b"secret, \"alice\",u1\n").next().expect("one record").unwrap_err();
//! assert_eq!(stray.to_string(), r#"parse error on line 1, column 9: bare " in non-quoted-field"#);
//! # Ok::<(), static_tokens::csv::ParseError>(())
//! ```
//!
//! [1]: https://github.com/golang/go/blob/go1.26.0/src/encoding/csv/reader.go

use std::borrow::Cow;
use std::fmt;
use std::mem;

/// One record: its columns, and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'f> {
    /// The line it begins on, counted from 1.
    pub line: usize,
    /// Its columns, never none of them.
    pub columns: Vec<Cow<'f, [u8]>>,
}

/// Where the rules were broken. It prints as Go prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseError {
    /// The line on which the record begins, counted from 1.
    pub record_line: usize,
    /// The line on which the rule was broken.
    pub line: usize,
    /// The byte of that line, counted from 1.
    pub column: usize,
    /// The rule.
    pub rule: Rule,
}

/// The two rules that a file can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// A quote in a column that does not begin with one.
    #[error("bare \" in non-quoted-field")]
    BareQuote,
    /// Something between a closing quote and the comma, or no closing quote at all.
    #[error("extraneous or missing \" in quoted-field")]
    Quote,
}

impl std::error::Error for ParseError {}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { record_line, line, column, rule } = self;
        if record_line != line {
            write!(f, "record on line {record_line}; ")?;
        }
        write!(f, "parse error on line {line}, column {column}: {rule}")
    }
}

/// Reads a file record by record. After an error there are no more.
#[derive(Debug, Clone)]
pub struct Records<'f> {
    unread: &'f [u8],
    lines_read: usize,
}

/// What is left of a line, without its line break.
#[derive(Debug, Clone, Copy)]
struct Line<'f> {
    text: &'f [u8],
    number: usize,
    /// Where `text` begins.
    column: usize,
    /// Only the last line of a file can lack its line break.
    has_break: bool,
}

impl<'f> Records<'f> {
    /// The records of a file that is in memory.
    #[must_use]
    pub fn new(file: &'f [u8]) -> Self {
        Self { unread: file, lines_read: 0 }
    }

    fn next_line(&mut self) -> Option<Line<'f>> {
        let end = self.unread.iter().position(|byte| *byte == b'\n');
        let (text, unread) = match end {
            Some(end) => (&self.unread[..end], &self.unread[end + 1..]),
            None => (self.unread, &[][..]),
        };
        self.unread = unread;
        // A lone \r at the very end counts as a line break as well, as it always did in Go.
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let has_break = end.is_some();
        if text.is_empty() && !has_break {
            return None;
        }
        self.lines_read += 1;
        Some(Line { text, number: self.lines_read, column: 1, has_break })
    }

    fn record(&mut self, first: Line<'f>) -> Result<Record<'f>, ParseError> {
        let mut columns = Vec::new();
        let mut line = first;
        loop {
            let column = if line.eat(b'"') {
                self.quoted(&mut line, first.number)?
            } else {
                line.unquoted(first.number)?
            };
            columns.push(column);
            // A comma at the end of the line is followed by one more, empty column.
            if !line.eat(b',') {
                return Ok(Record { line: first.number, columns });
            }
        }
    }

    /// The rest of a column whose opening quote is read. It leaves `line` at a comma or at an end,
    /// and perhaps further down the file.
    fn quoted(
        &mut self,
        line: &mut Line<'f>,
        record_line: usize,
    ) -> Result<Cow<'f, [u8]>, ParseError> {
        let mut value = Cow::Borrowed(&[][..]);
        loop {
            if let Some(quote) = line.find(b'"') {
                append(&mut value, line.take(quote));
                let at_the_quote = *line;
                line.take(1);
                if line.eat(b'"') {
                    append(&mut value, b"\"");
                } else if line.text.is_empty() || line.text.starts_with(b",") {
                    return Ok(value);
                } else {
                    return Err(at_the_quote.breaks(Rule::Quote, record_line));
                }
            } else {
                append(&mut value, line.take(line.text.len()));
                if line.has_break {
                    append(&mut value, b"\n");
                    line.column += 1;
                }
                // At the end of the file the error stands behind the last byte there was.
                *line = self.next_line().ok_or(line.breaks(Rule::Quote, record_line))?;
            }
        }
    }
}

impl<'f> Iterator for Records<'f> {
    type Item = Result<Record<'f>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = self.next_line()?;
        while line.text.is_empty() {
            line = self.next_line()?;
        }
        let record = self.record(line);
        if record.is_err() {
            self.unread = &[];
        }
        Some(record)
    }
}

impl<'f> Line<'f> {
    fn unquoted(&mut self, record_line: usize) -> Result<Cow<'f, [u8]>, ParseError> {
        let end = self.find(b',').unwrap_or(self.text.len());
        let quote = self.text[..end].iter().position(|byte| *byte == b'"');
        let value = self.take(quote.unwrap_or(end));
        match quote {
            Some(_) => Err(self.breaks(Rule::BareQuote, record_line)),
            None => Ok(Cow::Borrowed(value)),
        }
    }

    fn find(&self, wanted: u8) -> Option<usize> {
        self.text.iter().position(|byte| *byte == wanted)
    }

    fn take(&mut self, bytes: usize) -> &'f [u8] {
        let (taken, left) = self.text.split_at(bytes);
        self.text = left;
        self.column += bytes;
        taken
    }

    fn eat(&mut self, wanted: u8) -> bool {
        let there = self.text.first() == Some(&wanted);
        if there {
            self.take(1);
        }
        there
    }

    fn breaks(&self, rule: Rule, record_line: usize) -> ParseError {
        ParseError { record_line, line: self.number, column: self.column, rule }
    }
}

/// A column stays a piece of the file for as long as it is one.
fn append<'f>(value: &mut Cow<'f, [u8]>, more: &'f [u8]) {
    if value.is_empty() {
        *value = Cow::Borrowed(more);
    } else if !more.is_empty() {
        let mut owned = mem::take(value).into_owned();
        owned.extend_from_slice(more);
        *value = Cow::Owned(owned);
    }
}
