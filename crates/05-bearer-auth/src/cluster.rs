//! Which cluster, and as whom: a kubeconfig read the way the reader means it.
//!
//! Only the file one names is read. `KUBECONFIG` and `~/.kube/config` are somebody's everyday
//! clusters: an experiment must not reach them by accident.

use crate::client::{Certificate, connect};
use crate::token::NotAToken;
use crate::{BearerToken, Failure};
use kube::Client;
use kube::config::{AuthInfo, Config, KubeConfigOptions, Kubeconfig, KubeconfigError};
use narration::InputError;
use secrecy::ExposeSecret;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// More than any kubeconfig.
const MAX_BYTES: u64 = 4 << 20;

/// A cluster, and the credentials its kubeconfig has for us.
#[derive(Clone)]
pub struct Cluster {
    /// What its kubeconfig calls it: the context's name.
    pub name: String,
    config: Config,
    certificate: Option<Certificate>,
    credential: Credential,
}

/// How a kubeconfig's user says who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// Not at all: such a kubeconfig is good for experiments with a token of one's own.
    None,
    /// By a certificate in the TLS handshake, as microk8s does since 1.28.
    Certificate,
    /// By a bearer token, as microk8s did in 2022.
    Token,
    /// By both. The server asks the certificate first.
    CertificateAndToken,
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::None => "no credentials",
            Self::Certificate => "a client certificate",
            Self::Token => "a bearer token",
            Self::CertificateAndToken => "a client certificate and a bearer token",
        })
    }
}

/// Why a kubeconfig leads to no cluster.
#[derive(Debug, thiserror::Error)]
pub enum KubeconfigProblem {
    /// The file can't be read.
    #[error("{0}")]
    Input(#[from] InputError),
    /// It is no YAML, or none of this shape. What stands there is not shown: it may be a secret.
    #[error("{file} is no kubeconfig: {at}")]
    NotAKubeconfig {
        /// The file.
        file: String,
        /// Where it goes wrong.
        at: String,
    },
    /// Which of its contexts?
    #[error("the kubeconfig {problem} (its contexts: {})", listed(.contexts))]
    Context {
        /// What is wrong.
        problem: String,
        /// Those it has.
        contexts: Vec<String>,
    },
    /// The part of it that we need is wrong.
    #[error("the kubeconfig's context {context:?} can't be used: {problem}")]
    Unusable {
        /// The context.
        context: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: &'static str,
    },
}

impl KubeconfigProblem {
    /// What a reader can do now.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        match self {
            Self::Input(InputError::Unreadable { .. } | InputError::Empty { .. })
            | Self::NotAKubeconfig { .. } => {
                Some("`microk8s config > FILE` writes one, then --kubeconfig FILE")
            }
            Self::Context { contexts, .. } if contexts.is_empty() => None,
            Self::Context { .. } => Some("name one with --context"),
            Self::Unusable { advice, .. } => Some(*advice).filter(|advice| !advice.is_empty()),
            Self::Input(_) => None,
        }
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

impl Cluster {
    /// Reads a kubeconfig, `-` for standard input, and takes from it one context: `context`, or the
    /// one it calls current.
    ///
    /// # Errors
    /// All that keeps us from knowing where to go and as whom. Nothing has been sent yet.
    pub async fn from_kubeconfig(
        file: &Path,
        context: Option<&str>,
    ) -> Result<Self, KubeconfigProblem> {
        Self::of(read(file)?, context).await
    }

    /// The same, of a text that is at hand.
    ///
    /// # Errors
    /// As [`Cluster::from_kubeconfig`].
    pub async fn from_kubeconfig_text(text: &str) -> Result<Self, KubeconfigProblem> {
        let parsed = Kubeconfig::from_yaml(text);
        Self::of(parsed.map_err(|error| problem(Path::new("the text"), error))?, None).await
    }

    async fn of(kubeconfig: Kubeconfig, context: Option<&str>) -> Result<Self, KubeconfigProblem> {
        let contexts: Vec<String> =
            kubeconfig.contexts.iter().map(|named| named.name.clone()).collect();
        let wanted = context.or(kubeconfig.current_context.as_deref()).unwrap_or_default();
        let name = match wanted {
            "" => {
                let problem = "names no current context".to_owned();
                return Err(KubeconfigProblem::Context { problem, contexts });
            }
            name if !contexts.iter().any(|context| context == name) => {
                let problem = format!("has no context {name:?}");
                return Err(KubeconfigProblem::Context { problem, contexts });
            }
            name => name.to_owned(),
        };

        let unusable = |problem: String, advice| KubeconfigProblem::Unusable {
            context: name.clone(),
            problem,
            advice,
        };
        let options = KubeConfigOptions { context: Some(name.clone()), ..Default::default() };
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &options)
            .await
            .map_err(|error| unusable(why(&error), ""))?;
        check_server(&config).map_err(|(problem, advice)| unusable(problem, advice))?;
        check_user(&config.auth_info).map_err(|(problem, advice)| unusable(problem, advice))?;

        let certificate =
            Certificate::of(&config.auth_info).map_err(|error| unusable(error.to_string(), ""))?;
        let token = own_token(&config.auth_info).map_err(|problem| unusable(problem, ""))?;
        config.auth_info.token_file = None;
        config.auth_info.token = token.as_ref().map(|token| token.secret().to_owned().into());
        let credential = match (&certificate, &token) {
            (None, None) => Credential::None,
            (Some(_), None) => Credential::Certificate,
            (None, Some(_)) => Credential::Token,
            (Some(_), Some(_)) => Credential::CertificateAndToken,
        };
        Ok(Self { name, config, certificate, credential })
    }

    /// The address of its API server, as the kubeconfig has it.
    #[must_use]
    pub fn server(&self) -> String {
        self.config.cluster_url.to_string().trim_end_matches('/').to_owned()
    }

    /// Host and port, as the header `Host` has them.
    #[must_use]
    pub fn host(&self) -> &str {
        self.config.cluster_url.authority().map_or("", http::uri::Authority::as_str)
    }

    /// How its kubeconfig's user says who they are.
    #[must_use]
    pub fn credential(&self) -> Credential {
        self.credential
    }

    /// Whom its kubeconfig's user asks to be taken for (`as:`), if anybody.
    #[must_use]
    pub fn impersonates(&self) -> Option<&str> {
        self.config.auth_info.impersonate.as_deref()
    }

    /// Whether the kubeconfig says not to check whom we talk to.
    #[must_use]
    pub fn trusts_anyone(&self) -> bool {
        self.config.accept_invalid_certs
    }

    /// A client that is whoever the kubeconfig says.
    ///
    /// # Errors
    /// As [`connect`].
    pub fn as_its_user(&self) -> Result<Client, Failure> {
        connect(&self.config, self.certificate.as_ref())
    }

    /// A client that is nobody: it knows the cluster and shows no credential of its own.
    ///
    /// # Errors
    /// As [`connect`].
    pub fn as_nobody(&self) -> Result<Client, Failure> {
        let mut config = self.config.clone();
        config.auth_info = AuthInfo::default();
        connect(&config, None)
    }

    /// A client that sends this token and nothing else: it is the token's user.
    ///
    /// # Errors
    /// As [`connect`].
    pub fn bearing(&self, token: &BearerToken) -> Result<Client, Failure> {
        let mut config = self.config.clone();
        config.auth_info = AuthInfo::default();
        config.auth_info.token = Some(token.secret().to_owned().into());
        connect(&config, None)
    }

    /// What `kubectl --token=...` builds from a kubeconfig with a certificate: a client that shows
    /// both. `None` when there is no certificate.
    ///
    /// # Errors
    /// As [`connect`].
    pub fn certificate_and(&self, token: &BearerToken) -> Result<Option<Client>, Failure> {
        let Some(certificate) = &self.certificate else {
            return Ok(None);
        };
        let mut config = self.config.clone();
        config.auth_info = AuthInfo::default();
        config.auth_info.token = Some(token.secret().to_owned().into());
        connect(&config, Some(certificate)).map(Some)
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("name", &self.name)
            .field("server", &self.server())
            .field("credential", &self.credential)
            .finish_non_exhaustive()
    }
}

fn read(file: &Path) -> Result<Kubeconfig, KubeconfigProblem> {
    let plain = fs::metadata(file).is_ok_and(|file| file.is_file() && file.len() <= MAX_BYTES);
    let parsed = if plain {
        // kube resolves the paths inside it against its folder.
        Kubeconfig::read_from(file)
    } else {
        // A pipe can be read once only, and its paths have no folder.
        let bytes = narration::read(file, MAX_BYTES).map_err(|error| match error {
            InputError::TooLarge { .. } => KubeconfigProblem::NotAKubeconfig {
                file: shown(file),
                at: format!("it is larger than {} MiB", MAX_BYTES >> 20),
            },
            other => other.into(),
        })?;
        Kubeconfig::from_yaml(&String::from_utf8_lossy(&bytes))
    };
    let kubeconfig = parsed.map_err(|error| problem(file, error))?;
    if kubeconfig.clusters.is_empty() && kubeconfig.contexts.is_empty() {
        let at = "it has neither clusters nor contexts".to_owned();
        return Err(KubeconfigProblem::NotAKubeconfig { file: shown(file), at });
    }
    Ok(kubeconfig)
}

fn problem(file: &Path, error: KubeconfigError) -> KubeconfigProblem {
    let at = match error {
        KubeconfigError::ReadConfig(source, path) => {
            return InputError::Unreadable { path, source }.into();
        }
        KubeconfigError::Parse(error) => error.location().map_or_else(
            || "it is not the YAML that one is".to_owned(),
            |at| format!("line {}, column {} does not fit", at.line(), at.column()),
        ),
        other => other.to_string(),
    };
    KubeconfigProblem::NotAKubeconfig { file: shown(file), at }
}

fn shown(file: &Path) -> String {
    if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() }
}

type Unfit = (String, &'static str);

fn check_server(config: &Config) -> Result<(), Unfit> {
    let server = &config.cluster_url;
    if server.scheme_str() == Some("http") {
        return Err((
            format!("{server} is not HTTPS, so everybody on the way could read the token"),
            "a server behind `kubectl proxy` won't do: it takes the Authorization header away",
        ));
    }
    if server.scheme_str() != Some("https") || server.host().is_none() {
        return Err((
            format!("its server {server:?} is no address of an API server"),
            "write it like https://127.0.0.1:16443",
        ));
    }
    Ok(())
}

fn check_user(user: &AuthInfo) -> Result<(), Unfit> {
    const INSTEAD: &str = "make a token (`kubectl create token ACCOUNT > FILE`), and in a copy of \
                           the kubeconfig give the user `tokenFile: FILE` instead";
    if let Some(exec) = &user.exec {
        let program = exec.command.as_deref().unwrap_or("a program");
        let problem = format!(
            "its user's credentials come from running {program:?} (exec), and this course runs \
             no program that a file names"
        );
        return Err((problem, INSTEAD));
    }
    if let Some(provider) = &user.auth_provider {
        let problem = format!(
            "its user has the auth-provider {:?}, which kubectl itself dropped in 1.26",
            provider.name
        );
        return Err((problem, INSTEAD));
    }
    if user.password.is_some() {
        let problem = "its user has a password, which no API server has taken since 1.19";
        return Err((problem.to_owned(), INSTEAD));
    }
    Ok(())
}

/// The token in the file, or beside it. The file beside it goes first, as for client-go.
fn own_token(user: &AuthInfo) -> Result<Option<BearerToken>, String> {
    let unfit = |what: &str, error: NotAToken| format!("its user's {what} is no token: {error}");
    if let Some(file) = &user.token_file {
        let text = narration::read_text(&PathBuf::from(file)).map_err(|error| error.to_string())?;
        return BearerToken::read(&text).map(Some).map_err(|error| unfit("tokenFile", error));
    }
    match user.token.as_ref().map(ExposeSecret::expose_secret) {
        None | Some("") => Ok(None),
        Some(text) => BearerToken::read(text).map(Some).map_err(|error| unfit("token", error)),
    }
}

/// What is wrong with a kubeconfig that kube would not take, without what stands in it.
fn why(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::LoadClusterOfContext(cluster) => {
            format!("it belongs to a cluster {cluster:?} that the file does not have")
        }
        KubeconfigError::MissingClusterUrl => "its cluster has no server".to_owned(),
        KubeconfigError::ParseClusterUrl(_) => "its cluster's server is no address".to_owned(),
        other => other.to_string(),
    }
}
