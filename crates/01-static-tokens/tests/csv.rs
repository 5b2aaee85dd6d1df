//! The CSV rules, held against what a kube-apiserver 1.37.2 said, and against a model.
#![allow(clippy::unwrap_used, reason = "a test may")]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use static_tokens::csv::{Records, Rule};
use static_tokens::{FileError, TokenFile};

type Column = Vec<u8>;

/// All records up to the first error, and the error as it prints.
fn read(file: &[u8]) -> (Vec<Vec<Column>>, Option<String>) {
    let mut records = Vec::new();
    for record in Records::new(file) {
        match record {
            Ok(record) => {
                records
                    .push(record.columns.into_iter().map(std::borrow::Cow::into_owned).collect());
            }
            Err(error) => return (records, Some(error.to_string())),
        }
    }
    (records, None)
}

fn columns(file: &str) -> Vec<Vec<String>> {
    let (records, error) = read(file.as_bytes());
    assert_eq!(error, None, "{file:?}");
    let text = |column: Column| String::from_utf8(column).unwrap();
    records.into_iter().map(|record| record.into_iter().map(text).collect()).collect()
}

/// Each of these files was given to a real server, which did not start and said this.
#[test]
fn the_real_servers_last_words() {
    for (file, words) in [
        ("t,u,x\"y\n", "parse error on line 1, column 6: bare \" in non-quoted-field"),
        ("t, \"u\",v\n", "parse error on line 1, column 4: bare \" in non-quoted-field"),
        (
            "t,\"u\"x,v\n",
            "parse error on line 1, column 5: extraneous or missing \" in quoted-field",
        ),
        (
            "t,\"u\nv\nw",
            "record on line 1; parse error on line 3, column 2: \
             extraneous or missing \" in quoted-field",
        ),
        (
            "ok,u,v\nt,\"u\nv\"w,x\n",
            "record on line 2; parse error on line 3, column 2: \
             extraneous or missing \" in quoted-field",
        ),
        (
            "ok,u,v\nt,\"u\r\nv\r\n",
            "record on line 2; parse error on line 3, column 3: \
             extraneous or missing \" in quoted-field",
        ),
        (
            "a,b\n",
            "token file 'F' must have at least 3 columns (token, user name, user uid), found 2",
        ),
        (
            "# comment\n",
            "token file 'F' must have at least 3 columns (token, user name, user uid), found 1",
        ),
    ] {
        let error: FileError = TokenFile::parse("F", file.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), words, "{file:?}");
    }
}

#[test]
fn columns_and_records() {
    assert_eq!(columns(""), Vec::<Vec<String>>::new());
    assert_eq!(columns("a,b,c"), [["a", "b", "c"]]);
    assert_eq!(columns("a,\nb,\n"), [["a", ""], ["b", ""]]);
    assert_eq!(columns(",,"), [["", "", ""]]);
    assert_eq!(columns("a b , c"), [["a b ", " c"]]);
    assert_eq!(columns("\"\"\n"), [[""]]);
    assert_eq!(columns("\"a,b\",\"c\"\"d\"\n"), [["a,b", "c\"d"]]);
    assert_eq!(columns("\"\"\"\"\"\"\n"), [["\"\""]]);
}

#[test]
fn line_breaks() {
    // Blank lines are none; a line with a space on it is a record.
    assert_eq!(columns("\n\r\na\n\n\nb\r\n\n"), [["a"], ["b"]]);
    assert_eq!(columns("a\n \nb"), [["a"], [" "], ["b"]]);
    // \r\n is a line break, also inside of quotes; a lone \r is a letter, but not at the very end.
    assert_eq!(columns("\"a\r\nb\"\r\n"), [["a\nb"]]);
    assert_eq!(columns("a\rb\r\r\nc"), [["a\rb\r"], ["c"]]);
    assert_eq!(columns("a\r"), [["a"]]);
    assert_eq!(columns("a\n\r"), [["a"]]);
    assert_eq!(columns("a\r\r"), [["a\r"]]);
}

#[test]
fn a_record_knows_its_line() {
    let lines: Vec<usize> =
        Records::new(b"\na\n\n\"b\nc\"\nd").map(|record| record.unwrap().line).collect();
    assert_eq!(lines, [2, 4, 6]);
}

#[test]
fn an_open_quote_at_the_end_of_the_file() {
    for (file, record_line, line, column) in [
        ("\"", 1, 1, 2),
        ("\"a\n", 1, 1, 4),
        ("\"a\r\n", 1, 1, 4),
        ("b\n\"\n\n", 2, 3, 2),
        ("\"\r", 1, 1, 2),
    ] {
        let error = Records::new(file.as_bytes()).find_map(Result::err).unwrap();
        assert_eq!(error.rule, Rule::Quote, "{file:?}");
        assert_eq!(
            (error.record_line, error.line, error.column),
            (record_line, line, column),
            "{file:?}"
        );
    }
}

#[test]
fn after_an_error_there_is_nothing() {
    let mut records = Records::new(b"a\nb\"\nc\n");
    assert!(records.next().unwrap().is_ok());
    assert!(records.next().unwrap().is_err());
    assert!(records.next().is_none());
}

/// The same rules, letter by letter, as slow and plain as can be.
fn model(file: &[u8]) -> (Vec<Vec<Column>>, Option<String>) {
    enum State {
        Begin,
        Plain,
        Quoted,
        AfterQuote,
    }
    let mut letters = Vec::new();
    for (at, byte) in file.iter().enumerate() {
        let next = file.get(at + 1);
        if *byte != b'\r' || !matches!(next, None | Some(b'\n')) {
            letters.push(*byte);
        }
    }

    let (mut records, mut record, mut column) = (Vec::new(), Vec::new(), Vec::new());
    let mut state = State::Begin;
    let (mut line, mut number, mut record_line) = (1, 1, 1);
    let mut fresh = true; // nothing of this record is read yet
    let error = |record_line: usize, line: usize, number: usize, rule: &str| {
        let record = format!("record on line {record_line}; ");
        let record = if record_line == line { "" } else { &record };
        Some(format!("{record}parse error on line {line}, column {number}: {rule}"))
    };
    let (bare, quote) = ("bare \" in non-quoted-field", "extraneous or missing \" in quoted-field");

    for (at, letter) in letters.iter().enumerate() {
        if fresh {
            record_line = line;
        }
        match (&state, letter) {
            (State::Begin, b'\n') if fresh => {}
            (State::Begin, b'"') => state = State::Quoted,
            (State::Begin | State::Plain | State::AfterQuote, b',') => {
                record.push(std::mem::take(&mut column));
                state = State::Begin;
            }
            (State::Begin | State::Plain | State::AfterQuote, b'\n') => {
                record.push(std::mem::take(&mut column));
                records.push(std::mem::take(&mut record));
                state = State::Begin;
            }
            (State::Plain, b'"') => return (records, error(record_line, line, number, bare)),
            (State::Begin | State::Plain, _) => {
                column.push(*letter);
                state = State::Plain;
            }
            (State::Quoted, b'"') => state = State::AfterQuote,
            (State::Quoted, _) => column.push(*letter),
            (State::AfterQuote, b'"') => {
                column.push(b'"');
                state = State::Quoted;
            }
            (State::AfterQuote, _) => {
                return (records, error(record_line, line, number - 1, quote));
            }
        }
        fresh = *letter == b'\n' && matches!(state, State::Begin);
        // The last line break of a file begins no line.
        if *letter == b'\n' && at + 1 < letters.len() {
            (line, number) = (line + 1, 1);
        } else {
            number += 1;
        }
    }
    if matches!(state, State::Quoted) {
        return (records, error(record_line, line, number, quote));
    }
    if !fresh && !letters.is_empty() {
        record.push(column);
        records.push(record);
    }
    (records, None)
}

/// Files in which anything can follow anything, the rules' own letters most of all.
fn files() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"a",
        b",",
        b"\"",
        b"\"\"",
        b"\"",
        b",\"",
        b"\",",
        b"\n",
        b"\r\n",
        b"\r",
        b" ",
        b"#",
        b"\xc3\xa9",
        b"\xff",
        b"\0",
    ];
    vec(select(pieces), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_model_agrees(file in files()) {
        prop_assert_eq!(read(&file), model(&file));
    }

    #[test]
    fn any_bytes_are_read_or_refused(file in vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(read(&file), model(&file));
    }

    #[test]
    fn what_is_quoted_comes_back(records in vec(vec(files(), 1..5), 0..5), ending in select(vec!["\n", "\r\n"])) {
        let mut file = Vec::new();
        for record in &records {
            let quoted: Vec<Vec<u8>> = record.iter().map(|column| quote(column)).collect();
            file.extend(quoted.join(&b','));
            file.extend(ending.bytes());
        }
        let expected: Vec<Vec<Column>> = records
            .iter()
            .map(|record| record.iter().map(|column| without_carriage_returns(column)).collect())
            .collect();
        prop_assert_eq!(read(&file), (expected, None));
    }
}

fn quote(column: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'"'];
    for byte in column {
        quoted.extend(std::iter::repeat_n(*byte, if *byte == b'"' { 2 } else { 1 }));
    }
    quoted.push(b'"');
    quoted
}

/// Before a line break a carriage return is lost, quoted or not.
fn without_carriage_returns(column: &[u8]) -> Vec<u8> {
    let keeps = |at: usize| column[at] != b'\r' || column.get(at + 1) != Some(&b'\n');
    (0..column.len()).filter(|at| keeps(*at)).map(|at| column[at]).collect()
}
