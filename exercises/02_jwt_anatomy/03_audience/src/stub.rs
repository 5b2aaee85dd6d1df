//! One audience or several. About 15 minutes.
//!
//! A token's payload is JSON that a stranger wrote. Types keep order: what fits them is good, what does
//! not is refused, and nothing in between. Write `claims`, which reads four claims into `Claims`:
//!
//! ```text
//! {"iss":"i","sub":"s","aud":["a","b"],"exp":9}    iss "i", sub "s", aud ["a", "b"], exp Some(9)
//! {"sub":"s","aud":"a"}                            iss "",  sub "s", aud ["a"],      exp None
//! {"sub":"s","jti":"j"}                            iss "",  sub "s", aud [],         exp None
//! {"aud":[]}                                       iss "",  sub "",  aud [],         exp None
//! {"exp":null}                                     iss "",  sub "",  aud [],         exp None
//! {"aud":null}       {"aud":7}       {"aud":["a",7]}       {"sub":7}       {"exp":"9"}       errors
//! ```
//!
//! The rule: `iss` and `sub` are texts, `exp` is a whole number, and `aud` is a text or a list of texts.
//! One text is a list of one. A claim that is missing is empty (or `None`), and claims that nobody
//! asked for are passed over. A claim of the wrong type spoils the token: a date in quotes is not a
//! missing date. A library that took it for one could let such a token live for ever (CVE-2026-25537).
//! (`"exp":null` is one, though: the server's own type for a date takes it so.)
//!
//! Let serde do the work: say in types what the claims are, and hand the text to
//! `serde_json::from_str`. You may add attributes to `Claims`, and types and functions of your own.
//! <https://serde.rs/enum-representations.html#untagged> helps with `aud`. And a field can be read by a
//! function of yours: with `#[serde(deserialize_with = "day")]` above it, serde calls
//!
//! ```text
//! fn day<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Day, D::Error> {
//!     let number = u8::deserialize(from)?;         any type that serde can read
//!     ...                                          a Day, made of it
//! }
//! ```
//!
//! Explained on: book/src/02-jwt-anatomy/the-claims.md
//! Rust you need: serde's `#[derive(Deserialize)]`, `#[serde(default)]` and `#[serde(untagged)]`, and
//! one of `#[serde(from = "...")]` and `#[serde(deserialize_with = "...")]`

/// What a token claims. Nobody has checked it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// Who made it.
    pub iss: String,
    /// Whom it is about.
    pub sub: String,
    /// Who may accept it.
    pub aud: Vec<String>,
    /// When it ends, in seconds since 1970 began.
    pub exp: Option<i64>,
}

/// The claims in a payload.
///
/// # Errors
/// When it is no JSON, or a claim has the wrong type.
pub fn claims(payload: &str) -> Result<Claims, serde_json::Error> {
    todo!("read the claims of {payload}")
}
