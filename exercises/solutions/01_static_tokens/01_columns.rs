//! A line becomes a user: the solution, and why.

use crate::User;

/// Whom the line is about; `None` when it has fewer than three columns.
#[must_use]
pub fn user(line: &str) -> Option<User> {
    // Four pieces at most. `split` would cut a quoted list of groups as well, and jane would lose
    // all but her first group.
    let mut columns = line.splitn(4, ',');
    // The token must be there, but a user does not keep it: who holds a User can't pose as it.
    let _token = columns.next()?;
    let name = columns.next()?.to_owned();
    let uid = columns.next()?.to_owned();
    // A missing column is no group. An empty one is a group with an empty name, as in the real
    // server: "".split(',') gives one empty piece.
    let groups = columns.next().map_or_else(Vec::new, |rest| {
        let column = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            // Who forgets the quotes loses all groups but the first, and nothing says so.
            None => rest.split(',').next(),
        };
        column.unwrap_or_default().split(',').map(str::to_owned).collect()
    });
    Some(User { name, uid, groups })
}
