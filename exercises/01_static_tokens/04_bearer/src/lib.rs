//! Exercise: the headers of a request become a token. You edit `src/exercise.rs`, and no other
//! file.

#[cfg_attr(feature = "solution", path = "../../../solutions/01_static_tokens/04_bearer.rs")]
mod exercise;

pub use exercise::token;

use std::io::{self, Write};

/// A header of a request: its name and its value.
pub type Header<'r> = (&'r str, &'r str);

/// Requests to a microk8s, and who sends them. The token opens nothing any more.
pub const REQUESTS: [(&str, &[Header<'static>]); 9] = [
    (
        "kubectl",
        &[
            ("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"),
            ("User-Agent", "kubectl/v1.25.4 (linux/amd64) kubernetes/872a965"),
            ("Authorization", "Bearer Ru9zBq4hXw7kNe2mVc6tLs"),
        ],
    ),
    (
        "curl, typed by hand",
        &[("accept", "*/*"), ("authorization", "bearer Ru9zBq4hXw7kNe2mVc6tLs")],
    ),
    ("a script, with a space at the end", &[("Authorization", "Bearer Ru9zBq4hXw7kNe2mVc6tLs ")]),
    ("a script, with a space too many", &[("Authorization", "Bearer  Ru9zBq4hXw7kNe2mVc6tLs")]),
    ("a script, without the scheme", &[("Authorization", "Ru9zBq4hXw7kNe2mVc6tLs")]),
    ("a script, after a blog post", &[("Authentication", "Bearer Ru9zBq4hXw7kNe2mVc6tLs")]),
    ("a script, with quotes", &[("Authorization", "Bearer \"Ru9zBq4hXw7kNe2mVc6tLs\"")]),
    (
        "a script, through a proxy with a password",
        &[
            ("Authorization", "Basic YWRtaW46YWRtaW4="),
            ("Authorization", "Bearer Ru9zBq4hXw7kNe2mVc6tLs"),
        ],
    ),
    ("a browser", &[("Accept", "text/html"), ("Cookie", "token=Ru9zBq4hXw7kNe2mVc6tLs")]),
];

/// Prints the token of each of [`REQUESTS`].
///
/// # Errors
/// Those of the writer.
pub fn tell(out: &mut impl Write) -> io::Result<()> {
    for (sender, headers) in REQUESTS {
        let told = match token(headers) {
            Some(token) => format!("the token {token}"),
            None => "no token: system:anonymous".to_owned(),
        };
        writeln!(out, "{sender:43}{told}")?;
    }
    Ok(())
}
