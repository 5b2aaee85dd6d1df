//! Will the server start? The solution, and why.

use crate::{Refusal, Warning};
use std::collections::HashSet;

/// What the server will log while it reads the file, in the file's order.
///
/// # Errors
/// The first line that it will refuse to start with.
pub fn look_over(file: &str) -> Result<Vec<Warning>, Refusal> {
    let mut warnings = Vec::new();
    let mut tokens = HashSet::new();
    // Lines and records are the same until the first blank line. The server's warnings count
    // records, so in a file with blank lines its number points above the line it means.
    let mut record = 0;
    for (line, text) in (1..).zip(file.lines()) {
        // Not `text.trim().is_empty()`: a line with a space in it is a record of one column, and
        // keeps the server from starting.
        if text.is_empty() {
            continue;
        }
        record += 1;
        // A comma inside the quotes of the fourth column only adds to a number that is large enough.
        let columns: Vec<&str> = text.split(',').collect();
        let [token, _name, _uid, ..] = columns[..] else {
            // Nothing is kept of the file: half a list of users would be worse than none.
            return Err(Refusal { line, found: columns.len() });
        };
        if token.is_empty() {
            // An empty token proves nothing, so it is not remembered either: two of them are two
            // empty tokens, and no duplicate.
            warnings.push(Warning::EmptyToken { record });
        } else if !tokens.insert(token) {
            warnings.push(Warning::DuplicateToken { record });
        }
    }
    Ok(warnings)
}
