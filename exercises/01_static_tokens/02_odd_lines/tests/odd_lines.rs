//! The checks of this exercise.

use odd_lines::Warning::{DuplicateToken, EmptyToken};
use odd_lines::{Refusal, Warning, look_over};
use proptest::prelude::*;
use static_tokens::{FileError, TokenFile};

/// What a failing check is about, with the file that it asked of.
fn about(what: &str, file: &str) -> String {
    format!("{what}\n\nthe file {file:?}")
}

#[test]
fn a_token_twice_is_warned_of() {
    let neat = "u5Zq,proxy,p-1\nw8Xr,node,n-1,\"nodes\"\n";
    checks::same!(look_over(neat), Ok(vec![]), "a file with nothing odd in it");
    let got = look_over(&format!("{neat}u5Zq,node,n-2\n"));
    checks::same!(got, Ok(vec![DuplicateToken { record: 3 }]), "lines 1 and 3 have one token");
}

#[test]
fn blank_lines_are_no_records() {
    let file = "\nu5Zq,proxy,p-1\n\n\n,node,n-1\n";
    let got = look_over(file);
    checks::same!(
        got,
        Ok(vec![EmptyToken { record: 2 }]),
        about("the second record is on line 5", file)
    );
}

#[test]
fn refused_is_the_first_short_line() {
    let file = "\nu5Zq,proxy,p-1\nu5Zq,proxy,p-1\n\nw8Xr,node\nx\n";
    let got = look_over(file);
    checks::same!(got, Err(Refusal { line: 5, found: 2 }), about("two short lines, 5 and 6", file));
}

#[test]
fn comments_are_records() {
    let file = "u5Zq,proxy,p-1\n# the old one:\n#u5Zq,proxy,p-0\n";
    let got = look_over(file);
    let expected = Err(Refusal { line: 2, found: 1 });
    checks::same!(got, expected, about("a remark is a record of one column", file));
    let file = "u5Zq,proxy,p-1\n#u5Zq,proxy,p-0\n#u5Zq,proxy,p-0\n";
    let got = look_over(file);
    let expected = Ok(vec![DuplicateToken { record: 3 }]);
    checks::same!(
        got,
        expected,
        about("the # of a commented-out line is the first letter of its token", file)
    );
}

#[test]
fn nothing_is_trimmed() {
    let file = "u5Zq,proxy,p-1\n \nu5Zq,proxy,p-1\n";
    let got = look_over(file);
    let expected = Err(Refusal { line: 2, found: 1 });
    checks::same!(got, expected, about("a line that holds one space", file));
    let file = "u5Zq,proxy,p-1\nu5Zq ,proxy,p-1\n ,node,n-1\n";
    let got = look_over(file);
    checks::same!(
        got,
        Ok(vec![]),
        about("a space makes another token, and a token of a space is not empty", file)
    );
}

#[test]
fn empty_tokens_are_no_duplicates() {
    let file = ",proxy,p-1\n,node,n-1\n";
    let got = look_over(file);
    let expected = Ok(vec![EmptyToken { record: 1 }, EmptyToken { record: 2 }]);
    checks::same!(got, expected, about("two records with empty tokens", file));
}

#[test]
fn three_files_of_microk8s() {
    let mut printed = Vec::new();
    odd_lines::tell(&mut printed).expect("a Vec takes everything");
    checks::output!("three_files_of_microk8s", String::from_utf8_lossy(&printed));
}

/// What the server's own reader says.
fn as_the_server_says(file: &str) -> Result<Vec<Warning>, Refusal> {
    match TokenFile::parse("known_tokens.csv", file.as_bytes()) {
        Ok(file) => Ok(file.warnings().iter().map(in_our_words).collect()),
        Err(FileError::TooFewColumns { line, found, .. }) => Err(Refusal { line, found }),
        Err(error) => panic!("none of these files breaks a rule of CSV: {error}"),
    }
}

fn in_our_words(warning: &static_tokens::Warning) -> Warning {
    match *warning {
        static_tokens::Warning::EmptyToken { record, .. } => EmptyToken { record },
        static_tokens::Warning::DuplicateToken { record, .. } => DuplicateToken { record },
    }
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[ab #]{1,2},[a-z ]{0,3},[a-z]{0,3}(,\"[a-z,]{0,5}\")?",
        2 => ",[a-z]{0,3},[a-z]{0,3}",
        2 => Just(String::new()),
        1 => "[a# ]{1,2}(,[a-z]{0,3})?",
    ]
}

proptest! {
    // A failing case is told, not kept in a file of the reader's clone.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unseen_files_are_seen_as_the_server_sees_them(
        lines in prop::collection::vec(line(), 0..9),
        last_break in prop_oneof![Just("\n"), Just("")],
    ) {
        let file = lines.join("\n") + last_break;
        checks::same!(look_over(&file), as_the_server_says(&file), format!("the file {file:?}"));
    }
}
