//! A success is remembered for ten seconds, so that a busy client's signature is not checked anew
//! for each request. That is why a deleted account's token still answers for a moment
//! ([`cached_token_authenticator.go`][1]). Failures are not remembered.
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apiserver/pkg/authentication/token/cache/cached_token_authenticator.go

use super::{Authenticated, Union};
use crate::trace::Trace;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use narration::Clock;
use sha2::Sha256;
use static_tokens::Rejection;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// How long a success is remembered.
pub const SUCCESS_TTL: TimeDelta = TimeDelta::seconds(10);

/// Above this many entries the expired ones are thrown out at every new one.
const SWEEP_ABOVE: usize = 4096;

type Fingerprint = [u8; 32];

/// A [`Union`] behind a memory of ten seconds.
pub struct Cached<T> {
    inner: T,
    clock: Arc<dyn Clock>,
    /// Random, of this process: the fingerprints in memory are worth nothing elsewhere.
    key: Hmac<Sha256>,
    successes: RwLock<HashMap<Fingerprint, (Authenticated, DateTime<Utc>)>>,
}

impl Cached<Union> {
    /// An empty memory before `inner`.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn new(inner: Union, clock: Arc<dyn Clock>) -> Result<Self, getrandom::Error> {
        let mut key = [0; 64];
        getrandom::fill(&mut key)?;
        let key = Hmac::new(&key.into());
        Ok(Self { inner, clock, key, successes: RwLock::default() })
    }

    /// Remembers, or asks.
    ///
    /// # Errors
    /// As [`Union::authenticate`].
    pub fn authenticate(
        &self,
        token: &[u8],
        audiences: &[String],
        trace: &mut Trace,
    ) -> Result<Authenticated, Vec<Rejection>> {
        let fingerprint = self.fingerprint(token, audiences);
        let now = self.clock.now();
        if let Some(known) = self.recall(&fingerprint, now) {
            let name = &known.user.name;
            trace.note("cache", format!("authenticated: {name} (asked less than 10 s ago)"));
            return Ok(known);
        }

        let fresh = self.inner.authenticate(token, audiences, trace)?;
        let mut successes = self.successes.write().unwrap_or_else(PoisonError::into_inner);
        if successes.len() >= SWEEP_ABOVE {
            successes.retain(|_, (_, until)| *until > now);
        }
        successes.insert(fingerprint, (fresh.clone(), now + SUCCESS_TTL));
        Ok(fresh)
    }

    fn recall(&self, fingerprint: &Fingerprint, now: DateTime<Utc>) -> Option<Authenticated> {
        let successes = self.successes.read().unwrap_or_else(PoisonError::into_inner);
        let (known, until) = successes.get(fingerprint)?;
        // Neither after its time, nor before it: a clock that was set back forgets.
        let remembered = now < *until && *until - now <= SUCCESS_TTL;
        remembered.then(|| known.clone())
    }

    fn fingerprint(&self, token: &[u8], audiences: &[String]) -> Fingerprint {
        let mut mac = self.key.clone();
        for part in audiences.iter().map(String::as_bytes).chain([token]) {
            mac.update(&part.len().to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}
