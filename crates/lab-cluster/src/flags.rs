//! The command line: kube-apiserver's own flags, by their own names ([reference][1]), and a few of
//! the lab's.
//!
//! [1]: https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/

use chrono::TimeDelta;
use clap::{ArgAction, Parser};
use std::net::IpAddr;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  lab-cluster                                   like today's microk8s, on port 16443
  lab-cluster --ephemeral --secure-port 0       another one, gone when it stops
  lab-cluster --authorization-mode RBAC --trace
  lab-cluster --token-auth-file lab/credentials/known_tokens.csv    like 2022's microk8s";

/// A Kubernetes API server in one process, to see how it treats tokens.
///
/// With no flags it behaves like today's microk8s: port 16443, everybody who can authenticate may do
/// everything, and a kubeconfig with a certificate.
#[derive(Debug, Clone, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "flags are")]
#[command(name = "lab-cluster", version, after_help = EXAMPLES, args_override_self = true)]
pub struct Flags {
    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1", value_name = "IP")]
    pub bind_address: IpAddr,

    /// The port to listen on; 0 takes any that is free
    #[arg(long, default_value_t = 16443, value_name = "PORT")]
    pub secure_port: u16,

    /// Where certificates and keys lie [default: the data folder's certs/]
    #[arg(long, value_name = "DIR")]
    pub cert_dir: Option<PathBuf>,

    /// The server's own certificate, with those that lead to its authority [default:
    /// certs/server.crt]
    #[arg(long, value_name = "FILE")]
    pub tls_cert_file: Option<PathBuf>,

    /// The key of that certificate [default: certs/server.key]
    #[arg(long, value_name = "FILE")]
    pub tls_private_key_file: Option<PathBuf>,

    /// Who may vouch for client certificates [default: certs/ca.crt]
    #[arg(long, value_name = "FILE")]
    pub client_ca_file: Option<PathBuf>,

    /// Static tokens, a line each: token,user name,user uid,"group1,group2"
    #[arg(long, value_name = "FILE")]
    pub token_auth_file: Option<PathBuf>,

    /// Whether a request without credentials is let in as system:anonymous
    #[arg(long, value_name = "BOOL", default_value = "true", default_missing_value = "true",
          num_args = 0..=1, require_equals = true, action = ArgAction::Set)]
    pub anonymous_auth: bool,

    /// Who decides what a user may do: `AlwaysAllow`, `AlwaysDeny` or `RBAC` (also as `Node,RBAC`)
    #[arg(long, value_name = "MODES", default_value = "AlwaysAllow", value_delimiter = ',')]
    pub authorization_mode: Vec<String>,

    /// The `iss` of tokens. Repeat it to accept those of an earlier issuer as well; the first signs
    #[arg(long, value_name = "URL", default_value = "https://kubernetes.default.svc")]
    pub service_account_issuer: Vec<String>,

    /// The private key that signs tokens [default: certs/serviceaccount.key]
    #[arg(long, value_name = "FILE")]
    pub service_account_signing_key_file: Option<PathBuf>,

    /// A key that tokens are checked with, public or private; repeatable [default: the signing key]
    #[arg(long, value_name = "FILE")]
    pub service_account_key_file: Vec<PathBuf>,

    /// The `aud` that a token must have one of [default: the issuers]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub api_audiences: Vec<String>,

    /// The longest life that a token may be given, like 24h
    #[arg(long, value_name = "DURATION", value_parser = expiry::lifetime::duration)]
    pub service_account_max_token_expiration: Option<TimeDelta>,

    /// Whether a pod's token gets a year instead of the 3607 seconds that it asks for, with a note of
    /// when to renew it
    #[arg(long, value_name = "BOOL", default_value = "true", default_missing_value = "true",
          num_args = 0..=1, require_equals = true, action = ArgAction::Set)]
    pub service_account_extend_token_expiration: bool,

    /// Where outsiders find the keys that tokens are checked with [default: the server's own
    /// /openid/v1/jwks]
    #[arg(long, value_name = "URL")]
    pub service_account_jwks_uri: Option<String>,

    /// How much is written into the audit log of which request [default: of each its metadata, and no
    /// token]
    #[arg(long, value_name = "FILE")]
    pub audit_policy_file: Option<PathBuf>,

    /// Write an audit log: who asked for what, who made which token, and who used it. `-` is standard
    /// output
    #[arg(long, value_name = "FILE")]
    pub audit_log_path: Option<PathBuf>,

    /// The lab's folder: certificates, kubeconfigs and every object, kept between runs
    #[arg(long, value_name = "DIR", default_value = "lab")]
    pub data_dir: PathBuf,

    /// Keep nothing: a folder of its own, removed at the end
    #[arg(long, conflicts_with = "data_dir")]
    pub ephemeral: bool,

    /// Only what a kube-apiserver alone creates: no pods, no controllers
    #[arg(long)]
    pub bare: bool,

    /// Whether a browser finds a page at /dashboard/, to paste a token into
    #[arg(long, value_name = "BOOL", default_value = "true", default_missing_value = "true",
          num_args = 0..=1, require_equals = true, action = ArgAction::Set)]
    pub dashboard: bool,

    /// Print, for every request, what each authenticator said and which rule decided
    #[arg(long)]
    pub trace: bool,
}

impl Default for Flags {
    /// What no flags at all mean.
    fn default() -> Self {
        Self::parse_from(["lab-cluster"])
    }
}

/// Who decides what a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorizationMode {
    /// Everybody, everything.
    AlwaysAllow,
    /// Nobody, anything.
    AlwaysDeny,
    /// What a kubelet may do. The lab has none, and reads `Node` as nothing.
    Node,
    /// Roles and bindings.
    Rbac,
}

/// Flags that are understood, and don't go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlagError {
    /// Not a mode that the lab has.
    #[error(
        "authorization-mode {0:?} is not a valid mode: the lab has AlwaysAllow, AlwaysDeny, RBAC and \
         Node"
    )]
    UnknownMode(String),
    /// Nothing is gained by asking twice.
    #[error("authorization-mode {} has mode specified more than once", expiry::go::quote_list(.0))]
    RepeatedMode(Vec<String>),
    /// The cap is no cap.
    #[error(transparent)]
    Cap(#[from] expiry::lifetime::CapError),
    /// Where keys are published, and nobody would look.
    #[error("service-account-jwks-uri requires https scheme, parsed as: {0}")]
    KeysNotHttps(String),
    /// Not a URL.
    #[error("service-account-jwks-uri must be a valid URL: parse {0:?}: {1}")]
    KeysUrl(String, String),
    /// A certificate without its key, or the reverse.
    #[error(
        "missing filename for serving cert: --tls-cert-file and --tls-private-key-file go together"
    )]
    HalfAServer,
    /// An issuer that nobody could name.
    #[error("--service-account-issuer must not be empty")]
    EmptyIssuer,
}

impl Flags {
    /// The modes, in the order in which they are asked.
    ///
    /// # Errors
    /// An unknown mode, or a repeated one.
    pub fn modes(&self) -> Result<Vec<AuthorizationMode>, FlagError> {
        let named = self.authorization_mode.iter().map(|name| match name.as_str() {
            "AlwaysAllow" => Ok(AuthorizationMode::AlwaysAllow),
            "AlwaysDeny" => Ok(AuthorizationMode::AlwaysDeny),
            "Node" => Ok(AuthorizationMode::Node),
            "RBAC" => Ok(AuthorizationMode::Rbac),
            _ => Err(FlagError::UnknownMode(name.clone())),
        });
        let modes = named.collect::<Result<Vec<_>, _>>()?;
        if (1..modes.len()).any(|at| modes[..at].contains(&modes[at])) {
            return Err(FlagError::RepeatedMode(self.authorization_mode.clone()));
        }
        Ok(modes)
    }

    /// The cap on a token's life, seconds.
    ///
    /// # Errors
    /// A cap below an hour or above 2^32 seconds.
    pub fn max_expiration(&self) -> Result<Option<i64>, FlagError> {
        Ok(self
            .service_account_max_token_expiration
            .map(expiry::lifetime::cap)
            .transpose()?
            .flatten())
    }

    /// Finds what is contradictory before anything is started or written.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn check(&self) -> Result<(), FlagError> {
        self.modes()?;
        self.max_expiration()?;
        if let Some(url) = &self.service_account_jwks_uri {
            check_keys_url(url)?;
        }
        if self.tls_cert_file.is_some() != self.tls_private_key_file.is_some() {
            return Err(FlagError::HalfAServer);
        }
        if self.service_account_issuer.iter().any(String::is_empty) {
            return Err(FlagError::EmptyIssuer);
        }
        Ok(())
    }
}

fn check_keys_url(url: &str) -> Result<(), FlagError> {
    let https = url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
    if !https {
        return Err(FlagError::KeysNotHttps(url.to_owned()));
    }
    let host = url[6..].trim_start_matches('/').split(['/', '?', '#']).next().unwrap_or_default();
    let port = host.rsplit(']').next().and_then(|rest| rest.find(':').map(|at| &rest[at..]));
    let digits = |port: &str| port[1..].bytes().all(|byte| byte.is_ascii_digit());
    match port.filter(|port| !digits(port)) {
        Some(port) => {
            Err(FlagError::KeysUrl(url.to_owned(), format!("invalid port {port:?} after host")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        use AuthorizationMode::{AlwaysAllow, AlwaysDeny, Node, Rbac};
        let modes =
            |text: &str| Flags::parse_from(["lab-cluster", "--authorization-mode", text]).modes();
        assert_eq!(modes("AlwaysAllow"), Ok(vec![AlwaysAllow]));
        assert_eq!(modes("AlwaysDeny"), Ok(vec![AlwaysDeny]));
        assert_eq!(modes("AlwaysDeny,RBAC"), Ok(vec![AlwaysDeny, Rbac]));
        assert_eq!(modes("RBAC"), Ok(vec![Rbac]));
        assert_eq!(modes("Node,RBAC"), Ok(vec![Node, Rbac]));
        assert_eq!(modes("RBAC,Node"), Ok(vec![Rbac, Node]));
        assert_eq!(modes("RBAC,AlwaysAllow"), Ok(vec![Rbac, AlwaysAllow]));
        assert_eq!(modes("Node"), Ok(vec![Node]));
        assert_eq!(modes("rbac"), Err(FlagError::UnknownMode("rbac".to_owned())));
        let twice = modes("RBAC,RBAC").unwrap_err().to_string();
        assert_eq!(
            twice,
            r#"authorization-mode ["RBAC" "RBAC"] has mode specified more than once"#
        );
    }

    #[test]
    fn where_keys_are_published() {
        for fine in ["https://x", "HTTPS://x:443/keys?a#b", "https://[::1]:8443/k"] {
            assert_eq!(check_keys_url(fine), Ok(()), "{fine}");
        }
        let wrong = |url: &str| check_keys_url(url).unwrap_err().to_string();
        let scheme = "service-account-jwks-uri requires https scheme, parsed as: http://x";
        assert_eq!(wrong("http://x"), scheme);
        assert_eq!(wrong("/x"), "service-account-jwks-uri requires https scheme, parsed as: /x");
        assert_eq!(
            wrong("https://x:bad"),
            "service-account-jwks-uri must be a valid URL: parse \"https://x:bad\": invalid port \
             \":bad\" after host"
        );
    }
}
