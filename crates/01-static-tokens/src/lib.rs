//! A token equal to a user name and password, for ever: what microk8s put into a kubeconfig in 2022.
//!
//! An API server started with `--token-auth-file` reads a file of tokens once, and from then on who
//! sends one of them *is* the user beside it ([static token file][1]; the real one is
//! [tokenfile.go][2]). This is the shortest way to see what every authenticator does: take what the
//! client sent, and answer one of three things.
//!
//! ```
//! use static_tokens::{Authenticator, TokenFile, Verdict};
//!
//! let file = TokenFile::parse("known_tokens.csv", b"s3cret,alice,u1,\"dev,qa\"\n")?;
//! let Verdict::Authenticated(user) = file.authenticate(b"s3cret") else { panic!("alice is known") };
//! assert_eq!(user.name, "alice");
//! assert_eq!(user.authenticated().groups, ["dev", "qa", "system:authenticated"]);
//! assert_eq!(file.authenticate(b"guessed"), Verdict::NotMine);
//! # Ok::<(), static_tokens::FileError>(())
//! ```
//!
//! - [`csv`]: how the file's text becomes columns.
//! - [`Warning`] and [`FileError`]: what the server says about a file, word for word.
//! - [`header`]: which tokens a client can send at all.
//! - [`new_token()`]: how microk8s made one.
//! - [`walk`]: the story that `cargo run -p static-tokens` tells.
//!
//! [1]: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file
//! [2]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apiserver/pkg/authentication/token/tokenfile/tokenfile.go

mod contents;
pub mod csv;
pub mod header;
mod new_token;
mod problems;
mod secret_map;
pub mod tool;
pub mod walk;
mod wording;

pub use new_token::new_token;
pub use problems::{FileError, Warning};

use secret_map::SecretMap;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

// ANCHOR: user
/// Who a credential turned out to be: strings that the credential vouches for, stored nowhere.
/// Authorization, later, looks at nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User {
    /// What permissions are given to, and what the audit log shows.
    pub name: String,
    /// Tells apart two users who had the same name at different times.
    pub uid: String,
    /// The groups it belongs to.
    pub groups: Vec<String>,
    /// What else the authenticator knows. A token file knows nothing else.
    pub extra: BTreeMap<String, Vec<String>>,
}
// ANCHOR_END: user

// ANCHOR: verdict
/// What an authenticator answers. After either of the last two a chain asks its next member. Only a
/// rejection has a reason, for the log. To the client both end alike, when nobody else says yes: a
/// token that nobody accepts is a 401, and never passes as anonymous.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The credential is good, and this is whose it is.
    Authenticated(User),
    /// The credential is of no kind this authenticator knows.
    NotMine,
    /// The credential is of its kind, and bad.
    Rejected(Rejection),
}
// ANCHOR_END: verdict

/// Why a credential was refused. For the server's log, never for the client: an attacker learns
/// nothing from a bare 401.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Rejection(pub String);

// ANCHOR: authenticator
/// Turns a token into a user. A token is bytes: a header may carry any, and so may a file.
pub trait Authenticator: Send + Sync {
    /// Who sends this token?
    fn authenticate(&self, token: &[u8]) -> Verdict;
}
// ANCHOR_END: authenticator

impl User {
    /// The user as the rest of the server sees it: who authenticates joins one more group, unless
    /// it is there already, or the user is the one who stands for nobody.
    #[must_use]
    pub fn authenticated(mut self) -> Self {
        let settled = |group: &String| {
            matches!(group.as_str(), "system:authenticated" | "system:unauthenticated")
        };
        if self.name != "system:anonymous" && !self.groups.iter().any(settled) {
            self.groups.push("system:authenticated".to_owned());
        }
        self
    }
}

/// A token file, in memory. The tokens themselves are not: only a keyed hash of each is kept.
pub struct TokenFile {
    by_token: SecretMap<Entry>,
    warnings: Vec<Warning>,
}

/// What is known of one token: everything but the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which record it comes from, counted from 1; blank lines are no records.
    pub record: usize,
    /// Whose token it is, with the groups that the file gives.
    pub user: User,
    /// Whether a client can send it at all: see [`header::can_carry`].
    pub sendable: bool,
}

/// The largest file that is read: 128 MiB, more than a million tokens.
pub const MAX_FILE_BYTES: u64 = 128 << 20;

impl TokenFile {
    /// Reads a file, once: like the real server, it never looks again.
    ///
    /// # Errors
    /// What the server would refuse to start with.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let name = path.display().to_string();
        let source = File::open(path);
        let source = source.map_err(|error| FileError::Open { file: name.clone(), error })?;

        let mut bytes = Vec::new();
        let read = source.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|error| FileError::Read { file: name.clone(), error })?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(FileError::TooLarge { file: name, limit: MAX_FILE_BYTES });
        }
        Self::parse(&name, &bytes)
    }

    /// Reads the content of a file; `name` is what warnings and errors call it.
    ///
    /// # Errors
    /// The first record that the server would refuse to start with. Nothing is kept of the rest.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, FileError> {
        let file = || name.to_owned();
        let mut by_token = SecretMap::new();
        let mut warnings = Vec::new();
        for (parsed, record) in csv::Records::new(bytes).zip(1..) {
            let csv::Record { line, columns } = parsed?;
            // What stands behind the fourth column is ignored.
            let [token, user_name, uid, groups @ ..] = columns.as_slice() else {
                return Err(FileError::TooFewColumns { file: file(), line, found: columns.len() });
            };
            if token.is_empty() {
                warnings.push(Warning::EmptyToken { file: file(), record });
                continue;
            }

            let user = User {
                name: as_json_shows(user_name),
                uid: as_json_shows(uid),
                // Not trimmed; and an empty column is one group, whose name is empty.
                groups: groups.first().map_or_else(Vec::new, |groups| {
                    groups.split(|byte| *byte == b',').map(as_json_shows).collect()
                }),
                extra: BTreeMap::new(),
            };
            let entry = Entry { record, user, sendable: header::can_carry(token) };
            // The last record with a token counts.
            if by_token.insert(token, entry).is_some() {
                warnings.push(Warning::DuplicateToken { file: file(), record });
            }
        }
        Ok(Self { by_token, warnings })
    }
}

impl Authenticator for TokenFile {
    /// The user beside the token, or [`Verdict::NotMine`]: a file can't tell a bad token of its own
    /// from one of another kind.
    fn authenticate(&self, token: &[u8]) -> Verdict {
        match self.by_token.get(token) {
            Some(entry) => Verdict::Authenticated(entry.user.clone()),
            None => Verdict::NotMine,
        }
    }
}

/// A name that is not UTF-8 keeps its place in the file, and shows as the server's JSON shows it: a
/// U+FFFD for each byte that is wrong.
fn as_json_shows(bytes: impl AsRef<[u8]>) -> String {
    let mut text = String::new();
    for chunk in bytes.as_ref().utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}
