//! Where is the token? About 8 minutes.
//!
//! A client sends its token in a header of each request. Write `token`, which finds it among all
//! the headers of one:
//!
//! ```text
//! Accept: */*                        Some("k3y")
//! Authorization: Bearer k3y
//!
//! authorization:   BEARER k3y too    Some("k3y")
//!
//! Authorization: Token k3y           None
//! Authorization: Bearer k3y
//! ```
//!
//! The rules of the real server:
//!
//! 1. The first header named `Authorization` counts, and no other. A header's name may be written
//!    in any case.
//! 2. Its value is trimmed: no white space at its two ends.
//! 3. Then it is cut at each single space. The first piece must be `Bearer`, in any case. The second
//!    is the token, whatever characters it is of. The others are ignored.
//! 4. So with two spaces behind `Bearer` the second piece is empty, and an empty token is none.
//!
//! It matters whether there is a wrong token or none. Who sends a wrong one gets 401 Unauthorized.
//! Who sends none is `system:anonymous`, to whom a server allows next to nothing, if it lets such
//! requests in at all.
//!
//! Explained on: book/src/01-static-tokens/the-header.md
//! Rust you need: `str::split`, `eq_ignore_ascii_case`, `Iterator::find`, `Option` and `?`

/// The token of the request with these headers, each a name and a value.
#[must_use]
pub fn token<'r>(headers: &[(&str, &'r str)]) -> Option<&'r str> {
    todo!("find the token in {headers:?}")
}
