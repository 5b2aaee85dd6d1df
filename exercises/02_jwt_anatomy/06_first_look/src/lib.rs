//! Exercise: your own first look at a token, in front of the lab's verifier. You edit
//! `src/exercise.rs`, and no other file.

mod earlier;
#[cfg_attr(feature = "solution", path = "../../../solutions/02_jwt_anatomy/06_first_look.rs")]
mod exercise;
pub mod lab;
#[path = "../../../lab_client.rs"]
mod lab_client;

pub use earlier::{bytes, claims, end};
pub use lab_cluster::authn::{Answer, TokenAuthenticator};
pub use static_tokens::{Rejection, User, Verdict};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use lab::{Lab, Response};
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

/// What stands in front of a verifier. The methods are yours.
pub struct FirstLook {
    /// Whose tokens the verifier behind it can judge.
    pub issuer: String,
    /// Who checks the signature, and all the rest.
    pub verifier: Arc<dyn TokenAuthenticator>,
}

impl fmt::Debug for FirstLook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirstLook").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// The issuer of the lab's own tokens, which is that of every microk8s.
pub const ISSUER: &str = "https://kubernetes.default.svc";

/// Saturday, 21 November 2026, 08:00:00 UTC.
pub const EIGHT_O_CLOCK: i64 = 1_795_248_000;

/// The same token with another account in it. The signature stays as it was.
#[must_use]
pub fn with_account(token: &str, namespace: &str, name: &str) -> String {
    let parts: Vec<_> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        return token.to_owned();
    };
    let read = URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    let mut claims: serde_json::Value = serde_json::from_slice(&read).unwrap_or_default();
    claims["sub"] = format!("system:serviceaccount:{namespace}:{name}").into();
    claims["kubernetes.io"]["namespace"] = namespace.into();
    claims["kubernetes.io"]["serviceaccount"]["name"] = name.into();
    format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// Starts a lab with your look in front of its verifiers, and prints what becomes of some tokens.
///
/// # Errors
/// Those of the writer, and of the lab.
pub fn tell(out: &mut impl Write) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(send(out))
}

async fn send(out: &mut impl Write) -> io::Result<()> {
    let lab = Lab::start().await?;
    let own = lab.token_of_default().await?;
    for (sender, token) in [
        ("a program in the lab", own.clone()),
        ("the same one, after a bit of editing", with_account(&own, "kube-system", "admin")),
        ("a backup of another microk8s", file(include_str!("../../../tokens/backup.jwt"))),
        ("a garage door", file(include_str!("../../../tokens/door.jwt"))),
        ("a workflow of GitHub's", file(include_str!("../../../tokens/github.jwt"))),
        ("somebody with a token that is no JWT", "c8NfEo1jUa6iMz5wSr0lYg".to_owned()),
    ] {
        writeln!(out, "{sender}")?;
        writeln!(out, "    claims   {}", claimed(&token))?;
        let Response { status, user, asked, log } = lab.who_am_i(&token).await?;
        let asked = if asked { "mine: on to the verifier" } else { "not mine: nobody is asked" };
        writeln!(out, "    look     {asked}")?;
        writeln!(out, "    verdict  {log}")?;
        let user = user.map_or("nobody".into(), |user| format!("you are {user}"));
        writeln!(out, "    answer   {status}: {user}")?;
    }
    lab.stop().await;
    Ok(())
}

fn file(token: &str) -> String {
    token.trim_end().to_owned()
}

/// What a token says of itself, read by the pieces you wrote before.
fn claimed(token: &str) -> String {
    let payload = token.split('.').nth(1).and_then(bytes).unwrap_or_default();
    match claims(&String::from_utf8_lossy(&payload)) {
        Ok(claims) => {
            let now = DateTime::from_timestamp(EIGHT_O_CLOCK, 0).unwrap_or_default();
            format!("{}, of {}\n             {}", claims.sub, claims.iss, end(claims.exp, now))
        }
        Err(_) => "nothing".to_owned(),
    }
}
