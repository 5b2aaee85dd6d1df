//! The checks of this exercise. Those that start a lab send real requests over HTTPS.

use door::lab::Lab;
use door::{Authenticator, Door, Refusal, Rejection, User, Verdict, authenticated, token};
use proptest::prelude::*;
use static_tokens::TokenFile;

/// Tokens that stand nowhere else.
const KNOWN: &str = "\
Wd5mHq8sXy2k,admin,admin,\"system:masters\"
,system:kube-proxy,kube-proxy

Ej7bTc0vRn4z,system:node:attic,kubelet-3,\"system:nodes,attic\"
Lg1pVi6oZu9f,grandma,u-80,\"family\"
";
const RETIRED: &str = "Ax3fKt8wMs5y,it was on a sticker\nLg1pVi6oZu9f,she has a certificate now\n";

fn opened() -> Door {
    match Door::open(KNOWN, RETIRED) {
        Ok(door) => door,
        Err(refusal) => {
            panic!("a server starts with this file, and `open` said: {refusal}\n{KNOWN}")
        }
    }
}

fn made_of(name: &str, uid: &str, groups: &[&str]) -> User {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    User { name: name.to_owned(), uid: uid.to_owned(), groups }
}

fn rejected(reason: &str) -> Verdict {
    Verdict::Rejected(Rejection(reason.to_owned()))
}

#[test]
fn a_known_token_is_its_users() {
    let got = opened().authenticate(b"Ej7bTc0vRn4z");
    let attic = made_of("system:node:attic", "kubelet-3", &["system:nodes", "attic"]);
    checks::same!(got, authenticated(&attic), "who sends Ej7bTc0vRn4z");
}

#[test]
fn another_token_is_not_mine() {
    let door = opened();
    for sent in ["Ej7bTc0vRn4", "ej7btc0vrn4z", "Ej7bTc0vRn4z ", "system:node:attic", "Ax3f"] {
        let about = format!("who sends {sent:?}, which stands nowhere");
        checks::same!(door.authenticate(sent.as_bytes()), Verdict::NotMine, about);
    }
}

#[test]
fn an_empty_token_proves_nothing() {
    let about = "who sends an empty token, when a line of the file has one";
    checks::same!(opened().authenticate(b""), Verdict::NotMine, about);
}

#[test]
fn a_retired_token_is_rejected() {
    let door = opened();
    let got = door.authenticate(b"Ax3fKt8wMs5y");
    checks::same!(got, rejected("it was on a sticker"), "who sends a retired token");
    let got = door.authenticate(b"Lg1pVi6oZu9f");
    let about = "who sends a token that is retired, and still stands in the token file";
    checks::same!(got, rejected("she has a certificate now"), about);
}

#[test]
fn no_door_for_a_file_that_no_server_starts_with() {
    let got = Door::open(&format!("{KNOWN}Yo2cPj6e,system:kube-scheduler\n"), RETIRED);
    checks::same!(got.err(), Some(Refusal { line: 6, found: 2 }), "a sixth line of two columns");
}

#[test]
fn what_the_lab_answers() {
    let mut printed = Vec::new();
    if let Err(error) = door::tell(&mut printed) {
        panic!("{error}");
    }
    checks::output!("what_the_lab_answers", String::from_utf8_lossy(&printed));
}

#[tokio::test]
async fn what_your_bearer_finds_is_what_the_lab_finds() {
    let lab = Lab::start(opened(), "RBAC").await.expect("the lab starts");
    let good = "Bearer Ej7bTc0vRn4z";
    for headers in [
        [("authorization", good), ("Accept", "*/*")],
        [("Authorization", good), ("authorization", "Bearer Ej7b")],
        [("Authorization", "Bearer Ej7b"), ("authorization", good)],
        [("Authorization", "Basic Ej7b"), ("authorization", good)],
        [("Authentication", good), ("Cookie", good)],
        [("Authorization", "Bearer  Ej7bTc0vRn4z"), ("Accept", "*/*")],
        [("Authorization", "BEARER Ej7bTc0vRn4z and more"), ("Accept", "*/*")],
        [("Authorization", "Bearer \"Ej7bTc0vRn4z\""), ("Accept", "*/*")],
        [("Authorization", "Bearer Lg1pVi6oZu9f"), ("Accept", "*/*")],
    ] {
        let yours = match token(&headers) {
            Some("Ej7bTc0vRn4z") => "the token of the attic",
            Some(_) => "another token",
            None => "no token",
        };
        let labs = match lab.who_am_i(&headers).await.expect("the lab answers").status {
            201 => "the token of the attic",
            401 => "another token",
            // system:anonymous, who may not even ask who it is.
            403 => "no token",
            status => panic!("{status} for {headers:?}"),
        };
        checks::same!(yours, labs, format!("what your `token` finds in {headers:?}"));
    }
    lab.stop().await;
}

proptest! {
    // A failing case is told, not kept in a file of the reader's clone.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    // So few letters that tokens are known, retired, and both.
    #[test]
    fn unseen_files_and_tokens(
        known in prop::collection::vec(("[ab]{0,2}", "[a-z:]{1,6}", "(,\"[a-z,]{1,6}\")?"), 0..5),
        retired in prop::collection::vec(("[ab]{1,2}", "[a-z, ]{1,9}"), 0..3),
        sent in "[ab]{0,2}",
    ) {
        let known: Vec<String> =
            known.iter().map(|(token, name, groups)| format!("{token},{name},u{groups}\n")).collect();
        let known = known.concat();
        let lines = retired.iter().map(|(token, reason)| format!("{token},{reason}\n"));
        let lines: String = lines.collect();
        let expected = match retired.iter().rfind(|(token, _)| *token == sent) {
            Some((_, reason)) => rejected(reason),
            None => TokenFile::parse("known_tokens.csv", known.as_bytes())
                .expect("three columns")
                .authenticate(sent.as_bytes()),
        };
        let door = Door::open(&known, &lines);
        let door = door.unwrap_or_else(|refusal| panic!("{refusal}: {known}"));
        let about = format!("who sends {sent:?}\n\nknown:\n{known}\nretired:\n{lines}");
        checks::same!(door.authenticate(sent.as_bytes()), expected, about);
    }
}
