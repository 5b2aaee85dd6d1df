//! A near guess learns nothing: the solution, and why.
//!
//! A real program takes this comparison from a library (`subtle`, say), which also keeps the
//! compiler from being clever about it. The chapter's own crate goes another way: it keeps no
//! tokens but a keyed hash of each, and finds a token by its hash. Whoever does not know the key
//! can't steer the hash, so its first difference tells nothing, and a million tokens take no longer
//! than ten. The real server does neither: its tokens are the keys of a plain map.

use crate::Secret;

/// What stands beside the token that was guessed. `T` is anything: here it is a user's name.
#[must_use]
pub fn whose<'t, T>(table: &'t [(Secret, T)], guess: &[u8]) -> Option<&'t T> {
    let mut found = None;
    // To the end, whatever was found: the last line with a token counts, and who has a token does
    // not learn how far up the file it stands.
    for (secret, beside) in table {
        if same(secret, guess) {
            found = Some(beside);
        }
    }
    found
}

fn same(secret: &Secret, guess: &[u8]) -> bool {
    // `zip` below stops at the shorter of the two: without this, no token at all would be everybody's.
    if secret.bytes().len() != guess.len() {
        return false;
    }
    let mut difference = 0;
    for (byte, guessed) in secret.bytes().iter().zip(guess) {
        // Once a bit is set it stays set. No branch here depends on the secret.
        difference |= byte ^ guessed;
    }
    difference == 0
}
