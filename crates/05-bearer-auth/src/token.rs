//! A token that somebody gave us: kept out of every log, and checked for what no header can carry.

use std::fmt;

/// A bearer token. Whoever has it *is* its user (bearer: the one who carries it), so neither
/// `Debug` nor `Display` shows it; who needs it asks for [`BearerToken::secret`].
#[derive(Clone, PartialEq, Eq)]
pub struct BearerToken(String);

/// A text that can't be sent as a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAToken {
    /// Nothing but white space.
    #[error("it is empty")]
    Empty,
    /// `Bearer` and the token: the header's value, not the token.
    #[error("it begins with the word Bearer, which is no part of the token: take it away")]
    WithItsScheme,
    /// A blank or a line break inside it.
    #[error(
        "there is white space inside it (after {after} characters), as after a copy that took \
         more than the token, or broke it in two"
    )]
    WhiteSpace {
        /// How much comes before the gap.
        after: usize,
    },
    /// A character that no HTTP header can carry.
    #[error("character {at} of it can be in no HTTP header")]
    Unsendable {
        /// Counted from 1.
        at: usize,
    },
}

impl BearerToken {
    /// A token as it comes from a file or a pipe. White space around it does not count: an editor
    /// ends a file with a line break, `kubectl create token` only a terminal's line.
    ///
    /// # Errors
    /// When what is left can't be sent.
    pub fn read(text: &str) -> Result<Self, NotAToken> {
        let token = text.trim();
        if token.is_empty() {
            return Err(NotAToken::Empty);
        }
        match token.chars().position(|c| !c.is_ascii_graphic()) {
            None => Ok(Self(token.to_owned())),
            Some(6) if token[..6].eq_ignore_ascii_case("bearer") => Err(NotAToken::WithItsScheme),
            Some(at) if token.chars().nth(at).is_some_and(char::is_whitespace) => {
                Err(NotAToken::WhiteSpace { after: at })
            }
            Some(at) => Err(NotAToken::Unsendable { at: at + 1 }),
        }
    }

    /// The token itself, for the header it belongs in.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.0
    }
}

/// Enough to tell two tokens apart by eye, nothing that could be used.
impl fmt::Display for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let length = self.0.chars().count();
        // Half of a short one would be too much: a file's token may be eight characters long.
        let shown = 16.min(length / 8);
        let start: String = self.0.chars().take(shown).collect();
        write!(f, "{start}... ({length} characters)")
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("BearerToken(..)")
    }
}
