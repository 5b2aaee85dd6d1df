//! The crate `jsonwebtoken` beside Kubernetes: which tokens would each accept?
//!
//! Both read the same standard, and it leaves much to the reader: which claims must be there
//! ([RFC 7519, section 4][1]: none), and whether a date that was never asked about is looked at. A
//! service of your own that takes Kubernetes tokens has to choose what the API server chose.
//!
//! `jsonwebtoken` asks the machine for the time. So the tokens here begin in 2022 and end in 2286,
//! and whatever is early or late is so by decades.
//!
//! [1]: https://www.rfc-editor.org/rfc/rfc7519#section-4

use crate::Validator;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, errors::Error, jwk::Jwk};
use jwt_anatomy::UnverifiedToken;
use serde_json::{Value, json};
use signing::{KeySet, PublicKey, SigningKey};

/// The one audience and the one issuer of this comparison.
pub const API_SERVER: &str = "https://kubernetes.default.svc";
const PAST: i64 = 1_664_702_005;
const FAR_FUTURE: i64 = 9_999_999_999;

/// Who accepted one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What is unusual about the token.
    pub token: &'static str,
    /// `Validation::new(RS256)`.
    pub by_default: Result<(), Error>,
    /// With `set_audience`.
    pub told_audience: Result<(), Error>,
    /// With `set_issuer` too.
    pub told_issuer: Result<(), Error>,
    /// With `validate_nbf` too, and all that can be required required.
    pub strictest: Result<(), Error>,
    /// What an API server says: its message if it refuses.
    pub kubernetes: Result<(), String>,
}

/// Signs a token of each kind and shows it to all four. `now` is the API server's time.
///
/// # Errors
/// When the key can't sign, or is no RSA key.
pub fn compare(key: &SigningKey, now: DateTime<Utc>) -> Result<Vec<Row>, signing::SignError> {
    let [by_default, told_audience, told_issuer, strictest] = &validations();
    tokens()
        .into_iter()
        .map(|(what, payload)| {
            let token = key.sign_payload(payload.as_bytes())?;
            let public = key.public_key();
            Ok(Row {
                token: what,
                by_default: jsonwebtoken(&token, &public, by_default),
                told_audience: jsonwebtoken(&token, &public, told_audience),
                told_issuer: jsonwebtoken(&token, &public, told_issuer),
                strictest: jsonwebtoken(&token, &public, strictest),
                kubernetes: kubernetes(&token, public, now),
            })
        })
        .collect()
}

/// What the library checks untold; told the audience; told the issuer too; and the most it can.
#[must_use]
pub fn validations() -> [Validation; 4] {
    let by_default = Validation::new(Algorithm::RS256);

    let mut told_audience = by_default.clone();
    told_audience.set_audience(&[API_SERVER]);

    let mut told_issuer = told_audience.clone();
    told_issuer.set_issuer(&[API_SERVER]);

    let mut strictest = told_issuer.clone();
    strictest.validate_nbf = true;
    strictest.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);

    [by_default, told_audience, told_issuer, strictest]
}

fn jsonwebtoken(token: &str, key: &PublicKey, validation: &Validation) -> Result<(), Error> {
    // This comes first for the sake of the provider, which it installs.
    signing::by_library::verify(key, token)?;
    let jwk: Jwk = serde_json::from_value(key.to_jwk())?;
    jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(&jwk)?, validation).map(|_| ())
}

/// Chapters 2, 3 and 4, one after the other.
fn kubernetes(token: &str, key: PublicKey, now: DateTime<Utc>) -> Result<(), String> {
    let validator = Validator::new(vec![API_SERVER.to_owned()], Vec::new());
    let not_mine = || "invalid bearer token".to_owned();

    let token = UnverifiedToken::read(token).map_err(|_| not_mine())?;
    if !validator.is_mine(&token) {
        return Err(not_mine());
    }
    let signed = KeySet::new(vec![key]).verify(&token).map_err(|why| why.to_string())?;
    validator.check(&signed, &[], now).map(|_| ()).map_err(|why| why.to_string())
}

/// Payloads, each with one thing unusual.
fn tokens() -> Vec<(&'static str, String)> {
    let with = |name: &str, value: Value| {
        let mut claims = usual();
        claims[name] = value;
        claims.to_string()
    };
    let without = |name: &str| {
        let mut claims = usual();
        claims.as_object_mut().map(|claims| claims.remove(name));
        claims.to_string()
    };
    let once_more = |claim: &str| usual().to_string().replacen('{', &format!("{{{claim},"), 1);

    vec![
        ("nothing unusual", usual().to_string()),
        ("exp in 2022", with("exp", json!(PAST))),
        ("no exp", without("exp")),
        ("exp a fraction", with("exp", json!(9_999_999_999.5))),
        ("exp a string", with("exp", json!(FAR_FUTURE.to_string()))),
        ("nbf in 2286", with("nbf", json!(FAR_FUTURE))),
        ("no nbf", without("nbf")),
        ("iat in 2286", with("iat", json!(FAR_FUTURE))),
        ("another audience", with("aud", json!(["vault"]))),
        ("no aud", without("aud")),
        ("another issuer", with("iss", json!("https://example.com"))),
        ("no iss", without("iss")),
        ("no sub", without("sub")),
        ("exp written twice", once_more(&format!("\"exp\":{FAR_FUTURE}"))),
        ("an unknown claim twice", once_more("\"x\":1,\"x\":2")),
    ]
}

fn usual() -> Value {
    json!({
        "aud": [API_SERVER], "exp": FAR_FUTURE, "iat": PAST, "iss": API_SERVER, "nbf": PAST,
        "sub": "system:serviceaccount:default:default",
    })
}
