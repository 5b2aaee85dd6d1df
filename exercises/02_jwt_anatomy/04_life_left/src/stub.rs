//! How long has it got? About 10 minutes.
//!
//! `exp` says when a token ends: so many seconds after 1970 began, UTC. Nobody reads that. Write `end`,
//! which says it in words, as seen at a moment that is handed in. With 2026-11-21 08:00:00 UTC for `now`:
//!
//! ```text
//! Some(1795250486)             until 2026-11-21 08:41:26 UTC, 41 min left
//! Some(1795334400)             until 2026-11-22 08:00:00 UTC, 1 d left
//! Some(1795248059)             until 2026-11-21 08:00:59 UTC, 59 s left
//! Some(1795248000)             over since 2026-11-21 08:00:00 UTC
//! Some(0)                      over since 1970-01-01 00:00:00 UTC
//! None                         no end
//! Some(9223372036854775807)    on no calendar: 9223372036854775807
//! ```
//!
//! The rules: a token is over in the very second of its `exp`. What is left is written in one unit, the
//! largest of which there is at least one: days (`d`), hours (`h`), minutes (`min`) or seconds (`s`),
//! rounded down. A date that chrono's calendar does not have, in the past or to come, is on no calendar;
//! it must not make your code panic, for anyone can write a token with any number in it.
//!
//! `now` is handed in, so that a check can stand at any moment without waiting for it. It has no
//! fractions of a second here. That the API server lets a token live a minute longer is chapter 4's
//! matter: what you write is the token's own word.
//!
//! Explained on: book/src/02-jwt-anatomy/the-dates.md
//! Rust you need: `Option`, `let else`, `format!`, chrono's `DateTime::from_timestamp` and `format`

use chrono::{DateTime, Utc};

/// When a token with this `exp` ends, as seen at `now`.
#[must_use]
pub fn end(exp: Option<i64>, now: DateTime<Utc>) -> String {
    todo!("tell when {exp:?} is, seen at {now}")
}
