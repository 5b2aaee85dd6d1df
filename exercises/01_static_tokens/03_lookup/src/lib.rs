//! Exercise: from a token to its user, without telling how near a guess was. You edit
//! `src/exercise.rs`, and no other file.

#[cfg_attr(feature = "solution", path = "../../../solutions/01_static_tokens/03_lookup.rs")]
mod exercise;
mod secret;

pub use exercise::whose;
pub use secret::{Byte, Secret};

use std::io::{self, Write};

/// Who is known, in the order of the token file: a microk8s of 2022, with tokens that open nothing
/// any more. The admin's token was changed by adding a line; the scheduler's was copied.
const KNOWN: [(&str, &str); 5] = [
    ("Jf8wLr3cKz6tYn1bQe9gUx", "admin"),
    ("Ds5kVa0pMh7iXo2yRl4uCm", "system:kube-proxy"),
    ("Tb2nWg6eHq9zFj5sIv1dPk", "system:kube-scheduler"),
    ("Gy7xEo4aNc1mSu8hZt3rBw", "admin"),
    ("Tb2nWg6eHq9zFj5sIv1dPk", "system:node:homelab"),
];

/// What somebody sends, and how good a guess it is.
const GUESSES: [(&str, &str); 7] = [
    ("the admin's old token", "Jf8wLr3cKz6tYn1bQe9gUx"),
    ("the admin's new token", "Gy7xEo4aNc1mSu8hZt3rBw"),
    ("a token that is there twice", "Tb2nWg6eHq9zFj5sIv1dPk"),
    ("no letter right", "----------------------"),
    ("the first half right", "Gy7xEo4aNc1-----------"),
    ("all but the last right", "Gy7xEo4aNc1mSu8hZt3rB-"),
    ("in small letters", "gy7xeo4anc1msu8hzt3rbw"),
];

/// Prints whose each guess is, and how many bytes were compared to find out.
///
/// # Errors
/// Those of the writer.
pub fn tell(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{:29}{:21}bytes compared", "somebody sends", "and is")?;
    for (what, guess) in GUESSES {
        let table = KNOWN.map(|(token, user)| (Secret::new(token), user));
        let user = whose(&table, guess.as_bytes()).copied().unwrap_or("nobody");
        let compared: usize = table.iter().map(|(secret, _)| secret.compared()).sum();
        writeln!(out, "{what:29}{user:21}{compared}")?;
    }
    Ok(())
}
