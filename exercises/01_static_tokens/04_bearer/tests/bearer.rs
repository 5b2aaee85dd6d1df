//! The checks of this exercise.

use bearer::token;
use proptest::prelude::*;

fn of(value: &str) -> Option<&str> {
    token(&[("Authorization", value)])
}

#[test]
fn case_does_not_matter_in_names() {
    for name in ["Authorization", "authorization", "AUTHORIZATION", "aUTHORIZATION"] {
        for scheme in ["Bearer", "bearer", "BEARER", "bEARER"] {
            let value = format!("{scheme} Mv3p");
            let got = token(&[(name, &value)]);
            checks::same!(got, Some("Mv3p"), format!("{name}: {value}"));
        }
    }
}

#[test]
fn nothing_behind_bearer_is_no_token() {
    for value in ["", " ", "Bearer", "Bearer ", "Bearer  ", "Bearer  Mv3p", "Bearer\tMv3p"] {
        checks::same!(of(value), None, format!("Authorization: {value:?}"));
    }
    checks::same!(token(&[]), None, "a request without headers");
    let elsewhere = [("Proxy-Authorization", "Bearer Mv3p"), ("Authentication", "Bearer Mv3p")];
    checks::same!(token(&elsewhere), None, "headers with other names");
}

#[test]
fn another_scheme_is_no_token() {
    for value in ["Basic Mv3p", "Token Mv3p", "Bearer: Mv3p", "BearerMv3p", "Mv3p", "Bear Mv3p"] {
        checks::same!(of(value), None, format!("Authorization: {value}"));
    }
}

#[test]
fn ends_are_trimmed_and_the_rest_is_ignored() {
    for value in [" Bearer Mv3p", "\tBearer Mv3p \t", "Bearer Mv3p and more", "Bearer Mv3p  x"] {
        checks::same!(of(value), Some("Mv3p"), format!("Authorization: {value:?}"));
    }
}

#[test]
fn a_token_may_be_of_any_characters() {
    for value in ["a=b", "\"Mv3p\"", "Mv3p,", "a.b.c", "Bearer", "#Mv3p", "M\u{e9}3p"] {
        let header = format!("Bearer {value}");
        checks::same!(of(&header), Some(value), format!("Authorization: {header}"));
    }
}

#[test]
fn first_of_two_headers_counts() {
    let good = ("Authorization", "Bearer Mv3p");
    for other in ["Bearer Xk8q", "Bearer ", ""] {
        let other = ("authorization", other);
        let about = format!("Authorization: Bearer Mv3p, then {other:?}");
        checks::same!(token(&[good, other]), Some("Mv3p"), about);
    }
    let got = token(&[("Accept", "*/*"), ("authorization", "Bearer"), good]);
    checks::same!(got, None, "an Authorization header without a token, then one with a token");
}

#[test]
fn nine_requests_to_a_microk8s() {
    let mut printed = Vec::new();
    bearer::tell(&mut printed).expect("a Vec takes everything");
    checks::output!("nine_requests_to_a_microk8s", String::from_utf8_lossy(&printed));
}

/// A word in some case: one letter for each, and whether it is a capital.
fn in_any_case(word: &'static str) -> impl Strategy<Value = String> {
    prop::collection::vec(any::<bool>(), word.len()).prop_map(move |capital| {
        let letters = word.chars().zip(capital);
        letters.map(|(l, up)| if up { l.to_ascii_uppercase() } else { l }).collect()
    })
}

proptest! {
    // A failing case is told, not kept in a file of the reader's clone.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unseen_requests(
        before in prop::collection::vec(("[A-Z][a-z]{2,5}", "[a-zA-Z ]{0,9}"), 0..3),
        name in in_any_case("authorization"),
        space in "[ \t]{0,2}",
        scheme in prop_oneof![4 => in_any_case("bearer"), 1 => "[a-z]{5,6}"],
        gap in prop_oneof![4 => Just(" "), 1 => Just("  "), 1 => Just("\t"), 1 => Just(" \t ")],
        sent in "[!-~]{1,9}",
        rest in "( [!-~]{0,4}){0,2}",
        behind in prop_oneof![Just(None), Just(Some("Bearer other"))],
    ) {
        let value = format!("{space}{scheme}{gap}{sent}{rest}{space}");
        let behind = behind.map(|value| ("Authorization", value));
        let mut headers: Vec<(&str, &str)> =
            before.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        headers.push((&name, &value));
        headers.extend(behind);
        let expected = match gap {
            _ if !scheme.eq_ignore_ascii_case("bearer") => None,
            " " => Some(sent.as_str()),
            // The piece between the two spaces.
            " \t " => Some("\t"),
            _ => None,
        };
        checks::same!(token(&headers), expected, format!("the headers {headers:?}"));
    }
}
