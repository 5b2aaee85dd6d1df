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
    Unreadable,
}

fn part(text: &str) -> Part {
    // A cut may fall inside a group of four characters.
    let whole = if text.len() % 4 == 1 { &text[..text.len() - 1] } else { text };
    let Ok(bytes) = base64url::decode(whole) else { return Part::Unreadable };
    match json::parse(&bytes) {
        Ok(Node::Object(members)) if members.iter().any(|(name, _)| name == "alg") => Part::Header,
        Ok(Node::Object(_)) => Part::Claims,
        Err(JsonError::EndsEarly { .. }) if bytes.starts_with(b"{\"") => Part::Begun,
        _ => Part::Unreadable,
    }
}

/// Says what is missing, if this is a piece of a JWT.
pub(super) fn half(text: &str) -> Option<What> {
    let text = text.trim_end_matches(['…', '.']);
    if !text.is_ascii() {
        return None;
    }
    let parts: Vec<&str> = text.split('.').collect();
    let seen: Vec<Part> = parts.iter().map(|text| part(text)).collect();
    let half = match seen[..] {
        [Part::Header | Part::Begun] => Half::OnlyTheHeader,
        [Part::Header, Part::Claims] => Half::SignatureMissing,
        [Part::Header, _] => Half::ClaimsCut,
        [Part::Claims]
        | [Part::Claims, Part::Unreadable]
        | [Part::Unreadable, Part::Claims]
        | [Part::Unreadable, Part::Claims, _] => Half::StartMissing,
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
