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
mod log;
pub mod policy;

pub use event::{Notes, Record};
pub use policy::{Level, Policy, PolicyError, Stage};

use crate::negotiate::go_escaped;
use log::Log;
use narration::Clock;
use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The annotation that names a token which is issued.
pub const ISSUED_CREDENTIAL_ID: &str = "authentication.kubernetes.io/issued-credential-id";

/// What is written down, and where.
pub struct Audit {
    policy: Policy,
    log: Log,
    clock: Arc<dyn Clock>,
}

impl Audit {
    /// Writes to this file, at its end; to standard output when it is `-`.
    ///
    /// # Errors
    /// The file can't be opened, or not be made its owner's alone.
    pub fn open(path: &Path, policy: Policy, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let log =
            if path == Path::new("-") { Log::to(io::stdout()) } else { Log::to(append(path)?) };
        Ok(Self { policy, log: log?, clock })
    }

    /// A line is written before the client hears of what it tells, unless the log is stuck.
    fn write(&self, event: &Value) {
        self.log.add(go_escaped(event.to_string()) + "\n");
    }
}

/// For its owner's eyes, also a file that was there before, which the real server leaves as it is.
fn append(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        crate::data_dir::private_folder(folder)?;
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let metadata = file.metadata()?;
        // A pipe or a device is somebody else's.
        if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(file)
}
