//! What a real kube-apiserver says about a token file, to the letter: on a warning it goes on, on a
//! [`FileError`] it does not start. What it leaves out (where, and what to do now) is added beside
//! its words, never in them.

use crate::csv::{ParseError, Rule};
use std::io;

/// Something odd that a server starts with all the same. It prints as the server logs it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// The record has an empty token: it is left out.
    #[error("empty token has been found in token file '{file}', record number '{record}'")]
    EmptyToken {
        /// The file's name.
        file: String,
        /// Which record, counted from 1; blank lines are no records.
        record: usize,
    },
    /// The record's token was there before: from here on it is this record's user.
    #[error("duplicate token has been found in token file '{file}', record number '{record}'")]
    DuplicateToken {
        /// The file's name.
        file: String,
        /// Which record, counted from 1; blank lines are no records.
        record: usize,
    },
}

/// A file that a server would refuse to start with. It prints as the server's last words.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file can't be opened.
    #[error("open {file}: {}", as_go_says(.error))]
    Open {
        /// The file's name.
        file: String,
        /// What the system said.
        error: io::Error,
    },
    /// The file can be opened, but not read. A folder, for one.
    #[error("read {file}: {}", as_go_says(.error))]
    Read {
        /// The file's name.
        file: String,
        /// What the system said.
        error: io::Error,
    },
    /// The file is larger than this crate reads. The only one of these that is not the server's,
    /// which would read on until its memory is full.
    #[error("token file '{file}' is larger than {limit} bytes")]
    TooLarge {
        /// The file's name.
        file: String,
        /// The limit, bytes.
        limit: u64,
    },
    /// The file breaks a rule of CSV. The server does not say which file it was.
    #[error(transparent)]
    Csv(#[from] ParseError),
    /// A record is too short. The server does not say which.
    #[error(
        "token file '{file}' must have at least 3 columns (token, user name, user uid), found {found}"
    )]
    TooFewColumns {
        /// The file's name.
        file: String,
        /// The line on which the record begins, counted from 1.
        line: usize,
        /// How many columns it has.
        found: usize,
    },
}

impl FileError {
    /// What to do now, in one sentence.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Open { error, .. } if error.kind() == io::ErrorKind::NotFound => {
                "a microk8s installed since 1.28 has no token file; an older one keeps it at \
                 /var/snap/microk8s/current/credentials/known_tokens.csv"
                    .to_owned()
            }
            Self::Open { .. } => {
                "who reads this file can be any user in it, so only root may: sudo".to_owned()
            }
            Self::Read { .. } => {
                "give the file itself, on microk8s credentials/known_tokens.csv".to_owned()
            }
            Self::TooLarge { .. } => "give a text file with one token a line".to_owned(),
            Self::Csv(ParseError { rule: Rule::BareQuote, line, .. }) => format!(
                "line {line}: a quote may only be the first and the last of its column, so take \
                 out what stands before it, a space perhaps"
            ),
            Self::Csv(ParseError { rule: Rule::Quote, record_line, .. }) => format!(
                "line {record_line}: behind a closing quote comes a comma or the line's end, and \
                 a quote inside quotes is written twice"
            ),
            Self::TooFewColumns { line, .. } => format!(
                "line {line} is to read token,name,uid or token,name,uid,\"group1,group2\"; there \
                 are no comments in this file"
            ),
        }
    }
}

/// Go spells the system's errors with a small first letter and without their number.
fn as_go_says(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
