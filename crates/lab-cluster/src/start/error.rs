//! What keeps a cluster from starting.

use crate::audit::PolicyError;
use crate::data_dir::DataDirError;
use crate::flags::FlagError;
use crate::server;
use crate::status::Refusal;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a cluster did not start. Nothing is left running, and no file that was there has changed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Flags that don't go together.
    #[error(transparent)]
    Flags(#[from] FlagError),
    /// The folder.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The token file; the real server's words.
    #[error(transparent)]
    TokenFile(#[from] static_tokens::FileError),
    /// The objects.
    #[error(transparent)]
    Store(#[from] crate::registry::StoreError),
    /// The first objects could not be made.
    #[error("cannot make what every cluster has: {0}")]
    Furnish(#[from] Refusal),
    /// A key file.
    #[error("{path}: {source}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: signing::KeyError,
    },
    /// `--client-ca-file`.
    #[error("{path}: {why}")]
    ClientCa {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// `--tls-cert-file` or `--tls-private-key-file`, or the lab's own.
    #[error("{path}: {source}")]
    Tls {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: server::TlsError,
    },
    /// `--audit-policy-file`.
    #[error(transparent)]
    AuditPolicy(#[from] PolicyError),
    /// `--audit-log-path`.
    #[error("--audit-log-path: open {path}: {source}")]
    AuditLog {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system has no random bytes.
    #[error("the system has no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// The address can't be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}
