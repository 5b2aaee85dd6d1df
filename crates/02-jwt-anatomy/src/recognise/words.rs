//! What to tell a person about what they have.

use super::{Half, Mend, PemKind, What};
use crate::TokenKind;

/// A way to something the reader may have wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice {
    /// What it is good for, to follow "To".
    pub to: &'static str,
    /// What to type.
    pub command: &'static str,
}

const CREATE: Advice = Advice {
    to: "get a token that can be read, and that ends by itself",
    command: "microk8s kubectl create token default",
};
const PIPE: Advice = Advice {
    to: "hand a token over without copying it",
    command: "microk8s kubectl create token default | cargo run -q -p jwt-anatomy -- -",
};
const WHOSE: Advice = Advice {
    to: "see whose it is",
    command: "cargo run -q -p static-tokens -- --token-auth-file known_tokens.csv -",
};
const ADD_NODE: Advice =
    Advice { to: "let another machine join the cluster", command: "microk8s add-node" };
const VERIFY: Advice = Advice {
    to: "verify a token with it",
    command: "cargo run -q -p signing -- verify --key FILE -",
};
const VERIFY_JWKS: Advice = Advice {
    to: "verify a token with them",
    command: "cargo run -q -p signing -- verify --jwks FILE -",
};
const UNHIDE: Advice =
    Advice { to: "see what `kubectl config view` hides as REDACTED", command: "microk8s config" };

impl What {
    /// A name for programs, which stays the same from version to version.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Jwt(TokenKind::Bound) => "bound-token",
            Self::Jwt(TokenKind::Legacy) => "legacy-token",
            Self::Jwt(TokenKind::Other) => "other-jwt",
            Self::HalfAJwt(_) => "half-a-jwt",
            Self::EncryptedJwt => "encrypted-jwt",
            Self::JsonSignature => "json-signature",
            Self::ClaimsAlone => "claims-alone",
            Self::HeaderAlone => "header-alone",
            Self::Microk8sStaticToken => "microk8s-static-token",
            Self::OpaqueToken => "opaque-token",
            Self::TokenFile => "token-file",
            Self::Microk8sJoinToken => "microk8s-join-token",
            Self::BootstrapToken => "bootstrap-token",
            Self::K3sNodeToken => "k3s-node-token",
            Self::Microk8sCallbackToken => "microk8s-callback-token",
            Self::Pem(PemKind::Certificate) => "certificate",
            Self::Pem(PemKind::PrivateKey) => "private-key",
            Self::Pem(PemKind::PublicKey) => "public-key",
            Self::Pem(PemKind::Other) => "pem",
            Self::PublicKeys => "public-keys",
            Self::Kubeconfig => "kubeconfig",
            Self::KubernetesObject(_) => "kubernetes-object",
            Self::UserName => "user-name",
            Self::Uid => "uid",
            Self::ErrorMessage => "error-message",
            Self::Empty => "empty",
            Self::SomethingElse => "something-else",
        }
    }

    /// What it is, in a sentence or two.
    #[must_use]
    pub fn says(&self) -> String {
        let sentence = match self {
            Self::Jwt(TokenKind::Bound) => {
                "A bound token of a service account, by its claims: an API server signs such a one \
                 for one account, for a while."
            }
            Self::Jwt(TokenKind::Legacy) => {
                "A legacy token of a service account, out of a Secret. It never expires."
            }
            Self::Jwt(TokenKind::Other) => {
                "A JWT, but no service account's: another issuer wrote it. An API server accepts \
                 it only if it was told to trust that issuer (--oidc-issuer-url, or an \
                 authentication configuration)."
            }
            Self::HalfAJwt(half) => return format!("A JWT, but not a whole one: {}", half.says()),
            Self::EncryptedJwt => {
                "An encrypted JWT (five parts): only its addressee can read it. Kubernetes neither \
                 makes nor takes such tokens."
            }
            Self::JsonSignature => {
                "A signature in its JSON form. The API server takes the compact form alone: three \
                 words with dots between them."
            }
            Self::ClaimsAlone => {
                "The claims of a token without the token. They can be read, but the signature is \
                 missing, so nobody accepts them."
            }
            Self::HeaderAlone => "The header of a token without the token.",
            Self::Microk8sStaticToken => {
                "A static token, as microk8s made them for known_tokens.csv: 32 random bytes, \
                 encoded twice. Nothing is written in it; the server has a list of whose it is. \
                 Chapter 1 is about these."
            }
            Self::OpaqueToken => {
                "One word with nothing in it to read. It may be a static token: a password in a \
                 file of the server's (--token-auth-file, chapter 1)."
            }
            Self::TokenFile => {
                "Lines of a token file: token, user name, uid, groups. That is chapter 1's."
            }
            Self::Microk8sJoinToken => {
                "A join token of microk8s: it lets another machine join the cluster (`microk8s \
                 join`). The API server does not know it; the cluster agent on port 25000 does."
            }
            Self::BootstrapToken => {
                "A bootstrap token: with it kubeadm lets a machine join. An API server that runs \
                 with --enable-bootstrap-token-auth knows its bearer as system:bootstrap:ID; \
                 microk8s does not use them."
            }
            Self::K3sNodeToken => "A node token of k3s: it lets another machine join the cluster.",
            Self::Microk8sCallbackToken => {
                "It looks like a callback token of microk8s: the nodes of a cluster know each \
                 other by it (callback-token.txt). The API server does not know it."
            }
            Self::Pem(PemKind::Certificate) => {
                "A certificate. As a client certificate it is sent while the connection is made, \
                 not as a token. The cluster's ca.crt tells you that you talk to the right \
                 server; it verifies no token."
            }
            Self::Pem(PemKind::PrivateKey) => {
                "A private key. Keep it to yourself: whoever has it can be, or sign, what it is \
                 for. It is no token."
            }
            Self::Pem(PemKind::PublicKey) => {
                "A public key. If it is the cluster's for service accounts, tokens can be verified \
                 with it: chapter 3."
            }
            Self::Pem(PemKind::Other) => "A PEM file. It is no token.",
            Self::PublicKeys => {
                "Public keys (a JWK set). If they are the cluster's, tokens can be verified with \
                 them: chapter 3."
            }
            Self::Kubeconfig => {
                "A kubeconfig, and no token stands in it. Since microk8s 1.28 its admin has a \
                 client certificate instead."
            }
            Self::KubernetesObject(kind) => {
                return format!(
                    "A Kubernetes object ({}), and no token stands in it.",
                    quoted(kind)
                );
            }
            Self::UserName => "The user name of a service account: whom a token is for, no token.",
            Self::Uid => {
                "A uid, or a token's id (jti). It tells one object from another of the same name; \
                 it lets nobody in."
            }
            Self::ErrorMessage => "An error message, no token.",
            Self::Empty => "Nothing.",
            Self::SomethingElse => "No token that this program knows.",
        };
        sentence.to_owned()
    }

    /// How to get what the reader may want, the likeliest first.
    #[must_use]
    pub fn advice(&self) -> &'static [Advice] {
        match self {
            Self::Jwt(_) => &[],
            Self::HalfAJwt(_) | Self::Empty | Self::HeaderAlone | Self::ClaimsAlone => &[PIPE],
            Self::Microk8sStaticToken | Self::OpaqueToken | Self::TokenFile => &[WHOSE, CREATE],
            Self::Microk8sJoinToken | Self::Microk8sCallbackToken => &[ADD_NODE, CREATE],
            Self::Pem(PemKind::PublicKey) => &[VERIFY, CREATE],
            Self::PublicKeys => &[VERIFY_JWKS, CREATE],
            Self::Kubeconfig => &[UNHIDE, CREATE],
            _ => &[CREATE],
        }
    }
}

/// A text of the reader's, cut to what fits a line.
fn quoted(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    format!("{short:?}")
}

impl Half {
    /// What is missing, to follow "A JWT, but not a whole one:".
    fn says(&self) -> String {
        let sentence = match self {
            Self::OnlyTheHeader => "it breaks off in the header, or after it.",
            Self::ClaimsCut => "it breaks off in the claims.",
            Self::SignatureMissing => "header and claims are there, the signature is not.",
            Self::StartMissing => "its beginning is missing.",
            Self::TooManyParts(count) => {
                return format!("it has {count} parts instead of 3. Are these two tokens?");
            }
            Self::Damaged(why) => return format!("{why}. Something is missing, or was changed."),
        };
        sentence.to_owned()
    }
}

impl Mend {
    /// A name for programs, which stays the same from version to version.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Quotes => "quotes",
            Self::Backslash => "backslash",
            Self::WhiteSpace => "white-space",
            Self::Invisible => "invisible",
            Self::PromptMark => "prompt-mark",
            Self::Padding => "padding",
            Self::Alphabet => "alphabet",
            Self::Base64 => "base64",
            Self::Surroundings => "surroundings",
            Self::Document => "document",
        }
    }

    /// What was undone, and what the API server would have made of it.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Label => "A label stood before it, such as `Bearer` or `token:`.",
            Self::Quotes => "Quotes, brackets or a comma stood around it.",
            Self::Backslash => "There was a backslash in it, from a shell or from JSON.",
            Self::WhiteSpace => {
                "There was a line break or a blank in it. The copy came from a window that broke \
                 the line."
            }
            Self::Invisible => "There was a character in it that can't be seen.",
            Self::PromptMark => {
                "A mark of the terminal's stood at its end: zsh prints % where a line break is \
                 missing."
            }
            Self::Padding => "`=` stood at the end of a part. In a token base64 has no padding.",
            Self::Alphabet => "It was written in base64's other alphabet, with + and /.",
            Self::Base64 => {
                "It was base64 once more, as `kubectl get secret -o yaml` prints it. `kubectl \
                 describe secret` prints the token itself."
            }
            Self::Surroundings => "There was other text around it.",
            Self::Document => "It stood in a document: an object of Kubernetes, or a kubeconfig.",
        }
    }
}
