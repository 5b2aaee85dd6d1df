//! The checks of this exercise.

use columns::{User, user};
use proptest::prelude::*;
use static_tokens::{Authenticator, TokenFile, Verdict};

fn made_of(name: &str, uid: &str, groups: &[&str]) -> User {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    User { name: name.to_owned(), uid: uid.to_owned(), groups }
}

#[test]
fn a_line_of_two_columns_is_nobody() {
    checks::same!(user("b7Qd,system:kube-scheduler"), None, "a line of two columns");
    checks::same!(user(""), None, "an empty line");
}

#[test]
fn a_line_without_groups_is_a_user_without_groups() {
    let got = user("b7Qd,system:kube-scheduler,scheduler-2");
    let expected = Some(made_of("system:kube-scheduler", "scheduler-2", &[]));
    checks::same!(got, expected, "a line without a fourth column");

    let got = user("b7Qd,system:kube-scheduler,scheduler-2,");
    let expected = Some(made_of("system:kube-scheduler", "scheduler-2", &[""]));
    checks::same!(got, expected, "a fourth column with nothing in it is one group without a name");
}

#[test]
fn groups_are_not_trimmed() {
    let got = user("b7Qd,anna,u-17,\"dev, ops\"");
    let expected = Some(made_of("anna", "u-17", &["dev", " ops"]));
    checks::same!(got, expected, "a space behind the comma is part of the group's name");
}

#[test]
fn columns_behind_the_fourth_are_ignored() {
    let expected = Some(made_of("anna", "u-17", &["dev"]));
    let got = user("b7Qd,anna,u-17,dev,ops");
    checks::same!(got, expected, "without quotes the fourth column ends at its comma");
    let got = user("b7Qd,anna,u-17,\"dev\",since May,2022");
    checks::same!(got, expected, "with quotes the fourth column ends at its second quote");
}

#[test]
fn a_whole_file_of_microk8s() {
    let mut printed = Vec::new();
    columns::tell(&mut printed).expect("a Vec takes everything");
    checks::output!("a_whole_file_of_microk8s", String::from_utf8_lossy(&printed));
}

/// What the server's own reader makes of the line.
fn as_the_server_reads(line: &str, token: &str) -> Option<User> {
    let file = TokenFile::parse("known_tokens.csv", line.as_bytes()).ok()?;
    match file.authenticate(token.as_bytes()) {
        Verdict::Authenticated(user) => {
            Some(User { name: user.name, uid: user.uid, groups: user.groups })
        }
        Verdict::NotMine | Verdict::Rejected(_) => None,
    }
}

proptest! {
    // A failing case is told, not kept in a file of the reader's clone.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unseen_lines_are_read_as_the_server_reads_them(
        token in "[A-Za-z0-9#]{4,9}",
        name_and_uid in prop::collection::vec("[a-z: -]{0,9}", 0..3),
        groups in prop_oneof![
            Just(String::new()),
            ",[a-z:, ]{0,9}",
            ",\"[a-z:, ]{0,9}\"",
            ",\"[a-z:, ]{0,9}\",[a-z, ]{0,5}",
        ],
    ) {
        let columns = [vec![token.clone()], name_and_uid].concat();
        let line = format!("{}{}", columns.join(","), if columns.len() == 3 { groups } else { String::new() });
        let expected = as_the_server_reads(&line, &token);
        checks::same!(user(&line), expected, format!("the line {line}"));
    }
}
