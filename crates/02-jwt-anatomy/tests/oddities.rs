//! Every oddity has a token that shows it, in `oddities.json`. Whoever lists oddities elsewhere (the
//! book's inspector does) can be held against the same file.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

use jwt_anatomy::oddities::{CATALOGUE, Weight, of};
use jwt_anatomy::{UnverifiedToken, base64url, sample};
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::fmt::Write;

/// What the cases start from: a bound token as Kubernetes writes it, looked at while it is good.
const AT: i64 = 1_664_703_000;

fn base(legacy: bool) -> Map<String, Value> {
    let claims = if legacy { sample::LEGACY_CLAIMS } else { sample::CLAIMS_OF_2022 };
    let mut claims: Map<String, Value> = serde_json::from_str(claims).unwrap();
    if !legacy {
        claims.insert("jti".into(), json!("c71191f9-21a6-4455-9a8c-a5fdc3c9563e"));
    }
    claims
}

/// A token as a case describes it: `change` sets claims, or takes them away (`null`).
fn token(case: &Value) -> String {
    let mut claims = base(case["legacy"] == true);
    for (name, value) in case["change"].as_object().into_iter().flatten() {
        if value.is_null() {
            claims.shift_remove(name);
        } else {
            claims.insert(name.clone(), value.clone());
        }
    }
    let header = match &case["header"] {
        Value::Null => sample::HEADER_OF_2022.to_owned(),
        header => header.to_string(),
    };
    let payload = case["payload"].as_str().map_or(json!(claims).to_string(), str::to_owned);
    let es = header.contains("ES256");
    let length = case["signature"].as_u64().unwrap_or(if es { 64 } else { 256 });
    let signature = base64url::encode(&vec![7; usize::try_from(length).unwrap()]);
    let parts = [base64url::encode(header.as_bytes()), base64url::encode(payload.as_bytes())];
    let mut token = format!("{}.{signature}", parts.join("."));
    if case["respelled"] == true {
        // 256 bytes leave four bits of the last character unused.
        assert!(token.ends_with('w'), "{token}");
        token.replace_range(token.len() - 1.., "x");
    }
    token
}

#[test]
fn each_has_a_token_that_shows_it() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("oddities.json")).unwrap();
    let mut shown = String::new();
    for case in &cases {
        let code = case["code"].as_str().unwrap();
        let text = token(case);
        let token = UnverifiedToken::read(&text).unwrap();
        let found = of(&token, case["at"].as_i64().unwrap_or(AT));
        assert!(found.iter().any(|odd| odd.code == code), "{code} not in {found:#?}");
        for odd in &found {
            let also = if odd.code == code { "" } else { "also: " };
            writeln!(shown, "{:25} {also}{}: {}", code, odd.code, odd.detail).unwrap();
        }
    }
    insta::assert_snapshot!(shown);

    let codes = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let listed = codes(cases.iter().map(|case| case["code"].as_str().unwrap()).collect());
    let known = codes(CATALOGUE.iter().map(|kind| kind.code).collect());
    assert_eq!(listed, known, "oddities.json has each code once, in the order of the catalogue");
}

#[test]
fn the_catalogue_reads_well() {
    let mut codes = HashSet::new();
    let mut table = "| weight | name | what it means |\n|---|---|---|\n".to_owned();
    let mut kinds: Vec<_> = CATALOGUE.iter().collect();
    kinds.sort_by_key(|kind| kind.weight);
    for kind in kinds {
        writeln!(table, "| {} | `{}` | {} |", kind.weight, kind.code, kind.meaning).unwrap();
        assert!(codes.insert(kind.code), "{} stands twice", kind.code);
        assert!(kind.code.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", kind.code);
        assert!(kind.meaning.ends_with(['.', '?']), "{}", kind.meaning);
        assert!(!kind.meaning.contains("  "), "{}", kind.meaning);
    }
    // The book shows it.
    insta::assert_snapshot!(table);
}

#[test]
fn what_kubernetes_makes_is_not_odd() {
    let codes = |text: &str, at| {
        let token = UnverifiedToken::read(text).unwrap();
        of(&token, at).iter().map(|odd| odd.code).collect::<Vec<_>>()
    };
    assert!(codes(&token(&json!({})), AT).is_empty());
    assert!(codes(&token(&json!({})), 1_664_702_005).is_empty(), "in its first second");
    assert!(codes(&token(&json!({})), 1_664_705_605).is_empty(), "in its last second");
    assert_eq!(codes(&token(&json!({})), 1_664_705_606), ["within-leeway"]);
    assert_eq!(codes(&token(&json!({})), 1_664_705_665), ["within-leeway"]);
    assert_eq!(codes(&token(&json!({})), 1_664_705_666), ["expired"]);
    assert_eq!(codes(&token(&json!({})), 1_664_702_004), ["within-leeway"]);
    assert_eq!(codes(&token(&json!({})), 1_664_701_945), ["within-leeway"]);
    assert_eq!(codes(&token(&json!({})), 1_664_701_944), ["not-yet-valid", "issued-in-future"]);

    let pod = sample::unsigned(sample::HEADER_OF_2022, sample::CLAIMS_OF_A_POD);
    assert_eq!(codes(&pod, 1_764_664_001), ["extended-to-a-year"]);
    let legacy = sample::unsigned(sample::HEADER_OF_2022, sample::LEGACY_CLAIMS);
    assert_eq!(codes(&legacy, i64::MAX), ["legacy-never-expires"]);
    for signature in [256, 384, 512] {
        assert!(codes(&token(&json!({ "signature": signature })), AT).is_empty());
    }
    for (alg, signature) in [("ES256", 64), ("ES384", 96), ("ES512", 132)] {
        let case = json!({ "header": { "alg": alg, "kid": "k" }, "signature": signature });
        assert!(codes(&token(&case), AT).is_empty(), "{alg}");
    }
}

#[test]
fn the_gravest_come_first() {
    let case = json!({ "header": { "alg": "none" }, "change": { "exp": null } });
    let text = token(&case);
    let found = of(&UnverifiedToken::read(&text).unwrap(), AT);
    let weights: Vec<Weight> = found.iter().map(|odd| odd.weight).collect();
    assert_eq!(weights, [Weight::Refused, Weight::Risk, Weight::Unusual]);
    assert!(weights.is_sorted());
}

/// Values at the edges of the rules about dates.
#[test]
fn where_a_life_becomes_long() {
    let has = |case: Value, code: &str| {
        let text = token(&case);
        of(&UnverifiedToken::read(&text).unwrap(), AT).iter().any(|odd| odd.code == code)
    };
    let made = 1_664_702_005_i64;
    assert!(!has(json!({ "change": { "exp": made + 31 * 86_400 } }), "long-life"));
    assert!(has(json!({ "change": { "exp": made + 31 * 86_400 + 1 } }), "long-life"));
    // Without a beginning, from now.
    let from_now = |exp: i64| json!({ "change": { "exp": exp, "iat": null, "nbf": null } });
    assert!(!has(from_now(AT + 31 * 86_400), "long-life"));
    assert!(has(from_now(AT + 31 * 86_400 + 1), "long-life"));
    // The server's clock runs over at the end of what 64 bits hold. As a float, 9223371974719178752
    // is below that, and the next float above.
    assert!(!has(
        json!({ "change": { "exp": 9_223_371_974_719_178_752_i64 } }),
        "exp-beyond-clock"
    ));
    assert!(has(json!({ "change": { "exp": 9_223_371_974_719_179_776_i64 } }), "exp-beyond-clock"));
    assert!(!has(json!({ "change": { "nbf": i64::MAX, "iat": i64::MAX } }), "not-yet-valid"));
    assert!(!has(json!({ "change": { "exp": 99_999_999_999_i64 } }), "exp-in-milliseconds"));
    assert!(has(json!({ "change": { "exp": 100_000_000_000_i64 } }), "exp-in-milliseconds"));
}
