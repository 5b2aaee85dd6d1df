//! Exercise: claims into types, the audience among them. You edit `src/exercise.rs`, and no other
//! file.

#[cfg_attr(feature = "solution", path = "../../../solutions/02_jwt_anatomy/03_audience.rs")]
mod exercise;

pub use exercise::{Claims, claims};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::io::{self, Write};

/// What stands in the second part of a token.
#[must_use]
pub fn payload(token: &str) -> String {
    let part = token.split('.').nth(1).unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Claims of five tokens, and of two that somebody wrote by hand.
fn payloads() -> Vec<(&'static str, String)> {
    vec![
        ("backup", payload(include_str!("../../../tokens/backup.jwt"))),
        ("vault", payload(include_str!("../../../tokens/vault.jwt"))),
        ("door", payload(include_str!("../../../tokens/door.jwt"))),
        ("github", payload(include_str!("../../../tokens/github.jwt"))),
        ("traefik", payload(include_str!("../../../tokens/traefik.jwt"))),
        ("an exp in quotes", r#"{"sub":"anna","exp":"1795250486"}"#.to_owned()),
        ("aud is null", r#"{"sub":"anna","aud":null}"#.to_owned()),
    ]
}

/// Prints who made each token, about whom, for whom, and until when.
///
/// # Errors
/// Those of the writer.
pub fn tell(out: &mut impl Write) -> io::Result<()> {
    for (name, payload) in payloads() {
        writeln!(out, "{name}")?;
        let Ok(Claims { iss, sub, aud, exp }) = claims(&payload) else {
            writeln!(out, "    refused")?;
            continue;
        };
        let aud = if aud.is_empty() { "nobody in particular".into() } else { aud.join(", ") };
        let exp = exp.map_or("no end".into(), |exp| format!("until second {exp}"));
        writeln!(out, "    by {iss}\n    about {sub}\n    for {aud}\n    {exp}")?;
    }
    Ok(())
}
