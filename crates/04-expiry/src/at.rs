//! A moment as one types it: `--at exp+61s`.

use crate::Window;
use chrono::{DateTime, TimeDelta, Utc};
use jwt_anatomy::dates::{self, Zone};
use std::str::FromStr;

/// A moment: fixed, or so far from one that the token or the clock gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// RFC 3339 (`2022-10-02T10:13:25Z`), the same in the reader's own zone, or unix seconds.
    Fixed(DateTime<Utc>),
    /// `+10m`, `exp`, `nbf-60s`: an anchor, and what is added to it.
    Relative(Anchor, TimeDelta),
}

/// What a relative moment is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The present.
    Now,
    /// The token's `nbf`.
    NotBefore,
    /// The token's `iat`.
    IssuedAt,
    /// The token's `exp`.
    ExpiresAt,
}

/// A moment that can't be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AtError {
    /// None of the forms.
    #[error(
        "`{0}` is no time: write 2022-10-02T10:13:25Z, or unix seconds as 1664705605, or a distance \
         from now as +10m or -1h30m, or from a date of the token as exp+61s, nbf-1m or iat"
    )]
    NotATime(String),
    /// The token lacks the date that it is counted from.
    #[error("the token has no `{0}` to count from")]
    NoSuchDate(&'static str),
    /// Before or after all years that this program can count.
    #[error("that moment lies beyond the year 262000, and this program's calendar ends there")]
    OutOfRange,
}

impl At {
    /// Whenever it is asked.
    pub const NOW: Self = Self::Relative(Anchor::Now, TimeDelta::zero());

    /// The moment meant, for a token with these dates.
    ///
    /// # Errors
    /// When the token lacks the date, or the sum is no year any more.
    pub fn resolve(&self, now: DateTime<Utc>, dates: &Window) -> Result<DateTime<Utc>, AtError> {
        let (anchor, distance) = match self {
            Self::Fixed(time) => return Ok(*time),
            Self::Relative(anchor, distance) => (anchor, *distance),
        };
        let start = match anchor {
            Anchor::Now => now,
            Anchor::NotBefore => date("nbf", dates.not_before)?,
            Anchor::IssuedAt => date("iat", dates.issued_at)?,
            Anchor::ExpiresAt => date("exp", dates.expires_at)?,
        };
        start.checked_add_signed(distance).ok_or(AtError::OutOfRange)
    }
}

fn date(name: &'static str, seconds: Option<i64>) -> Result<DateTime<Utc>, AtError> {
    let seconds = seconds.ok_or(AtError::NoSuchDate(name))?;
    DateTime::from_timestamp(seconds, 0).ok_or(AtError::OutOfRange)
}

impl FromStr for At {
    type Err = AtError;

    fn from_str(text: &str) -> Result<Self, AtError> {
        let text = text.trim();
        let relative = text.starts_with(['+', '-', 'n', 'i', 'e']);
        if !relative && let Ok(time) = dates::parse(text, &Zone::reader()) {
            return Ok(Self::Fixed(time));
        }

        let anchors = [
            ("now", Anchor::Now),
            ("nbf", Anchor::NotBefore),
            ("iat", Anchor::IssuedAt),
            ("exp", Anchor::ExpiresAt),
        ];
        let named = anchors
            .iter()
            .find_map(|(name, anchor)| text.strip_prefix(name).map(|rest| (*anchor, rest)));
        let (anchor, rest) = named.unwrap_or((Anchor::Now, text));
        let distance = match (named, rest.split_at_checked(1)) {
            (Some(_), None) => Some(TimeDelta::zero()),
            (_, Some(("+", length))) => duration(length),
            (_, Some(("-", length))) => duration(length).map(|length| -length),
            _ => None,
        };
        let distance = distance.ok_or_else(|| AtError::NotATime(text.to_owned()))?;
        Ok(Self::Relative(anchor, distance))
    }
}

/// `1h30m`, `61s`, `1ms`: whole numbers, each with its unit.
fn duration(text: &str) -> Option<TimeDelta> {
    let mut total = TimeDelta::zero();
    let mut rest = text;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (unit, after) =
            after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
        let number: i64 = number.parse().ok()?;
        let part = match unit {
            "ns" => TimeDelta::nanoseconds(number),
            "us" => TimeDelta::microseconds(number),
            "ms" => TimeDelta::try_milliseconds(number)?,
            "s" => TimeDelta::try_seconds(number)?,
            "m" => TimeDelta::try_minutes(number)?,
            "h" => TimeDelta::try_hours(number)?,
            "d" => TimeDelta::try_days(number)?,
            "y" => TimeDelta::try_days(number.checked_mul(365)?)?,
            _ => return None,
        };
        total = total.checked_add(&part)?;
        rest = after;
    }
    (!text.is_empty()).then_some(total)
}
