//! What holds for every token at every moment.
#![allow(clippy::unwrap_used, reason = "a test may")]

use chrono::{DateTime, TimeDelta, Utc};
use expiry::lifetime::{EXTENDED_SECONDS, MAX_SECONDS, MIN_SECONDS, grant};
use expiry::moment::Moment;
use expiry::timeline::{Timeline, draw};
use expiry::{LEEWAY, Validator, Window};
use jwt_anatomy::Claims;
use proptest::prelude::*;

/// Any number a token can hold; often one of our own time, or one at the end of all numbers.
fn seconds() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => 1_600_000_000..1_900_000_000_i64,
        2 => any::<i64>(),
        1 => (0..200_000_000_000_i64).prop_map(|below| i64::MAX - below),
        1 => Just(i64::MIN),
    ]
}

fn window() -> impl Strategy<Value = Window> {
    let date = || proptest::option::of(seconds());
    (date(), date(), date()).prop_map(|(not_before, expires_at, issued_at)| Window {
        not_before,
        expires_at,
        issued_at,
    })
}

fn now() -> impl Strategy<Value = DateTime<Utc>> {
    let far = DateTime::<Utc>::MIN_UTC.timestamp()..DateTime::<Utc>::MAX_UTC.timestamp();
    (prop_oneof![4 => 1_600_000_000..1_900_000_000_i64, 1 => far], 0..1_000_000_000_u32)
        .prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap())
}

proptest! {
    /// Once expired, expired for good; once begun, begun for good.
    #[test]
    fn validity_is_monotone_in_time(window in window(), a in now(), b in now()) {
        let (earlier, later) = (a.min(b), a.max(b));
        let ends = Window { expires_at: window.expires_at, ..Window::default() };
        let begins = Window { expires_at: None, ..window };
        prop_assert!(ends.check(later).is_err() || ends.check(earlier).is_ok());
        prop_assert!(begins.check(earlier).is_err() || begins.check(later).is_ok());
    }

    /// So there is never a gap: what is good twice is good in between.
    #[test]
    fn validity_has_no_gaps(window in window(), mut moments in [now(), now(), now()]) {
        moments.sort();
        let [first, middle, last] = moments;
        if window.check(first).is_ok() && window.check(last).is_ok() {
            prop_assert_eq!(window.check(middle), Ok(()));
        }
    }

    /// As far before nbf as after exp, and not a nanosecond further.
    #[test]
    fn leeway_is_symmetric(date in 1_600_000_000..1_900_000_000_i64, nanos in -120_000_000_000..120_000_000_000_i64) {
        let at = DateTime::from_timestamp(date, 0).unwrap();
        let off = TimeDelta::nanoseconds(nanos);
        let begins = Window { not_before: Some(date), ..Window::default() };
        let made = Window { issued_at: Some(date), ..Window::default() };
        let ends = Window { expires_at: Some(date), ..Window::default() };
        prop_assert_eq!(begins.check(at - off).is_ok(), off <= LEEWAY);
        prop_assert_eq!(made.check(at - off).is_ok(), off <= LEEWAY);
        prop_assert_eq!(ends.check(at + off).is_ok(), off <= LEEWAY);
    }

    /// Leeway only ever lets more through.
    #[test]
    fn leeway_refuses_nothing(window in window(), now in now()) {
        if window.check_with_leeway(now, TimeDelta::zero()).is_ok() {
            prop_assert_eq!(window.check(now), Ok(()));
        }
    }

    /// A date that is missing is never the reason.
    #[test]
    fn nothing_is_required(now in now()) {
        prop_assert_eq!(Window::default().check(now), Ok(()));
    }

    /// The audiences that come back were asked for, are named in the token, and are some.
    #[test]
    fn an_audience_is_both_named_and_asked_for(
        token in proptest::collection::vec("[a-d]", 0..4),
        requested in proptest::collection::vec("[a-d]", 0..4),
        api_audiences in proptest::collection::vec("[a-d]", 1..3),
    ) {
        let validator = Validator { issuers: vec![], api_audiences: api_audiences.clone() };
        let claims = Claims { audiences: token.clone(), ..Claims::default() };
        let named = if token.is_empty() { &api_audiences } else { &token };
        let asked = if requested.is_empty() { &api_audiences } else { &requested };
        match validator.check_audiences(&claims, &requested) {
            Ok(good_for) => {
                prop_assert!(!good_for.is_empty());
                prop_assert!(good_for.iter().all(|name| named.contains(name) && asked.contains(name)));
            }
            Err(_) => prop_assert!(!named.iter().any(|name| asked.contains(name))),
        }
    }

    #[test]
    fn a_grant_stays_within_bounds(
        requested in proptest::option::of(prop_oneof![
            Just(3607), 0..10_000_i64, MAX_SECONDS - 5..MAX_SECONDS + 5, any::<i64>()
        ]),
        cap in proptest::option::of(3600..=MAX_SECONDS),
        pod: bool, api: bool, extend: bool,
    ) {
        let wish = requested.unwrap_or(3600);
        match grant(requested, cap, pod, api, extend) {
            Err(_) => prop_assert!(!(MIN_SECONDS..=MAX_SECONDS).contains(&wish)),
            Ok(grant) => {
                let promised = grant.status_expires_in;
                prop_assert!((MIN_SECONDS..=MAX_SECONDS).contains(&promised));
                prop_assert!(promised <= wish && cap.is_none_or(|cap| promised <= cap));
                prop_assert_eq!(grant.warning.is_some(), promised < wish);
                match grant.warn_after {
                    None => prop_assert_eq!(grant.expires_in, promised),
                    Some(warn_after) => {
                        prop_assert!(pod && api && extend && warn_after == promised);
                        prop_assert_eq!((promised, grant.expires_in), (3607, EXTENDED_SECONDS));
                    }
                }
            }
        }
    }

    /// Any numbers can be drawn, within the width, and the drawing agrees with the verdict.
    #[test]
    fn a_timeline_never_panics(
        window in window(),
        warn_after in proptest::option::of(seconds()),
        renewal in proptest::option::of((seconds(), seconds())),
        now in proptest::option::of(now()),
    ) {
        let renewal = renewal.map(|(a, b)| a.min(b)..=a.max(b));
        let drawing = draw(&Timeline { window, warn_after, renewal, now });
        prop_assert!(drawing.lines().all(|line| line.chars().count() <= 75), "{}", drawing);
        if let Some(now) = now {
            prop_assert_eq!(drawing.contains("now: its dates hold"), window.check(now).is_ok());
            prop_assert!(drawing.contains('●'));
        }
    }

    #[test]
    fn moments_keep_the_order_of_ordinary_numbers(a in -62_000_000_000..62_000_000_000_i64, b in -62_000_000_000..62_000_000_000_i64) {
        prop_assert_eq!(Moment::of_claim(a).cmp(&Moment::of_claim(b)), a.cmp(&b));
        prop_assert_eq!(Moment::of_claim(a).seconds_since(Moment::of_claim(b)), i128::from(a - b));
    }
}

/// An API server that answers to no name asks nobody for one.
#[test]
fn without_audiences_of_its_own_a_server_checks_none() {
    let nameless = Validator { issuers: vec![], api_audiences: vec![] };
    let claims = Claims { audiences: vec!["a".to_owned()], ..Claims::default() };
    assert_eq!(nameless.check_audiences(&claims, &[]), Ok(vec![]));
    assert_eq!(nameless.check_audiences(&claims, &["b".to_owned()]), Ok(vec![]));
    assert_eq!(nameless.check_audiences(&claims, &["a".to_owned()]), Ok(vec!["a".to_owned()]));
}

#[test]
fn part_of_a_second_is_rounded_down() {
    let half = Moment::of_claim(1).earlier_by(TimeDelta::milliseconds(500));
    assert_eq!(half.seconds_since(Moment::of_claim(0)), 0);
    assert_eq!(half.seconds_since(Moment::of_claim(1)), -1);
}
