//! The kubelet's arithmetic, beside a transcription of what `requiresRefresh` compares.

use expiry::refresh::{kubelet_renews_at, of_pod_token};
use jwt_anatomy::{Claims, KubernetesClaims, ObjectRef};
use proptest::prelude::*;

/// Whether a kubelet of 1.37.2 asks for another token, `jitter` being the random part: for an answer
/// with this `expirationTimestamp` and `expirationSeconds`.
fn requires_refresh(now: i64, expires_at: i64, seconds: i64, jitter: i64) -> bool {
    let issued_at = expires_at - seconds;
    now > issued_at + 24 * 3600 - jitter || now > expires_at - seconds * 20 / 100 - jitter
}

#[test]
fn lifetimes_that_occur() {
    for (lifetime, earliest, latest) in [
        (600, 471, 480),
        (3600, 2871, 2880),
        (3607, 2877, 2886), // a fifth of 3607 is 721.4, and 721 are taken
        (86_400, 69_111, 69_120),
        (108_000, 86_391, 86_400), // 30 h: both rules agree
        (108_005, 86_391, 86_400),
        (4_294_967_296, 86_391, 86_400),
    ] {
        assert_eq!(
            kubelet_renews_at(1_000_000 + lifetime, lifetime),
            1_000_000 + earliest..=1_000_000 + latest
        );
    }
}

proptest! {
    #[test]
    fn it_asks_after_these_moments_and_not_before(
        issued_at in 0_i64..4_000_000_000,
        seconds in 600..=1_i64 << 32,
    ) {
        let expires_at = issued_at + seconds;
        let (earliest, latest) = kubelet_renews_at(expires_at, seconds).into_inner();
        prop_assert!(!requires_refresh(earliest, expires_at, seconds, 9));
        prop_assert!(requires_refresh(earliest + 1, expires_at, seconds, 9));
        prop_assert!(!requires_refresh(latest, expires_at, seconds, 0));
        prop_assert!(requires_refresh(latest + 1, expires_at, seconds, 0));
    }

    #[test]
    fn no_number_is_too_large(expires_at: i64, seconds: i64) {
        let renewal = kubelet_renews_at(expires_at, seconds);
        prop_assert!(renewal.start() <= renewal.end());
    }
}

#[test]
fn only_a_pods_token_is_renewed() {
    let pod = KubernetesClaims { pod: Some(ObjectRef::default()), ..KubernetesClaims::default() };
    let claims = |kubernetes, issued_at, expires_at| Claims {
        kubernetes,
        issued_at,
        expires_at,
        ..Claims::default()
    };
    let extended = KubernetesClaims { warn_after: Some(3607), ..pod.clone() };
    for (claims, renewal) in [
        (claims(Some(pod.clone()), Some(0), Some(600)), Some(471..=480)),
        (claims(Some(extended), Some(0), Some(31_536_000)), Some(2877..=2886)),
        (claims(Some(KubernetesClaims::default()), Some(0), Some(600)), None),
        (claims(None, Some(0), Some(600)), None),
        (claims(Some(pod.clone()), None, Some(600)), None),
        (claims(Some(pod.clone()), Some(0), None), None),
        (claims(Some(pod), Some(i64::MAX), Some(i64::MIN)), None),
    ] {
        assert_eq!(of_pod_token(&claims), renewal);
    }
}
