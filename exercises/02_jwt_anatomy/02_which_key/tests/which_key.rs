//! The checks of this exercise.

use jwt_anatomy::UnverifiedToken;
use proptest::prelude::*;
use which_key::{Header, KeyFile, candidates, header, key_files, part};

fn token(header: &str) -> String {
    format!("{}.{}.AAAA", part(header), part("{}"))
}

fn header_of(alg: &str, kid: Option<&str>) -> Header {
    Header { alg: alg.to_owned(), kid: kid.map(str::to_owned) }
}

fn paths(kid: Option<&str>, keys: &[KeyFile]) -> Vec<String> {
    candidates(&header_of("RS256", kid), keys).into_iter().map(|key| key.path.clone()).collect()
}

#[test]
fn a_header_may_lack_both() {
    let got = header(&token(r#"{"alg":"ES384","kid":"k-7"}"#));
    checks::same!(got, Some(header_of("ES384", Some("k-7"))), "a header with both");
    checks::same!(header(&token("{}")), Some(header_of("", None)), "a header with nothing in it");
}

#[test]
fn what_is_no_jwt_has_no_header() {
    let good = token(r#"{"alg":"RS256"}"#);
    let cut = good.rfind('.').expect("it has dots");
    for (other, what) in [
        (String::new(), "nothing at all"),
        (good[..cut].to_owned(), "two parts"),
        (format!("{good}.AAAA"), "four parts"),
        (good.replace("AAAA", "AA=="), "a signature with padding"),
        (good.replace("e30", "e+0"), "claims with a character of ordinary base64"),
        (token(r#"{"alg":"RS256","kid":7}"#), "a kid that is a number"),
        (token(r#"{"alg":["RS256"]}"#), "an alg that is a list"),
        (token(r#"{"alg":"RS256""#), "a header that stops in the middle"),
        (token(r#""RS256""#), "a header that is no object"),
    ] {
        checks::same!(header(&other), None, format!("{what}: {other}"));
    }
}

#[test]
fn a_kid_names_its_key() {
    let keys = key_files();
    for key in &keys {
        let about = format!("kid is {}", key.kid);
        checks::same!(paths(Some(&key.kid), &keys), [key.path.as_str()], about);
    }
}

#[test]
fn a_name_that_is_not_in_the_list_has_no_key() {
    let keys = key_files();
    let none: [&str; 0] = [];
    let (kid, path) = (&keys[0].kid, &keys[0].path);
    for other in [path.as_str(), &kid[..9], &kid.to_lowercase(), "../../../dev/null", " "] {
        checks::same!(paths(Some(other), &keys), none, format!("kid is {other:?}, no key's name"));
    }
}

#[test]
fn without_a_name_every_key_is_tried() {
    let keys = key_files();
    let all: Vec<_> = keys.iter().map(|key| key.path.as_str()).collect();
    checks::same!(paths(None, &keys), all, "no kid");
    checks::same!(paths(Some(""), &keys), all, "an empty kid");
}

#[test]
fn the_keys_of_a_microk8s() {
    let mut printed = Vec::new();
    which_key::tell(&mut printed).expect("a Vec takes everything");
    checks::output!("the_keys_of_a_microk8s", String::from_utf8_lossy(&printed));
}

proptest! {
    // A failing case is told, not kept in a file of the reader's clone.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unseen_tokens_are_read_as_the_server_reads_them(
        alg in prop_oneof![Just(""), Just(r#""alg":"RS256""#), Just(r#""alg":"none""#), Just(r#""alg":1"#)],
        kid in prop_oneof![
            Just(String::new()),
            "\"kid\":\"[A-Za-z0-9_./-]{0,9}\"",
            "\"kid\":[0-9]",
        ],
        ending in "(\\.[A-Za-z0-9=_-]{4}){1,3}",
    ) {
        let comma = if alg.is_empty() || kid.is_empty() { "" } else { "," };
        let token = format!("{}{ending}", part(&format!("{{{alg}{comma}{kid}}}")));
        let expected = UnverifiedToken::read(&token).ok().map(|token| {
            header_of(&token.header().alg, token.header().key_id.as_deref())
        });
        checks::same!(header(&token), expected, format!("the token {token}"));
    }

    #[test]
    fn a_kid_picks_its_own_and_no_other(names in prop::collection::vec("[a-c]{1,2}", 0..6), kid in "[a-c]{1,2}") {
        let key = |(place, name): (usize, &String)| {
            KeyFile { kid: name.clone(), path: format!("certs/{place}.key") }
        };
        let keys: Vec<_> = names.iter().enumerate().map(key).collect();
        let mut expected: Vec<_> = keys.iter().map(|key| key.path.clone()).collect();
        let mut place = 0..;
        expected.retain(|_| place.next().is_some_and(|place: usize| names[place] == kid));
        checks::same!(paths(Some(&kid), &keys), expected, format!("kid is {kid:?}, keys are {names:?}"));
    }
}
