//! Where is the token? The solution, and why.

/// The token of the request with these headers, each a name and a value.
#[must_use]
pub fn token<'r>(headers: &[(&str, &'r str)]) -> Option<&'r str> {
    // The first one, even if it holds no token and the second does. If a proxy looked at one of
    // them and the server at another, each would see a different user.
    let named = |(name, _): &&(&str, &str)| name.eq_ignore_ascii_case("authorization");
    let (_, value) = headers.iter().find(named)?;
    // Not `split_whitespace`: it takes two spaces for one, and a tab for a space, and so would find
    // a token where the real server finds none.
    let mut pieces = value.trim().split(' ');
    let scheme = pieces.next()?;
    let token = pieces.next()?;
    // Quotes and commas stay: they are part of a token that nobody knows, and its sender gets a 401.
    (scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty()).then_some(token)
}
