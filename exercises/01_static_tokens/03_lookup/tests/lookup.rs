//! The checks of this exercise.

use lookup::{Secret, whose};
use proptest::prelude::*;

const TOKENS: [&str; 3] = ["Rk4vXs9qLd2h", "Wm7cTz1nPa6y", "Rk4vXs9qBf0j"];

/// The line that a guess finds, and how many bytes were compared of the tokens of its length.
fn ask<S: AsRef<str>>(tokens: &[S], guess: &str) -> (Option<usize>, usize) {
    let table: Vec<(Secret, usize)> =
        tokens.iter().map(|token| Secret::new(token.as_ref())).zip(1..).collect();
    let line = whose(&table, guess.as_bytes()).copied();
    let of_its_length = table.iter().filter(|(secret, _)| secret.bytes().len() == guess.len());
    (line, of_its_length.map(|(secret, _)| secret.compared()).sum())
}

fn line(tokens: &[&str], guess: &str) -> Option<usize> {
    ask(tokens, guess).0
}

#[test]
fn a_token_is_its_lines() {
    for (token, number) in TOKENS.into_iter().zip(1..) {
        checks::same!(line(&TOKENS, token), Some(number), format!("the line of {token}"));
    }
    checks::same!(line(&[], TOKENS[0]), None, "an empty table");
}

#[test]
fn the_last_of_two_lines_counts() {
    let twice = [TOKENS[1], TOKENS[0], TOKENS[1], TOKENS[2]];
    checks::same!(line(&twice, TOKENS[1]), Some(3), "a token on lines 1 and 3");
}

#[test]
fn part_of_a_token_is_no_token() {
    for guess in ["", "R", "Rk4vXs9qLd2", "Rk4vXs9qLd2hh", "Rk4vXs9q"] {
        checks::same!(line(&TOKENS, guess), None, format!("the line of {guess:?}"));
    }
}

#[test]
fn another_spelling_is_another_token() {
    for guess in ["rk4vxs9qld2h", " Rk4vXs9qLd2h", "Rk4vXs9qLd2h\n", "\"Rk4vXs9qLd2h\""] {
        checks::same!(line(&TOKENS, guess), None, format!("the line of {guess:?}"));
    }
}

#[test]
fn two_differences_do_not_cancel_out() {
    // Letters that differ from the token's in one and the same bit, then in the highest bit of two.
    let mut in_the_highest = TOKENS[1].as_bytes().to_vec();
    in_the_highest[0] ^= 0x80;
    in_the_highest[1] ^= 0x80;
    for guess in [b"Vl7cTz1nPa6y".as_slice(), &in_the_highest] {
        let table = [(Secret::new(TOKENS[1]), "system:kube-proxy")];
        let about = format!("who sends {} for {}", guess.escape_ascii(), TOKENS[1]);
        checks::same!(whose(&table, guess), None, about);
    }
}

#[test]
fn each_byte_is_compared_whatever_the_guess() {
    let all = TOKENS.concat().len();
    for guess in ["------------", "Rk4v--------", "Rk4vXs9qLd2-", "-k4vXs9qLd2h", TOKENS[0]] {
        let (_, compared) = ask(&TOKENS, guess);
        let about =
            format!("how many bytes were compared with {guess}: all, or it shows how near it is");
        checks::same!(compared, all, about);
    }
}

#[test]
fn five_lines_of_microk8s() {
    let mut printed = Vec::new();
    lookup::tell(&mut printed).expect("a Vec takes everything");
    checks::output!("five_lines_of_microk8s", String::from_utf8_lossy(&printed));
}

proptest! {
    // A failing case is told, not kept in a file of the reader's clone.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    // So few letters that a guess is often right, or nearly.
    #[test]
    fn unseen_tables_and_guesses(
        tokens in prop::collection::vec("[aAb]{1,4}", 0..6),
        guess in "[aAb]{0,4}",
    ) {
        let (line, compared) = ask(&tokens, &guess);
        let expected = tokens.iter().rposition(|token| *token == guess).map(|at| at + 1);
        checks::same!(line, expected, format!("the line of {guess:?} in {tokens:?}"));
        let lengths = tokens.iter().map(String::len);
        let as_long: usize = lengths.filter(|length| *length == guess.len()).sum();
        let about = format!("how many bytes were compared with {guess:?} in {tokens:?}");
        checks::same!(compared, as_long, about);
    }
}
