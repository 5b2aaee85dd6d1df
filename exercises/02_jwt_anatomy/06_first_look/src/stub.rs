//! To look is not to verify. About 15 minutes. (It builds the lab: a minute the first time.)
//!
//! An API server has several verifiers, and each can judge the tokens of one issuer only. So before it
//! checks a signature, the real one opens the token and looks whose it says it is. Its code warns:
//! "this JWT is not verified. Do not trust these claims." (`hasCorrectIssuer`,
//! <https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/serviceaccount/jwt.go>)
//!
//! Write that look, and put it in front of the lab's verifier. `is_mine`, for an issuer `i`:
//!
//! ```text
//! a.eyJpc3MiOiJpIn0.b       {"iss":"i"}     true
//! a.eyJpc3MiOiJqIn0.b       {"iss":"j"}     false: another issuer
//! a.eyJpc3MiOiJpLyJ9.b      {"iss":"i/"}    false: compared letter by letter
//! a.eyJzdWIiOiJzIn0.b       {"sub":"s"}     false: no issuer
//! a.eyJpc3MiOjF9.b          {"iss":1}       false: its issuer is no text
//! a.eyJpc3MiOiJpIn0         two parts       false
//! ```
//!
//! The rule: the token is text of three parts; the first and the last are not looked at; the second is base64url of JSON, and the claim `iss` in it
//! is `self.issuer`. No other claim is looked at, be it as wrong as it may: that is for the verifier.
//! A token is bytes here, and need not be text. `crate::bytes` is your own, from `six-bits`. (You need
//! your `audience` and `life-left` as well, so solve these three first: what is printed uses them.)
//!
//! Then `authenticate`: a token that is not mine is left to others (`Verdict::NotMine`); one that is goes
//! on to `self.verifier`, with the same audiences, and what that answers is the answer. Anyone can write
//! an issuer into a token. So your look may keep somebody out, and must never let anybody in.
//!
//! What there is to `use crate::{...}`:
//!
//! ```text
//! FirstLook { issuer: String, verifier: Arc<dyn TokenAuthenticator> }
//! Verdict::NotMine.into()    the Answer that a token is not mine
//! bytes(part)                Option<Vec<u8>>
//! ```
//!
//! Explained on: book/src/02-jwt-anatomy/what-we-know.md
//! Rust you need: `impl` of a trait, `str::from_utf8`, `let else`, serde's derive, `Into`

use crate::{Answer, FirstLook, TokenAuthenticator};

impl FirstLook {
    /// Whether the token says that `self.issuer` made it.
    #[must_use]
    pub fn is_mine(&self, token: &[u8]) -> bool {
        todo!("see whether {:?} is of {:?}", String::from_utf8_lossy(token), self.issuer)
    }
}

impl TokenAuthenticator for FirstLook {
    fn name(&self) -> &'static str {
        self.verifier.name()
    }

    fn authenticate(&self, token: &[u8], audiences: &[String]) -> Answer {
        todo!("pass a token of {} bytes on, or not, for {audiences:?}", token.len())
    }
}
