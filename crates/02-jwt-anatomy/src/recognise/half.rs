//! A JWT of which a piece is missing. Which one, what is left tells.

use super::What;
use crate::json::{self, JsonError, Node};
use crate::{NotAJwt, UnverifiedToken, base64url};

/// What is wrong with a JWT that can't be taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Half {
    /// It breaks off in the header or right after it.
    OnlyTheHeader,
    /// It breaks off in the claims.
    ClaimsCut,
    /// It ends after the claims.
    SignatureMissing,
    /// Its beginning is missing.
    StartMissing,
    /// There are more than three parts: two tokens in one, or a dot too many.
    TooManyParts(usize),
    /// Something in the middle is missing or was changed.
    Damaged(String),
}

/// What one part decodes to.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Header,
    Claims,
    /// JSON that breaks off.
    Begun,
    /// The end of something in braces.
    Ended,
    Unreadable,
}

fn part(text: &str) -> Part {
    // A cut may fall inside a group of four characters.
    let whole = if text.len() % 4 == 1 { &text[..text.len() - 1] } else { text };
    let Ok(bytes) = base64url::decode(whole) else { return Part::Unreadable };
    match json::parse(&bytes) {
        Ok(Node::Object(members)) => {
            let has = |wanted: &str| members.iter().any(|(name, _)| name == wanted);
            let claims = ["iss", "sub", "aud", "exp", "kubernetes.io"];
            match has("alg") {
                true => Part::Header,
                false if claims.iter().any(|name| has(name)) => Part::Claims,
                false => Part::Unreadable,
            }
        }
        Err(JsonError::EndsEarly { .. }) if bytes.starts_with(b"{\"") => Part::Begun,
        _ if is_end(text) => Part::Ended,
        _ => Part::Unreadable,
    }
}

/// Where a cut falls in a group of four characters can't be seen, so each place is tried.
fn is_end(text: &str) -> bool {
    let printable = |bytes: &[u8]| bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
    (0..4)
        .filter_map(|from| base64url::decode(text.get(from..)?).ok())
        .any(|bytes| bytes.len() > 2 && bytes.ends_with(b"}") && printable(&bytes))
}

/// Says what is missing, if this is a piece of a JWT.
pub(super) fn half(text: &str) -> Option<What> {
    let text = text.trim_end_matches(['…', '.']);
    let parts: Vec<&str> = text.split('.').collect();
    // More than two tokens in one are none.
    if parts.len() > 6 || !text.is_ascii() {
        return None;
    }
    let seen: Vec<Part> = parts.iter().map(|text| part(text)).collect();
    let half = match seen[..] {
        [Part::Header | Part::Begun] => Half::OnlyTheHeader,
        [Part::Header, Part::Claims] => Half::SignatureMissing,
        [Part::Header, _] => Half::ClaimsCut,
        [Part::Claims | Part::Ended]
        | [Part::Claims | Part::Ended, Part::Unreadable]
        | [Part::Unreadable | Part::Ended, Part::Claims]
        | [Part::Unreadable | Part::Ended, Part::Claims, _] => Half::StartMissing,
        [Part::Header | Part::Begun, _, _] | [Part::Begun, _] => Half::Damaged(why(text)),
        [Part::Header, ..] if parts.len() == 5 && is_encrypted(parts[0]) => {
            return Some(What::EncryptedJwt);
        }
        [Part::Header, ..] => Half::TooManyParts(parts.len()),
        _ => return None,
    };
    Some(What::HalfAJwt(half))
}

fn why(text: &str) -> String {
    match UnverifiedToken::read(text) {
        Err(NotAJwt::Parts { .. }) | Ok(_) => "the claims are not JSON".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// The header of an encrypted token says by which cipher (`enc`).
fn is_encrypted(header: &str) -> bool {
    let header = base64url::decode(header).ok().and_then(|bytes| json::parse_strict(&bytes).ok());
    header.is_some_and(|header| header.get("enc").is_some())
}
