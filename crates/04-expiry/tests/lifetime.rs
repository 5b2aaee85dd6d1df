//! What a real kube-apiserver 1.37.2 granted, and what kubectl 1.37.2 asked it for.
#![allow(clippy::unwrap_used, reason = "a test may")]

use chrono::{DateTime, TimeDelta};
use expiry::lifetime::{
    CapError, EXTENDED_SECONDS, Grant, KubectlRefuses, MAX_SECONDS, cap, grant, kubectl_asks_for,
    stale_for,
};

fn plain(seconds: i64) -> Grant {
    Grant { expires_in: seconds, status_expires_in: seconds, warn_after: None, warning: None }
}

/// A pod's token: the claims say a year, the answer to the request still says an hour.
fn extended() -> Grant {
    Grant { expires_in: EXTENDED_SECONDS, warn_after: Some(3607), ..plain(3607) }
}

fn shortened(from: i64, mut granted: Grant) -> Grant {
    let to = granted.status_expires_in;
    granted.warning =
        Some(format!("requested expiration of {from} seconds shortened to {to} seconds"));
    granted
}

/// For the API server, by default, and with no cap.
fn ask(seconds: Option<i64>, pod_bound: bool) -> Result<Grant, String> {
    grant(seconds, None, pod_bound, true, true).map_err(|why| why.to_string())
}

#[test]
fn without_a_cap() {
    for (asked, granted) in [
        (None, 3600),
        (Some(600), 600),
        (Some(601), 601),
        (Some(3600), 3600),
        (Some(3606), 3606),
        (Some(3607), 3607),
        (Some(3608), 3608),
        (Some(86_400), 86_400),
        (Some(315_360_000), 315_360_000),
        (Some(4_294_967_295), 4_294_967_295),
        (Some(4_294_967_296), 4_294_967_296),
    ] {
        assert_eq!(ask(asked, false), Ok(plain(granted)), "{asked:?}");
    }
}

#[test]
fn out_of_bounds() {
    let invalid = "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds";
    for (asked, why) in [
        (i64::MIN, "may not specify a duration less than 10 minutes"),
        (-1, "may not specify a duration less than 10 minutes"),
        (0, "may not specify a duration less than 10 minutes"),
        (1, "may not specify a duration less than 10 minutes"),
        (599, "may not specify a duration less than 10 minutes"),
        (4_294_967_297, "may not specify a duration larger than 2^32 seconds"),
        (i64::MAX, "may not specify a duration larger than 2^32 seconds"),
    ] {
        let message = format!("{invalid}: Invalid value: {asked}: {why}");
        for pod_bound in [false, true] {
            assert_eq!(ask(Some(asked), pod_bound), Err(message.clone()));
        }
    }
}

#[test]
fn of_pods() {
    assert_eq!(ask(Some(3607), true), Ok(extended()));
    for asked in [3600, 3606, 3608] {
        assert_eq!(ask(Some(asked), true), Ok(plain(asked)));
    }
    assert_eq!(ask(None, true), Ok(plain(3600)));
    // For somebody else too; and with --service-account-extend-token-expiration=false.
    assert_eq!(grant(Some(3607), None, true, false, true), Ok(plain(3607)));
    assert_eq!(grant(Some(3607), None, true, true, false), Ok(plain(3607)));
}

/// Servers with `--service-account-max-token-expiration`. The cap comes before the extension: one of
/// 3607 s makes a year of every longer wish, and one of an hour keeps pods from their year.
#[test]
fn with_a_cap() {
    for (cap, asked, unbound, pod) in [
        (7200, 3607, plain(3607), extended()),
        (7200, 7200, plain(7200), plain(7200)),
        (7200, 7201, shortened(7201, plain(7200)), shortened(7201, plain(7200))),
        (7200, 86_400, shortened(86_400, plain(7200)), shortened(86_400, plain(7200))),
        (3607, 3600, plain(3600), plain(3600)),
        (3607, 3607, plain(3607), extended()),
        (3607, 3608, shortened(3608, plain(3607)), shortened(3608, extended())),
        (3607, 86_400, shortened(86_400, plain(3607)), shortened(86_400, extended())),
        (3600, 3600, plain(3600), plain(3600)),
        (3600, 3607, shortened(3607, plain(3600)), shortened(3607, plain(3600))),
    ] {
        assert_eq!(grant(Some(asked), Some(cap), false, true, true), Ok(unbound), "{cap} {asked}");
        assert_eq!(grant(Some(asked), Some(cap), true, true, true), Ok(pod), "{cap} {asked} pod");
    }
    // The bounds stand before the cap, and a cap of 0 is none.
    assert!(grant(Some(MAX_SECONDS + 1), Some(7200), false, true, true).is_err());
    assert!(grant(Some(599), Some(7200), false, true, true).is_err());
    assert_eq!(grant(Some(86_400), Some(0), false, true, true), Ok(plain(86_400)));
}

#[test]
fn the_caps_a_server_starts_with() {
    assert_eq!(cap(TimeDelta::zero()), Ok(None));
    assert_eq!(cap(TimeDelta::hours(1)), Ok(Some(3600)));
    assert_eq!(cap(TimeDelta::hours(1) + TimeDelta::milliseconds(500)), Ok(Some(3600)));
    assert_eq!(cap(TimeDelta::seconds(1 << 32)), Ok(Some(1 << 32)));
    for refused in [-3600, -1, 1, 3599, (1 << 32) + 1] {
        assert_eq!(cap(TimeDelta::seconds(refused)), Err(CapError), "{refused} s");
    }
    assert_eq!(
        CapError.to_string(),
        "the service-account-max-token-expiration must be between 1 hour and 2^32 seconds"
    );
}

#[test]
fn what_kubectl_asks_for() {
    for (milliseconds, asked) in [
        (0, Ok(None)),
        (1000, Ok(Some(1))), // for the server to refuse
        (600_000, Ok(Some(600))),
        (500, Err(KubectlRefuses::PartOfASecond)),
        (1500, Err(KubectlRefuses::PartOfASecond)),
        (-500, Err(KubectlRefuses::Negative)),
        (-1000, Err(KubectlRefuses::Negative)),
    ] {
        let duration = TimeDelta::milliseconds(milliseconds);
        assert_eq!(kubectl_asks_for(duration), asked, "{milliseconds} ms");
    }
}

/// `claims.go`: strictly after, counted in whole seconds, and 0 means none.
#[test]
fn stale_tokens() {
    let at = |seconds, nanos| DateTime::from_timestamp(seconds, nanos).unwrap();
    assert_eq!(stale_for(Some(1000), at(999, 999_999_999)), None);
    assert_eq!(stale_for(Some(1000), at(1000, 0)), None);
    assert_eq!(stale_for(Some(1000), at(1000, 1)), Some(0));
    assert_eq!(stale_for(Some(1000), at(1001, 0)), Some(1));
    assert_eq!(stale_for(Some(0), at(1000, 0)), None);
    assert_eq!(stale_for(None, at(1000, 0)), None);
}
