//! base64url as a token is written in it: the alphabet with `-` and `_`, and no `=` at the end
//! ([RFC 7515, section 2][1], `base64.RawURLEncoding` in Go).
//!
//! [1]: https://www.rfc-editor.org/rfc/rfc7515#section-2

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Go's decoder does not mind bits left over at the end of a part. So one part can be written in
/// several ways, which is why nobody may block a token by the text it has.
const RAW_URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// Why a part is not base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotBase64Url {
    /// A character outside the 64.
    #[error("{found:?}, character {at} of the part, is not one of A-Z, a-z, 0-9, - and _")]
    Character {
        /// The character.
        found: char,
        /// Where, counted from 1.
        at: usize,
    },
    /// No number of bytes is written in this many characters.
    #[error("{characters} characters cannot be whole bytes: at least one is missing, or too many")]
    Length {
        /// How many there are.
        characters: usize,
    },
}

/// The bytes that `part` stands for.
///
/// # Errors
/// The first character that has no business there, or a length that can't be.
pub fn decode(part: &str) -> Result<Vec<u8>, NotBase64Url> {
    let known = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if let Some((index, found)) = part.chars().enumerate().find(|(_, c)| !known(c)) {
        return Err(NotBase64Url::Character { found, at: index + 1 });
    }
    // After the check above only the length can be wrong.
    RAW_URL.decode(part).map_err(|_| NotBase64Url::Length { characters: part.len() })
}

/// How `bytes` are written in a token.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    RAW_URL.encode(bytes)
}

/// As [`decode`], passing over line breaks as Go does.
pub(crate) fn decode_loosely(part: &str) -> Result<Vec<u8>, NotBase64Url> {
    decode(&part.replace(['\r', '\n'], ""))
}
