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
//! k3y,jane,u-17,dev,ops     Some(User { name: "jane", uid: "u-17", groups: ["dev"] })
//! k3y,jane,u-17,            Some(User { name: "jane", uid: "u-17", groups: [""] })
//! k3y,jane,u-17             Some(User { name: "jane", uid: "u-17", groups: [] })
//! k3y,jane                  None
//! ```
//!
//! The rule: the first three columns must be there, or there is no user. They have no quotes here.
//! The fourth holds the groups, with a comma between two of them. If it begins with a double quote,
//! it goes on to the next double quote, and the quotes belong to the file, not to a group. (Here a
//! quote that is opened is closed.) If not, it ends at the next comma, as any column does. What stands
//! behind the fourth column is ignored, and nothing is trimmed.
//!
//! A [`User`] has a `name`, a `uid` and `groups`: a `String`, a `String` and a `Vec<String>`.
//!
//! Explained on: book/src/01-static-tokens/the-file.md
//! Rust you need: `str::splitn`, `str::strip_prefix`, `Option` and `?`, `match`, `collect`

use crate::User;

/// Whom the line is about; `None` when it has fewer than three columns.
#[must_use]
pub fn user(line: &str) -> Option<User> {
    todo!("turn {line:?} into a User")
}
