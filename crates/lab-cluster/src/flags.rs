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

    /// Who decides what a user may do: `AlwaysAllow` or `RBAC`
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

    /// The lab's folder: certificates, kubeconfigs and every object, kept between runs
    #[arg(long, value_name = "DIR", default_value = "lab")]
    pub data_dir: PathBuf,

    /// Keep nothing: a folder of its own, removed at the end
    #[arg(long, conflicts_with = "data_dir")]
    pub ephemeral: bool,

    /// Only what a kube-apiserver alone creates: no pods, no controllers
    #[arg(long)]
    pub bare: bool,

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
    /// Roles and bindings.
    Rbac,
}

/// Flags that are understood, and don't go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlagError {
    /// Not a mode that the lab has.
    #[error("--authorization-mode: {0:?} is not a mode of the lab: AlwaysAllow, RBAC or Node,RBAC")]
    UnknownMode(String),
    /// The first mode would always decide.
    #[error("--authorization-mode: AlwaysAllow beside another mode leaves the other nothing to do")]
    AlwaysAllowAndMore,
    /// The cap is no cap.
    #[error("--service-account-max-token-expiration: {0}")]
    Cap(#[from] expiry::lifetime::CapError),
    /// An issuer that nobody could name.
    #[error("--service-account-issuer must not be empty")]
    EmptyIssuer,
}

impl Flags {
    /// The mode, `Node,RBAC` read as RBAC: the lab has no kubelets.
    ///
    /// # Errors
    /// An unknown mode, or `AlwaysAllow` beside another.
    pub fn mode(&self) -> Result<AuthorizationMode, FlagError> {
        let modes: Vec<&str> = self.authorization_mode.iter().map(String::as_str).collect();
        if let Some(unknown) = modes.iter().find(|m| !["AlwaysAllow", "RBAC", "Node"].contains(m)) {
            return Err(FlagError::UnknownMode((*unknown).to_owned()));
        }
        match modes[..] {
            ["AlwaysAllow"] => Ok(AuthorizationMode::AlwaysAllow),
            _ if modes.contains(&"AlwaysAllow") => Err(FlagError::AlwaysAllowAndMore),
            _ if modes.contains(&"RBAC") => Ok(AuthorizationMode::Rbac),
            _ => Err(FlagError::UnknownMode(modes.join(","))),
        }
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
        self.mode()?;
        self.max_expiration()?;
        if self.service_account_issuer.iter().any(String::is_empty) {
            return Err(FlagError::EmptyIssuer);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        let mode =
            |text: &str| Flags::parse_from(["lab-cluster", "--authorization-mode", text]).mode();
        assert_eq!(mode("AlwaysAllow"), Ok(AuthorizationMode::AlwaysAllow));
        assert_eq!(mode("RBAC"), Ok(AuthorizationMode::Rbac));
        assert_eq!(mode("Node,RBAC"), Ok(AuthorizationMode::Rbac));
        assert_eq!(mode("RBAC,Node"), Ok(AuthorizationMode::Rbac));
        assert_eq!(mode("AlwaysAllow,RBAC"), Err(FlagError::AlwaysAllowAndMore));
        assert_eq!(mode("rbac"), Err(FlagError::UnknownMode("rbac".to_owned())));
        assert_eq!(mode("Node"), Err(FlagError::UnknownMode("Node".to_owned())));
    }
}
