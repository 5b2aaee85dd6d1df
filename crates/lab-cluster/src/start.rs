//! Puts a cluster together: flags, files, keys, objects, the chain, and the door.

mod contents;
mod error;
mod options;
mod pieces;

pub use error::StartError;
pub use options::{Around, Options, Storage};

use crate::api::{Api, Listener};
use crate::authn::bound_objects::Lookup;
use crate::authn::cache::Cached;
use crate::authn::service_accounts::{BoundTokens, LegacyTokens};
use crate::authn::x509::ClientCertificates;
use crate::authn::{AudienceAgnostic, Chain, TokenAuthenticator, Union};
use crate::authz::Authorizer;
use crate::authz::impersonation::Impersonation;
use crate::dashboard::Dashboard;
use crate::flags::AuthorizationMode;
use crate::kubeconfig::Cluster;
use crate::pki::Pki;
use crate::registry::Registry;
use crate::resources::Resources;
use crate::server;
use crate::tokens::TokenIssuer;
use crate::trace::Trace;
use contents::{Files, furnish};
use expiry::Validator;
use jwt_anatomy::LEGACY_ISSUER;
use pieces::{
    audit, authorizers, client_authorities, client_ca_error, put_around, serving_tls,
    static_tokens, verification_keys,
};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How many of the last requests an embedded cluster remembers.
const REMEMBERED_TRACES: usize = 256;

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

fn remember(traces: Arc<Mutex<VecDeque<Trace>>>) -> Listener {
    Box::new(move |trace| {
        let mut traces = traces.lock().unwrap_or_else(PoisonError::into_inner);
        if traces.len() == REMEMBERED_TRACES {
            traces.pop_front();
        }
        traces.push_back(trace.clone());
    })
}
