//! How to start a cluster.

use crate::api::Listener;
use crate::authn::TokenAuthenticator;
use crate::flags::Flags;
use crate::registry::{IdSource, RandomIds};
use crate::resources::Limits;
use narration::{Clock, SystemClock};
use signing::SigningKey;
use static_tokens::Authenticator;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a cluster keeps what it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// Nowhere: it is gone with the process, and no file is touched.
    Memory,
    /// In a folder, for the next run.
    Folder(PathBuf),
}

/// Takes a token authenticator and gives back the one that is asked in its place.
pub type Around =
    Box<dyn Fn(Arc<dyn TokenAuthenticator>) -> Arc<dyn TokenAuthenticator> + Send + Sync>;

/// How to start a cluster.
pub struct Options {
    /// The server's flags. Where it keeps things is said by `storage`, not here.
    pub flags: Flags,
    /// Where it keeps things.
    pub storage: Storage,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where uids come from.
    pub ids: Arc<dyn IdSource>,
    /// The key that signs tokens, instead of a file.
    pub signing_key: Option<SigningKey>,
    /// Who knows static tokens, instead of `--token-auth-file`: your own look-up, say.
    pub static_tokens: Option<Arc<dyn Authenticator>>,
    /// Who knows tokens, instead of all that the lab has.
    pub token_authenticators: Option<Vec<Arc<dyn TokenAuthenticator>>>,
    /// What to put around each of them: your own first look at a token, say.
    pub around: Option<Around>,
    /// What there is only so much of.
    pub limits: Limits,
    /// Who hears of every request. An embedded cluster remembers the last ones anyway.
    pub listener: Option<Listener>,
}

impl Options {
    /// A cluster in memory, on a free port of loopback, by the machine's clock.
    #[must_use]
    pub fn embedded() -> Self {
        let flags = Flags { secure_port: 0, ..Flags::default() };
        Self { storage: Storage::Memory, ..Self::of(flags) }
    }

    /// A cluster as these flags say.
    #[must_use]
    pub fn of(flags: Flags) -> Self {
        Self {
            storage: Storage::Folder(flags.data_dir.clone()),
            flags,
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            signing_key: None,
            static_tokens: None,
            token_authenticators: None,
            around: None,
            limits: Limits::default(),
            listener: None,
        }
    }
}
