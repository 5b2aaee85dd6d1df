//! Names that nobody chose.

use std::sync::atomic::{AtomicU64, Ordering};

/// Where names that nobody chose come from: uids, and the ends of generated names. Passed in, so
/// that a walk prints the same uids every day.
pub trait IdSource: Send + Sync {
    /// A UUID of version 4, as text.
    fn uid(&self) -> String;
    /// Five characters of the alphabet that Kubernetes ends generated names with.
    fn suffix(&self) -> String;
}

/// No vowels, and nothing that looks like one: generated names spell no words ([`rand.go`][1]).
///
/// [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apimachinery/pkg/util/rand/rand.go
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// From the system's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn uid(&self) -> String {
        version_4(u128::from_be_bytes(random()))
    }

    fn suffix(&self) -> String {
        suffix_of(u64::from_be_bytes(random()))
    }
}

#[expect(clippy::expect_used, reason = "a system without random numbers can keep no secret")]
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    bytes
}

/// One after the other, from 1: the same in every run. Only for a cluster that begins and ends in
/// memory, as those of walks and tests do: a kept one would meet its own uids again.
#[derive(Debug, Default)]
pub struct CountedIds {
    uids: AtomicU64,
    suffixes: AtomicU64,
}

impl IdSource for CountedIds {
    fn uid(&self) -> String {
        version_4((self.uids.fetch_add(1, Ordering::Relaxed) + 1).into())
    }

    fn suffix(&self) -> String {
        suffix_of(self.suffixes.fetch_add(1, Ordering::Relaxed))
    }
}

/// RFC 9562, section 5.4: 122 free bits, and six that say so.
fn version_4(bits: u128) -> String {
    let bits = bits & !(0xf << 76) | 4 << 76;
    let bits = bits & !(0b11 << 62) | 0b10 << 62;
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

fn suffix_of(mut number: u64) -> String {
    let mut suffix = ['b'; 5];
    for place in suffix.iter_mut().rev() {
        *place = char::from(ALPHABET[usize::try_from(number % 27).unwrap_or_default()]);
        number /= 27;
    }
    suffix.iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_ids_count() {
        let ids = CountedIds::default();
        assert_eq!(ids.uid(), "00000000-0000-4000-8000-000000000001");
        assert_eq!(ids.uid(), "00000000-0000-4000-8000-000000000002");
        assert_eq!(ids.suffix(), "bbbbb");
        assert_eq!(ids.suffix(), "bbbbc");
    }

    #[test]
    fn random_ids_have_the_form() {
        let uid = RandomIds.uid();
        assert_eq!(uid.len(), 36);
        assert_eq!(&uid[14..15], "4", "{uid}");
        assert!("89ab".contains(&uid[19..20]), "{uid}");
        assert_ne!(uid, RandomIds.uid());
        assert_eq!(version_4(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert!(RandomIds.suffix().bytes().all(|byte| ALPHABET.contains(&byte)));
    }
}
