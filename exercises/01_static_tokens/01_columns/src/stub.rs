//! A line becomes a user. About 10 minutes.
//!
//! A token file has one line for each token:
//!
//! ```text
//! token,user name,user id,"group,group"
//! ```
//!
//! Write `user`, which tells whom a line is about:
//!
//! ```text
//! k3y,jane,u-17,"dev,ops"   Some(User { name: "jane", uid: "u-17", groups: ["dev", "ops"] })
//! k3y,jane,u-17             Some(User { name: "jane", uid: "u-17", groups: [] })
//! k3y,jane                  None
//! ```
//!
//! The rule: the first three columns must be there, or there is no user. The fourth is what is left
//! of the line. It may be missing, and it may stand in double quotes, which belong to the file and
//! not to a group. Groups are separated by commas, and nothing is trimmed off them.
//!
//! Explained on: book/src/01-static-tokens/the-file.md
//! Rust you need: `str::splitn`, `Option` and `?`, iterators, `collect`

use crate::User;

/// Whom the line is about; `None` when it has fewer than three columns.
#[must_use]
pub fn user(line: &str) -> Option<User> {
    todo!("turn {line:?} into a User")
}
