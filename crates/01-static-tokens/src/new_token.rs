//! Making a token as microk8s made them.

use base64::{Engine, engine::general_purpose::STANDARD};

/// A new token, 60 characters, from 32 random bytes: [microk8s][1] ran
/// `openssl rand -base64 32 | base64`.
///
/// # Panics
/// When the operating system has no random bytes to give: nothing secret can be made then.
///
/// [1]: https://github.com/canonical/microk8s/blob/1.25/snap/hooks/install
#[must_use]
pub fn new_token() -> String {
    spell(&random())
}

/// The token that these 32 bytes make. The first base64 makes text of them; the second adds length
/// and nothing else.
pub(crate) fn spell(secret: &[u8; 32]) -> String {
    // openssl ends its line with a line break, which the second base64 takes for one more byte.
    STANDARD.encode(STANDARD.encode(secret) + "\n")
}

#[expect(clippy::expect_used, reason = "without randomness there is nothing safe left to do")]
pub(crate) fn random<const BYTES: usize>() -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
