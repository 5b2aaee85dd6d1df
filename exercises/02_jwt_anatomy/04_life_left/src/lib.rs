//! Exercise: when a token ends, and how long that is from now. You edit `src/exercise.rs`, and no
//! other file.

#[cfg_attr(feature = "solution", path = "../../../solutions/02_jwt_anatomy/04_life_left.rs")]
mod exercise;

pub use exercise::end;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use std::io::{self, Write};

/// Saturday, 21 November 2026, 08:00:00 UTC.
pub const EIGHT_O_CLOCK: i64 = 1_795_248_000;

/// The claim `exp` of a token.
#[must_use]
pub fn exp(token: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<serde_json::Value>(&bytes).ok()?["exp"].as_i64()
}

/// Prints when each token of a household ends, as seen at eight o'clock on a Saturday.
///
/// # Errors
/// Those of the writer.
pub fn tell(out: &mut impl Write) -> io::Result<()> {
    let now: DateTime<Utc> = DateTime::from_timestamp(EIGHT_O_CLOCK, 0).unwrap_or_default();
    for (name, exp) in [
        ("backup", exp(include_str!("../../../tokens/backup.jwt"))),
        ("deployer", exp(include_str!("../../../tokens/deployer.jwt"))),
        ("grafana", exp(include_str!("../../../tokens/grafana.jwt"))),
        ("anna", exp(include_str!("../../../tokens/anna.jwt"))),
        ("door", exp(include_str!("../../../tokens/door.jwt"))),
        ("traefik", exp(include_str!("../../../tokens/traefik.jwt"))),
        ("by hand: 0 for no end", Some(0)),
        ("by hand: milliseconds", Some(1_795_250_486_000)),
    ] {
        writeln!(out, "{name}: {}", end(exp, now))?;
    }
    Ok(())
}
