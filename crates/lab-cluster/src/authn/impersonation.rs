//! Whom does a request want to be taken for? `kubectl --as` sends it in headers ([reference][1]):
//!
//! ```text
//! Impersonate-User: jane
//! Impersonate-Group: developers          (repeated, one each)
//! Impersonate-Uid: 06f6ce97
//! Impersonate-Extra-reason: debugging    (the key in the header's name)
//! ```
//!
//! They are a wish, and no credential. Who sends the request has been authenticated before;
//! whether they may be somebody else is decided in [`authz::impersonation`].
//!
//! [`authz::impersonation`]: crate::authz::impersonation
//! [1]: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation

use crate::status::Refusal;
use expiry::go::quote;
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use static_tokens::User;

const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";
const UID: &str = "impersonate-uid";
const EXTRA: &str = "impersonate-extra-";

/// The user that the headers describe, as they describe them: groups that everybody has are not
/// added yet. `None` when nobody is to be impersonated.
///
/// # Errors
/// 400 for groups, a uid or extra without a user.
pub fn wanted(headers: &HeaderMap) -> Result<Option<User>, Refusal> {
    let all = |name: &str| headers.get_all(name).iter().map(text).collect::<Vec<_>>();
    let first = |name: &str| all(name).into_iter().next().unwrap_or_default();
    let mut wanted =
        User { name: first(USER), uid: first(UID), groups: all(GROUP), ..User::default() };
    for (name, value) in headers {
        if let Some(key) = name.as_str().strip_prefix(EXTRA) {
            wanted.extra.entry(decoded(key)).or_default().push(text(value));
        }
    }

    if !wanted.name.is_empty() {
        return Ok(Some(wanted));
    }
    if wanted == User::default() {
        return Ok(None);
    }
    Err(Refusal::bad_request(format!(
        "requested {} without impersonating a user name",
        as_go_writes_it(&wanted)
    )))
}

fn text(value: &http::HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// A header's name has no `/`, and keys have: it is written as `%2f`. What cannot be decoded is
/// taken as it stands.
fn decoded(key: &str) -> String {
    let is_escape = |rest: &str| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if key.split('%').skip(1).all(is_escape) {
        percent_decode_str(key).decode_utf8_lossy().into_owned()
    } else {
        key.to_owned()
    }
}

/// `%#v`: the real server's message shows the structure that it has in memory.
fn as_go_writes_it(user: &User) -> String {
    let list = |texts: &[String]| {
        let quoted: Vec<_> = texts.iter().map(|text| quote(text)).collect();
        format!("{{{}}}", quoted.join(", "))
    };
    let groups = match &user.groups[..] {
        [] => "(nil)".to_owned(),
        groups => list(groups),
    };
    let pairs: Vec<_> = user
        .extra
        .iter()
        .map(|(key, values)| format!("{}:[]string{}", quote(key), list(values)))
        .collect();
    let extra = if pairs.is_empty() { "(nil)".into() } else { format!("{{{}}}", pairs.join(", ")) };
    format!(
        "&user.DefaultInfo{{Name:\"\", UID:{}, Groups:[]string{groups}, Extra:map[string][]string{extra}}}",
        quote(&user.uid)
    )
}
