//! Exercise: which key files a token is checked with. You edit `src/exercise.rs`, and no other file.

#[cfg_attr(feature = "solution", path = "../../../solutions/02_jwt_anatomy/02_which_key.rs")]
mod exercise;

pub use exercise::{candidates, header};

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use std::io::{self, Write};

/// What a token says about how to check it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Header {
    /// The algorithm; empty when there is none.
    #[serde(default)]
    pub alg: String,
    /// The name of the key.
    pub kid: Option<String>,
}

/// A key that an API server was given with `--service-account-key-file`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// The name that the server gives to the key: a hash of its public half.
    pub kid: String,
    /// Where it lies.
    pub path: String,
}

/// The bytes of a part, or `None`: what you wrote in `six-bits`, done by a library.
#[must_use]
pub fn bytes(part: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&URL_SAFE, config).decode(part).ok()
}

/// How a part is written.
#[must_use]
pub fn part(text: &str) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

/// The key files of a microk8s whose key was changed once. The old one still checks old tokens.
#[must_use]
pub fn key_files() -> Vec<KeyFile> {
    [
        ("V_u_Yqo1LwPooruMoPDsB4kbGeMon-Rk_vBmGL9p71U", "certs/serviceaccount.key"),
        ("M31MS3bJzWuftGiRqomFp8-kTGOWK33OWf5jNiUMl1s", "certs/serviceaccount-2021.key"),
    ]
    .map(|(kid, path)| KeyFile { kid: kid.to_owned(), path: path.to_owned() })
    .to_vec()
}

/// The tokens that come by: some of this cluster's, some of others', some of nobody's.
fn tokens() -> Vec<(&'static str, String)> {
    let written_by_hand = |header| format!("{}.{}.AAAA", part(header), part(r#"{"sub":"anna"}"#));
    vec![
        ("backup", include_str!("../../../tokens/backup.jwt").trim_end().to_owned()),
        ("traefik", include_str!("../../../tokens/traefik.jwt").trim_end().to_owned()),
        ("door", include_str!("../../../tokens/door.jwt").trim_end().to_owned()),
        ("github", include_str!("../../../tokens/github.jwt").trim_end().to_owned()),
        ("no kid", written_by_hand(r#"{"alg":"RS256"}"#)),
        ("a path", written_by_hand(r#"{"alg":"RS256","kid":"certs/serviceaccount.key"}"#)),
        ("static", "c8NfEo1jUa6iMz5wSr0lYg".to_owned()),
    ]
}

/// Prints, for each token, which key files the server tries.
///
/// # Errors
/// Those of the writer.
pub fn tell(out: &mut impl Write) -> io::Result<()> {
    let keys = key_files();
    for (name, token) in tokens() {
        let Some(header) = header(&token) else {
            writeln!(out, "{name:8} is no JWT: it is left to others")?;
            continue;
        };
        let paths: Vec<_> =
            candidates(&header, &keys).into_iter().map(|key| key.path.as_str()).collect();
        let paths = if paths.is_empty() { "no key of ours".into() } else { paths.join(", then ") };
        writeln!(out, "{name:8} {}: {paths}", header.alg)?;
    }
    Ok(())
}
