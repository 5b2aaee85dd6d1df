//! How long a token says it is good for.

use crate::Claims;

// ANCHOR: life
/// Where a moment lies in the life that a token claims for itself. It is the token's own word: the
/// API server grants a minute more at both ends (chapter 4), and ends a token early when the
/// account, pod or Secret it names is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It has no `exp`.
    WithoutEnd,
    /// It is good for this many seconds more.
    Left(i64),
    /// It begins to be good in this many seconds.
    NotYet(i64),
    /// It has not been good for this many seconds; 0 in the very second of `exp`.
    Over(i64),
}
// ANCHOR_END: life

impl Life {
    /// Looks at `exp` and `nbf` at a moment, in seconds since 1970.
    #[must_use]
    pub fn at(claims: &Claims, now: i64) -> Self {
        if let Some(end) = claims.expires_at.filter(|end| *end <= now) {
            return Self::Over(now.saturating_sub(end));
        }
        if let Some(start) = claims.not_before.filter(|start| *start > now) {
            return Self::NotYet(start.saturating_sub(now));
        }
        claims.expires_at.map_or(Self::WithoutEnd, |end| Self::Left(end.saturating_sub(now)))
    }

    /// From `iat` (else `nbf`) to `exp`, seconds: how long it was made for. `None` without both.
    #[must_use]
    pub fn whole(claims: &Claims) -> Option<i64> {
        let start = claims.issued_at.or(claims.not_before)?;
        Some(claims.expires_at?.saturating_sub(start))
    }
}
