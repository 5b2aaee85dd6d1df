//! How long has it got? The solution, and why.

use chrono::{DateTime, Utc};

/// The units, the largest first, and how many seconds each has.
const UNITS: [(i64, &str); 3] = [(86_400, "d"), (3600, "h"), (60, "min")];

/// When a token with this `exp` ends, as seen at `now`.
#[must_use]
pub fn end(exp: Option<i64>, now: DateTime<Utc>) -> String {
    // No date is no end, not the date 0: `unwrap_or(0)` would call every legacy token expired.
    let Some(exp) = exp else {
        return "no end".to_owned();
    };
    // Seconds, not milliseconds: `from_timestamp_millis` would put every token into January 1970.
    // And no `Utc.timestamp_opt(exp, 0).unwrap()`: a stranger chose the number.
    let Some(moment) = DateTime::from_timestamp(exp, 0) else {
        return format!("on no calendar: {exp}");
    };
    let date = moment.format("%Y-%m-%d %H:%M:%S UTC");
    // RFC 7519, section 4.1.4: "on or after" exp it must not be accepted. So <=, not <.
    if moment <= now {
        return format!("over since {date}");
    }
    let seconds = (moment - now).num_seconds();
    let (size, unit) = UNITS.into_iter().find(|(size, _)| seconds >= *size).unwrap_or((1, "s"));
    // Rounded down, for a token that has 59 s more than an hour is no token for two.
    format!("until {date}, {} {unit} left", seconds / size)
}
