//! The reader's own input: from standard input for `-`, else from a file; bounded, and every way it
//! can be wrong has its own sentence.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// More than any token: a real API server refuses request headers above 1 MiB altogether
/// (`DefaultMaxHeaderBytes` of Go's net/http).
pub const MAX_TOKEN_BYTES: u64 = 1 << 20;

/// Why there is nothing to work on.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The file can't be opened or read.
    #[error("cannot read {}: {}", name(.path), why(.source))]
    Unreadable {
        /// The file, or `-`.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing but white space came.
    #[error("{} is empty: nothing to look at", name(.path))]
    Empty {
        /// The file, or `-`.
        path: PathBuf,
    },
    /// It went on past the limit.
    #[error("{} is larger than {limit} bytes, which no token is", name(.path))]
    TooLarge {
        /// The file, or `-`.
        path: PathBuf,
        /// The limit, bytes.
        limit: u64,
    },
    /// The bytes are not text.
    #[error("{} is not text: byte {at} is not UTF-8", name(.path))]
    NotText {
        /// The file, or `-`.
        path: PathBuf,
        /// Where the first bad byte stands, counted from 1.
        at: usize,
    },
}

fn name(path: &Path) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() }
}

/// What the system said, without the `(os error N)` that helps nobody.
fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Reads `-` (standard input) or a file of at most `limit` bytes.
///
/// # Errors
/// When it can't be read, or goes on past `limit`.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, InputError> {
    let unreadable = |source| InputError::Unreadable { path: path.into(), source };
    let source: Box<dyn Read> = if is_stdin(path) {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(unreadable)?)
    };

    let mut bytes = Vec::new();
    source.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(InputError::TooLarge { path: path.into(), limit });
    }
    Ok(bytes)
}

/// Reads `-` or a file as text of at most [`MAX_TOKEN_BYTES`], white space at both ends left as it
/// came.
///
/// # Errors
/// As [`read`]; and when it is empty or not UTF-8.
pub fn read_text(path: &Path) -> Result<String, InputError> {
    let bytes = read(path, MAX_TOKEN_BYTES)?;
    if bytes.trim_ascii().is_empty() {
        return Err(InputError::Empty { path: path.into() });
    }
    String::from_utf8(bytes).map_err(|error| InputError::NotText {
        path: path.into(),
        at: error.utf8_error().valid_up_to() + 1,
    })
}
