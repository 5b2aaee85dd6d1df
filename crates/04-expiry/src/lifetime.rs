//! How long a token one is given. The API server decides; what was asked for is a wish.
//!
//! Sources, at v1.37.2: [`storage/token.go`][token] (the grant), [`validation.go`][validation] (the
//! limits), [`v1/defaults.go`][defaults] (the hour), [`options.go`][options] (the flag's limits).
//!
//! [token]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/registry/core/serviceaccount/storage/token.go
//! [validation]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/apis/authentication/validation/validation.go
//! [defaults]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/apis/authentication/v1/defaults.go
//! [options]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/controlplane/apiserver/options/options.go

use crate::moment::Moment;
use chrono::{DateTime, TimeDelta, Utc};

/// What one gets who asks for nothing: an hour.
pub const DEFAULT_SECONDS: i64 = 60 * 60;
/// The least one may ask for: ten minutes.
pub const MIN_SECONDS: i64 = 10 * 60;
/// The most one may ask for: 136 years.
pub const MAX_SECONDS: i64 = 1 << 32;
/// What the service-account admission plugin asks for on behalf of every pod: an hour, and seven
/// seconds to tell such a request from all others (`WarnOnlyBoundTokenExpirationSeconds`).
pub const POD_SECONDS: i64 = 60 * 60 + 7;
/// What such a pod gets instead: a year, for the sake of programs that read their token once and
/// never again (`ExpirationExtensionSeconds`).
pub const EXTENDED_SECONDS: i64 = 365 * 24 * 60 * 60;

/// A lifetime, seconds from the moment the token is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Up to the token's `exp`.
    pub expires_in: i64,
    /// Up to the `status.expirationTimestamp` of the answer (and what its `spec.expirationSeconds`
    /// says). A kubelet goes by this one.
    pub status_expires_in: i64,
    /// Up to the claim `kubernetes.io.warnafter`, in a token that was extended.
    pub warn_after: Option<i64>,
    /// A `Warning` header for the client, when it gets less than it asked for.
    pub warning: Option<String>,
}

/// A request that is answered with 422. Printed, it is the Status' `message`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("TokenRequest.authentication.k8s.io \"\" is invalid: {FIELD}: {}", .0.message())]
pub struct LifetimeError(pub OutOfBounds);

/// The field that the answer blames.
pub const FIELD: &str = "spec.expirationSeconds";

/// On which side of the bounds a request lies, and the seconds it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutOfBounds {
    /// Below [`MIN_SECONDS`].
    TooShort(i64),
    /// Above [`MAX_SECONDS`].
    TooLong(i64),
}

impl OutOfBounds {
    /// The `message` of the Status' one cause, of reason `FieldValueInvalid`.
    #[must_use]
    pub fn message(self) -> String {
        match self {
            Self::TooShort(asked) => {
                format!("Invalid value: {asked}: may not specify a duration less than 10 minutes")
            }
            Self::TooLong(asked) => format!(
                "Invalid value: {asked}: may not specify a duration larger than 2^32 seconds"
            ),
        }
    }
}

/// What the API server makes of a `TokenRequest`.
///
/// - `requested_seconds`: `spec.expirationSeconds`, [`DEFAULT_SECONDS`] when absent.
/// - `max`: `--service-account-max-token-expiration` in seconds; none (or 0) by default.
/// - `pod_bound`: is `spec.boundObjectRef` a pod? A pod's token alone is ever extended.
/// - `audiences_are_api`: are all of `spec.audiences` names of the API server (or are there none)?
/// - `extend`: `--service-account-extend-token-expiration`, true by default.
///
/// # Errors
/// A lifetime out of bounds. The cap shortens; the bounds refuse.
pub fn grant(
    requested_seconds: Option<i64>,
    max: Option<i64>,
    pod_bound: bool,
    audiences_are_api: bool,
    extend: bool,
) -> Result<Grant, LifetimeError> {
    let requested = requested_seconds.unwrap_or(DEFAULT_SECONDS);
    if requested < MIN_SECONDS {
        return Err(LifetimeError(OutOfBounds::TooShort(requested)));
    }
    if requested > MAX_SECONDS {
        return Err(LifetimeError(OutOfBounds::TooLong(requested)));
    }

    let cap = max.filter(|max| *max > 0 && requested > *max);
    let granted = cap.unwrap_or(requested);
    let warning = cap.map(|cap| {
        format!("requested expiration of {requested} seconds shortened to {cap} seconds")
    });

    // The cap comes first: it can turn another request into one of 3607 s, and never limits the year.
    let extended = extend && pod_bound && granted == POD_SECONDS && audiences_are_api;
    Ok(Grant {
        expires_in: if extended { EXTENDED_SECONDS } else { granted },
        status_expires_in: granted,
        warn_after: extended.then_some(granted),
        warning,
    })
}

/// How long the token of a pod has been used past its `warnafter`, in seconds, at the moment it is
/// used; `None` up to then. The request goes through all the same. The API server counts it
/// (`serviceaccount_stale_tokens_total`) and writes [`STALE_TOKEN`] into the audit log: a program
/// reads its token once and never again, and will stop working in a year.
#[must_use]
pub fn stale_for(warn_after: Option<i64>, now: DateTime<Utc>) -> Option<i64> {
    let warn_after = warn_after.filter(|date| *date != 0)?;
    (Moment::from(now) > Moment::of_claim(warn_after))
        .then(|| now.timestamp().wrapping_sub(warn_after))
}

/// The key of the audit annotation. Its value is `subject: SUBJECT, seconds after warning
/// threshold: SECONDS` ([`claims.go`][1]).
///
/// [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/serviceaccount/claims.go
pub const STALE_TOKEN: &str = "authentication.k8s.io/stale-token";

/// What `kubectl create token --duration=...` puts into `spec.expirationSeconds`: nothing at all for
/// 0, so that the server's default applies. It never means "for ever" ([`create_token.go`][1];
/// the kubectl of 1.29 alone was seen to refuse 0).
///
/// [1]: https://github.com/kubernetes/kubectl/blob/v0.37.2/pkg/cmd/create/create_token.go
///
/// # Errors
/// kubectl's own message, before it asks any server.
pub fn kubectl_asks_for(duration: TimeDelta) -> Result<Option<i64>, KubectlRefuses> {
    if duration < TimeDelta::zero() {
        Err(KubectlRefuses::Negative)
    } else if duration.subsec_nanos() != 0 {
        Err(KubectlRefuses::PartOfASecond)
    } else {
        Ok(Some(duration.num_seconds()).filter(|seconds| *seconds > 0))
    }
}

/// A `--duration` that kubectl does not send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KubectlRefuses {
    /// Below zero.
    #[error("--duration must be greater than or equal to 0")]
    Negative,
    /// Not whole seconds.
    #[error("--duration cannot be expressed in units less than seconds")]
    PartOfASecond,
}

/// `--service-account-max-token-expiration` as the server checks it before it starts: zero is no cap.
///
/// # Errors
/// A cap that the real server refuses to start with.
pub fn cap(flag: TimeDelta) -> Result<Option<i64>, CapError> {
    if flag.is_zero() {
        return Ok(None);
    }
    if flag < TimeDelta::hours(1) || flag > TimeDelta::seconds(MAX_SECONDS) {
        return Err(CapError);
    }
    Ok(Some(flag.num_seconds()))
}

/// A cap out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the service-account-max-token-expiration must be between 1 hour and 2^32 seconds")]
pub struct CapError;

/// Reads a duration as kubectl and kube-apiserver take it: whole hours, minutes and seconds, like
/// `24h`, `1h30m`, `90s`, `0` or `-1h` (of Go's [`time.ParseDuration`][1], what people write).
///
/// [1]: https://pkg.go.dev/time#ParseDuration
///
/// # Errors
/// Another form, or more seconds than can be counted.
pub fn duration(text: &str) -> Result<TimeDelta, DurationError> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut seconds = if rest.is_empty() { None } else { Some(0_i64) };
    while !rest.is_empty() && rest != "0" {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or(DurationError)?;
        let (number, after) = rest.split_at(digits);
        let unit = match after.as_bytes().first() {
            Some(b'h') => 3600,
            Some(b'm') => 60,
            Some(b's') => 1,
            _ => return Err(DurationError),
        };
        let part = number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit));
        seconds = part.zip(seconds).and_then(|(part, seconds)| seconds.checked_add(part));
        rest = &after[1..];
    }
    let seconds = seconds.map(|seconds| if negative { -seconds } else { seconds });
    seconds.and_then(TimeDelta::try_seconds).ok_or(DurationError)
}

/// Not a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write it like 24h, 1h30m or 600s")]
pub struct DurationError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_flags_take_them() {
        for (text, seconds) in
            [("24h", 86400), ("1h30m5s", 5405), ("90s", 90), ("0", 0), ("0s", 0), ("-1h", -3600)]
        {
            assert_eq!(duration(text), Ok(TimeDelta::seconds(seconds)), "{text}");
        }
        for wrong in ["", "-", "24", "h", "1d", "1.5h", "1h 30m", "soon", "1ü"] {
            assert_eq!(duration(wrong), Err(DurationError), "{wrong}");
        }
        for huge in ["99999999999999999999h", "9223372036854775807h", "9223372036854775807s"] {
            assert_eq!(duration(huge), Err(DurationError), "{huge}");
        }
    }
}
