//! What else a token file can be asked, besides whose a token is.

use crate::{Entry, TokenFile, Warning};
use std::fmt;

impl TokenFile {
    /// What the server would log while it reads the file, in the file's order.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Every token's entry, in the file's order.
    #[must_use]
    pub fn entries(&self) -> Vec<&Entry> {
        let mut entries: Vec<&Entry> = self.by_token.values().iter().collect();
        entries.sort_by_key(|entry| entry.record);
        entries
    }

    /// How many tokens it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_token.values().len()
    }

    /// Whether it knows no token. The server starts with such a file as well.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Nothing of a token.
impl fmt::Debug for TokenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenFile({} tokens, {} warnings)", self.len(), self.warnings.len())
    }
}
