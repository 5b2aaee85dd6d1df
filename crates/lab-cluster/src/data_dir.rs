//! The lab's folder, laid out like `/var/snap/microk8s/current`:
//!
//! ```text
//! args/kube-apiserver          flags, one a line, read before those of the command line
//! certs/ca.crt  ca.key         who vouches for certificates
//! certs/server.crt  .key       who the server is
//! certs/client.crt  .key       who the administrator is
//! certs/serviceaccount.key     what signs tokens, and checks them
//! credentials/client.config    the administrator's kubeconfig
//! credentials/bare.config      a kubeconfig with nobody in it
//! objects.redb                 every object
//! ```
//!
//! What is there is used, never overwritten; what is missing is made. Keys and kubeconfigs are for
//! their owner's eyes (0600).

use crate::kubeconfig::Cluster;
use crate::pki::{Identity, Pki};
use signing::SigningKey;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// A folder that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// A file or folder can't be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Some of the certificates are there, and some are not: new ones would not fit the old.
    #[error("{folder} has some certificates, but no {missing}")]
    Incomplete {
        /// The folder.
        folder: PathBuf,
        /// The first missing file.
        missing: &'static str,
    },
    /// A key can't be read.
    #[error("{path}: {source}")]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        source: signing::KeyError,
    },
    /// The system has no random bytes, or the like.
    #[error("cannot make certificates: {0}")]
    Pki(#[from] rcgen::Error),
}

/// The folder.
#[derive(Debug, Clone)]
pub struct DataDir {
    root: PathBuf,
    certs: PathBuf,
}

const CERTIFICATES: [&str; 6] =
    ["ca.crt", "ca.key", "server.crt", "server.key", "client.crt", "client.key"];

impl DataDir {
    /// Makes the folders that are missing.
    ///
    /// # Errors
    /// When they can't be made.
    pub fn open(root: &Path, cert_dir: Option<&Path>) -> Result<Self, DataDirError> {
        let certs = cert_dir.map_or_else(|| root.join("certs"), Path::to_path_buf);
        for folder in [root, &root.join("args"), &root.join("credentials"), &certs] {
            private_folder(folder).map_err(|source| io_error(folder, source))?;
        }
        Ok(Self { root: root.to_path_buf(), certs })
    }

    /// Where the objects are.
    #[must_use]
    pub fn objects(&self) -> PathBuf {
        self.root.join("objects.redb")
    }

    /// Where the server's own flags are.
    #[must_use]
    pub fn arguments(root: &Path) -> PathBuf {
        root.join("args").join("kube-apiserver")
    }

    /// The certificates, made now if there are none at all.
    ///
    /// # Errors
    /// When only some are there.
    pub fn pki(&self, address: IpAddr) -> Result<Pki, DataDirError> {
        let there = |name: &&str| self.certs.join(name).exists();
        if !CERTIFICATES.iter().any(there) {
            let pki = Pki::generate(address)?;
            for (name, identity) in
                [("ca", &pki.authority), ("server", &pki.server), ("client", &pki.admin)]
            {
                self.write_identity(name, identity)?;
            }
            return Ok(pki);
        }
        if let Some(missing) = CERTIFICATES.into_iter().find(|name| !there(name)) {
            return Err(DataDirError::Incomplete { folder: self.certs.clone(), missing });
        }
        let authority = self.read_identity("ca")?;
        Ok(Pki {
            trusted: authority.certificate.clone(),
            authority,
            server: self.read_identity("server")?,
            admin: self.read_identity("client")?,
        })
    }

    /// The key that signs tokens, made now if there is none.
    ///
    /// # Errors
    /// When it can't be read, or made.
    pub fn signing_key(&self) -> Result<SigningKey, DataDirError> {
        let path = self.certs.join("serviceaccount.key");
        if !path.exists() {
            let key = SigningKey::generate();
            create(&path, &key.to_pem(), 0o600)?;
            return Ok(key);
        }
        read_signing_key(&path)
    }

    /// Writes a kubeconfig, unless the one that is there still leads to this cluster: it may hold
    /// what the reader wrote into it.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write_kubeconfig(
        &self,
        name: &str,
        text: &str,
        cluster: &Cluster,
    ) -> Result<PathBuf, DataDirError> {
        let path = self.root.join("credentials").join(name);
        if !fs::read_to_string(&path).is_ok_and(|there| cluster.is_in(&there)) {
            replace(&path, text)?;
        }
        Ok(path)
    }

    fn write_identity(&self, name: &str, identity: &Identity) -> Result<(), DataDirError> {
        create(&self.certs.join(format!("{name}.crt")), &identity.certificate, 0o644)?;
        create(&self.certs.join(format!("{name}.key")), &identity.key, 0o600)
    }

    fn read_identity(&self, name: &str) -> Result<Identity, DataDirError> {
        Ok(Identity {
            certificate: read(&self.certs.join(format!("{name}.crt")))?,
            key: read(&self.certs.join(format!("{name}.key")))?,
        })
    }
}

/// Reads a private key file, as `--service-account-signing-key-file` names one.
///
/// # Errors
/// When it is not there, or holds no private key.
pub fn read_signing_key(path: &Path) -> Result<SigningKey, DataDirError> {
    let pem = read(path)?;
    SigningKey::from_pem(pem.as_bytes())
        .map_err(|source| DataDirError::Key { path: path.into(), source })
}

/// Reads a text file.
///
/// # Errors
/// When it can't be read.
pub fn read(path: &Path) -> Result<String, DataDirError> {
    fs::read_to_string(path).map_err(|source| io_error(path, source))
}

fn io_error(path: &Path, source: io::Error) -> DataDirError {
    DataDirError::Io { path: path.into(), source }
}

/// A new file, on the disk before anybody relies on it.
fn create(path: &Path, text: &str, mode: u32) -> Result<(), DataDirError> {
    let written = new_file(path, mode)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|source| io_error(path, source))
}

/// A whole file in the place of another: who reads it meanwhile sees the old or the new.
fn replace(path: &Path, text: &str) -> Result<(), DataDirError> {
    let beside = path.with_extension("new");
    let _ = fs::remove_file(&beside);
    create(&beside, text, 0o600)?;
    fs::rename(&beside, path).map_err(|source| io_error(path, source))
}

#[cfg(unix)]
fn new_file(path: &Path, mode: u32) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

#[cfg(not(unix))]
fn new_file(path: &Path, _mode: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(unix)]
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}
