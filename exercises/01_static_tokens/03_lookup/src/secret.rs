//! A token that counts how often its bytes are compared. A clock would tell the same, less surely:
//! each comparison takes its time.

use std::fmt;
use std::ops::BitXor;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A token in the server's memory.
pub struct Secret(Vec<Byte>);

/// One byte of a token. It can be compared with a byte of a guess by `==`, or by `^`, which gives 0
/// when the two are equal. Each counts.
pub struct Byte {
    value: u8,
    compared: AtomicUsize,
}

impl Secret {
    /// Keeps a token.
    #[must_use]
    pub fn new(token: &str) -> Self {
        Self(token.bytes().map(|value| Byte { value, compared: AtomicUsize::new(0) }).collect())
    }

    /// Its bytes, to be compared.
    #[must_use]
    pub fn bytes(&self) -> &[Byte] {
        &self.0
    }

    /// How many comparisons there were, of all its bytes together.
    #[must_use]
    pub fn compared(&self) -> usize {
        self.0.iter().map(|byte| byte.compared.load(Ordering::Relaxed)).sum()
    }
}

/// Nothing of the token.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

impl Byte {
    fn value(&self) -> u8 {
        self.compared.fetch_add(1, Ordering::Relaxed);
        self.value
    }
}

impl PartialEq<u8> for Byte {
    fn eq(&self, guessed: &u8) -> bool {
        self.value() == *guessed
    }
}

impl BitXor<u8> for &Byte {
    type Output = u8;

    fn bitxor(self, guessed: u8) -> u8 {
        self.value() ^ guessed
    }
}

impl BitXor<&u8> for &Byte {
    type Output = u8;

    fn bitxor(self, guessed: &u8) -> u8 {
        self.value() ^ guessed
    }
}
