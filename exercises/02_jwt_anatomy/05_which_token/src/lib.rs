//! Exercise: which kind of token is this, and whose. You edit `src/exercise.rs`, and no other file.

#[cfg_attr(feature = "solution", path = "../../../solutions/02_jwt_anatomy/05_which_token.rs")]
mod exercise;

pub use exercise::{account, kind};

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::io::{self, Write};

/// A service account: a name for a program, in a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Where it lives.
    pub namespace: String,
    /// Its name there.
    pub name: String,
}

/// What a token looks like. Nobody has checked it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A service account's, made on request.
    Bound {
        /// Whose, by its subject.
        account: Option<Account>,
        /// The pod without which it is worth nothing.
        pod: Option<String>,
    },
    /// A service account's, out of a Secret. It has no end.
    Legacy {
        /// Whose, by its subject.
        account: Option<Account>,
        /// The Secret without which it is worth nothing.
        secret: Option<String>,
    },
    /// Another issuer's.
    Foreign {
        /// Whose, as that issuer calls them; empty for nobody.
        subject: String,
    },
    /// Not a JWT: a static token, a join token, or none at all.
    NoJwt,
}

/// The bytes of a part, or `None`: what you wrote in `six-bits`, done by a library.
#[must_use]
pub fn bytes(part: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&URL_SAFE, config).decode(part).ok()
}

/// What was found in a drawer, a script, a Secret.
pub const FOUND: [(&str, &str); 9] = [
    ("in a terminal", include_str!("../../../tokens/backup.jwt")),
    ("in a pod", include_str!("../../../tokens/grafana.jwt")),
    ("in a browser", include_str!("../../../tokens/anna.jwt")),
    ("in a Secret", include_str!("../../../tokens/traefik.jwt")),
    ("in a workflow's log", include_str!("../../../tokens/github.jwt")),
    ("behind the garage", include_str!("../../../tokens/door.jwt")),
    ("in known_tokens.csv", "c8NfEo1jUa6iMz5wSr0lYg"),
    ("after microk8s add-node", "192.168.1.20:25000/7b0f1e5cd24a48c3a96de8150f3b72a4/90c1d8e2f7ab"),
    ("half a token", "eyJhbGciOiJSUzI1NiIsImtpZCI6IlZfdV9ZcW8xTHdQb29ydU1vUERzQjRrYkdlTW9uLVJr"),
];

/// Prints what each token of [`FOUND`] is.
///
/// # Errors
/// Those of the writer.
pub fn tell(out: &mut impl Write) -> io::Result<()> {
    for (place, token) in FOUND {
        let told = match kind(token.trim_end()) {
            Kind::Bound { account, pod: None } => format!("bound, of {}", whose(account)),
            Kind::Bound { account, pod: Some(pod) } => {
                format!("bound, of {}, for the pod {pod}", whose(account))
            }
            Kind::Legacy { account, secret } => {
                let secret = secret.unwrap_or_else(|| "without a name".to_owned());
                format!("legacy, of {}, in the Secret {secret}", whose(account))
            }
            Kind::Foreign { subject } => format!("foreign, of {subject}"),
            Kind::NoJwt => "no JWT".to_owned(),
        };
        writeln!(out, "{place}: {told}")?;
    }
    Ok(())
}

fn whose(account: Option<Account>) -> String {
    account.map_or("no account".to_owned(), |Account { namespace, name }| {
        format!("the account {name} in the namespace {namespace}")
    })
}
