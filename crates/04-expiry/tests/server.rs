//! What a real kube-apiserver 1.37.2 answered: every token here was signed with its own key, and
//! shown to it in a `TokenReview`, on amd64. Here the course's key signs the same claims, and
//! chapters 2, 3 and 4 answer.
#![allow(clippy::unwrap_used, reason = "a test may")]

use chrono::{DateTime, TimeDelta, Utc};
use expiry::Validator;
use jwt_anatomy::UnverifiedToken;
use serde_json::{Map, Value, json};
use signing::{KeySet, samples};

const API_SERVER: &str = "https://kubernetes.default.svc";
const NOW: i64 = 1_795_480_000;

const NOT_MINE: &str = "invalid bearer token";
const NOT_YET: &str = "service account token is not valid yet";
const EXPIRED: &str = "service account token has expired";
const IN_THE_FUTURE: &str = "service account token is issued in the future";
const NO_DATE: &str = "go-jose/go-jose/jwt: expected number value to unmarshal NumericDate";
const NO_AUDIENCE: &str =
    "go-jose/go-jose/jwt: expected string or array value to unmarshal to Audience";

/// `Ok`: the audiences it is good for.
type Answer<'a> = Result<&'a [&'a str], &'a str>;
const GOOD: Answer = Ok(&[API_SERVER]);

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

/// The claims of an ordinary token, made now for an hour.
fn usual() -> Map<String, Value> {
    let Value::Object(claims) = json!({
        "aud": [API_SERVER], "exp": NOW + 3600, "iat": NOW, "iss": API_SERVER, "jti": "x",
        "kubernetes.io": {"namespace": "default", "serviceaccount": {"name": "t", "uid": "u"}},
        "nbf": NOW, "sub": "system:serviceaccount:default:t",
    }) else {
        unreachable!()
    };
    claims
}

/// The ordinary claims with these in place of those of the same name, `null` included.
fn with(claims: &Value) -> String {
    let mut all = usual();
    all.extend(claims.as_object().unwrap().clone());
    Value::Object(all).to_string()
}

/// The ordinary claims without one, and with this text added.
fn without_and(name: &str, text: &str) -> String {
    let mut all = usual();
    all.remove(name);
    let all = Value::Object(all).to_string();
    format!("{}{text}}}", all.strip_suffix('}').unwrap())
}

fn answer(payload: &[u8], requested: &[&str], now: DateTime<Utc>) -> Result<Vec<String>, String> {
    let key = samples::lab_key();
    let token = key.sign_payload(payload).unwrap();
    let validator = Validator::new(vec![API_SERVER.to_owned()], Vec::new());
    let requested: Vec<_> = requested.iter().map(ToString::to_string).collect();

    let token = UnverifiedToken::read(&token).unwrap();
    if !validator.is_mine(&token) {
        return Err(NOT_MINE.to_owned());
    }
    let keys = KeySet::new(vec![key.public_key()]);
    let signed = keys.verify(&token).map_err(|why| why.to_string())?;
    validator.check(&signed, &requested, now).map_err(|why| why.to_string())
}

fn assert_answers(cases: &[(String, Answer)]) {
    for (payload, expected) in cases {
        assert_answer(payload.as_bytes(), &[], expected);
    }
}

fn assert_answer(payload: &[u8], requested: &[&str], expected: &Answer) {
    let expected = expected
        .map(|names| names.iter().map(ToString::to_string).collect::<Vec<_>>())
        .map_err(str::to_owned);
    let payload_text = String::from_utf8_lossy(payload);
    assert_eq!(answer(payload, requested, now()), expected, "{payload_text} for {requested:?}");
}

#[test]
fn dates_and_the_order_in_which_they_are_looked_at() {
    assert_answers(&[
        (with(&json!({})), GOOD),
        (with(&json!({"exp": NOW - 58})), GOOD),
        (with(&json!({"exp": NOW - 62})), Err(EXPIRED)),
        (with(&json!({"nbf": NOW + 58})), GOOD),
        (with(&json!({"nbf": NOW + 64})), Err(NOT_YET)),
        (with(&json!({"iat": NOW + 58})), GOOD),
        (with(&json!({"iat": NOW + 64})), Err(IN_THE_FUTURE)),
        (with(&json!({"nbf": NOW + 9999, "exp": NOW - 9999, "iat": NOW + 9999})), Err(NOT_YET)),
        (with(&json!({"exp": NOW - 9999, "iat": NOW + 9999})), Err(EXPIRED)),
        (
            with(&json!({"aud": ["x"], "exp": NOW - 9999})),
            Err(
                r#"token audiences ["x"] is invalid for the target audiences ["https://kubernetes.default.svc"]"#,
            ),
        ),
        (without_and("exp", ""), GOOD),
        (without_and("nbf", ""), GOOD),
        (without_and("iat", ""), GOOD),
        (with(&json!({"exp": null})), GOOD),
        (with(&json!({"exp": 0.5})), Err(EXPIRED)),
        (with(&json!({"exp": 1_795_480_000.5})), GOOD),
        (with(&json!({"exp": 0})), Err(EXPIRED)),
        (with(&json!({"exp": -1})), Err(EXPIRED)),
        (with(&json!({"exp": (NOW + 999).to_string()})), Err(NO_DATE)),
        (with(&json!({"exp": true})), Err(NO_DATE)),
        (with(&json!({"exp": [1]})), Err(NO_DATE)),
        (with(&json!({"exp": {}})), Err(NO_DATE)),
    ]);
}

/// The server was asked every 5 ms while the clock ran over the edge. `exp` + 60 s: the last yes was
/// asked 7 ms before, the first no 2 ms before and answered 3 ms after. `nbf` - 60 s and `iat` - 60 s:
/// the last no answered before, the first yes 6 ms and 2 ms after. And 60 s to the nanosecond is what
/// go-jose's comparisons say.
#[test]
fn the_edges_to_the_nanosecond() {
    let tick = TimeDelta::nanoseconds(1);
    for (claims, edge_is_the_last_moment, rejection) in [
        (json!({"exp": NOW - 60}), true, EXPIRED),
        (json!({"nbf": NOW + 60}), false, NOT_YET),
        (json!({"iat": NOW + 60}), false, IN_THE_FUTURE),
    ] {
        let payload = with(&claims);
        let (inside, outside) = if edge_is_the_last_moment {
            (now() - tick, now() + tick)
        } else {
            (now() + tick, now() - tick)
        };
        for moment in [inside, now()] {
            assert!(answer(payload.as_bytes(), &[], moment).is_ok(), "{claims} at {moment}");
        }
        assert_eq!(answer(payload.as_bytes(), &[], outside), Err(rejection.to_owned()));
    }
}

/// A number that is no 64-bit integer becomes the smallest there is, and one near the largest wraps
/// around when Go adds the years before 1970 to it.
#[test]
fn numbers_beyond_all_years() {
    let past = [
        "9223372036854775807",
        "9223372036854774784",
        "9223372036854775808",
        "1e19",
        "1e30",
        "1e308",
        "-9223372036854775808",
        "-1e30",
    ];
    let future = [
        "9223371974719179007",
        "9223371974719178752",
        "9223371974719177728",
        "9223371974719000000",
        "4294967296",
        "1e10",
        "1E10",
        "1.0e+10",
    ];
    let claim = |name: &str, number: &str| without_and(name, &format!(r#","{name}":{number}"#));
    for number in past {
        assert_answers(&[
            (claim("exp", number), Err(EXPIRED)),
            (claim("nbf", number), GOOD),
            (claim("iat", number), GOOD),
        ]);
    }
    for number in future {
        assert_answers(&[
            (claim("exp", number), GOOD),
            (claim("nbf", number), Err(NOT_YET)),
            (claim("iat", number), Err(IN_THE_FUTURE)),
        ]);
    }
    for name in ["exp", "nbf", "iat"] {
        assert_answers(&[(claim(name, "1e400"), Err(NO_DATE))]);
    }
}

#[test]
fn audiences() {
    let foreign = r#"token audiences ["x"] is invalid for the target audiences ["https://kubernetes.default.svc"]"#;
    assert_answers(&[
        (without_and("aud", ""), GOOD),
        (with(&json!({"aud": []})), GOOD),
        (with(&json!({"aud": API_SERVER})), GOOD),
        (with(&json!({"aud": null})), Err(NO_AUDIENCE)),
        (with(&json!({"aud": 1})), Err(NO_AUDIENCE)),
        (with(&json!({"aud": [1]})), Err(NO_AUDIENCE)),
        (with(&json!({"aud": ["x"]})), Err(foreign)),
        (
            with(&json!({"aud": [""]})),
            Err(
                r#"token audiences [""] is invalid for the target audiences ["https://kubernetes.default.svc"]"#,
            ),
        ),
    ]);

    let shown = |audience: Value, requested: &[&str], expected: &Answer| {
        assert_answer(with(&json!({"aud": audience})).as_bytes(), requested, expected);
    };
    shown(json!(["b", "a"]), &["a", "x", "b", "a"], &Ok(&["a", "b", "a"]));
    shown(json!([""]), &[""], &Ok(&[""]));
    shown(json!([]), &["x", API_SERVER], &GOOD);
    let not_for_x = r#"token audiences ["https://kubernetes.default.svc"] is invalid for the target audiences ["x"]"#;
    shown(json!([API_SERVER]), &["x"], &Err(not_for_x));
    shown(json!([]), &["x"], &Err(not_for_x));
}

#[test]
fn audiences_that_do_not_print() {
    let refused = |list: &str| {
        format!(r#"token audiences {list} is invalid for the target audiences ["{API_SERVER}"]"#)
    };
    let odd = "a\"b\\c\n\t\0\u{7f}é\u{200b}日😀\u{1fae9}\u{fffd}\u{a0}\u{301}";
    assert_answer(
        with(&json!({"aud": [odd, ""]})).as_bytes(),
        &[],
        &Err(&refused(r#"["a\"b\\c\n\t\x00\x7fé\u200b日😀\U0001fae9�\u00a0́" ""]"#)),
    );
    assert_answer(
        with(&json!({"aud": ["\u{7}\u{8}\u{b}\u{c}\r\u{1b}\u{85}\u{2028}\u{e0001}"]})).as_bytes(),
        &[],
        &Err(&refused(r#"["\a\b\v\f\r\x1b\u0085\u2028\U000e0001"]"#)),
    );
    assert_answer(
        without_and("aud", r#","aud":["\ud800x"]"#).as_bytes(),
        &[],
        &Err(&refused(r#"["�x"]"#)),
    );
    let mut payload = without_and("aud", r#","aud":""#).into_bytes();
    payload.truncate(payload.len() - 2);
    payload.extend(b"[\"\xff\xfe\",\"\xe2\x82\"]}");
    assert_answer(&payload, &[], &Err(&refused(r#"["��" "��"]"#)));
}

#[test]
fn issuers() {
    let issuers = |text: &str| without_and("iss", text);
    let api = |name: &str| format!(r#","{name}":"{API_SERVER}""#);
    let empty = r#"token issuer "" is invalid"#;
    assert_answers(&[
        (with(&json!({"iss": "x"})), Err(NOT_MINE)),
        (with(&json!({"iss": format!("{API_SERVER}/")})), Err(NOT_MINE)),
        (with(&json!({"iss": null})), Err(NOT_MINE)),
        (issuers(&api("ISS")), Err(empty)),
        (issuers(&api("iſſ")), Err(empty)),
        (issuers(&format!(r#","iss":"x"{}"#, api("ISS"))), Err(r#"token issuer "x" is invalid"#)),
        (issuers(&format!(r#"{},"iss":"x""#, api("ISS"))), Err(NOT_MINE)),
        (issuers(&format!(r#"{},"ISS":"x""#, api("iss"))), Err(NOT_MINE)),
        (issuers(&format!(r#"{},"ISS":null"#, api("iss"))), GOOD),
        (issuers(&format!(r#"{},"ISS":5"#, api("iss"))), Err(NOT_MINE)),
        (
            issuers(&format!(r#","iss":"x"{}"#, api("iss"))),
            Err("json: duplicate key 'iss' in object"),
        ),
        (issuers(&format!(r#"{},"iss":"x""#, api("iss"))), Err(NOT_MINE)),
        ("null".to_owned(), Err(NOT_MINE)),
        ("[]".to_owned(), Err(NOT_MINE)),
        (format!("{} x", with(&json!({}))), Err(NOT_MINE)),
    ]);
}

#[test]
fn names_that_stand_twice() {
    let account = r#""serviceaccount":{"name":"t","uid":"u"}"#;
    let kubernetes =
        |inside: &str| without_and("kubernetes.io", &format!(r#","kubernetes.io":{{{inside}}}"#));
    let twice = |name: &str| format!("json: duplicate key '{name}' in object");
    let [exp, zz, namespace, name] = ["exp", "zz", "namespace", "name"].map(twice);
    let empty = twice("");
    assert_answers(&[
        (without_and("", r#","exp":1"#), Err(&exp)),
        (without_and("", r#","\u0065xp":1"#), Err(&exp)),
        (without_and("", r#","zz":1,"zz":1"#), Err(&zz)),
        (without_and("", r#","":1,"":1"#), Err(&empty)),
        (without_and("", r#","EXP":1"#), GOOD),
        (kubernetes(&format!(r#""namespace":"a","namespace":"a",{account}"#)), Err(&namespace)),
        (kubernetes(r#""namespace":"a","serviceaccount":{"name":"t","name":"t"}"#), Err(&name)),
        (kubernetes(&format!(r#""zz":1,"zz":2,{account}"#)), Err(&zz)),
        // What nobody decodes, nobody looks into.
        (without_and("", r#","zz":{"a":1,"a":2}"#), GOOD),
        (without_and("", r#","zz":[{"b":{"a":1,"a":2}}]"#), GOOD),
        (kubernetes(&format!(r#""zz":{{"a":1,"a":2}},{account}"#)), GOOD),
    ]);
}

#[test]
fn what_else_may_be_missing() {
    let mut undated = usual();
    undated.retain(|name, _| !["exp", "nbf", "iat"].contains(&name.as_str()));
    assert_answers(&[
        (without_and("sub", ""), GOOD),
        (without_and("jti", ""), GOOD),
        (Value::Object(undated).to_string(), GOOD),
    ]);
}
