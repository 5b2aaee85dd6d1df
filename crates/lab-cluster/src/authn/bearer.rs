//! The `Authorization` header: from its value to a token, as the real server cuts it
//! ([`bearertoken.go`][1], [RFC 6750 section 2.1][2]).
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apiserver/pkg/authentication/request/bearertoken/bearertoken.go
//! [2]: https://www.rfc-editor.org/rfc/rfc6750#section-2.1

/// What the warning says after `Bearer` and two spaces.
pub const EXTRA_SPACE_WARNING: &str = "the provided Authorization header contains extra space before the bearer token, and is ignored";

/// What the header holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Header<'r> {
    /// A token. What follows it after a space is ignored.
    Token(&'r [u8]),
    /// Two spaces after `Bearer`: ignored, with a warning.
    ExtraSpace,
    /// Nothing for us, and why: no header, another scheme.
    NoToken(&'static str),
}

/// Cuts the value at single spaces: the scheme, in any case, then the token.
#[must_use]
pub fn token(authorization: Option<&[u8]>) -> Header<'_> {
    let Some(value) = authorization else {
        return Header::NoToken("no Authorization header");
    };
    let mut parts = trim(value).splitn(3, |byte| *byte == b' ');
    let scheme = parts.next().unwrap_or_default();
    match (parts.next(), parts.next()) {
        _ if !scheme.eq_ignore_ascii_case(b"bearer") => Header::NoToken("not the scheme Bearer"),
        (None, _) => Header::NoToken("nothing after Bearer"),
        (Some(b""), _) => Header::ExtraSpace,
        (Some(token), _) => Header::Token(token),
    }
}

/// White space at both ends, as Go's `strings.TrimSpace` knows it: also beside bytes that are no
/// UTF-8, which are no white space themselves.
fn trim(value: &[u8]) -> &[u8] {
    let first = value.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let value = &value[first.len() - first.trim_start().len()..];
    let last = value.utf8_chunks().last().filter(|chunk| chunk.invalid().is_empty());
    let last = last.map_or("", |chunk| chunk.valid());
    &value[..value.len() - (last.len() - last.trim_end().len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_a_header() {
        use Header::{ExtraSpace, NoToken, Token};
        let scheme = NoToken("not the scheme Bearer");
        for (value, expected) in [
            ("Bearer t", Token(b"t")),
            ("bearer t", Token(b"t")),
            ("BEARER t", Token(b"t")),
            ("  Bearer t \t", Token(b"t")),
            ("Bearer t\u{a0}", Token(b"t")),
            ("Bearer t junk and more", Token(b"t")),
            ("Bearer a, Bearer b", Token(b"a,")),
            ("Bearer \"t\"", Token(b"\"t\"")),
            ("Bearer  t", ExtraSpace),
            ("Bearer  ", NoToken("nothing after Bearer")),
            ("Bearer", NoToken("nothing after Bearer")),
            ("", NoToken("not the scheme Bearer")),
            ("Basic x", scheme),
            ("Bearer: t", NoToken("not the scheme Bearer")),
            ("Bearer\tt", NoToken("not the scheme Bearer")),
            ("t", NoToken("not the scheme Bearer")),
        ] {
            assert_eq!(token(Some(value.as_bytes())), expected, "{value:?}");
        }
        for (value, expected) in [
            (&b"\xc2\xa0Bearer t\xff"[..], Token(b"t\xff")),
            (b"Bearer \xfft\xc2\xa0\x0b", Token(b"\xfft")),
            (b"Bearer \xfft\xe3\x80\x80\xff", Token(b"\xfft\xe3\x80\x80\xff")),
        ] {
            assert_eq!(token(Some(value)), expected, "{}", value.escape_ascii());
        }
        assert_eq!(token(None), NoToken("no Authorization header"));
    }
}
