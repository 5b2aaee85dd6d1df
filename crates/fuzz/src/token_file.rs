//! Token files: whose token is which, by the rules of Go's CSV reader.

use crate::shown::keeps_secret;
use lab_cluster::authn::bearer;
use static_tokens::csv::{Records, Rule};
use static_tokens::header::can_carry;
use static_tokens::{Authenticator, TokenFile, Verdict};
use std::collections::BTreeMap;

/// Reads a token file.
///
/// - Its records are those of a reader of twenty lines, which goes through it byte by byte; so is
///   the rule that it breaks.
/// - Written anew, every column in quotes, they read the same.
/// - A token of the file is its last record's user; anything else is nobody's.
/// - `can_carry` knows which tokens arrive when they are sent.
/// - No message, warning or `Debug` shows a token.
pub fn token_file(input: &[u8]) {
    let records: Result<Vec<_>, _> = Records::new(input).collect();
    let by_hand = by_hand(input);
    let columns = match (&records, by_hand) {
        (Ok(records), Ok(by_hand)) => {
            let ours: Vec<Vec<Vec<u8>>> = records
                .iter()
                .map(|record| record.columns.iter().map(|column| column.to_vec()).collect())
                .collect();
            assert_eq!(ours, by_hand);
            by_hand
        }
        (Err(ours), Err(by_hand)) => {
            assert_eq!(ours.rule, by_hand);
            assert!(TokenFile::parse("f", input).is_err());
            return;
        }
        (ours, by_hand) => panic!("{ours:?}, and by hand {by_hand:?}"),
    };
    // Of `\r\r\n` Go takes one `\r`, each time it reads it.
    if !columns.iter().flatten().any(|column| column.windows(2).any(|two| two == b"\r\n")) {
        let written = write(&columns);
        let again: Result<Vec<_>, _> = Records::new(&written).collect();
        let again = again.expect("all in quotes");
        assert!(again.iter().map(|record| &record.columns).eq(&columns));
    }

    let file = match TokenFile::parse("f", input) {
        Ok(file) => file,
        Err(why) => {
            assert!(columns.iter().any(|record| record.len() < 3), "{why}");
            shows_no_token(&columns);
            return;
        }
    };
    let mut last: BTreeMap<&[u8], &[Vec<u8>]> = BTreeMap::new();
    let with_tokens = columns.iter().filter(|record| !record[0].is_empty());
    for record in with_tokens.clone() {
        last.insert(&record[0], record);
    }
    assert_eq!(file.len(), last.len());
    assert_eq!(file.warnings().len(), columns.len() - last.len(), "one each for what is left out");
    for (token, record) in &last {
        let Verdict::Authenticated(user) = file.authenticate(token) else { panic!("{record:?}") };
        assert_eq!(user.name.chars().count(), letters(&record[1]), "{user:?}");
        let groups = record.get(3).map_or(0, |groups| groups.split(|b| *b == b',').count());
        assert_eq!(user.groups.len(), groups);
        for other in [&token[1..], &[token, &b"x"[..]].concat(), &token.to_ascii_uppercase()] {
            let known = last.contains_key(other);
            assert_eq!(file.authenticate(other) != Verdict::NotMine, known, "{other:?}");
        }
        let header = [b"Bearer ", *token].concat();
        let arrives = http::HeaderValue::from_bytes(&header).is_ok()
            && bearer::token(Some(&header)) == bearer::Header::Token(token);
        assert_eq!(arrives, can_carry(token), "{}", token.escape_ascii());
    }
    assert_eq!(file.authenticate(b""), Verdict::NotMine);
    shows_no_token(&columns);
}

/// Of bytes that are no UTF-8, one U+FFFD each.
fn letters(bytes: &[u8]) -> usize {
    bytes.utf8_chunks().map(|part| part.valid().chars().count() + part.invalid().len()).sum()
}

fn shows_no_token(columns: &[Vec<Vec<u8>>]) {
    let others = columns.iter().flat_map(|record| record.iter().skip(1));
    let as_shown = others.clone().flat_map(|column| column.utf8_chunks()).flat_map(|part| {
        part.valid().chars().chain(part.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER))
    });
    let as_shown = as_shown.collect::<String>().into_bytes();
    let public: Vec<u8> = others.flatten().copied().chain(as_shown).collect();
    for record in columns.iter().take(8) {
        keeps_secret(&record[0], &public, |token| {
            let mut columns = columns.to_vec();
            let those = columns.iter_mut().filter(|other| other[0] == record[0]);
            those.for_each(|record| record[0] = token.to_vec());
            match TokenFile::parse("f", &write(&columns)) {
                Ok(file) => {
                    let said: String = file.warnings().iter().map(ToString::to_string).collect();
                    format!("{said} {file:?} {:?} {:?}", file.entries(), file.warnings())
                }
                Err(why) => format!("{why} {why:?} {}", why.advice()),
            }
        });
    }
}

fn write(records: &[Vec<Vec<u8>>]) -> Vec<u8> {
    let mut file = Vec::new();
    for record in records {
        for (at, column) in record.iter().enumerate() {
            file.extend_from_slice(if at == 0 { b"\"" } else { b",\"" });
            for byte in column {
                file.extend_from_slice(if *byte == b'"' {
                    b"\"\""
                } else {
                    std::slice::from_ref(byte)
                });
            }
            file.push(b'"');
        }
        file.push(b'\n');
    }
    file
}

/// The rules of `encoding/csv`, one state a byte: where a column begins, in a column, in a quoted
/// one, behind a quote in it.
fn by_hand(file: &[u8]) -> Result<Vec<Vec<Vec<u8>>>, Rule> {
    let (mut records, mut record, mut column) = (Vec::new(), Vec::new(), Vec::new());
    let mut state = State::Begin;
    for byte in without_returns(file) {
        state = match (state, byte) {
            (State::Begin, b'"') => State::Quoted,
            (State::Plain, b'"') => return Err(Rule::BareQuote),
            (State::Quoted, b'"') => State::AfterQuote,
            (State::AfterQuote, b'"') => {
                column.push(b'"');
                State::Quoted
            }
            (State::Begin, b'\n') if record.is_empty() => State::Begin,
            (State::Begin | State::Plain | State::AfterQuote, b',' | b'\n') => {
                record.push(std::mem::take(&mut column));
                if byte == b'\n' {
                    records.push(std::mem::take(&mut record));
                }
                State::Begin
            }
            (State::AfterQuote, _) => return Err(Rule::Quote),
            (State::Quoted, byte) => {
                column.push(byte);
                State::Quoted
            }
            (_, byte) => {
                column.push(byte);
                State::Plain
            }
        };
    }
    if matches!(state, State::Quoted) { Err(Rule::Quote) } else { Ok(records) }
}

#[derive(Clone, Copy)]
enum State {
    Begin,
    Plain,
    Quoted,
    AfterQuote,
}

/// Every line ends in `\n`, the last one too; a `\r` before it is gone.
fn without_returns(file: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    for line in file.split(|byte| *byte == b'\n') {
        lines.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        lines.push(b'\n');
    }
    lines
}
