//! What a kube-apiserver 1.37.2 answered to 112 tokens, and what this crate answers.
//!
//! The file holds the keys the server was given, each token, and what its TokenReview then said:
//! nothing when it accepted the token. To ask again, start a server with the keys as
//! `--service-account-key-file`, and send it the tokens (`exp` is missing in them all, so they stay
//! good; the account `default` must exist, with the uid the claims state).
#![allow(clippy::unwrap_used, reason = "a test may")]

use jwt_anatomy::UnverifiedToken;
use serde::Deserialize;
use signing::{KeySet, PublicKey};

#[derive(Deserialize)]
struct Recording {
    keys: Vec<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    #[serde(rename = "case")]
    what: String,
    token: String,
    said: Option<String>,
}

/// What the server said of a token that it takes for nobody's: its look at the token is chapter 2's.
const NOT_MINE: &str = "invalid bearer token";

fn our_answer(keys: &KeySet, token: &str) -> Option<String> {
    let Ok(token) = UnverifiedToken::read(token) else { return Some(NOT_MINE.to_owned()) };
    if token.unverified_issuer().as_deref() != Some("https://kubernetes.default.svc") {
        return Some(NOT_MINE.to_owned());
    }
    let error = keys.verify(&token).err()?.to_string();
    // The server put the list into a larger one, which takes the brackets off.
    let list = error.strip_prefix('[').and_then(|list| list.strip_suffix(']'));
    Some(list.unwrap_or(&error).to_owned())
}

#[test]
fn every_token_gets_the_real_answer() {
    let recording: Recording =
        serde_json::from_str(include_str!("vectors/kube-apiserver-1.37.2.json")).unwrap();
    let keys = recording.keys.iter();
    let keys = keys.flat_map(|pem| PublicKey::all_from_pem(pem.as_bytes()).unwrap()).collect();
    let keys = KeySet::new(keys);

    let differences: Vec<String> = recording
        .cases
        .iter()
        .filter(|case| our_answer(&keys, &case.token) != case.said)
        .map(|case| {
            let ours = our_answer(&keys, &case.token);
            format!(
                "{}:\n  the real server: {:?}\n  this crate:      {ours:?}",
                case.what, case.said
            )
        })
        .collect();

    assert_eq!(recording.cases.len(), 112);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
