//! How the walk and the tool speak of users and tokens.

use crate::{User, Verdict};

/// A user in one line: the name, then all the server knows.
pub(crate) fn details(user: &User) -> String {
    let groups: Vec<String> = user.groups.iter().map(|group| shown(group)).collect();
    let groups = if groups.is_empty() { "none".to_owned() } else { groups.join(", ") };
    format!("uid {}; groups {groups}", shown(&user.uid))
}

/// What the server makes of a token, in one line.
pub(crate) fn verdict(verdict: Verdict) -> String {
    match verdict {
        Verdict::Authenticated(user) => {
            let user = user.authenticated();
            format!("{}; {}", shown(&user.name), details(&user))
        }
        Verdict::NotMine => "nobody".to_owned(),
        Verdict::Rejected(why) => format!("nobody: {why}"),
    }
}

/// A name as it is; in quotes and escaped if one could not see where it begins and ends, or if it
/// could play tricks on a terminal.
pub(crate) fn shown(name: &str) -> String {
    let plain = |letter: char| !letter.is_whitespace() && !matches!(letter, ',' | ';' | '"');
    let escaped = format!("{name:?}");
    // Debug escapes what does not print, and then the lengths differ by more than the two quotes.
    if !name.is_empty() && name.chars().all(plain) && escaped.len() == name.len() + 2 {
        name.to_owned()
    } else {
        escaped
    }
}

pub(crate) fn one_a_line<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let lines: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    lines.join("\n")
}
