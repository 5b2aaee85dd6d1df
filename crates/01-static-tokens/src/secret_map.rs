//! A map whose keys are secrets, and which does not keep them.

use crate::new_token::random;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::HashMap;
use std::mem;

/// Finds a value by a secret. Of the secret only a keyed hash is kept and compared, and nobody
/// outside can compute that: a guess that is nearly right takes as long as any other, and finding
/// one among a million takes no longer than among ten.
///
/// (The real server keeps the tokens themselves, as the keys of a map. Comparing two of those ends
/// at their first difference, which someone with a very good clock might measure.)
pub(crate) struct SecretMap<V> {
    /// HMAC-SHA-256 with its key already in it, random and never seen by anyone.
    hash: Hmac<Sha256>,
    by_hash: HashMap<[u8; 32], usize>,
    values: Vec<V>,
}

impl<V> SecretMap<V> {
    pub(crate) fn new() -> Self {
        let hash = Hmac::new(&random::<64>().into());
        Self { hash, by_hash: HashMap::new(), values: Vec::new() }
    }

    /// Gives back the value that this one replaces.
    pub(crate) fn insert(&mut self, secret: &[u8], value: V) -> Option<V> {
        let next = self.values.len();
        let at = *self.by_hash.entry(self.hash(secret)).or_insert(next);
        if at == next {
            self.values.push(value);
            return None;
        }
        Some(mem::replace(&mut self.values[at], value))
    }

    // ANCHOR: get
    pub(crate) fn get(&self, secret: &[u8]) -> Option<&V> {
        let at = self.by_hash.get(&self.hash(secret))?;
        self.values.get(*at)
    }
    // ANCHOR_END: get

    pub(crate) fn values(&self) -> &[V] {
        &self.values
    }

    // ANCHOR: hash
    fn hash(&self, secret: &[u8]) -> [u8; 32] {
        self.hash.clone().chain_update(secret).finalize().into_bytes().into()
    }
    // ANCHOR_END: hash
}

#[cfg(test)]
mod tests {
    use super::SecretMap;

    #[test]
    fn no_two_maps_hash_alike() {
        let (one, other) = (SecretMap::<()>::new(), SecretMap::<()>::new());
        assert_eq!(one.hash(b"secret"), one.hash(b"secret"));
        assert_ne!(one.hash(b"secret"), other.hash(b"secret"));
    }
}
