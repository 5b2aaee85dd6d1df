//! Tokens: taken apart as they are written, and believed by nobody.

use crate::json;
use crate::seeds::SIGNED;
use crate::shown::{is_plain, keeps_secret};
use jwt_anatomy::dates::Zone;
use jwt_anatomy::{UnverifiedToken, base64url, tool};
use narration::Story;
use serde_json::Value;
use signing::KeySet;
use std::sync::LazyLock;

/// The two keys that fit what is [`SIGNED`].
static KEYS: LazyLock<KeySet> =
    LazyLock::new(|| KeySet::new(SIGNED[1..].iter().map(|(_, key)| key.clone()).collect()));

/// Takes a token apart.
///
/// - Twice the same, and again the same when it is put together from its parts.
/// - `is_canonical` says whether that is how it was written.
/// - `jsonwebtoken`, told to check nothing, reads the same algorithm, key and claims.
/// - Nobody's key fits, unless its owner signed this very text.
/// - Neither the chapter's program, nor an error, nor `Debug` shows the signature, and the program
///   prints plain text.
pub fn token(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let told = tell(&text);
    is_plain(&told);
    let token = UnverifiedToken::read(&text);
    assert_eq!(token, UnverifiedToken::read(&text), "it reads differently the second time");
    let dot = text.rfind('.').map_or(0, |dot| dot + 1);
    let (rest, signature) = text.split_at(dot);
    keeps_secret(signature.as_bytes(), &public(rest), |signature| {
        let text = format!("{rest}{}", String::from_utf8_lossy(signature));
        let token = UnverifiedToken::read(&text);
        let claims = token.as_ref().ok().map(UnverifiedToken::unverified_claims);
        let why = token.as_ref().err().map(ToString::to_string);
        format!("{token:?} {claims:?} {why:?} {}", tell(&text))
    });
    let Ok(token) = token else { return };

    let written = put_together(&text);
    let again = UnverifiedToken::read(&written).expect("a token, put together from its parts");
    assert!(again.is_canonical(), "{written}");
    assert_eq!(token.is_canonical(), written == text);
    assert_eq!(token.header(), again.header());
    assert_eq!(token.payload(), again.payload());
    assert_eq!(token.signature(), again.signature());
    assert_eq!(token.signing_input(), again.signing_input());

    json::law(token.payload());
    as_jsonwebtoken(&written, &token);

    if let Ok(signed) = KEYS.verify(&token) {
        assert!(
            SIGNED.iter().any(|(good, _)| good.starts_with(token.signing_input())),
            "{signed:?}: nobody signed it"
        );
        assert_eq!(Ok(signed.claims()), token.unverified_claims().as_ref());
    }
}

/// The token as an issuer writes it: each part decoded, white space passed over, and encoded anew.
fn put_together(text: &str) -> String {
    let parts = text.split('.').zip(["header", "payload", "signature"]).map(|(part, name)| {
        let is_space = |c: char| match name {
            "payload" => matches!(c, '\r' | '\n'),
            _ => c.is_whitespace(),
        };
        let part = base64url::decode(&part.replace(is_space, "")).expect("a part of a token");
        base64url::encode(&part)
    });
    parts.collect::<Vec<_>>().join(".")
}

/// What anybody may see of a token: all but its last part, as it is written and as it reads.
fn public(rest: &str) -> Vec<u8> {
    let read = |part: &str| base64url::decode(part).unwrap_or_default();
    rest.split('.').flat_map(read).chain(rest.bytes()).collect()
}

fn as_jsonwebtoken(text: &str, token: &UnverifiedToken) {
    signing::by_library::install();
    let Ok(theirs) = jsonwebtoken::dangerous::insecure_decode::<Value>(text) else { return };
    let header = token.header();
    assert_eq!(header.alg, format!("{:?}", theirs.header.alg));
    assert_eq!(header.key_id, theirs.header.kid);
    // `null` is no claims at all, here as in Go.
    if let (Ok(ours), false) = (token.unverified_claims(), theirs.claims.is_null()) {
        assert!(json::same(&ours.raw.into(), &theirs.claims), "{}", theirs.claims);
    }
}

/// What the program of chapter 2 prints of it, as text and as JSON.
fn tell(text: &str) -> String {
    let (mut lines, mut document) = (Vec::new(), Vec::new());
    let now = 1_664_702_005;
    let told = tool::tell(&mut Story::new(&mut lines), text, now, &Zone::utc());
    let printed = tool::print_json(&mut document, text, now, &Zone::utc());
    assert_eq!(told.expect("memory takes it"), printed.expect("memory takes it"));
    serde_json::from_slice::<Value>(&document).expect("JSON");
    // JSON escapes nothing above a control character: these may steer a terminal, but not a program.
    let lines = String::from_utf8_lossy(&lines);
    format!("{lines}{}", String::from_utf8_lossy(&document).escape_debug())
}
