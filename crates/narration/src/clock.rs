//! Where time comes from.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Arc, Mutex, PoisonError};

/// The time, UTC. Passed in wherever time matters, so that a walk prints the same dates every day
/// and a test moves an hour without waiting for one.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock that stands still until it is moved. Clones show the same time.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<DateTime<Utc>>>);

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// A clock that stands at this many seconds after 1970-01-01 00:00 UTC, as tokens count.
    ///
    /// # Panics
    /// For a time outside the years chrono can hold (about ±262 000).
    #[must_use]
    #[expect(clippy::expect_used, reason = "a clock is set by the author, not by input")]
    pub fn at_unix(seconds: i64) -> Self {
        Self::at(DateTime::from_timestamp(seconds, 0).expect("a time that chrono can hold"))
    }

    /// Moves the clock, backwards for a negative `by`.
    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// Sets the clock to `now`.
    pub fn set(&self, now: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
