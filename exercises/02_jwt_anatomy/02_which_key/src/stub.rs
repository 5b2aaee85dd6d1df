//! A kid is a name, not a key. About 12 minutes.
//!
//! An API server may have several keys to check tokens with, one file each. Which of them it tries is
//! said by the token's header. Write both steps.
//!
//! First `header`, which reads the first part of a token:
//!
//! ```text
//! eyJhbGciOiJFUzI1NiJ9.e30.AAAA                Some(Header { alg: "ES256", kid: None })
//! eyJhbGciOiJFUzI1NiIsImtpZCI6IiJ9.e30.AAAA    Some(Header { alg: "ES256", kid: Some("") })
//! eyJhbGciOiJFUzI1NiIsImtpZCI6N30.e30.AAAA     None: its kid is the number 7
//! eyJhbGciOiJFUzI1NiJ9.e30                     None: two parts
//! eyJhbGciOiJFUzI1NiJ9.e30.AAAA=               None: a part is not base64url
//! ```
//!
//! The rule: a token has exactly three parts with dots between them, all three base64url, and the
//! first is the JSON of a `Header`. `crate::bytes` decodes a part; it is what you wrote in `six-bits`.
//! `Header` can be read by `serde_json::from_slice`, which minds the types for you.
//!
//! Then `candidates`, which picks the keys to try, in the order of the list:
//!
//! ```text
//! kid is the name of a key       that key
//! kid is no name in the list     none: the server refuses the token ("no keys found")
//! no kid, or an empty one        every key
//! ```
//!
//! A kid is compared with the names of keys, whole, and is used for nothing else. It was written by
//! whoever wrote the token: it is not a path to open, nor a key to believe.
//!
//! ```text
//! KeyFile { kid: String, path: String }    a key: its name, and where it lies
//! ```
//!
//! Explained on: book/src/02-jwt-anatomy/the-header.md
//! Rust you need: `split`, slice patterns or `next()`, `?`, `serde_json::from_slice`, `filter`

use crate::{Header, KeyFile};

/// What the token says about how to check it; `None` when it is no JWT.
#[must_use]
pub fn header(token: &str) -> Option<Header> {
    todo!("read the header of {token:?}")
}

/// The keys to try, out of `keys`.
#[must_use]
pub fn candidates<'k>(header: &Header, keys: &'k [KeyFile]) -> Vec<&'k KeyFile> {
    todo!("pick the keys for {header:?} out of {keys:?}")
}
