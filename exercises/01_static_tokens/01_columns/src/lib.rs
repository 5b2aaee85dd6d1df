//! Exercise: a line of a token file becomes a user. You edit `src/exercise.rs`, and no other file.

#[cfg_attr(feature = "solution", path = "../../../solutions/01_static_tokens/01_columns.rs")]
mod exercise;

pub use exercise::user;

use std::io::{self, Write};

/// Who a line of a token file is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What permissions are given to.
    pub name: String,
    /// Tells apart two users who had the same name at different times.
    pub uid: String,
    /// The groups it belongs to.
    pub groups: Vec<String>,
}

/// The token file of a microk8s of 2022, with tokens that open nothing any more.
pub const KNOWN_TOKENS: &str = "\
y0KpWZ8Tn1Xq5RrD0vJ6uA,admin,admin,\"system:masters\"
Zm4yQd7cLx9sVb3gHk2tPw,system:kube-proxy,kube-proxy
c8NfEo1jUa6iMz5wSr0lYg,system:node:homelab,kubelet-0,\"system:nodes\"
Hq3vTb9kXe7dRp2mWn4yJc,system:kube-controller-manager,controller
Lu6sGi8oCf0aVz1hBx5tKd,system:kube-scheduler,scheduler
";

/// Prints whom each line of [`KNOWN_TOKENS`] lets in.
///
/// # Errors
/// Those of the writer.
pub fn tell(out: &mut impl Write) -> io::Result<()> {
    for line in KNOWN_TOKENS.lines() {
        match user(line) {
            Some(User { name, uid, groups }) => {
                let groups =
                    if groups.is_empty() { "no group".into() } else { groups.join(" and ") };
                writeln!(out, "{name} ({uid}): {groups}")?;
            }
            None => writeln!(out, "a line with fewer than three columns")?,
        }
    }
    Ok(())
}
