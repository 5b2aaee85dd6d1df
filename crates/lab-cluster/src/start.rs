//! Puts a cluster together: flags, files, keys, objects, the chain, and the door.

mod pieces;

use crate::api::{Api, Listener};
use crate::audit::PolicyError;
use crate::authn::bound_objects::Lookup;
use crate::authn::cache::Cached;
use crate::authn::service_accounts::{BoundTokens, LegacyTokens};
use crate::authn::x509::ClientCertificates;
use crate::authn::{AudienceAgnostic, Chain, TokenAuthenticator, Union};
use crate::authz::impersonation::Impersonation;
use crate::authz::{Authorizer, bootstrap};
use crate::dashboard::Dashboard;
use crate::data_dir::{self, DataDir, DataDirError};
use crate::flags::{AuthorizationMode, FlagError, Flags};
use crate::kubeconfig::Cluster;
use crate::pki::Pki;
use crate::registry::{
    Controllers, IdSource, LegacyToken, RandomIds, Registry, Store, kinds, seeds,
};
use crate::resources::{Limits, Resources};
use crate::server;
use crate::status::Refusal;
use crate::tokens::{self, TokenIssuer};
use crate::trace::Trace;
use expiry::Validator;
use jwt_anatomy::LEGACY_ISSUER;
use narration::{Clock, SystemClock};
use pieces::{
    audit, authorizers, client_authorities, client_ca_error, put_around, serving_tls,
    static_tokens, verification_keys,
};
use signing::SigningKey;
use static_tokens::Authenticator;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How many of the last requests an embedded cluster remembers.
const REMEMBERED_TRACES: usize = 256;

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

/// A cluster that runs.
pub struct LabCluster {
    address: SocketAddr,
    cluster: Cluster,
    pki: Pki,
    registry: Arc<Registry>,
    chain: Arc<Chain>,
    notes: Vec<String>,
    traces: Arc<Mutex<VecDeque<Trace>>>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl LabCluster {
    /// Starts one. When this returns it answers.
    ///
    /// # Errors
    /// Whatever keeps it from starting.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let Options { mut flags, storage, clock, ids, .. } = options;
        flags.check()?;
        let (mut notes, modes) = (Vec::new(), flags.modes()?);
        if modes.contains(&AuthorizationMode::Node) {
            notes
                .push("authorization mode Node is read as nothing: the lab has no kubelets".into());
        }
        if modes.contains(&AuthorizationMode::AlwaysAllow) && flags.anonymous_auth {
            // Else nobody at all could do everything.
            notes.push(
                "AnonymousAuth is not allowed with the AlwaysAllow authorizer. Resetting \
                 AnonymousAuth to false. You should use a different authorizer"
                    .to_owned(),
            );
            flags.anonymous_auth = false;
        }

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut files = Files::open(&storage, &flags, options.signing_key)?;
        let keys = Arc::new(verification_keys(&flags, &files.signing_key)?);
        let roots = client_authorities(&flags, &files.pki)?;
        let tls = serving_tls(&mut files.pki, &flags, &provider)?;

        let registry = Arc::new(Registry::new(files.store, clock.clone(), ids.clone()));
        furnish(&registry, &flags, &modes, &files.signing_key, &files.pki)?;

        let validator =
            Validator::new(flags.service_account_issuer.clone(), flags.api_audiences.clone());
        let api_audiences = validator.api_audiences.clone();
        let objects: Arc<dyn Lookup> = registry.clone();
        let mut members: Vec<Arc<dyn TokenAuthenticator>> = Vec::new();
        if let Some(known) = static_tokens(options.static_tokens, &flags, &mut notes)? {
            members.push(Arc::new(AudienceAgnostic {
                name: "token file",
                inner: known,
                api_audiences: api_audiences.clone(),
            }));
        }
        members.push(Arc::new(LegacyTokens {
            keys: keys.clone(),
            validator: Validator::new(vec![LEGACY_ISSUER.to_owned()], api_audiences.clone()),
            objects: objects.clone(),
            last_used: registry.clone(),
            clock: clock.clone(),
        }));
        members.push(Arc::new(BoundTokens {
            keys: keys.clone(),
            validator,
            objects: objects.clone(),
            clock: clock.clone(),
        }));
        let members = put_around(options.token_authenticators.unwrap_or(members), options.around);
        let certificates = ClientCertificates::new(roots, provider, clock.clone())
            .map_err(|error| client_ca_error(&flags, &error))?;
        let chain = Arc::new(Chain {
            certificates: Some(certificates),
            tokens: Cached::new(Union(members), clock.clone())?,
            anonymous: flags.anonymous_auth,
            api_audiences: api_audiences.clone(),
        });

        let authorizer: Arc<dyn Authorizer> = Arc::new(authorizers(&modes, &registry));
        let tokens = TokenIssuer {
            key: files.signing_key,
            issuer: flags.service_account_issuer[0].clone(),
            api_audiences,
            max_expiration: flags.max_expiration()?,
            extend: flags.service_account_extend_token_expiration,
            objects,
            clock: clock.clone(),
            ids: ids.clone(),
        };

        let audit = audit(&flags, &clock, &mut notes)?;
        let address = SocketAddr::new(flags.bind_address, flags.secure_port);
        let listen = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;

        let traces: Arc<Mutex<VecDeque<Trace>>> = Arc::default();
        let api = Arc::new(Api {
            chain: chain.clone(),
            authorizer: authorizer.clone(),
            impersonation: Impersonation::default(),
            resources: Resources {
                registry: registry.clone(),
                tokens,
                chain: chain.clone(),
                authorizer,
                issuer: flags.service_account_issuer[0].clone(),
                keys,
                jwks_uri: flags.service_account_jwks_uri.clone(),
                address: address.to_string(),
                limits: options.limits,
            },
            registry: registry.clone(),
            ids,
            audit,
            listener: options.listener.unwrap_or_else(|| remember(traces.clone())),
            dashboard: flags.dashboard.then(|| Dashboard { address: address.ip(), clock }),
        });
        let cluster = Cluster::at(address, &files.pki.trusted);
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(server::serve(listener, tls, api, stopped));
        Ok(Self { address, cluster, pki: files.pki, registry, chain, notes, traces, stop, serving })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it is, for kubeconfig files.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// A kubeconfig with the administrator's certificate.
    #[must_use]
    pub fn admin_kubeconfig(&self) -> String {
        self.cluster.admin_kubeconfig(&self.pki.admin)
    }

    /// A kubeconfig with nobody in it.
    #[must_use]
    pub fn bare_kubeconfig(&self) -> String {
        self.cluster.bare_kubeconfig()
    }

    /// The certificate authority, PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.pki.trusted
    }

    /// The objects, past the API: to look for a token in them, say.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The authenticators, past the API.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// What the server would write into its log at the start.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The last requests, oldest first. Empty when the options have a listener of their own.
    #[must_use]
    pub fn traces(&self) -> Vec<Trace> {
        self.traces.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Takes no more connections, and waits a moment for what is in flight.
    pub async fn shutdown(self) {
        self.registry.end_watches();
        let _ = self.stop.send(true);
        let _ = self.serving.await;
    }
}

/// What lies in the folder, or is made for a cluster that has none.
struct Files {
    pki: Pki,
    signing_key: Arc<SigningKey>,
    store: Store,
}

impl Files {
    fn open(
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
fn furnish(
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

fn remember(traces: Arc<Mutex<VecDeque<Trace>>>) -> Listener {
    Box::new(move |trace| {
        let mut traces = traces.lock().unwrap_or_else(PoisonError::into_inner);
        if traces.len() == REMEMBERED_TRACES {
            traces.pop_front();
        }
        traces.push_back(trace.clone());
    })
}
