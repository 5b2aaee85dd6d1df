//! The API server's first look at a token: whose is it? [`hasCorrectIssuer`][1] opens the payload,
//! before anything is verified, to see whether an authenticator need bother at all.
//!
//! It reads with Go's ordinary JSON package, while the real decoding, later, is `go-jose`'s. The
//! two do not agree: here `ISS` counts as `iss`, and the last of duplicates wins. No harm comes of
//! it, for the issuer is checked again after the signature. It is why a token with `ISS` is told
//! `token issuer "" is invalid` rather than that it is nobody's.
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/serviceaccount/jwt.go

use crate::json::{self, Node};

/// The issuer that this first look finds; empty when there is none. `None`: not a payload at all,
/// or an issuer that is no string.
pub(crate) fn first_look(payload: &[u8]) -> Option<String> {
    let members = match json::parse_within(json::MAX_DEPTH, payload).ok()? {
        Node::Object(members) => members,
        Node::Null => Vec::new(),
        _ => return None,
    };
    let mut issuer = String::new();
    for (_, node) in members.into_iter().filter(|(name, _)| is_iss(name)) {
        match node {
            Node::String(text) => issuer = text,
            Node::Null => {}
            _ => return None,
        }
    }
    Some(issuer)
}

/// `iss` in any case; Unicode's long s folds to s as well.
fn is_iss(name: &str) -> bool {
    let mut letters = name.chars();
    let i = letters.next().is_some_and(|c| matches!(c, 'i' | 'I'));
    let ss = letters.by_ref().take(2).filter(|c| matches!(c, 's' | 'S' | 'ſ')).count() == 2;
    i && ss && letters.next().is_none()
}
