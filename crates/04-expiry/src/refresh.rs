//! When a kubelet fetches the next token for a pod's volume.
//!
//! A kubelet looks at each pod about once a minute. If the token in the volume has used up 80 % of
//! its life, or is a day old, it asks for another and swaps the file. Each time it looks, it moves
//! the mark up by a random part of ten seconds, so that a thousand pods don't ask at once.
//!
//! Source, at v1.37.2: [`pkg/kubelet/token/token_manager.go`][1], `requiresRefresh`.
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/kubelet/token/token_manager.go

use jwt_anatomy::Claims;
use std::ops::RangeInclusive;

/// A token is never kept longer than a day, however long it lives.
pub const MAX_AGE_SECONDS: i64 = 24 * 60 * 60;

/// The most that is taken off at random. Ten seconds in the source, but cut to whole seconds before
/// it is used, so that ten itself never comes.
pub const MAX_JITTER_SECONDS: i64 = 9;

/// The moment after which a kubelet asks anew, unix seconds: with the most jitter, and with none.
///
/// It goes by the answer to its `TokenRequest` and never opens the token: `status_expires_at` is
/// `status.expirationTimestamp`, `expiration_seconds` is `spec.expirationSeconds`. So a pod's token
/// that was extended to a year is still renewed within the hour.
#[must_use]
pub fn kubelet_renews_at(status_expires_at: i64, expiration_seconds: i64) -> RangeInclusive<i64> {
    let issued_at = status_expires_at.saturating_sub(expiration_seconds);
    let a_day_old = issued_at.saturating_add(MAX_AGE_SECONDS);
    // A fifth, rounded down.
    let near_its_end = status_expires_at.saturating_sub(expiration_seconds / 5);

    let latest = a_day_old.min(near_its_end);
    latest.saturating_sub(MAX_JITTER_SECONDS)..=latest
}

/// The same from a token's claims; `None` when there is nothing to renew: it has no dates, or is not
/// bound to a pod, and then no kubelet knows of it.
#[must_use]
pub fn of_pod_token(claims: &Claims) -> Option<RangeInclusive<i64>> {
    let kubernetes = claims.kubernetes.as_ref()?;
    kubernetes.pod.as_ref()?;
    // In an extended token, `warnafter` is where the kubelet was told that it ends.
    let told = kubernetes.warn_after.or(claims.expires_at)?;
    Some(kubelet_renews_at(told, told.checked_sub(claims.issued_at?)?))
}
