//! The checks of this exercise.

use audience::{Claims, claims};
use proptest::prelude::*;

/// What you read; which error it is does not matter.
fn read(payload: &str) -> Result<Claims, &'static str> {
    claims(payload).map_err(|_| "an error")
}

fn check(payload: &str, iss: &str, sub: &str, aud: &[&str], exp: Option<i64>) {
    let aud = aud.iter().map(|audience| (*audience).to_owned()).collect();
    let expected = Claims { iss: iss.to_owned(), sub: sub.to_owned(), aud, exp };
    let got = claims(payload).map_err(|error| error.to_string());
    checks::same!(got, Ok::<_, String>(expected), format!("the payload {payload}"));
}

#[test]
fn an_audience_is_a_text_or_a_list() {
    check(r#"{"iss":"dex","sub":"anna","aud":"grafana"}"#, "dex", "anna", &["grafana"], None);
    check(r#"{"aud":["grafana"]}"#, "", "", &["grafana"], None);
    check(r#"{"aud":["vault","grafana"]}"#, "", "", &["vault", "grafana"], None);
    check(r#"{"aud":[]}"#, "", "", &[], None);
    check(r#"{"aud":""}"#, "", "", &[""], None);
}

#[test]
fn what_is_missing_is_empty() {
    check("{}", "", "", &[], None);
    check(r#"{"exp":1795250486}"#, "", "", &[], Some(1_795_250_486));
    check(r#"{"sub":"anna","exp":-1}"#, "", "anna", &[], Some(-1));
}

#[test]
fn claims_that_nobody_asked_for_are_passed_over() {
    let payload = r#"{"sub":"anna","nbf":"soon","groups":[{"aud":"x"}],"kubernetes.io":null}"#;
    check(payload, "", "anna", &[], None);
}

#[test]
fn a_claim_of_the_wrong_type_spoils_the_token() {
    for payload in [
        r#"{"aud":null}"#,
        r#"{"aud":7}"#,
        r#"{"aud":["vault",7]}"#,
        r#"{"aud":["vault",null]}"#,
        r#"{"aud":[["vault"]]}"#,
        r#"{"aud":{"vault":true}}"#,
        r#"{"iss":["dex"]}"#,
        r#"{"sub":7}"#,
        r#"{"sub":"anna","exp":"1795250486"}"#,
        r#"{"sub":"anna","exp":true}"#,
        r#"{"sub":"anna""#,
        "anna",
        "",
    ] {
        checks::same!(read(payload), Err("an error"), format!("the payload {payload}"));
    }
}

#[test]
fn the_claims_of_some_tokens() {
    let mut printed = Vec::new();
    audience::tell(&mut printed).expect("a Vec takes everything");
    checks::output!("the_claims_of_some_tokens", String::from_utf8_lossy(&printed));
}

/// What the server's own reader makes of the payload.
fn as_the_server_reads(payload: &str) -> Result<Claims, &'static str> {
    let claims = jwt_anatomy::Claims::parse(payload.as_bytes()).map_err(|_| "an error")?;
    let (iss, sub) = (claims.issuer, claims.subject);
    Ok(Claims { iss, sub, aud: claims.audiences, exp: claims.expires_at })
}

/// A claim of this name, or none.
fn claim(name: &'static str, values: &'static [&'static str]) -> impl Strategy<Value = String> {
    let there = prop::sample::select(values);
    prop::option::of(there)
        .prop_map(move |value| value.map_or(String::new(), |value| format!("\"{name}\":{value}")))
}

proptest! {
    // A failing case is told, not kept in a file of the reader's clone.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unseen_claims_are_read_as_the_server_reads_them(
        iss in claim("iss", &["\"https://dex.home.arpa\"", "\"\"", "\"i\"", "\"j\"", "4"]),
        sub in claim("sub", &["\"anna\"", "\"\"", "\"s\"", "\"t\"", "[]"]),
        aud in claim("aud", &[
            "\"a\"", "\"\"", "[]", "[\"a\"]", "[\"b\",\"a\"]", "[\"\"]", "null", "7", "[7]", "{}", "true",
        ]),
        exp in claim("exp", &["0", "1795250486", "-5", "null", "\"1795250486\"", "\"\"", "false", "[9]"]),
        more in claim("more", &["null", "{\"aud\":7}", "[true]"]),
    ) {
        let members = [iss, sub, aud, exp, more];
        let members: Vec<_> = members.iter().filter(|member| !member.is_empty()).cloned().collect();
        let payload = format!("{{{}}}", members.join(","));
        let expected = as_the_server_reads(&payload);
        checks::same!(read(&payload), expected, format!("the payload {payload}"));
    }

    #[test]
    fn any_audience_comes_through(audiences in prop::collection::vec("\\PC{0,8}", 0..4)) {
        let list = serde_json::json!({ "aud": &audiences }).to_string();
        let expected = Claims { aud: audiences.clone(), ..Claims::default() };
        checks::same!(read(&list), Ok(expected), format!("the payload {list}"));
        for audience in audiences {
            let text = serde_json::json!({ "aud": &audience }).to_string();
            let expected = Claims { aud: vec![audience], ..Claims::default() };
            checks::same!(read(&text), Ok(expected), format!("the payload {text}"));
        }
    }
}
