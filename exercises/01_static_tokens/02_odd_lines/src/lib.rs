//! Exercise: what the server says about a file that is not neat. You edit `src/exercise.rs`, and no
//! other file.

#[cfg_attr(feature = "solution", path = "../../../solutions/01_static_tokens/02_odd_lines.rs")]
mod exercise;

pub use exercise::look_over;

use std::fmt;
use std::io::{self, Write};

/// What the server logs, and starts all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The record's token is empty: it lets nobody in.
    EmptyToken {
        /// Which record, counted from 1.
        record: usize,
    },
    /// The record's token was there before: from here on it is this record's user.
    DuplicateToken {
        /// Which record, counted from 1.
        record: usize,
    },
}

/// Why the server does not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which line of the file, counted from 1.
    pub line: usize,
    /// How many columns it has.
    pub found: usize,
}

/// The server's words.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, record) = match self {
            Self::EmptyToken { record } => ("empty", record),
            Self::DuplicateToken { record } => ("duplicate", record),
        };
        write!(
            f,
            "{what} token has been found in token file 'known_tokens.csv', record number '{record}'"
        )
    }
}

/// The server's words, and behind them which line it was: the server leaves that to you.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, found } = self;
        write!(
            f,
            "token file 'known_tokens.csv' must have at least 3 columns (token, user name, user \
             uid), found {found} (line {line})"
        )
    }
}

/// A microk8s token file that people have edited, three times over: what happened, and the file.
pub const FILES: [(&str, &str); 3] = [
    (
        "Sorted, with blank lines; the laptop got the desktop's token, and a token was cut out",
        "\
Pw6yBn2cVf9hXk4tLq8sZg,admin,admin,\"system:masters\"

a4JdRm7uTe1oWi5pHv3xNb,system:node:desktop,kubelet-0,\"system:nodes\"
a4JdRm7uTe1oWi5pHv3xNb,system:node:laptop,kubelet-1,\"system:nodes\"

,system:kube-proxy,kube-proxy
Yk2gSc8zQf6lUr0mDj5wAv,system:kube-scheduler,scheduler
",
    ),
    (
        "A comment above the admin",
        "\
# mine
Pw6yBn2cVf9hXk4tLq8sZg,admin,admin,\"system:masters\"
",
    ),
    (
        "The laptop is sold, and its line commented out",
        "\
Pw6yBn2cVf9hXk4tLq8sZg,admin,admin,\"system:masters\"
#a4JdRm7uTe1oWi5pHv3xNb,system:node:laptop,kubelet-1,\"system:nodes\"
",
    ),
];

/// Prints what the server says about each of [`FILES`].
///
/// # Errors
/// Those of the writer.
pub fn tell(out: &mut impl Write) -> io::Result<()> {
    for (what_happened, file) in FILES {
        writeln!(out, "{what_happened}:")?;
        match look_over(file) {
            Ok(warnings) => {
                for warning in &warnings {
                    writeln!(out, "  {warning}")?;
                }
                writeln!(out, "  The server starts, with {} warnings.", warnings.len())?;
            }
            Err(refusal) => writeln!(out, "  {refusal}\n  The server does not start.")?,
        }
    }
    Ok(())
}
