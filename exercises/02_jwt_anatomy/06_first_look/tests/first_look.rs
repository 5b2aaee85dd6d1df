//! The checks of this exercise. Those that start a lab send real requests over HTTPS.

use first_look::lab::Lab;
use first_look::{
    Answer, FirstLook, ISSUER, Rejection, TokenAuthenticator, User, Verdict, with_account,
};
use jwt_anatomy::{UnverifiedToken, base64url};
use proptest::prelude::*;
use std::sync::{Arc, Mutex};

const MINE: &str = "https://attic.home.arpa:16443";

/// Answers what it is told to, and remembers what it was asked.
struct Verifier {
    answer: Answer,
    asked: Mutex<Vec<(Vec<u8>, Vec<String>)>>,
}

impl TokenAuthenticator for Verifier {
    fn name(&self) -> &'static str {
        "verifier of the checks"
    }

    fn authenticate(&self, token: &[u8], audiences: &[String]) -> Answer {
        let mut asked = self.asked.lock().expect("no check panics in here");
        asked.push((token.to_owned(), audiences.to_owned()));
        self.answer.clone()
    }
}

/// A look in front of a verifier that answers this.
fn look(answer: Answer) -> (FirstLook, Arc<Verifier>) {
    let verifier = Arc::new(Verifier { answer, asked: Mutex::default() });
    (FirstLook { issuer: MINE.to_owned(), verifier: verifier.clone() }, verifier)
}

fn rejected() -> Answer {
    Verdict::Rejected(Rejection("the signature does not fit".to_owned())).into()
}

fn is_mine(token: &[u8]) -> bool {
    look(rejected()).0.is_mine(token)
}

/// A token with this payload.
fn token(payload: &str) -> String {
    let [header, payload] =
        [r#"{"alg":"RS256"}"#, payload].map(|t| base64url::encode(t.as_bytes()));
    format!("{header}.{payload}.AAAA")
}

#[test]
fn a_token_of_the_issuer_is_mine() {
    for payload in [
        format!(r#"{{"iss":"{MINE}"}}"#),
        format!(r#"{{"aud":["vault"],"iss":"{MINE}","sub":"system:serviceaccount:attic:lamp"}}"#),
    ] {
        checks::same!(is_mine(token(&payload).as_bytes()), true, format!("the payload {payload}"));
    }
}

#[test]
fn no_other_claim_is_looked_at() {
    let payload =
        format!(r#"{{"sub":7,"iss":"{MINE}","exp":"soon","aud":null,"kubernetes.io":[]}}"#);
    let about = format!("wrong claims are for the verifier to find: {payload}");
    checks::same!(is_mine(token(&payload).as_bytes()), true, about);
}

#[test]
fn anything_else_is_not_mine() {
    for payload in [
        r#"{"iss":"https://attic.home.arpa"}"#,
        r#"{"iss":"https://attic.home.arpa:16443/"}"#,
        r#"{"iss":"HTTPS://ATTIC.HOME.ARPA:16443"}"#,
        r#"{"iss":["https://attic.home.arpa:16443"]}"#,
        r#"{"iss":16443}"#,
        r#"{"sub":"https://attic.home.arpa:16443"}"#,
        r#"{"iss":"https://attic.home.arpa:16443""#,
        "{}",
        "https://attic.home.arpa:16443",
        "",
    ] {
        checks::same!(is_mine(token(payload).as_bytes()), false, format!("the payload {payload}"));
    }
}

#[test]
fn what_has_no_three_parts_is_not_mine() {
    let good = token(&format!(r#"{{"iss":"{MINE}"}}"#));
    let parts: Vec<_> = good.split('.').collect();
    for other in [
        format!("{}.{}", parts[0], parts[1]),
        format!("{good}.AAAA"),
        format!("{}.{}=.AAAA", parts[0], parts[1]),
        parts[1].to_owned(),
        "Hq3vTb9kXe7dRp2mWn4yJc".to_owned(),
        String::new(),
    ] {
        checks::same!(is_mine(other.as_bytes()), false, format!("the token {other:?}"));
    }
    let bytes = [&[0xff, b'.'], parts[1].as_bytes(), b".AAAA"].concat();
    checks::same!(is_mine(&bytes), false, "bytes that are no text");
}

#[test]
fn the_verifier_has_the_last_word() {
    let mine = token(&format!(r#"{{"iss":"{MINE}","sub":"system:serviceaccount:attic:lamp"}}"#));
    let lamp = User { name: "system:serviceaccount:attic:lamp".to_owned(), ..User::default() };
    let yes = Answer {
        verdict: Verdict::Authenticated(lamp),
        audiences: vec!["vault".to_owned()],
        warnings: vec!["this token is old".to_owned()],
        annotations: vec![("authentication.k8s.io/stale-token", "a pod's".to_owned())],
    };
    checks::same!(is_mine(mine.as_bytes()), true, "a token of the issuer");
    let audiences = ["vault".to_owned(), "attic".to_owned()];
    for answer in [yes, rejected(), Verdict::NotMine.into()] {
        let (look, verifier) = look(answer.clone());
        let got = look.authenticate(mine.as_bytes(), &audiences);
        checks::same!(got, answer, "what comes back is what the verifier answered");
        let asked = verifier.asked.lock().expect("no check panics in there").clone();
        let expected = vec![(mine.clone().into_bytes(), audiences.to_vec())];
        checks::same!(asked, expected, "the verifier gets the token as it came, and the audiences");
    }
}

#[test]
fn a_token_of_others_is_left_to_others() {
    let (look, verifier) = look(rejected());
    let theirs = token(r#"{"iss":"https://token.actions.githubusercontent.com"}"#);
    checks::same!(look.is_mine(theirs.as_bytes()), false, "a token of GitHub's");
    let got = look.authenticate(theirs.as_bytes(), &[]);
    checks::same!(got, Answer::from(Verdict::NotMine), "a token of GitHub's");
    let asked = verifier.asked.lock().expect("no check panics in there").len();
    checks::same!(asked, 0, "how often the verifier was asked about it");
}

proptest! {
    // A failing case is told, not kept in a file of the reader's clone.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unseen_tokens_are_looked_at_as_the_server_looks(
        payload in prop_oneof![
            r#"\{"iss":"(i|j|https://i)?/?"\}"#,
            r#"\{"sub":"i","iss":"[ij]","exp":["\[]?\}"#,
            r#"\{"iss":(1|true|\[\]|\{"iss":"i"\})\}"#,
            r#"\{"(sub|aud|jti)":"i"\}"#,
        ],
        ending in "(\\.AAAA){0,2}",
    ) {
        let signed = token(&payload);
        let token = format!("{}{ending}", signed.trim_end_matches(".AAAA"));
        let issuer = UnverifiedToken::read(&token).ok().and_then(|token| token.unverified_issuer());
        let look = FirstLook { issuer: "i".to_owned(), verifier: look(rejected()).1 };
        let about = format!("the issuer i, and the token {token} with the payload {payload}");
        checks::same!(look.is_mine(token.as_bytes()), issuer.as_deref() == Some("i"), about);
    }
}

#[test]
fn what_the_lab_answers() {
    let mut printed = Vec::new();
    let told = first_look::tell(&mut printed);
    if let Err(error) = told {
        panic!("{error}\nuntil then it printed:\n{}", String::from_utf8_lossy(&printed));
    }
    checks::output!("what_the_lab_answers", String::from_utf8_lossy(&printed));
}

#[tokio::test]
async fn nobody_gets_in_by_what_a_token_claims() {
    let lab = Lab::start().await.expect("the lab starts");
    let good = lab.token_of_default().await.expect("the lab makes a token");
    let look = FirstLook { issuer: ISSUER.to_owned(), verifier: look(rejected()).1 };
    checks::same!(look.is_mine(good.as_bytes()), true, "the token of the lab");
    let let_in = lab.who_am_i(&good).await.expect("the lab answers");
    let expected = (201, Some("system:serviceaccount:default:default"));
    checks::same!((let_in.status, let_in.user.as_deref()), expected, "the token of the lab");

    let by_hand = format!(r#"{{"iss":"{ISSUER}","sub":"system:serviceaccount:default:default"}}"#);
    let cut = good.rfind('.').expect("a token has dots");
    for (forged, what) in [
        (with_account(&good, "kube-system", "default"), "another namespace written into it"),
        (with_account(&good, "default", "admin"), "another account written into it"),
        (format!("{}.AAAA", &good[..cut]), "another signature"),
        (format!("{}.", &good[..cut]), "no signature"),
        (token(&by_hand), "all of it written by hand"),
    ] {
        let answer = lab.who_am_i(&forged).await.expect("the lab answers");
        let got = (answer.asked, answer.status, answer.user);
        let about = format!("a token with {what}: passed on, and refused by the verifier");
        checks::same!(got, (true, 401, None::<String>), about);
    }
    lab.stop().await;
}
