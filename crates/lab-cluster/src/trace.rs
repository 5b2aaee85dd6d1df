//! Why a request was answered as it was: what each authenticator said, which rule decided. The
//! real server keeps this in its log; a reader needs to see it. No token, key or password is in it.

use std::fmt::{self, Write};

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
        writeln!(f, "{} -> {}", Visible(&self.request), self.status)?;
        for opinion in &self.authenticators {
            writeln!(f, "  {:16} {}", opinion.authenticator, Visible(&opinion.said))?;
        }
        let user = self.user.as_deref().unwrap_or("none: 401");
        writeln!(f, "  {:16} {}", "user", Visible(user))?;
        if let Some(said) = &self.impersonation {
            writeln!(f, "  {:16} {}", "impersonation", Visible(said))?;
        }
        if let Some(said) = &self.authorizer {
            writeln!(f, "  {:16} {}", "authorizer", Visible(said))?;
        }
        Ok(())
    }
}

/// Names and claims come from whoever sent them. On a terminal they may not begin a line of their
/// own, nor tell it what to do.
struct Visible<'t>(&'t str);

impl fmt::Display for Visible<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.chars().try_for_each(|c| {
            if c.is_control() { write!(f, "{}", c.escape_default()) } else { f.write_char(c) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_writes_lines_of_their_own_into_it() {
        let forged = "x\r\n  user root\u{1b}[2J\u{9b}K";
        let mut trace = Trace {
            request: format!("GET /{forged}"),
            user: Some(format!("Zoë {forged}")),
            impersonation: Some(forged.to_owned()),
            authorizer: Some(forged.to_owned()),
            ..Trace::default()
        };
        trace.note("token file", format!("rejected: {forged}"));
        let shown = trace.to_string();
        assert_eq!(shown.lines().count(), 5, "{shown}");
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
        assert!(shown.contains("Zoë x\\r\\n  user root\\u{1b}[2J\\u{9b}K"), "{shown}");
    }
}
