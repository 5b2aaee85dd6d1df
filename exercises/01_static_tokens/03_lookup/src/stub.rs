//! A near guess learns nothing. About 12 minutes.
//!
//! The server has a table of tokens, with a user beside each. Somebody sends a token: whose is it?
//! Write `whose`. With this table
//!
//! ```text
//! s3cr3t   jane
//! t0k3n1   joe
//! s3cr3t   max
//! ```
//!
//! it answers so:
//!
//! ```text
//! t0k3n1            Some("joe")
//! s3cr3t            Some("max"): a token that is there twice is the last line's, as in the real server
//! s3cr3, s3cr3tt    None
//! S3CR3T            None
//! ```
//!
//! There is one rule more. `==` on two slices stops at the first byte that differs, so it takes a
//! little longer for each byte that was guessed right. Who measures that finds a token byte by byte:
//! at most 256 guesses for each, instead of 256 times 256 times ... for all of them.
//!
//! So a token is compared with a guess of its length to the last byte, even if the first is wrong,
//! and all tokens are compared, even if one was found. (A guess of another length is just wrong: the
//! length is no secret.) A [`Secret`](crate::Secret) counts the comparisons, and the checks look at
//! the count:
//!
//! ```text
//! secret.bytes()     its bytes, a Vec; each knows the two operators below
//! byte == guessed    true or false
//! byte ^ guessed     0 if they are equal, another number if not
//! ```
//!
//! Explained on: book/src/01-static-tokens/the-lookup.md
//! Rust you need: slices, `for` over a `zip`, the operators `^` and `|=`

use crate::Secret;

/// What stands beside the token that was guessed. `T` is anything: here it is a user's name.
#[must_use]
pub fn whose<'t, T>(table: &'t [(Secret, T)], guess: &[u8]) -> Option<&'t T> {
    todo!("find {} among {} tokens", guess.escape_ascii(), table.len())
}
