//! What a shown command finds: the course's programs, as they are built, and POSIX.

use crate::agreement;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use tempfile::TempDir;

/// What every Linux and macOS has, and needs no network.
const TOOLS: [&str; 38] = [
    "awk", "base64", "basename", "cat", "chmod", "cmp", "cp", "cut", "diff", "dirname", "env",
    "expr", "fold", "grep", "head", "ls", "mkdir", "mktemp", "mv", "od", "paste", "printf", "pwd",
    "rm", "rmdir", "sed", "seq", "sh", "sleep", "sort", "tail", "tee", "touch", "tr", "true",
    "uniq", "wc", "xargs",
];

/// Stands in for cargo: starts what is built.
const CARGO: &str = r#"#!/bin/sh
if [ "$1" = run ]; then
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      -q|--quiet) shift ;;
      -p|--package) name=$2; shift 2 ;;
      --) shift; break ;;
      *) break ;;
    esac
  done
  if [ -n "$name" ] && [ -x "$PROGRAMS/$name" ]; then exec "$PROGRAMS/$name" "$@"; fi
fi
echo "only \`cargo run -q -p CRATE -- ARGUMENTS\` can be shown in a console block" >&2
exit 2
"#;

/// Blocks can't be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No temporary folder.
    #[error("no temporary folder can be made")]
    Folder(#[source] io::Error),
    /// No shell.
    #[error("/bin/sh can't be started")]
    Shell(#[source] io::Error),
    /// A program of the course does not build.
    #[error("`cargo build -p {0}` failed: what it printed says why")]
    Build(String),
}

/// The folder with the built programs, and the `PATH` for shown commands.
#[derive(Debug)]
pub struct Programs {
    root: PathBuf,
    /// `target/debug`.
    built: PathBuf,
    path: TempDir,
    provided: RefCell<BTreeSet<String>>,
}

impl Programs {
    /// Of a workspace, found beside the running test: `target/debug/deps/book-...`.
    ///
    /// # Errors
    /// When no temporary folder can be made.
    pub fn beside_this_test(root: &Path) -> Result<Self, Error> {
        let test = std::env::current_exe().map_err(Error::Folder)?;
        let built = test.ancestors().nth(2).unwrap_or(root).to_owned();
        Self::new(root, &built)
    }

    /// Of a workspace, built in this folder.
    ///
    /// # Errors
    /// When no temporary folder can be made.
    pub fn new(root: &Path, built: &Path) -> Result<Self, Error> {
        let path = tempfile::tempdir().map_err(Error::Folder)?;
        let cargo = path.path().join("cargo");
        std::fs::write(&cargo, CARGO).map_err(Error::Folder)?;
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&cargo, executable).map_err(Error::Folder)?;
        let searched = std::env::var_os("PATH").unwrap_or_default();
        for tool in TOOLS {
            let found =
                std::env::split_paths(&searched).map(|dir| dir.join(tool)).find(|f| f.is_file());
            if let Some(found) = found {
                symlink(found, path.path().join(tool)).map_err(Error::Folder)?;
            }
        }
        let provided = RefCell::default();
        Ok(Self { root: root.to_owned(), built: built.to_owned(), path, provided })
    }

    /// What a shown command knows of the world: always the same.
    pub(super) fn environment(&self, folder: &Path) -> [(&'static str, PathBuf); 8] {
        [
            ("PATH", self.path.path().to_owned()),
            ("PROGRAMS", self.built.clone()),
            ("HOME", folder.to_owned()),
            ("TMPDIR", folder.to_owned()),
            ("NO_COLOR", "1".into()),
            ("LC_ALL", "C.UTF-8".into()),
            ("TZ", "UTC".into()),
            ("TERM", "dumb".into()),
        ]
    }

    /// Builds the programs that a command runs, once and only if they are missing or older than
    /// their sources: `cargo test` has built them already. It says so.
    pub(super) fn provide(&self, command: &str) -> Result<(), Error> {
        for name in agreement::runs(command) {
            if !self.provided.borrow_mut().insert(name.to_owned()) || self.is_fresh(name) {
                continue;
            }
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            eprintln!("building {name}, which a page of the book runs: cargo build -p {name}");
            let target = self.built.parent().unwrap_or(&self.built);
            let status = Command::new(cargo)
                .args(["build", "--locked", "-p", name, "--target-dir"])
                .arg(target)
                .current_dir(&self.root)
                .status();
            if !status.is_ok_and(|status| status.success()) {
                return Err(Error::Build(name.to_owned()));
            }
        }
        Ok(())
    }

    /// cargo writes beside a program what it was made of: `program: src/lib.rs src/main.rs`.
    fn is_fresh(&self, name: &str) -> bool {
        let made = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
        let Some(built) = made(&self.built.join(name)) else { return false };
        let Ok(parts) = std::fs::read_to_string(self.built.join(name).with_extension("d")) else {
            return false;
        };
        let Some((_, sources)) = parts.split_once(": ") else { return false };
        let sources = sources.replace("\\ ", "\0");
        let is_older = |source: &str| {
            let made: Option<SystemTime> = made(Path::new(&source.replace('\0', " ")));
            made.is_some_and(|made| made <= built)
        };
        sources.split_whitespace().all(is_older)
    }
}
