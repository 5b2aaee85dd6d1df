//! A token that counts how often its bytes are compared. A clock would tell the same, less surely:
//! each comparison takes its time.

use std::borrow::Borrow;
use std::fmt;
use std::ops::BitXor;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A token in the server's memory.
pub struct Secret {
    token: Vec<u8>,
    compared: AtomicUsize,
}

/// One byte of a token. It can be compared with a byte of a guess: by `byte == guessed`, or by
/// `byte ^ guessed`, which is 0 when the two are equal. Each counts.
#[derive(Clone, Copy)]
pub struct Byte<'s> {
    value: u8,
    compared: &'s AtomicUsize,
}

impl Secret {
    /// Keeps a token.
    #[must_use]
    pub fn new(token: &str) -> Self {
        Self { token: token.into(), compared: AtomicUsize::new(0) }
    }

    /// Its bytes, to be compared.
    #[must_use]
    pub fn bytes(&self) -> Vec<Byte<'_>> {
        let compared = &self.compared;
        self.token.iter().map(|value| Byte { value: *value, compared }).collect()
    }

    /// How often one of its bytes was compared.
    #[must_use]
    pub fn compared(&self) -> usize {
        self.compared.load(Ordering::Relaxed)
    }
}

/// Nothing of the token.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.token.len())
    }
}

impl PartialEq<u8> for Byte<'_> {
    fn eq(&self, guessed: &u8) -> bool {
        self ^ guessed == 0
    }
}

impl<B: Borrow<u8>> BitXor<B> for Byte<'_> {
    type Output = u8;

    fn bitxor(self, guessed: B) -> u8 {
        self.compared.fetch_add(1, Ordering::Relaxed);
        self.value ^ guessed.borrow()
    }
}

impl<B: Borrow<u8>> BitXor<B> for &Byte<'_> {
    type Output = u8;

    fn bitxor(self, guessed: B) -> u8 {
        *self ^ guessed
    }
}
