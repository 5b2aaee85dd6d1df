//! Claims: read as the API server reads them, and held against a clock, issuers and audiences.

use crate::json;
use crate::shown::is_plain;
use chrono::{DateTime, Utc};
use expiry::tool::{self, Question};
use expiry::{ClaimsRejection, LEEWAY, Validator};
use jwt_anatomy::dates::Zone;
use jwt_anatomy::{Claims, Life, ObjectRef, UnverifiedToken, base64url, oddities};
use narration::{Answer, Story};
use serde_json::{Map, Value, json};

/// The issuer and audience of a cluster, as in the corpus.
const CLUSTER: &str = "https://kubernetes.default.svc";

/// The walk's now, the beginning, a minute after it, and years that Go and chrono end in.
const MOMENTS: [i64; 6] =
    [1_664_702_005, 0, 60, -62_135_596_800, 8_000_000_000_000, -8_000_000_000_000];

/// Reads a payload, and judges what it claims.
///
/// - Its JSON is `serde_json`'s, as far as that goes; twice the same.
/// - What was read, written anew, reads the same.
/// - What passes [`Validator::check_unverified`] passes each check when it is done by hand, and what
///   is refused fails the one that is named.
/// - The first look before any signature finds the issuer that is judged later.
/// - Nothing in it can steer a terminal.
pub fn claims(input: &[u8]) {
    json::law(input);
    let read = Claims::parse(input);
    assert_eq!(read, Claims::parse(input), "it reads differently the second time");

    let text = format!("e30.{}.", base64url::encode(input));
    let token = UnverifiedToken::read(&text).expect("any payload makes a token");
    assert_eq!(token.payload(), input);
    for moment in MOMENTS {
        let _ = oddities::of(&token, moment);
    }
    let Ok(claims) = read else { return };

    let again = Claims::parse(write(&claims).to_string().as_bytes()).expect("claims, written anew");
    assert_eq!(Claims { raw: Map::new(), ..again }, Claims { raw: Map::new(), ..claims.clone() });
    as_serde_reads(input, &claims);
    first_look(&token, &claims);
    for seconds in MOMENTS {
        let now = DateTime::from_timestamp(seconds, 0).expect("a year that chrono knows");
        for requested in [vec![], vec!["vault".to_owned()], vec![String::new(), CLUSTER.to_owned()]]
        {
            judge(&claims, &requested, now);
        }
        let _ = (Life::at(&claims, seconds), Life::whole(&claims));
    }
    tell(&claims, DateTime::from_timestamp(MOMENTS[0], 0).expect("a year that chrono knows"));
}

/// The claims as JSON.
fn write(claims: &Claims) -> Value {
    let mut json = json!({
        "iss": claims.issuer,
        "sub": claims.subject,
        "aud": claims.audiences,
        "exp": claims.expires_at,
        "nbf": claims.not_before,
        "iat": claims.issued_at,
        "jti": claims.token_id,
        "kubernetes.io/serviceaccount/namespace": claims.legacy.namespace,
        "kubernetes.io/serviceaccount/secret.name": claims.legacy.secret_name,
        "kubernetes.io/serviceaccount/service-account.name": claims.legacy.service_account_name,
        "kubernetes.io/serviceaccount/service-account.uid": claims.legacy.service_account_uid,
    });
    let of = |object: &ObjectRef| json!({"name": object.name, "uid": object.uid});
    let perhaps = |object: &Option<ObjectRef>| object.as_ref().map(of);
    if let Some(kubernetes) = &claims.kubernetes {
        json["kubernetes.io"] = json!({
            "namespace": kubernetes.namespace,
            "serviceaccount": of(&kubernetes.service_account),
            "pod": perhaps(&kubernetes.pod),
            "secret": perhaps(&kubernetes.secret),
            "node": perhaps(&kubernetes.node),
            "validatingwebhookconfiguration": perhaps(&kubernetes.validating_webhook),
            "mutatingwebhookconfiguration": perhaps(&kubernetes.mutating_webhook),
            "attestations": kubernetes.attestations,
            "warnafter": kubernetes.warn_after,
        });
    }
    json
}

/// Field by field, where `serde_json` reads the payload as well.
fn as_serde_reads(input: &[u8], claims: &Claims) {
    let Ok(Value::Object(theirs)) = json::by_serde(input) else { return };
    let text = |name: &str| theirs.get(name).and_then(Value::as_str).unwrap_or_default();
    let date = |name: &str| theirs.get(name).and_then(Value::as_f64).map(f64::trunc);
    assert_eq!(claims.issuer, text("iss"));
    assert_eq!(claims.subject, text("sub"));
    assert_eq!(claims.token_id, text("jti"));
    for (name, ours) in
        [("exp", claims.expires_at), ("nbf", claims.not_before), ("iat", claims.issued_at)]
    {
        // Beyond 64 bits Go, and so we, take the smallest.
        let theirs = date(name).filter(|seconds| seconds.abs() < 9.0e18);
        #[expect(clippy::cast_precision_loss, reason = "as Go reads it")]
        let ours = ours.map(|seconds| seconds as f64).filter(|seconds| seconds.abs() < 9.0e18);
        assert!(ours == theirs || (ours.zip(theirs)).is_some_and(|(a, b)| (a - b).abs() <= 1.0));
    }
    match theirs.get("aud") {
        None => assert!(claims.audiences.is_empty()),
        Some(Value::String(one)) => assert_eq!(claims.audiences, [one.as_str()]),
        Some(list) => assert_eq!(*list, json!(claims.audiences)),
    }
}

/// Go's first look knows `ISS` too; without one, it finds what is read later.
fn first_look(token: &UnverifiedToken, claims: &Claims) {
    let found = token.unverified_issuer();
    let other = |name: &&String| name.to_lowercase().replace('ſ', "s") == "iss" && *name != "iss";
    if !claims.raw.keys().any(|name| other(&name)) {
        assert_eq!(found.as_deref(), Some(claims.issuer.as_str()));
    }
}

fn judge(claims: &Claims, requested: &[String], now: DateTime<Utc>) {
    let validator = Validator::new(vec![CLUSTER.to_owned(), "https://old".to_owned()], vec![]);
    let verdict = validator.check_unverified(claims, requested, now);
    assert_eq!(verdict, validator.check_unverified(claims, requested, now));

    let or_own = |list: &[String]| match list {
        [] => validator.api_audiences.clone(),
        list => list.to_vec(),
    };
    let target = or_own(requested);
    let shared: Vec<_> = or_own(&claims.audiences)
        .into_iter()
        .filter(|audience| target.contains(audience))
        .collect();
    let leeway = i128::from(LEEWAY.num_seconds());
    let now = i128::from(now.timestamp());
    let ahead = |date: Option<i64>| date.is_some_and(|date| go_seconds(date) > now + leeway);
    let expected = if !validator.issuers.contains(&claims.issuer) {
        Err(ClaimsRejection::Issuer(claims.issuer.clone()))
    } else if shared.is_empty() {
        Err(ClaimsRejection::Audiences { token: or_own(&claims.audiences), target })
    } else if ahead(claims.not_before) {
        Err(ClaimsRejection::NotValidYet)
    } else if claims.expires_at.is_some_and(|date| go_seconds(date) < now - leeway) {
        Err(ClaimsRejection::Expired)
    } else if ahead(claims.issued_at) {
        Err(ClaimsRejection::IssuedInTheFuture)
    } else {
        Ok(shared)
    };
    match (verdict, expected) {
        // In which order, and how often, is the token's own affair.
        (Ok(ours), Ok(by_hand)) => {
            assert!(!ours.is_empty() && ours.iter().all(|audience| by_hand.contains(audience)));
        }
        (Err(ours), Err(by_hand)) => {
            assert_eq!(ours, by_hand);
            is_plain(&ours.to_string());
        }
        (ours, by_hand) => panic!("{ours:?}, and by hand {by_hand:?}"),
    }
}

/// Go counts from year 1, in 64 bits that begin anew when they are full.
fn go_seconds(unix: i64) -> i128 {
    const TO_YEAR_1: i64 = 62_135_596_800;
    i128::from(unix.wrapping_add(TO_YEAR_1)) - i128::from(TO_YEAR_1)
}

/// The program of chapter 4 says yes when the check does, and prints plain text.
fn tell(claims: &Claims, now: DateTime<Utc>) {
    let question = Question { audiences: vec![], issuers: vec![CLUSTER.to_owned()] };
    let mut lines = Vec::new();
    let answer = tool::answer(&mut Story::new(&mut lines), claims, &question, now, &Zone::utc());
    is_plain(&String::from_utf8_lossy(&lines));
    if answer.expect("memory takes it") == Answer::Yes {
        let validator = Validator::new(vec![CLUSTER.to_owned()], vec![]);
        assert!(validator.check_unverified(claims, &[], now).is_ok());
    }
}
