//! Exercise: a part of a token becomes bytes. You edit `src/exercise.rs`, and no other file.

#[cfg_attr(feature = "solution", path = "../../../solutions/02_jwt_anatomy/01_six_bits.rs")]
mod exercise;

pub use exercise::bytes;

use std::io::{self, Write};

/// A token that opened a garage's API server for a quarter of an hour.
pub const TOKEN: &str = include_str!("../../../tokens/door.jwt");

/// Prints what stands in each part of [`TOKEN`], and which other spellings are refused.
///
/// # Errors
/// Those of the writer.
pub fn tell(out: &mut impl Write) -> io::Result<()> {
    let mut parts = TOKEN.trim_end().split('.');
    for name in ["header", "claims"] {
        let read = bytes(parts.next().unwrap_or_default());
        let text = read.map_or("not base64url".into(), |bytes| {
            String::from_utf8(bytes).unwrap_or_else(|_| "bytes, but no text".into())
        });
        writeln!(out, "{name}: {text}")?;
    }
    let signature = parts.next().unwrap_or_default();
    match bytes(signature) {
        Some(bytes) => writeln!(out, "signature: {} bytes, no text", bytes.len())?,
        None => writeln!(out, "signature: not base64url")?,
    }
    for (change, other) in [
        ("with = at its end", format!("{signature}==")),
        ("with + for -, / for _", signature.replace('-', "+").replace('_', "/")),
        ("without its last two characters", signature[..signature.len() - 2].to_owned()),
        ("without its last character", signature[..signature.len() - 1].to_owned()),
    ] {
        let says = bytes(&other).map_or("refused".into(), |bytes| format!("{} bytes", bytes.len()));
        writeln!(out, "signature {change}: {says}")?;
    }
    Ok(())
}
