//! The checks of this exercise.

use chrono::{DateTime, Utc};
use jwt_anatomy::{Claims, Life, dates};
use life_left::{EIGHT_O_CLOCK, end};
use proptest::prelude::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).expect("a moment of our own choice")
}

fn check(exp: Option<i64>, expected: &str) {
    let about = format!("exp is {exp:?}, now is 2026-11-21 08:00:00 UTC, second {EIGHT_O_CLOCK}");
    checks::same!(end(exp, at(EIGHT_O_CLOCK)), expected, about);
}

#[test]
fn no_date_is_no_end() {
    check(None, "no end");
}

#[test]
fn a_token_is_over_in_the_second_of_its_exp() {
    check(Some(EIGHT_O_CLOCK), "over since 2026-11-21 08:00:00 UTC");
    check(Some(EIGHT_O_CLOCK - 1), "over since 2026-11-21 07:59:59 UTC");
    check(Some(EIGHT_O_CLOCK + 1), "until 2026-11-21 08:00:01 UTC, 1 s left");
}

#[test]
fn what_is_left_is_in_the_largest_unit() {
    for (seconds, expected) in [
        (59, "until 2026-11-21 08:00:59 UTC, 59 s left"),
        (60, "until 2026-11-21 08:01:00 UTC, 1 min left"),
        (3599, "until 2026-11-21 08:59:59 UTC, 59 min left"),
        (3600, "until 2026-11-21 09:00:00 UTC, 1 h left"),
        (86_399, "until 2026-11-22 07:59:59 UTC, 23 h left"),
        (86_400, "until 2026-11-22 08:00:00 UTC, 1 d left"),
        (365 * 86_400, "until 2027-11-21 08:00:00 UTC, 365 d left"),
    ] {
        check(Some(EIGHT_O_CLOCK + seconds), expected);
    }
}

#[test]
fn a_date_on_no_calendar_is_no_panic() {
    check(Some(i64::MAX), "on no calendar: 9223372036854775807");
    check(Some(i64::MIN), "on no calendar: -9223372036854775808");
    check(Some(1_795_250_486_000_000), "on no calendar: 1795250486000000");
}

#[test]
fn another_moment_sees_another_end() {
    let made = end(Some(1_700_003_600), at(1_700_000_000));
    let about = "exp is Some(1700003600), now is 2023-11-14 22:13:20 UTC, second 1700000000";
    checks::same!(made, "until 2023-11-14 23:13:20 UTC, 1 h left", about);
}

#[test]
fn the_tokens_of_a_household() {
    let mut printed = Vec::new();
    life_left::tell(&mut printed).expect("a Vec takes everything");
    checks::output!("the_tokens_of_a_household", String::from_utf8_lossy(&printed));
}

proptest! {
    // A failing case is told, not kept in a file of the reader's clone.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unseen_dates_are_told_as_the_chapter_tells_them(
        now in 1_600_000_000_i64..2_000_000_000,
        away in prop_oneof![-90_i64..90, -5000_i64..5000, -100_000_000_i64..100_000_000],
    ) {
        let exp = now + away;
        let claims = Claims { expires_at: Some(exp), ..Claims::default() };
        let date = dates::rfc3339(exp).expect("a date of our century");
        let date = date.replace('T', " ").replace('Z', " UTC");
        let expected = match Life::at(&claims, now) {
            Life::Left(left) => {
                let (size, unit) = match left {
                    ..60 => (1, "s"),
                    60..3600 => (60, "min"),
                    3600..86_400 => (3600, "h"),
                    _ => (86_400, "d"),
                };
                format!("until {date}, {} {unit} left", left / size)
            }
            _ => format!("over since {date}"),
        };
        checks::same!(end(Some(exp), at(now)), expected, format!("exp is {exp}, now is second {now}"));
    }

    #[test]
    fn no_number_is_too_large(exp: i64, now in 1_600_000_000_i64..2_000_000_000) {
        let told = end(Some(exp), at(now));
        if DateTime::from_timestamp(exp, 0).is_none() {
            checks::same!(told, format!("on no calendar: {exp}"), format!("exp is {exp}"));
        }
    }
}
