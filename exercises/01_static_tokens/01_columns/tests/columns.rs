//! The checks of this exercise.

use columns::{User, user};
use proptest::prelude::*;

fn made_of(name: &str, uid: &str, groups: &[String]) -> User {
    User { name: name.to_owned(), uid: uid.to_owned(), groups: groups.to_vec() }
}

#[test]
fn a_whole_file_of_microk8s() {
    let mut printed = Vec::new();
    columns::tell(&mut printed).expect("a Vec takes everything");
    checks::output!("a_whole_file_of_microk8s", String::from_utf8_lossy(&printed));
}

#[test]
fn a_line_without_groups_is_a_user_without_groups() {
    let got = user("b7Qd,system:kube-scheduler,scheduler-2");
    let expected = Some(made_of("system:kube-scheduler", "scheduler-2", &[]));
    checks::same!(got, expected, "a line without a fourth column");
}

#[test]
fn a_line_of_two_columns_is_nobody() {
    checks::same!(user("b7Qd,system:kube-scheduler"), None, "a line of two columns");
    checks::same!(user(""), None, "an empty line");
}

#[test]
fn groups_are_not_trimmed() {
    let got = user("b7Qd,jane,u-17,\"dev, ops\"");
    let expected = Some(made_of("jane", "u-17", &["dev".to_owned(), " ops".to_owned()]));
    checks::same!(got, expected, "a space behind the comma is part of the group's name");
}

proptest! {
    // A failing case is told, not kept in a file of the reader's clone.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_names_and_any_groups(
        token in "[A-Za-z0-9]{4,32}",
        name in "[a-z:-]{1,20}",
        uid in "[a-z0-9-]{1,12}",
        groups in prop::collection::vec("[a-z:]{1,12}", 1..5),
    ) {
        let line = format!("{token},{name},{uid},\"{}\"", groups.join(","));
        checks::same!(user(&line), Some(made_of(&name, &uid, &groups)), format!("the line {line}"));
    }
}
