//! Moments as one types them.
#![allow(clippy::unwrap_used, reason = "a test may")]

use chrono::{DateTime, TimeDelta};
use expiry::Window;
use expiry::at::{Anchor, At, AtError};
use proptest::prelude::*;

#[test]
fn relative_moments() {
    let seconds = TimeDelta::seconds;
    for (text, moment) in [
        ("now", At::NOW),
        ("exp", At::Relative(Anchor::ExpiresAt, seconds(0))),
        ("exp+61s", At::Relative(Anchor::ExpiresAt, seconds(61))),
        ("nbf-60s", At::Relative(Anchor::NotBefore, seconds(-60))),
        ("iat+1h30m", At::Relative(Anchor::IssuedAt, seconds(5400))),
        ("+10m", At::Relative(Anchor::Now, seconds(600))),
        ("-1d", At::Relative(Anchor::Now, seconds(-86_400))),
        (" now+1y ", At::Relative(Anchor::Now, seconds(365 * 86_400))),
        ("exp+1ms2us3ns", At::Relative(Anchor::ExpiresAt, TimeDelta::nanoseconds(1_002_003))),
        ("1664705605", At::Fixed(DateTime::from_timestamp(1_664_705_605, 0).unwrap())),
        ("@0", At::Fixed(DateTime::from_timestamp(0, 0).unwrap())),
        (
            "2022-10-02T11:13:25.5+01:00",
            At::Fixed(DateTime::from_timestamp(1_664_705_605, 500_000_000).unwrap()),
        ),
    ] {
        assert_eq!(text.parse(), Ok(moment), "{text}");
    }
    for text in
        ["", "10m", "exp+", "exp+10", "exp+s", "exp10s", "+", "-", "expire", "+1x", "exp++1s"]
    {
        assert_eq!(text.parse::<At>(), Err(AtError::NotATime(text.to_owned())));
    }
}

#[test]
fn what_a_token_lacks() {
    let now = DateTime::from_timestamp(0, 0).unwrap();
    let resolve = |text: &str, window: Window| text.parse::<At>().unwrap().resolve(now, &window);
    assert_eq!(resolve("exp", Window::default()), Err(AtError::NoSuchDate("exp")));
    assert_eq!(resolve("nbf", Window::default()), Err(AtError::NoSuchDate("nbf")));
    assert_eq!(resolve("iat", Window::default()), Err(AtError::NoSuchDate("iat")));
    let window = Window { not_before: Some(1), issued_at: Some(2), expires_at: Some(3) };
    for (text, seconds) in [("nbf", 1), ("iat", 2), ("exp", 3), ("now", 0), ("exp-3s", 0)] {
        assert_eq!(resolve(text, window), Ok(DateTime::from_timestamp(seconds, 0).unwrap()));
    }
    let endless = Window { expires_at: Some(i64::MAX), ..window };
    assert_eq!(resolve("exp", endless), Err(AtError::OutOfRange));
    assert_eq!(resolve("+290000000y", window), Err(AtError::OutOfRange));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(now|nbf|iat|exp)?[-+]?[0-9a-z.:@+-]{0,30}", expires_at: i64) {
        if let Ok(at) = text.parse::<At>() {
            let now = DateTime::from_timestamp(1_664_702_005, 0).unwrap();
            let window = Window { expires_at: Some(expires_at), ..Window::default() };
            let _ = at.resolve(now, &window);
        }
    }

    #[test]
    fn no_character_makes_it_panic(text in any::<String>()) {
        let _ = text.parse::<At>();
    }
}
