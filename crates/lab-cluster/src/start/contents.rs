//! What a cluster has before anybody asks for anything: keys, certificates, and its first objects.

use super::{StartError, Storage};
use crate::authz::bootstrap;
use crate::data_dir::{self, DataDir, DataDirError};
use crate::flags::{AuthorizationMode, Flags};
use crate::pki::Pki;
use crate::registry::{Controllers, LegacyToken, Registry, Store, kinds, seeds};
use crate::status::Refusal;
use crate::tokens;
use signing::SigningKey;
use std::path::PathBuf;
use std::sync::Arc;

/// What lies in the folder, or is made for a cluster that has none.
pub(super) struct Files {
    pub(super) pki: Pki,
    pub(super) signing_key: Arc<SigningKey>,
    pub(super) store: Store,
}

impl Files {
    pub(super) fn open(
        storage: &Storage,
        flags: &Flags,
        signing_key: Option<SigningKey>,
    ) -> Result<Self, StartError> {
        let named =
            |path: &Option<PathBuf>| path.as_deref().map(data_dir::read_signing_key).transpose();
        let signing_key = match signing_key {
            Some(key) => Some(key),
            None => named(&flags.service_account_signing_key_file)?,
        };
        match storage {
            Storage::Memory => Ok(Self {
                pki: Pki::generate(flags.bind_address).map_err(DataDirError::Pki)?,
                signing_key: Arc::new(signing_key.unwrap_or_else(SigningKey::generate)),
                store: Store::in_memory(),
            }),
            Storage::Folder(root) => {
                let folder = DataDir::open(root, flags.cert_dir.as_deref())?;
                Ok(Self {
                    store: Store::open(&folder.objects())?,
                    pki: folder.pki(flags.bind_address)?,
                    signing_key: match signing_key {
                        Some(key) => Arc::new(key),
                        None => Arc::new(folder.signing_key()?),
                    },
                })
            }
        }
    }
}

/// What is there before anybody asks for anything: what the API server makes, what its controllers
/// make, and, unless it is bare, what one sees on a microk8s.
pub(super) fn furnish(
    registry: &Registry,
    flags: &Flags,
    modes: &[AuthorizationMode],
    key: &Arc<SigningKey>,
    pki: &Pki,
) -> Result<(), Refusal> {
    seeds::system_namespaces(registry)?;
    if modes.contains(&AuthorizationMode::Rbac) {
        let objects = [
            (&kinds::CLUSTER_ROLES, bootstrap::cluster_roles(false)),
            (&kinds::CLUSTER_ROLE_BINDINGS, bootstrap::cluster_role_bindings()),
            (&kinds::ROLES, bootstrap::roles()),
            (&kinds::ROLE_BINDINGS, bootstrap::role_bindings()),
        ];
        registry.create_missing(
            objects
                .into_iter()
                .flat_map(|(kind, objects)| objects.into_iter().map(move |object| (kind, object))),
        )?;
    }
    if flags.bare {
        return Ok(());
    }
    let key = key.clone();
    let sign = move |token: &LegacyToken| key.sign(&tokens::legacy_claims(token)).ok();
    registry.start_controllers(Controllers::new(&*pki.trusted, sign))?;
    seeds::sample_workloads(registry)
}
