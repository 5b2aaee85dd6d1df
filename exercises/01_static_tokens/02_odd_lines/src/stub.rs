//! Will the server start? About 15 minutes.
//!
//! People edit a token file by hand. About some lines the API server only warns; with others it
//! does not start, and a cluster without its API server answers nobody. So look the file over
//! before the server does. Write `look_over`, which tells what the server will say. Of this file:
//!
//! ```text
//! k3y,jane,u-17
//!
//! k3y,joe,u-18
//! ,max,u-19
//! ```
//!
//! `Ok(vec![DuplicateToken { record: 2 }, EmptyToken { record: 3 }])`. And of this one:
//!
//! ```text
//! k3y,jane,u-17
//!
//! k4y,joe
//! ```
//!
//! `Err(Refusal { line: 3, found: 2 })`.
//!
//! The rules, in the order of their use on a line:
//!
//! 1. A line with nothing in it is passed over. (A space is not nothing.)
//! 2. Every other line is a record, whatever it begins with: there are no comments. Records are
//!    counted from 1, and warnings name a record.
//! 3. A record with fewer than three columns is refused: `found` is how many it has. The server names
//!    no line there; you do: lines are counted from 1 as well, blank ones too. What comes behind does
//!    not matter any more.
//! 4. A record with an empty token is warned of. It is never a duplicate.
//! 5. A record with a token that an earlier one had is warned of.
//!
//! Nothing is trimmed, and the first three columns have no quotes here. Every number is a `usize`.
//!
//! Explained on: book/src/01-static-tokens/the-file.md
//! Rust you need: `Result`, `Vec`, `HashSet`, `str::lines`, `zip`

use crate::{Refusal, Warning};

/// What the server will log while it reads the file, in the file's order.
///
/// # Errors
/// The first line that it will refuse to start with.
pub fn look_over(file: &str) -> Result<Vec<Warning>, Refusal> {
    todo!("look over {file:?}")
}
