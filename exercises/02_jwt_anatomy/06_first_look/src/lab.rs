//! A lab cluster with your look in front of its verifiers, and a client that sends one token.

use crate::lab_client::Client;
use crate::{Answer, EIGHT_O_CLOCK, FirstLook, ISSUER, TokenAuthenticator};
use lab_cluster::registry::CountedIds;
use lab_cluster::{LabCluster, Options};
use narration::ManualClock;
use serde_json::Value;
use static_tokens::TokenFile;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Who may ask the lab for a token of somebody else.
const ADMIN: &str = "Td8wXk2mRv6y";

/// A cluster that runs, on a free port of loopback. It takes bound tokens by your look alone.
pub struct Lab {
    cluster: LabCluster,
    client: Client,
    asked: Arc<AtomicBool>,
}

/// What came back, and what the server keeps to itself.
#[derive(Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Who one is.
    pub user: Option<String>,
    /// Whether your look passed the token on.
    pub asked: bool,
    /// What was said of the token behind your look.
    pub log: String,
}

/// The lab's own verifier, and whether it has been asked.
struct Watched {
    verifier: Arc<dyn TokenAuthenticator>,
    asked: Arc<AtomicBool>,
}

impl TokenAuthenticator for Watched {
    fn name(&self) -> &'static str {
        self.verifier.name()
    }

    fn authenticate(&self, token: &[u8], audiences: &[String]) -> Answer {
        self.asked.store(true, Ordering::SeqCst);
        self.verifier.authenticate(token, audiences)
    }
}

impl Lab {
    /// Starts a cluster. Your look stands in front of the verifier of bound tokens; the clock stands
    /// at eight.
    ///
    /// # Errors
    /// Whatever keeps it from starting.
    pub async fn start() -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        let watched = asked.clone();
        let admins = format!("{ADMIN},admin,admin,system:masters\n");
        let admins = TokenFile::parse("known_tokens.csv", admins.as_bytes());
        let options = Options {
            clock: Arc::new(ManualClock::at_unix(EIGHT_O_CLOCK)),
            ids: Arc::new(CountedIds::default()),
            // The course's key: making one takes a second.
            signing_key: Some(signing::samples::lab_key()),
            static_tokens: Some(Arc::new(admins.map_err(io::Error::other)?)),
            around: Some(Box::new(move |verifier| {
                if verifier.name() != "bound token" {
                    return verifier;
                }
                let watched = Watched { verifier, asked: watched.clone() };
                Arc::new(FirstLook { issuer: ISSUER.to_owned(), verifier: Arc::new(watched) })
            })),
            ..Options::embedded()
        };
        let cluster = LabCluster::start(options).await.map_err(io::Error::other)?;
        let client = Client::of(&cluster)?;
        Ok(Self { cluster, client, asked })
    }

    /// A new token of the account `default`, as `kubectl create token default` gets it.
    ///
    /// # Errors
    /// Those of the connection, and a refusal.
    pub async fn token_of_default(&self) -> io::Result<String> {
        let path = "/api/v1/namespaces/default/serviceaccounts/default/token";
        let (status, body) = self.post(path, ADMIN, "{}").await?;
        body["status"]["token"].as_str().map(str::to_owned).ok_or_else(|| {
            io::Error::other(format!("the admin asked for a token, and the lab answered {status}"))
        })
    }

    /// Asks who one is, as `kubectl auth whoami` does, with this token.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn who_am_i(&self, token: &str) -> io::Result<Response> {
        let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        let question = r#"{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}"#;
        self.asked.store(false, Ordering::SeqCst);
        let (status, body) = self.post(path, token, question).await?;
        let trace = self.cluster.traces().pop().unwrap_or_default();
        let said = trace.authenticators.into_iter().find(|one| one.authenticator == "bound token");
        Ok(Response {
            status,
            user: body["status"]["userInfo"]["username"].as_str().map(str::to_owned),
            asked: self.asked.load(Ordering::SeqCst),
            log: said.map_or("not asked".to_owned(), |opinion| opinion.said),
        })
    }

    async fn post(&self, path: &str, token: &str, body: &str) -> io::Result<(u16, Value)> {
        let bearer = format!("Bearer {token}");
        self.client.post(path, &[("Authorization", &bearer)], body).await
    }

    /// Stops it.
    pub async fn stop(self) {
        self.cluster.shutdown().await;
    }
}
