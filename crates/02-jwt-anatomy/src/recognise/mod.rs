//! What is this that I have? People paste one kind of token where another belongs, and copies get
//! hurt on the way. Looking at a text tells nearly always which it is.
//!
//! Nothing here prints what was pasted, and nothing but a whole JWT comes out again.

mod half;
mod inside;
mod mend;
mod words;

use crate::{TokenKind, UnverifiedToken};
use std::fmt;

pub use half::Half;
pub use words::Advice;

/// What a text turned out to be, and what had to be undone to see it.
#[derive(Clone, PartialEq, Eq)]
pub struct Recognised {
    /// What it is.
    pub what: What,
    /// What was undone, in this order. Sent as it was pasted, the token would have been refused.
    pub mends: Vec<Mend>,
    token: Option<String>,
}

/// The things that people have in their clipboard when they look for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A JWT that can be taken apart.
    Jwt(TokenKind),
    /// A JWT of which something is missing or damaged.
    HalfAJwt(Half),
    /// Five parts: encrypted, not signed ([RFC 7516](https://www.rfc-editor.org/rfc/rfc7516)).
    EncryptedJwt,
    /// A signature in its JSON form, which the API server does not take.
    JsonSignature,
    /// Claims without the token they came from.
    ClaimsAlone,
    /// A header without the token it came from.
    HeaderAlone,
    /// A token as microk8s made them for `known_tokens.csv`: 60 characters.
    Microk8sStaticToken,
    /// A string with nothing to read in it: a static token, or any other secret.
    OpaqueToken,
    /// Lines of a token file (`--token-auth-file`).
    TokenFile,
    /// What `microk8s add-node` prints, or the 32 characters in the middle of it.
    Microk8sJoinToken,
    /// `abcdef.0123456789abcdef`: a bootstrap token, as kubeadm uses to join nodes.
    BootstrapToken,
    /// A node token of k3s.
    K3sNodeToken,
    /// The 64 characters by which the nodes of a microk8s cluster know each other.
    Microk8sCallbackToken,
    /// A PEM file.
    Pem(PemKind),
    /// Public keys as JSON ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)).
    PublicKeys,
    /// A kubeconfig in which no token stands.
    Kubeconfig,
    /// A Kubernetes object of this kind in which no token stands.
    KubernetesObject(String),
    /// A user name of a service account.
    UserName,
    /// A uid, or a token's `jti`.
    Uid,
    /// What kubectl or the API server said instead of giving a token.
    ErrorMessage,
    /// Nothing.
    Empty,
    /// None of these.
    SomethingElse,
}

/// What a PEM file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PemKind {
    /// A certificate, or several.
    Certificate,
    /// A private key.
    PrivateKey,
    /// A public key.
    PublicKey,
    /// Something else.
    Other,
}

/// Something that was undone to find a token in what was pasted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mend {
    /// `Bearer`, `Authorization:`, `token:` or `--token=` stood before it.
    Label,
    /// Quotes, brackets or commas stood around it.
    Quotes,
    /// There was a backslash in it.
    Backslash,
    /// There was a line break or a blank in it.
    WhiteSpace,
    /// There was a character in it that can't be seen.
    Invisible,
    /// A mark of the terminal's stood at its end (zsh ends a line that lacks a line break with %).
    PromptMark,
    /// `=` stood at the end of a part.
    Padding,
    /// `+` and `/` stood for `-` and `_`.
    Alphabet,
    /// It was base64 once more, as Secrets are.
    Base64,
    /// There was other text around it.
    Surroundings,
    /// It stood in a Kubernetes object, a kubeconfig or another JSON or YAML document.
    Document,
}

impl Recognised {
    /// The JWT, as it would have to be sent; only if it is a whole one.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    fn is(what: What) -> Self {
        Self { what, mends: Vec::new(), token: None }
    }

    fn after(mut self, mends: &[Mend]) -> Self {
        self.mends.splice(0..0, mends.iter().copied());
        self
    }
}

impl fmt::Debug for Recognised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recognised")
            .field("what", &self.what)
            .field("mends", &self.mends)
            .finish_non_exhaustive()
    }
}

/// Says what a text is.
#[must_use]
pub fn recognise(text: &str) -> Recognised {
    look(text, 3)
}

/// Looks at a text, and `depth` times at what is wrapped in it.
fn look(text: &str, depth: usize) -> Recognised {
    let text = text.trim();
    if text.is_empty() {
        return Recognised::is(What::Empty);
    }
    if let Some(jwt) = whole_jwt(text) {
        return jwt;
    }
    let (mended, mends) = mend::mend(text);
    if let Some(jwt) = whole_jwt(&mended) {
        return jwt.after(&mends);
    }
    if let Some(label) = text.split_once("-----BEGIN ").map(|(_, rest)| rest) {
        return Recognised::is(What::Pem(PemKind::of(label)));
    }
    if let Some(what) = inside::document(text, depth) {
        return what;
    }
    if let Some(jwt) = mend::words(text).find_map(whole_jwt) {
        return jwt.after(&[Mend::Surroundings]);
    }
    if let Some(what) = told_by_words(text).or_else(|| told_by_shape(&mended)) {
        return Recognised::is(what);
    }
    if let Some(what) = half::half(&mended) {
        return Recognised::is(what);
    }
    if let Some(decoded) = mend::unwrap_base64(&mended).filter(|_| depth > 0) {
        let inner = look(&decoded, depth - 1);
        if !matches!(inner.what, What::SomethingElse | What::OpaqueToken | What::Empty) {
            return inner.after(&[Mend::Base64]);
        }
    }
    let one_word = !text.contains(char::is_whitespace) && mended.is_ascii();
    let might_be_secret = one_word && mended.len() >= 16;
    Recognised::is(if might_be_secret { What::OpaqueToken } else { What::SomethingElse })
}

/// A JWT with a readable header and a JSON object after it, and no white space in it.
fn whole_jwt(text: &str) -> Option<Recognised> {
    if text.contains(char::is_whitespace) {
        return None;
    }
    let token = UnverifiedToken::read(text).ok()?;
    let is_object = matches!(crate::json::parse(token.payload()), Ok(crate::json::Node::Object(_)));
    if token.header().raw.is_empty() || !is_object {
        return None;
    }
    let what = What::Jwt(token.unverified_kind());
    Some(Recognised { what, mends: Vec::new(), token: Some(text.to_owned()) })
}

impl PemKind {
    fn of(label: &str) -> Self {
        let label = label.split("-----").next().unwrap_or("");
        if label.ends_with("CERTIFICATE") {
            Self::Certificate
        } else if label.ends_with("PRIVATE KEY") {
            Self::PrivateKey
        } else if label.ends_with("PUBLIC KEY") {
            Self::PublicKey
        } else {
            Self::Other
        }
    }
}

/// Commands, messages and files, told by what stands in them.
fn told_by_words(text: &str) -> Option<What> {
    const MESSAGES: [&str; 4] =
        ["error:", "Error from server", "Unable to connect", "The connection to the server"];
    // Token, user name, user uid; a sentence has a blank after its commas.
    let is_token_line = |line: &str| line.matches(',').count() >= 2 && !line.contains(", ");

    if text.contains("microk8s join") {
        Some(What::Microk8sJoinToken)
    } else if text.contains("kubeadm join") {
        Some(What::BootstrapToken)
    } else if MESSAGES.iter().any(|start| text.starts_with(start)) {
        Some(What::ErrorMessage)
    } else if text.lines().filter(|line| !line.trim().is_empty()).all(is_token_line) {
        Some(What::TokenFile)
    } else {
        None
    }
}

/// One word, told by its shape.
fn told_by_shape(word: &str) -> Option<What> {
    let all = |text: &str, is: fn(&u8) -> bool| text.bytes().all(|byte| is(&byte));
    let hexadecimal = |text: &str| all(text, u8::is_ascii_hexdigit);
    let small = |text: &str| all(text, |b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let capital = |text: &str| all(text, |b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let is_bootstrap = |(id, secret): (&str, &str)| {
        (id.len(), secret.len()) == (6, 16) && small(id) && small(secret)
    };
    let groups: Vec<&str> = word.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();

    if is_join_address(word) || word.len() == 32 && hexadecimal(word) {
        Some(What::Microk8sJoinToken)
    } else if word.split_once('.').is_some_and(is_bootstrap) {
        Some(What::BootstrapToken)
    } else if word.starts_with("K10") && word.contains("::") {
        Some(What::K3sNodeToken)
    } else if word.len() == 64 && capital(word) && !hexadecimal(word) {
        Some(What::Microk8sCallbackToken)
    } else if mend::is_microk8s_static(word) {
        Some(What::Microk8sStaticToken)
    } else if word.starts_with("system:serviceaccount:") {
        Some(What::UserName)
    } else if lengths == [8, 4, 4, 4, 12] && groups.iter().all(|group| hexadecimal(group)) {
        Some(What::Uid)
    } else {
        None
    }
}

/// `host:25000/TOKEN` with or without `/HASH`.
fn is_join_address(text: &str) -> bool {
    let Some((_, rest)) = text.split_once(":25000/") else { return false };
    let token = rest.split(['/', ' ']).next().unwrap_or("");
    token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
