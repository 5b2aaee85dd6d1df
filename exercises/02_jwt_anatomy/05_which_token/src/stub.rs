//! Which token is this? About 15 minutes.
//!
//! You find a token. Before you can ask what it opens, and how to end it, you have to know what kind it
//! is. Its claims say so. First write `account`, which takes a subject apart:
//!
//! ```text
//! "system:serviceaccount:media:jellyfin"    Some(Account { namespace: "media", name: "jellyfin" })
//! "system:serviceaccount:media"             None: three pieces
//! "system:serviceaccount::jellyfin"         None: a piece with nothing in it
//! "system:node:homelab"                     None: a user, but no service account
//! ```
//!
//! The rule: `system`, `serviceaccount`, a namespace and a name, with a colon between two of them, and
//! nothing more. (That the names are good names for Kubernetes is not asked here.)
//!
//! Then write `kind`. What decides, in this order:
//!
//! ```text
//! it has not three parts, or the second is no
//!   base64url of a JSON object                        NoJwt
//! iss is "kubernetes/serviceaccount"                  Legacy; the name of its Secret is in the claim
//!                                                     "kubernetes.io/serviceaccount/secret.name"
//! there is a claim "kubernetes.io", an object         Bound; the name of its pod, if it has one, is
//!                                                     in its "pod", there in "name"
//! anything else                                       Foreign
//! ```
//!
//! A foreign token stays foreign when its subject reads `system:serviceaccount:...`: anybody can call
//! somebody that. Whose the others are, `account` says of the claim `sub`. (The API server reads a bound
//! token's account from `kubernetes.io` instead. Here we take the token's word, as a person does who
//! glances at it.) What is missing is `None`, and so is what is no text; the subject of a foreign token
//! is then "".
//!
//! What there is to `use crate::{...}`:
//!
//! ```text
//! Account { namespace: String, name: String }
//! Kind::Bound { account: Option<Account>, pod: Option<String> }
//! Kind::Legacy { account: Option<Account>, secret: Option<String> }
//! Kind::Foreign { subject: String }
//! Kind::NoJwt
//! bytes(part)               Option<Vec<u8>>: what you wrote in `six-bits`, done by a library
//! ```
//!
//! Explained on: book/src/02-jwt-anatomy/the-claims.md
//! Rust you need: slice patterns, `if` and `else`, `serde_json::Value`, `Option`

use crate::{Account, Kind};

/// The service account that a subject names; `None` when it names none.
#[must_use]
pub fn account(subject: &str) -> Option<Account> {
    todo!("find the account in {subject:?}")
}

/// What kind of token this looks like.
#[must_use]
pub fn kind(token: &str) -> Kind {
    todo!("tell the kind of {token:?}")
}
