//! Which tokens can arrive at all. A file may hold any bytes; what a client sends, it sends as
//! `Authorization: Bearer TOKEN`, and a header has rules of its own.

/// Whether an `Authorization` header can carry this token to the server whole.
///
/// A control character in a header is a bad request ([Go's net/http][1]; a tab is none here). Then
/// the server trims the value and splits it at its spaces ([bearertoken.go][2]): a token with a
/// space in it arrives as another token, or as none, and so does one that ends in white space of
/// any alphabet.
///
/// [1]: https://github.com/golang/net/blob/master/http/httpguts/httplex.go
/// [2]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apiserver/pkg/authentication/request/bearertoken/bearertoken.go
#[must_use]
pub fn can_carry(token: &[u8]) -> bool {
    let bad = |byte: &u8| *byte == b' ' || (byte.is_ascii_control() && *byte != b'\t');
    let last = String::from_utf8_lossy(token).chars().next_back();
    last.is_some_and(|last| !last.is_whitespace()) && !token.iter().any(bad)
}
