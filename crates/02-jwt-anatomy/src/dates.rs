//! A token counts seconds since 1970 began, UTC ([RFC 7519, section 2][1]); people read calendars.
//!
//! [`show`] prints what `date -d @1664702005` prints where it was run: `Sun  2 Oct 10:13:25 BST
//! 2022` in London. Letters such as `BST` come from the zone's rules, so a zone is known by its
//! name (`Europe/London`), never by an offset alone.
//!
//! [1]: https://www.rfc-editor.org/rfc/rfc7519#section-2

use chrono::{DateTime, Datelike, LocalResult, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use std::fmt::{self, Display};

/// A time zone by its name in the tz database, such as `Europe/London`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

impl Zone {
    /// Universal time.
    #[must_use]
    pub fn utc() -> Self {
        Self(Tz::UTC)
    }

    /// The zone of this name, if the tz database has one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok().map(Self)
    }

    /// The zone that the reader's own `date` uses: `TZ`, else the system's, else UTC.
    #[must_use]
    pub fn reader() -> Self {
        match std::env::var("TZ") {
            Ok(variable) if !variable.ends_with("/localtime") => Self::from_tz_variable(&variable),
            _ => Self::system(),
        }
    }

    fn system() -> Self {
        let name = iana_time_zone::get_timezone().ok();
        name.and_then(|name| Self::named(&name)).unwrap_or(Self::utc())
    }

    /// What `TZ` says: a name, perhaps behind a colon or as a file. What nobody knows is UTC, as
    /// for the C library.
    fn from_tz_variable(variable: &str) -> Self {
        let name = variable.trim_start_matches(':');
        let name = name.rsplit_once("zoneinfo/").map_or(name, |(_, name)| name);
        Self::named(name).unwrap_or(Self::utc())
    }

    /// Whether its clocks show universal time all year.
    #[must_use]
    pub fn is_utc(&self) -> bool {
        matches!(self.0, Tz::UTC | Tz::Etc__UTC | Tz::Etc__UCT | Tz::UCT | Tz::Zulu)
    }
}

impl Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// A moment as `date -d @SECONDS` prints it in `zone`. No number is too large or too small.
#[must_use]
pub fn show(unix_seconds: i64, zone: &Zone) -> String {
    match moment(unix_seconds) {
        Some(moment) => moment.with_timezone(&zone.0).format("%a %e %b %H:%M:%S %Z %Y").to_string(),
        None => format!("second {unix_seconds}, on no calendar"),
    }
}

/// A moment for programs, `2022-10-02T09:13:25Z` ([RFC 3339][1]). `None` when it has no such form,
/// which ends with the year 9999.
///
/// [1]: https://www.rfc-editor.org/rfc/rfc3339
#[must_use]
pub fn rfc3339(unix_seconds: i64) -> Option<String> {
    let moment = moment(unix_seconds).filter(|moment| (0..=9999).contains(&moment.year()))?;
    Some(moment.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// chrono's calendar ends some 262 000 years from now. Its last days are left out: in some zone
/// they lie beyond.
fn moment(unix_seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(unix_seconds, 0).filter(|moment| moment.year().abs() < 262_000)
}

/// A length of time in its two largest units: `59 minutes`, `1 hour 7 seconds`, `365 days`. The
/// sign is left out.
#[must_use]
pub fn span(seconds: i64) -> String {
    let mut rest = seconds.unsigned_abs();
    let mut words = Vec::new();
    for (unit, size) in [("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)] {
        let count = rest / size;
        rest %= size;
        if count > 0 && words.len() < 2 {
            let plural = if count == 1 { "" } else { "s" };
            words.push(format!("{count} {unit}{plural}"));
        }
    }
    if words.is_empty() { "0 seconds".to_owned() } else { words.join(" ") }
}

/// A text that names no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no time: write 2022-10-02T10:13:25+01:00, \"2022-10-02 10:13:25\" in your own zone, \
     or seconds since 1970 such as @1664702005"
)]
pub struct NotATime(String);

/// Reads a moment as people write it: RFC 3339, a date and a time in `zone`, or the seconds
/// themselves, with or without `@`.
///
/// # Errors
/// When it is none of these, or a time that `zone`'s clocks skipped.
pub fn parse(text: &str, zone: &Zone) -> Result<DateTime<Utc>, NotATime> {
    let wrong = || NotATime(text.to_owned());
    let text = text.trim();
    if let Ok(seconds) = text.strip_prefix('@').unwrap_or(text).parse() {
        return moment(seconds).ok_or_else(wrong);
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.with_timezone(&Utc));
    }
    let clock = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .ok_or_else(wrong)?;
    match zone.0.from_local_datetime(&clock) {
        LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => {
            Ok(moment.with_timezone(&Utc))
        }
        LocalResult::None => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `TZ` itself can't be set here: a process has one environment, and tests run side by side.
    #[test]
    fn the_variable_tz() {
        for (variable, zone) in [
            ("Europe/London", "Europe/London"),
            (":Europe/London", "Europe/London"),
            (":/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
            ("/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
            ("", "UTC"),
            ("CET-1CEST", "UTC"),
            ("Atlantis/Capital", "UTC"),
        ] {
            assert_eq!(Zone::from_tz_variable(variable).to_string(), zone, "TZ={variable}");
        }
    }
}
