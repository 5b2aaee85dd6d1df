//! What the real decoder makes of 253 tokens, good and bad. `go-jose.jsonl` was written by a small
//! Go program over go-jose 2.6.3 and the claims structures of Kubernetes 1.37.2, one token a line,
//! chosen from some 60 000 random ones so that every message of the decoder is there.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

use jwt_anatomy::{Claims, ObjectRef, UnverifiedToken, base64url};
use serde_json::{Map, Value, json};

#[test]
fn as_the_real_decoder() {
    let mut count = 0;
    for line in include_str!("go-jose.jsonl").lines() {
        let real: Value = serde_json::from_str(line).unwrap();
        compare(&real).unwrap_or_else(|what| panic!("{what}\n{real:#}"));
        count += 1;
    }
    assert_eq!(count, 253);
}

/// 98 headers, and whether the real decoder takes a token that has one.
#[test]
fn headers_as_the_real_decoder() {
    let mut taken = 0;
    for line in include_str!("headers.jsonl").lines() {
        let real: Value = serde_json::from_str(line).unwrap();
        let header = real["header"].as_str().unwrap();
        let text = format!("{}.e30.", base64url::encode(header.as_bytes()));
        let ours = UnverifiedToken::read(&text);
        assert_eq!(ours.is_ok(), real["read"] == true, "{header}: {ours:?}");
        taken += usize::from(ours.is_ok());
    }
    assert_eq!(taken, 42);
}

fn compare(real: &Value) -> Result<(), String> {
    let text = real["token"].as_str().unwrap();
    let ours = UnverifiedToken::read(text);
    if ours.is_ok() != real["read"].as_bool().unwrap() {
        return Err(format!("we say {ours:?}"));
    }
    let Ok(token) = ours else { return Ok(()) };

    same("issuer", &json!(token.unverified_issuer()), &real["issuer"])?;
    same("alg", &json!(token.header().alg), &real["alg"])?;
    same("kid", &json!(token.header().key_id.as_deref().unwrap_or("")), &real["kid"])?;
    let crit = token.header().critical().map_or_else(|e| json!(e.to_string()), |crit| json!(crit));
    same("crit", &crit, &real["crit"])?;
    // Left out where it is the token's own text.
    let own = text.rsplit_once('.').unwrap().0;
    let signed = real.get("signed").and_then(Value::as_str).unwrap_or(own);
    same("signing input", &json!(token.signing_input()), &json!(signed))?;

    match token.unverified_claims() {
        // The wording of a syntax error is our own: in the server's log it never shows.
        Err(error) if real["error"] == "json syntax" => {
            assert!(matches!(error, jwt_anatomy::ClaimsError::Json(_)), "{error:?}");
            Ok(())
        }
        Err(error) => same("error", &json!(error.to_string()), &real["error"]),
        Ok(claims) => {
            same("claims", &public(&claims), &real["public"])?;
            match real.get("legacy") {
                Some(legacy) => same("legacy claims", &legacy_claims(&claims), legacy),
                None => same("kubernetes.io", &kubernetes(&claims), &real["kubernetes.io"]),
            }
        }
    }
}

fn same(what: &str, ours: &Value, real: &Value) -> Result<(), String> {
    if ours == real { Ok(()) } else { Err(format!("{what}: we say {ours}, it says {real}")) }
}

/// As Go prints the same: what is empty is left out.
fn object(members: Vec<(&str, Value)>) -> Value {
    let members = members.into_iter().filter(|(_, value)| *value != "" && !value.is_null());
    Value::Object(members.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

fn public(claims: &Claims) -> Value {
    let audiences = (!claims.audiences.is_empty()).then_some(&claims.audiences);
    object(vec![
        ("iss", json!(claims.issuer)),
        ("sub", json!(claims.subject)),
        ("aud", json!(audiences)),
        ("exp", json!(claims.expires_at)),
        ("nbf", json!(claims.not_before)),
        ("iat", json!(claims.issued_at)),
        ("jti", json!(claims.token_id)),
    ])
}

fn kubernetes(claims: &Claims) -> Value {
    let reference = |r: &ObjectRef| object(vec![("name", json!(r.name)), ("uid", json!(r.uid))]);
    let optional = |r: &Option<ObjectRef>| r.as_ref().map_or(Value::Null, reference);
    let claims = claims.kubernetes.clone().unwrap_or_default();
    // Go tells a list that is null from an empty one, and nobody else does.
    let attestations: Map<String, Value> = claims
        .attestations
        .iter()
        .map(|(name, values)| {
            (name.clone(), if values.is_empty() { Value::Null } else { json!(values) })
        })
        .collect();
    let attestations = (!attestations.is_empty()).then_some(attestations);
    object(vec![
        ("namespace", json!(claims.namespace)),
        ("serviceaccount", reference(&claims.service_account)),
        ("pod", optional(&claims.pod)),
        ("secret", optional(&claims.secret)),
        ("node", optional(&claims.node)),
        ("validatingwebhookconfiguration", optional(&claims.validating_webhook)),
        ("mutatingwebhookconfiguration", optional(&claims.mutating_webhook)),
        ("attestations", json!(attestations)),
        ("warnafter", json!(claims.warn_after)),
    ])
}

fn legacy_claims(claims: &Claims) -> Value {
    json!({
        "service-account.name": claims.legacy.service_account_name,
        "service-account.uid": claims.legacy.service_account_uid,
        "secret.name": claims.legacy.secret_name,
        "namespace": claims.legacy.namespace,
    })
}
