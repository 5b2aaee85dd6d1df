//! Points in time that never overflow, and that read a claim's number as the real server does.

use chrono::{DateTime, TimeDelta, Utc};
use std::fmt;

const NANOS: i128 = 1_000_000_000;

/// Seconds from the first day of year 1, where Go's clock begins, to 1970, where unix time does.
const YEAR_1_TO_1970: i64 = 62_135_596_800;

/// A point in time, nanoseconds since 1970 (UTC). Every `i64` of seconds fits, with room to spare:
/// a token may name any year, and chrono knows only half a million of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i128);

impl Moment {
    /// The time that a token's number stands for.
    ///
    /// Go counts from year 1, so it adds the years up to 1970, and a sum above what 64 bits hold
    /// starts again at the lowest: `exp` of 9223372036854775807 lies 292 billion years in the past,
    /// and such a token has expired. See `unixToInternal` in Go's [`time` package][1].
    ///
    /// [1]: https://github.com/golang/go/blob/go1.26.0/src/time/time.go
    #[must_use]
    pub fn of_claim(unix_seconds: i64) -> Self {
        let internal = unix_seconds.wrapping_add(YEAR_1_TO_1970);
        Self((i128::from(internal) - i128::from(YEAR_1_TO_1970)) * NANOS)
    }

    /// This much later.
    #[must_use]
    pub fn later_by(self, span: TimeDelta) -> Self {
        Self(self.0 + nanos(span))
    }

    /// This much earlier.
    #[must_use]
    pub fn earlier_by(self, span: TimeDelta) -> Self {
        Self(self.0 - nanos(span))
    }

    /// From `other` to this, in whole seconds, rounded down; negative when `other` is later.
    #[must_use]
    pub fn seconds_since(self, other: Self) -> i128 {
        (self.0 - other.0).div_euclid(NANOS)
    }
}

impl From<DateTime<Utc>> for Moment {
    fn from(time: DateTime<Utc>) -> Self {
        Self(i128::from(time.timestamp()) * NANOS + i128::from(time.timestamp_subsec_nanos()))
    }
}

fn nanos(span: TimeDelta) -> i128 {
    i128::from(span.num_seconds()) * NANOS + i128::from(span.subsec_nanos())
}

/// `2022-10-02 10:13:25` (UTC), with the fraction if there is one; unix seconds for a year that
/// chrono does not have.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, fraction) = (self.0.div_euclid(NANOS), self.0.rem_euclid(NANOS));
        let time = i64::try_from(seconds)
            .ok()
            .zip(u32::try_from(fraction).ok())
            .and_then(|(seconds, fraction)| DateTime::from_timestamp(seconds, fraction));
        match time {
            Some(time) => write!(f, "{}", time.format("%Y-%m-%d %H:%M:%S%.f")),
            None => write!(f, "@{seconds}"),
        }
    }
}
