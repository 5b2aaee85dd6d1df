//! The drawing, as a reader sees it, and that no token can break it.
#![allow(clippy::unwrap_used, reason = "a test may")]

use chrono::{DateTime, Utc};
use expiry::Window;
use expiry::timeline::{Timeline, draw};
use std::fmt::Write;

const IAT: i64 = 1_664_702_005;

fn at(unix_seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(unix_seconds, 0)
}

/// A snapshot, and the promise of its width.
macro_rules! assert_drawing {
    ($drawing:expr) => {
        let drawing = $drawing;
        assert!(drawing.lines().all(|line| line.chars().count() <= 75));
        insta::assert_snapshot!(drawing);
    };
}

fn an_hour() -> Timeline {
    let window =
        Window { not_before: Some(IAT), expires_at: Some(IAT + 3600), issued_at: Some(IAT) };
    Timeline { window, ..Timeline::default() }
}

#[test]
fn an_hour_long_token_in_its_middle() {
    assert_drawing!(draw(&Timeline { now: at(IAT + 1895), ..an_hour() }));
}

#[test]
fn expired() {
    assert_drawing!(draw(&Timeline { now: at(IAT + 9000), ..an_hour() }));
}

#[test]
fn a_pods_year() {
    let window = Window { expires_at: Some(IAT + 31_536_000), ..an_hour().window };
    assert_drawing!(draw(&Timeline {
        window,
        warn_after: Some(IAT + 3607),
        renewal: Some(expiry::refresh::kubelet_renews_at(IAT + 3607, 3607)),
        now: at(IAT + 86_400 * 30),
    }));
}

#[test]
fn odd_ones() {
    let mut out = String::new();
    let sub_second = DateTime::from_timestamp(IAT + 3660, 1_000_000);
    for (name, timeline) in [
        ("no date at all", Timeline::default()),
        ("no date, but a now", Timeline { now: at(IAT), ..Timeline::default() }),
        ("a millisecond too late", Timeline { now: sub_second, ..an_hour() }),
        ("now is exp", Timeline { now: at(IAT + 3600), ..an_hour() }),
        (
            "ends before it begins",
            Timeline {
                window: Window {
                    not_before: Some(IAT),
                    expires_at: Some(IAT - 500),
                    issued_at: None,
                },
                ..Timeline::default()
            },
        ),
        (
            "numbers that are no years",
            Timeline {
                window: Window {
                    not_before: Some(i64::MIN),
                    expires_at: Some(i64::MAX),
                    issued_at: Some(9_223_371_974_719_179_007),
                },
                now: at(IAT),
                ..Timeline::default()
            },
        ),
        (
            "everything at once",
            Timeline {
                window: Window {
                    not_before: Some(IAT),
                    expires_at: Some(IAT),
                    issued_at: Some(IAT),
                },
                warn_after: Some(IAT),
                renewal: Some(IAT..=IAT),
                now: at(IAT),
            },
        ),
    ] {
        writeln!(out, "{name}:\n\n{}", draw(&timeline)).unwrap();
    }
    assert_drawing!(out);
}
