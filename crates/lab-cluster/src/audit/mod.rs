//! The audit log: who asked for what, and what came of it, a line of JSON each
//! (`--audit-log-path`, [reference][1]). Here one sees which token was made for whom, and which was
//! used by whom, and sees no token:
//!
//! - a token that is issued: `annotations["authentication.kubernetes.io/issued-credential-id"]`;
//! - a token that is used: `user.extra["authentication.kubernetes.io/credential-id"]`.
//!
//! Both hold the token's `jti`, so that one `grep` finds its whole story.
//!
//! How much is written is said by a [`policy`]. The lab's own writes [`Level::Metadata`]. Higher
//! levels write bodies, and with them every token that is issued, and every Secret that is read.
//!
//! The real server's: [`audit.go`][2], [`request.go`][3]. Unlike it, the lab writes what was sent as
//! it was sent, without the defaults that it fills in, and turns no file over when it is full.
//!
//! [1]: https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
//! [2]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apiserver/pkg/endpoints/filters/audit.go
//! [3]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apiserver/pkg/audit/request.go

mod event;
pub mod policy;

pub use event::{Ending, Notes, Record};
pub use policy::{Level, Policy, PolicyError, Stage};

use crate::negotiate::go_escaped;
use narration::Clock;
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The annotation that names a token which is issued.
pub const ISSUED_CREDENTIAL_ID: &str = "authentication.kubernetes.io/issued-credential-id";

/// What is written down, and where.
pub struct Audit {
    policy: Policy,
    log: Mutex<Log>,
    clock: Arc<dyn Clock>,
}

struct Log {
    file: Box<dyn Write + Send>,
    /// Whether it was told already that it can't be written.
    failed: bool,
}

impl Audit {
    /// Writes to this file, at its end; to standard output when it is `-`.
    ///
    /// # Errors
    /// The file can't be opened.
    pub fn open(path: &Path, policy: Policy, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let file: Box<dyn Write + Send> =
            if path == Path::new("-") { Box::new(io::stdout()) } else { Box::new(append(path)?) };
        Ok(Self { policy, log: Mutex::new(Log { file, failed: false }), clock })
    }

    /// A line is written before the client hears of what it tells. Where that fails, the request is
    /// answered all the same, as by the real server.
    fn write(&self, event: &Value) {
        let line = go_escaped(event.to_string()) + "\n";
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let written = log.file.write_all(line.as_bytes()).and_then(|()| log.file.flush());
        if let Err(error) = written
            && !std::mem::replace(&mut log.failed, true)
        {
            narration::aside(format_args!("warning: cannot write the audit log: {error}"));
        }
    }
}

/// For its owner's eyes.
fn append(path: &Path) -> io::Result<std::fs::File> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        crate::data_dir::private_folder(folder)?;
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
