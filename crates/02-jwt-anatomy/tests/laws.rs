//! What holds for any input.

use jwt_anatomy::json::{JsonError, MAX_DEPTH, parse_strict};
use jwt_anatomy::{
    Claims, NotAJwt, ServiceAccountName, UnverifiedToken, base64url, oddities, recognise, sample,
};
use proptest::prelude::*;
use serde_json::{Map, Number, Value, json};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|f| Number::from_f64(f).map_or(Value::Null, Value::Number)),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn json_is_read_as_it_was_written(value in any_json(), pretty: bool) {
        let text = if pretty { format!("{value:#}") } else { value.to_string() };
        prop_assert_eq!(parse_strict(text.as_bytes()).unwrap(), value);
    }

    #[test]
    fn a_name_that_stands_twice_is_found_however_deep(depth in 0..20_usize, list: bool) {
        let (open, close) = if list { ("[", "]") } else { ("{\"a\":", "}") };
        let text = open.repeat(depth) + r#"{"x":1,"\u0078":2}"# + &close.repeat(depth);
        let error = parse_strict(text.as_bytes()).unwrap_err();
        prop_assert_eq!(error.to_string(), "json: duplicate key 'x' in object");
    }

    #[test]
    fn half_a_json_is_none(value in any_json()) {
        let text = json!([value]).to_string();
        for cut in 0..text.len() {
            let error = parse_strict(&text.as_bytes()[..cut]).unwrap_err();
            prop_assert_eq!(error, JsonError::EndsEarly { bytes: cut });
        }
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = parse_strict(&bytes);
        let _ = Claims::parse(&bytes);
        let text = String::from_utf8_lossy(&bytes);
        let _ = recognise(&text);
        let token = sample::unsigned(&text, &text);
        let _ = UnverifiedToken::read(&token).map(|token| oddities::of(&token, 0));
    }

    #[test]
    fn almost_tokens_do_not_panic(
        text in r#"[ \n"'\\=%+/]{0,3}(Bearer )?[eyJhbGciOiJ0_.-]{0,80}(\.[\w.=-]{0,40}){0,5}"#,
        at: i64,
    ) {
        let seen = recognise(&text);
        if let Some(token) = seen.token() {
            let token = UnverifiedToken::read(token).unwrap();
            prop_assert!(oddities::of(&token, at).len() < oddities::CATALOGUE.len());
        }
    }

    #[test]
    fn base64url_goes_there_and_back(bytes: Vec<u8>) {
        let text = base64url::encode(&bytes);
        prop_assert_eq!(base64url::decode(&text).unwrap(), bytes);
    }

    /// Any claims, any header: what was signed is the text up to the second dot.
    #[test]
    fn a_token_comes_apart_as_it_was_put_together(claims in any_json(), extra in any_json()) {
        let header = json!({ "alg": "RS256", "kid": "k", "x": extra }).to_string();
        let payload = claims.to_string();
        let text = sample::unsigned(&header, &payload);
        let token = UnverifiedToken::read(&text).unwrap();
        prop_assert_eq!(token.payload(), payload.as_bytes());
        prop_assert_eq!(token.header().raw["x"].clone(), extra);
        prop_assert_eq!(token.signing_input(), text.rsplit_once('.').unwrap().0);
        prop_assert!(token.is_canonical());
        prop_assert_eq!(token.signature().len(), 256);
    }

    #[test]
    fn names_go_there_and_back(namespace in "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name in "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\\.[a-z0-9]{1,9}){0,3}") {
        let text = format!("system:serviceaccount:{namespace}:{name}");
        let parsed = ServiceAccountName::from_username(&text).unwrap();
        prop_assert_eq!(parsed.to_string(), text);
        prop_assert_eq!(parsed, ServiceAccountName { namespace, name });
    }
}

#[test]
fn names_that_are_none() {
    let long = "a".repeat(64);
    for name in [
        "",
        "default",
        "system:serviceaccount:default",
        "system:serviceaccount:default:default:x",
        "system:serviceaccount::default",
        "system:serviceaccount:default:",
        "system:serviceaccount:Default:default",
        "system:serviceaccount:a.b:default",
        "system:serviceaccount:default:-x",
        "system:serviceaccount:default:x-",
        "system:serviceaccount:default:a..b",
        "system:serviceaccount:default:a_b",
        " system:serviceaccount:default:default",
        "System:serviceaccount:default:default",
        &format!("system:serviceaccount:{long}:default"),
        &format!("system:serviceaccount:default:{}", "a.".repeat(126) + "aa"),
    ] {
        let error = ServiceAccountName::from_username(name).unwrap_err();
        let real = "Username must be in the form system:serviceaccount:namespace:name";
        assert_eq!(error.to_string(), real, "{name}");
    }
    // A label inside a name may be longer than one of a namespace.
    assert!(ServiceAccountName::from_username(&format!("system:serviceaccount:a:{long}")).is_ok());
    let longest = "a.".repeat(126) + "a";
    assert!(
        ServiceAccountName::from_username(&format!("system:serviceaccount:a:{longest}")).is_ok()
    );
}

#[test]
fn json_that_is_none() {
    for (text, wanted) in [
        ("", "the JSON ends too early, after 0 bytes"),
        ("{", "the JSON ends too early, after 1 bytes"),
        ("{'a':1}", "`'` at byte 2 is not JSON: a name in double quotes should stand there"),
        ("{\"a\" 1}", "`1` at byte 6 is not JSON: a colon should stand there"),
        ("[1 2]", "`2` at byte 4 is not JSON: a comma or the closing bracket should stand there"),
        ("[1,]", "`]` at byte 4 is not JSON: a value should stand there"),
        ("{\"a\":1,}", "`}` at byte 8 is not JSON: a name in double quotes should stand there"),
        ("01", "`1` at byte 2 is not JSON: nothing more should stand there"),
        ("1.e3", "`e` at byte 3 is not JSON: a digit should stand there"),
        ("-x", "`x` at byte 2 is not JSON: a digit should stand there"),
        ("nul!", "`!` at byte 4 is not JSON: null should stand there"),
        ("\"\\x\"", "`x` at byte 3 is not JSON: an escape that JSON knows should stand there"),
        ("\"\\u12g4\"", "`g` at byte 6 is not JSON: a hexadecimal digit should stand there"),
        (
            "\"a\nb\"",
            "the byte 0x0a at byte 3 is not JSON: the rest of a string should stand there",
        ),
        ("\u{feff}1", "the byte 0xef at byte 1 is not JSON: a value should stand there"),
        ("1e999", "json: cannot unmarshal number 1e999 into Go value of type float64"),
    ] {
        assert_eq!(parse_strict(text.as_bytes()).unwrap_err().to_string(), wanted, "{text:?}");
    }
}

#[test]
fn json_may_nest_so_deep_and_no_deeper() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(parse_strict(nested(MAX_DEPTH).as_bytes()).is_ok());
    let error = parse_strict(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err();
    assert_eq!(error, JsonError::TooDeep { at: MAX_DEPTH + 1 });
    assert!(parse_strict(&b"[".repeat(1 << 20)).is_err());
}

/// What is not kept is read all the same.
#[test]
fn json_that_nests_deep_has_the_same_mistakes() {
    let deep = |inner: &str| {
        let text = format!("{}{inner}{}", r#"{"a":["#.repeat(100), "]}".repeat(100));
        parse_strict(text.as_bytes()).map(drop).map_err(|error| error.to_string())
    };
    for inner in ["", "{}", "[]", r#"{"x":1,"y":[{"x":1},null,"t"]}"#, "[1,[2],{}] , [ ]"] {
        assert_eq!(deep(inner), Ok(()), "{inner}");
    }
    for (inner, wanted) in [
        (r#"{"x":1,"y":2,"x":3}"#, "json: duplicate key 'x' in object"),
        (r#"[{"x":1e999}],{"x":1,"x":1}"#, "json: duplicate key 'x' in object"),
        ("1e999", "json: cannot unmarshal number 1e999 into Go value of type float64"),
        ("[1,]", "`]` at byte 604 is not JSON: a value should stand there"),
        ("[1 2]", "`2` at byte 604 is not JSON: a comma or the closing bracket should stand there"),
        (r#"{"x" 1}"#, "`1` at byte 606 is not JSON: a colon should stand there"),
        (
            r#"{"x":1 2}"#,
            "`2` at byte 608 is not JSON: a comma or the closing brace should stand there",
        ),
        ("{1:1}", "`1` at byte 602 is not JSON: a name in double quotes should stand there"),
        ("]", "`]` at byte 602 is not JSON: a comma or the closing brace should stand there"),
    ] {
        assert_eq!(deep(inner), Err(wanted.to_owned()), "{inner}");
    }
}

/// Go makes one U+FFFD of each bad byte; Rust's own conversion makes one of several.
#[test]
fn bytes_that_are_no_text() {
    let payload = |text: &[u8]| [b"\"".as_slice(), text, b"\""].concat();
    for (bytes, text) in [
        (b"\xff".as_slice(), "\u{fffd}"),
        (b"\xf0\x9f\x98", "\u{fffd}\u{fffd}\u{fffd}"),
        (b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}"),
        (b"\\ud83d\\ude00", "\u{1f600}"),
        (b"\\ud83d", "\u{fffd}"),
        (b"\\ude00", "\u{fffd}"),
        (b"\\ud83d\\ud83d\\ude00", "\u{fffd}\u{1f600}"),
        (b"\\ud83dx", "\u{fffd}x"),
        (b"\\u0000", "\0"),
    ] {
        assert_eq!(parse_strict(&payload(bytes)).unwrap(), *text, "{bytes:?}");
    }
}

#[test]
fn texts_that_are_no_jwt() {
    for (text, wanted) in [
        ("", "it has 1 parts with dots between them, while a JWT has 3"),
        ("a.b", "it has 2 parts with dots between them, while a JWT has 3"),
        ("a.b.c.d", "it has 4 parts with dots between them, while a JWT has 3"),
        (
            " {\"payload\":\"\"}",
            "it is JSON, while a token for the API server is three words with dots between them",
        ),
        (
            "e30=.e30.",
            "its header is not base64url: '=', character 4 of the part, is not one of A-Z, a-z, 0-9, - and _",
        ),
        (
            "e30.e3+0.",
            "its payload is not base64url: '+', character 3 of the part, is not one of A-Z, a-z, 0-9, - and _",
        ),
        (
            "e30.e 30.",
            "its payload is not base64url: ' ', character 2 of the part, is not one of A-Z, a-z, 0-9, - and _",
        ),
        (
            "e30.e30.é",
            "its signature is not base64url: 'é', character 1 of the part, is not one of A-Z, a-z, 0-9, - and _",
        ),
        (
            "e30.e30.A",
            "its signature is not base64url: 1 characters cannot be whole bytes: at least one is missing, or too many",
        ),
        ("W10.e30.", "its header cannot be read: it is a JSON array, not an object"),
        (
            "AAAA.e30.",
            "its header cannot be read: the byte 0x00 at byte 1 is not JSON: a value should stand there",
        ),
    ] {
        assert_eq!(UnverifiedToken::read(text).unwrap_err().to_string(), wanted, "{text:?}");
    }
    let twice = sample::unsigned(r#"{"alg":"RS256","alg":"none"}"#, "{}");
    let error = UnverifiedToken::read(&twice).unwrap_err();
    assert!(matches!(error, NotAJwt::Header(_)));
    assert_eq!(error.to_string(), "its header cannot be read: json: duplicate key 'alg' in object");
}

/// A token's signature is a secret: with the rest, which is printed, it is the token.
#[test]
fn debug_output_keeps_the_signature() {
    let text = sample::token_of_2022();
    let signature = text.rsplit('.').next().unwrap();
    let token = UnverifiedToken::read(&text).unwrap();
    assert!(format!("{token:?}").contains("signature: 256 bytes"), "{token:?}");
    assert!(format!("{:?}", recognise(&text)).contains("what: Jwt(Bound)"));
    for shown in [format!("{token:?}"), format!("{token:#?}"), format!("{:?}", recognise(&text))] {
        assert!(!shown.contains(&signature[..16]), "{shown}");
        assert!(!shown.contains(&format!("{:?}", &token.signature()[..8])[1..20]), "{shown}");
    }
}
