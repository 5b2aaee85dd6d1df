//! Why a request was answered as it was: what each authenticator said, which rule decided. The
//! real server keeps this in its log; a reader needs to see it. No token, key or password is in it.

use std::fmt;

/// One request, from credentials to status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// `GET /api/v1/pods`.
    pub request: String,
    /// In the order they were asked.
    pub authenticators: Vec<Opinion>,
    /// Who it was, with groups; `None` after a 401.
    pub user: Option<String>,
    /// Whom they want to be taken for, and whether they may; `None` when for nobody else.
    pub impersonation: Option<String>,
    /// What the authorizer said; `None` when it was not asked.
    pub authorizer: Option<String>,
    /// The HTTP status of the answer.
    pub status: u16,
}

/// What one authenticator said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// Its name.
    pub authenticator: &'static str,
    /// `authenticated`, `not mine`, or `rejected` and why.
    pub said: String,
}

impl Trace {
    /// Notes what an authenticator said.
    pub fn note(&mut self, authenticator: &'static str, said: impl Into<String>) {
        self.authenticators.push(Opinion { authenticator, said: said.into() });
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "{} -> {}", self.request, self.status)?;
        for opinion in &self.authenticators {
            writeln!(f, "  {:16} {}", opinion.authenticator, opinion.said)?;
        }
        writeln!(f, "  {:16} {}", "user", self.user.as_deref().unwrap_or("none: 401"))?;
        if let Some(said) = &self.impersonation {
            writeln!(f, "  {:16} {said}", "impersonation")?;
        }
        if let Some(said) = &self.authorizer {
            writeln!(f, "  {:16} {said}", "authorizer")?;
        }
        Ok(())
    }
}
