//! A line becomes a user: the solution, and why.

use crate::User;

/// Whom the line is about; `None` when it has fewer than three columns.
#[must_use]
pub fn user(line: &str) -> Option<User> {
    // Four pieces at most: a comma behind the third belongs to the groups. `split` would cut the
    // list of groups into columns of its own, and jane would lose all but her first group.
    let mut columns = line.splitn(4, ',');
    // The token must be there, but a user does not keep it: who holds a User can't pose as it.
    let _token = columns.next()?;
    let name = columns.next()?.to_owned();
    let uid = columns.next()?.to_owned();
    // A missing column is no group. An empty one would be a group with an empty name, as in the
    // real server: "".split(',') gives one empty piece.
    let groups = columns.next().map_or_else(Vec::new, |groups| {
        groups.trim_matches('"').split(',').map(str::to_owned).collect()
    });
    Some(User { name, uid, groups })
}
