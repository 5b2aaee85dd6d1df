//! What must hold for any input whatever. Each function below takes bytes and panics when a law is
//! broken: libFuzzer calls it millions of times (`targets/`), `cargo test` some thousand times
//! (`tests/short.rs`). How to run it, and what came of it: this crate's README.
//!
//! | target | is given | to |
//! |---|---|---|
//! | [`token()`] | a token | chapter 2, and chapter 3 with keys that did not sign it |
//! | [`claims()`] | a token's payload | chapters 2 and 4 |
//! | [`token_file()`] | a token file | chapter 1 |
//! | [`jwks()`] | a list of keys | chapter 3 |
//! | [`header()`] | an `Authorization` header | the lab's whole chain of authenticators |
//! | [`rbac()`] | roles and bindings, JSON or YAML | the lab's decoder, registry and RBAC |
//! | [`protobuf()`] | a body in Protocol Buffers | the lab's decoder |
//! | [`selectors()`] | a label selector, a field selector, a `continue` token | the lab's lists |
#![allow(clippy::missing_panics_doc, reason = "to panic is what a law does when it is broken")]

mod claims;
mod header;
mod json;
mod jwks;
mod mutate;
mod protobuf;
mod rbac;
pub mod seeds;
mod selectors;
mod shown;
mod token;
mod token_file;

pub use claims::claims;
pub use header::header;
pub use jwks::jwks;
pub use mutate::Mutator;
pub use protobuf::protobuf;
pub use rbac::rbac;
pub use selectors::selectors;
pub use token::token;
pub use token_file::token_file;

/// A target's name, and its law.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 8] = [
    ("token", token),
    ("claims", claims),
    ("token_file", token_file),
    ("jwks", jwks),
    ("header", header),
    ("rbac", rbac),
    ("protobuf", protobuf),
    ("selectors", selectors),
];
