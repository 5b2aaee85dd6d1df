//! Dates as `date` prints them.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

use jwt_anatomy::dates::{Zone, parse, rfc3339, show, span};
use proptest::prelude::*;

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap()
}

#[test]
fn the_dates_of_2022() {
    let london = zone("Europe/London");
    assert_eq!(show(1_664_702_005, &london), "Sun  2 Oct 10:13:25 BST 2022");
    assert_eq!(show(1_664_705_605, &london), "Sun  2 Oct 11:13:25 BST 2022");
    assert_eq!(show(1_664_702_005, &Zone::utc()), "Sun  2 Oct 09:13:25 UTC 2022");
    assert_eq!(show(1_664_702_005, &zone("Asia/Kolkata")), "Sun  2 Oct 14:43:25 IST 2022");
    assert_eq!(rfc3339(1_664_702_005).unwrap(), "2022-10-02T09:13:25Z");
}

#[test]
fn clocks_that_are_put_back() {
    let london = zone("Europe/London");
    // 30 October 2022: after 01:59:59 BST comes 01:00:00 GMT.
    assert_eq!(show(1_667_091_599, &london), "Sun 30 Oct 01:59:59 BST 2022");
    assert_eq!(show(1_667_091_600, &london), "Sun 30 Oct 01:00:00 GMT 2022");
    // Of two moments with one name, the first; of none, no.
    assert_eq!(parse("2022-10-30 01:30:00", &london).unwrap().timestamp(), 1_667_089_800);
    assert!(parse("2022-03-27 01:30:00", &london).is_err());
}

#[test]
fn times_as_people_write_them() {
    let london = zone("Europe/London");
    for text in [
        "2022-10-02T10:13:25+01:00",
        "2022-10-02T09:13:25Z",
        "2022-10-02 10:13:25",
        "2022-10-02T10:13:25",
        " 1664702005\n",
        "@1664702005",
    ] {
        assert_eq!(parse(text, &london).unwrap().timestamp(), 1_664_702_005, "{text}");
    }
    assert_eq!(parse("2022-10-02 10:13", &london).unwrap().timestamp(), 1_664_701_980);
    assert_eq!(parse("-1", &london).unwrap().timestamp(), -1);
    for text in ["", "yesterday", "2022-13-01 00:00:00", "@", "9223372036854775807", "1e9"] {
        let error = parse(text, &london).unwrap_err().to_string();
        assert!(error.contains("is no time: write 2022-10-02T10:13:25+01:00"), "{error}");
    }
}

#[test]
fn zones() {
    assert_eq!(zone("Europe/London").to_string(), "Europe/London");
    assert!(Zone::named("Europe/Atlantis").is_none());
    assert!(Zone::utc().is_utc());
    assert!(zone("Etc/UTC").is_utc());
    assert!(!zone("Europe/London").is_utc());
}

#[test]
fn spans() {
    for (seconds, text) in [
        (0, "0 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (3540, "59 minutes"),
        (3599, "59 minutes 59 seconds"),
        (3600, "1 hour"),
        (3607, "1 hour 7 seconds"),
        (90_061, "1 day 1 hour"),
        (31_536_000, "365 days"),
        (-3600, "1 hour"),
        (i64::MIN, "106751991167300 days 15 hours"),
    ] {
        assert_eq!(span(seconds), text);
    }
}

#[test]
fn numbers_on_no_calendar() {
    assert_eq!(show(i64::MAX, &Zone::utc()), "second 9223372036854775807, on no calendar");
    assert_eq!(show(i64::MIN, &Zone::utc()), "second -9223372036854775808, on no calendar");
    assert_eq!(show(253_402_300_800, &Zone::utc()), "Sat  1 Jan 00:00:00 UTC +10000");
    assert_eq!(rfc3339(253_402_300_799).unwrap(), "9999-12-31T23:59:59Z");
    assert_eq!(rfc3339(253_402_300_800), None);
    assert_eq!(rfc3339(-62_167_219_201), None);
}

proptest! {
    #[test]
    fn no_number_panics(seconds: i64, near in -1_000_000_i64..1_000_000, name in "Europe/London|Pacific/Apia|America/St_Johns|UTC") {
        let zone = zone(&name);
        // The ends of chrono's calendar, and all of i64.
        for seconds in [seconds, 8_210_266_876_799 + near, -8_334_601_228_800 + near, near] {
            prop_assert!(!show(seconds, &zone).is_empty());
            prop_assert!(!span(seconds).is_empty());
            let _ = rfc3339(seconds);
        }
    }

    #[test]
    fn what_is_shown_can_be_typed(seconds in -62_000_000_000_i64..253_000_000_000) {
        let shown = rfc3339(seconds).unwrap();
        prop_assert_eq!(parse(&shown, &Zone::utc()).unwrap().timestamp(), seconds);
        prop_assert_eq!(parse(&seconds.to_string(), &Zone::utc()).unwrap().timestamp(), seconds);
    }
}
