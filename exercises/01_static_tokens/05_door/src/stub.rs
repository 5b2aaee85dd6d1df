//! Your own door. About 15 minutes.
//!
//! A server asks each of its authenticators about a token, and gets one of three verdicts:
//!
//! - *authenticated*: I know it, and this is its user;
//! - *not mine*: I don't know it, ask the next;
//! - *rejected*: I know it, and it is bad. The next is asked all the same, but the log says why.
//!
//! Write one. It is then built into a real API server, the lab, and requests come in over HTTPS.
//! (The first time it takes a minute to build the lab.)
//!
//! You need all four of your earlier pieces, so solve those exercises first: `look_over`, `user` and
//! `whose` are used here, and what your `token` finds is compared with what the server finds.
//!
//! `open` makes a door of two texts. The first is a token file, the second has a `token,reason` on
//! each line and no odd lines: tokens that were good once.
//!
//! ```text
//! k3y,jane,u-17        known:   k3y is jane's
//! ,max,u-19            left out: an empty token proves nothing
//! k4y,joe,u-18         known:   k4y is joe's
//!
//! k4y,joe left         retired: k4y, because "joe left"
//! ```
//!
//! The token is what stands before the first comma of a line, and the reason all that stands behind.
//!
//! If the server would not start with the first file, there is no door either: return what
//! `look_over` says. Its warnings are for the log, and you need them for nothing.
//!
//! `authenticate` tells who sends a token:
//!
//! ```text
//! k3y    authenticated(&jane)
//! k4y    Verdict::Rejected(Rejection("joe left".to_owned())): retired goes before known
//! k5y    Verdict::NotMine
//! ```
//!
//! What there is to `use crate::{...}`:
//!
//! ```text
//! Door { known: Vec<(Secret, User)>, retired: Vec<(Secret, String)> }
//! Secret::new(token)            from a &str
//! look_over(file)               Result<Vec<Warning>, Refusal>
//! user(line)                    Option<User>
//! whose(&table, token)          Option<&User>, or Option<&String>: what stands beside the token
//! authenticated(&user)          the Verdict for a user that is known
//! Rejection(reason)             why not, a String
//! ```
//!
//! Explained on: book/src/01-static-tokens/the-lab.md
//! Rust you need: `impl` of a trait, `Result` and `?`, `filter_map`, `str::split_once`

use crate::{Authenticator, Door, Refusal, Verdict};

impl Door {
    /// A door for the tokens of a token file, and against those that are retired.
    ///
    /// # Errors
    /// The first line with which the server would not start.
    pub fn open(known_tokens: &str, retired: &str) -> Result<Self, Refusal> {
        let (known, retired) = (known_tokens.lines().count(), retired.lines().count());
        todo!("open a door for {known} lines of a token file and against {retired} retired tokens")
    }
}

impl Authenticator for Door {
    fn authenticate(&self, token: &[u8]) -> Verdict {
        todo!("tell who sends {}", token.escape_ascii())
    }
}
