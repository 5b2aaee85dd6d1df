//! Three of kubectl's commands, for readers who have none.

use crate::walk::{Stopped, table};
use crate::{BearerToken, Cluster, Failure, Wishes, unverified_claims};
use chrono::TimeDelta;
use clap::Args;
use expiry::lifetime::{self, kubectl_asks_for};
use jwt_anatomy::ServiceAccountName;
use jwt_anatomy::dates::{self, Zone};
use k8s_openapi::api::authentication::v1::UserInfo;
use kube::Client;
use narration::{Answer, Story, aside};
use std::io::{self, IsTerminal, Write};

/// Who asks, and where.
pub struct Asker<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// What to call it.
    pub name: String,
    /// The token to ask with; none: as the kubeconfig's user.
    pub token: Option<BearerToken>,
}

impl Asker<'_> {
    fn client(&self) -> Result<Client, Failure> {
        match &self.token {
            Some(token) => self.cluster.bearing(token),
            None => self.cluster.as_its_user(),
        }
    }
}

/// Which token to make.
#[derive(Debug, Clone, Args)]
pub struct TokenOrder {
    /// The service account
    #[arg(default_value = "default", value_parser = name)]
    pub account: String,

    /// The namespace it lives in
    #[arg(short, long, default_value = "default", value_parser = name)]
    pub namespace: String,

    /// How long the token is to live, like 10m or 24h [default: as the server likes: 1h]
    #[arg(long, value_parser = duration, allow_hyphen_values = true)]
    pub duration: Option<TimeDelta>,

    /// Who is to accept it, if not the API server; repeatable
    #[arg(long, value_name = "NAME")]
    pub audience: Vec<String>,
}

/// A name that Kubernetes could have given. It becomes part of a path: nothing else may pass.
fn name(text: &str) -> Result<String, &'static str> {
    match ServiceAccountName::from_username(&format!("system:serviceaccount:{text}:{text}")) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("a name is made of a-z, 0-9 and hyphens"),
    }
}

/// A duration as kubectl takes it, in whole hours, minutes and seconds.
fn duration(text: &str) -> Result<TimeDelta, String> {
    let span = lifetime::duration(text).map_err(|error| error.to_string())?;
    kubectl_asks_for(span).map(|_| span).map_err(|error| error.to_string())
}

/// Prints a token, and nothing else, on standard output: `> FILE` and `|` get the token alone. What
/// there is to say goes to standard error.
///
/// # Errors
/// As [`crate::create_token`].
pub async fn create_token(asker: &Asker<'_>, order: &TokenOrder) -> Result<Answer, Stopped> {
    let account =
        ServiceAccountName { namespace: order.namespace.clone(), name: order.account.clone() };
    let seconds = order.duration.and_then(|span| kubectl_asks_for(span).ok().flatten());
    let wishes = Wishes { audiences: order.audience.clone(), seconds };
    aside(format_args!("cluster: {}", asker.name));
    let issued = crate::create_token(&asker.client()?, &account, &wishes).await?;

    let mut out = io::stdout();
    write!(out, "{}", issued.token.secret())?;
    // As kubectl: the line is ended for a person, and a file holds the token alone.
    if out.is_terminal() {
        writeln!(out)?;
    }
    out.flush()?;

    let until = issued.expires_at.timestamp();
    aside(format_args!("{account}, good until {}", dates::show(until, &Zone::reader())));
    if order.duration.is_some_and(|span| span.is_zero()) {
        aside(
            "--duration=0 asks for nothing, so this is the server's own choice. None lives for ever.",
        );
    }
    let lives = unverified_claims(&issued.token)
        .and_then(|claims| claims.issued_at)
        .and_then(|made| until.checked_sub(made));
    if let (Some(ordered), Some(given)) = (seconds, lives)
        && given < ordered
    {
        let (ordered, given) = (dates::span(ordered), dates::span(given));
        aside(format_args!("You asked for {ordered}; this server gives {given} at most."));
    }
    Ok(Answer::Yes)
}

/// Says whom the server takes the asker for.
///
/// # Errors
/// When it does not answer, or output can't be written.
pub async fn whoami<W: Write>(story: &mut Story<W>, asker: &Asker<'_>) -> Result<Answer, Stopped> {
    story.begin(&asker.name, "Who am I?")?;
    match crate::who_am_i(&asker.client()?).await {
        Ok(user) => {
            story.rows(&user_rows(&user))?;
            Ok(Answer::Yes)
        }
        Err(failure) => refused(story, asker, failure).await,
    }
}

/// Lists the pods of all namespaces.
///
/// # Errors
/// When it does not answer, or output can't be written.
pub async fn pods<W: Write>(story: &mut Story<W>, asker: &Asker<'_>) -> Result<Answer, Stopped> {
    story.begin(&asker.name, "Pods of all namespaces")?;
    match crate::pods(&asker.client()?).await {
        Ok(pods) => {
            story.lines(table(&pods, usize::MAX))?;
            Ok(Answer::Yes)
        }
        Err(failure) => refused(story, asker, failure).await,
    }
}

/// Who somebody is, a row for each thing that is known.
pub(crate) fn user_rows(user: &UserInfo) -> Vec<(String, String)> {
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    let mut rows = vec![("user name".to_owned(), text(&user.username))];
    if user.uid.is_some() {
        rows.push(("uid".to_owned(), text(&user.uid)));
    }
    rows.push(("groups".to_owned(), user.groups.clone().unwrap_or_default().join(", ")));
    for (key, values) in user.extra.clone().unwrap_or_default() {
        // authentication.kubernetes.io/credential-id: the first half is always the same.
        let key = key.rsplit('/').next().unwrap_or_default().to_owned();
        rows.push((key, values.join(", ")));
    }
    rows
}

/// A no is an answer as well, and has a reason.
async fn refused<W: Write>(
    story: &mut Story<W>,
    asker: &Asker<'_>,
    failure: Failure,
) -> Result<Answer, Stopped> {
    let Some(status @ (401 | 403)) = failure.status() else {
        return Err(failure.into());
    };
    story.rows(&[("answer", failure.to_string())])?;
    if status == 403 {
        story.say(
            "The server knows who this is, and its authorizer says no: nobody gave that user the \
             right (403). A good token, all the same.",
        )?;
        return Ok(Answer::No);
    }
    story
        .say("The server does not know whose credentials these are, and tells no reason (401).")?;
    if let Some(token) = &asker.token {
        match reason(asker.cluster, token).await {
            Ok(Some(reason)) => {
                story.say("But it tells the kubeconfig's own user, who may ask:")?;
                story.rows(&[("TokenReview", reason)])?;
            }
            Ok(None) => story.say("Its TokenReview finds nothing wrong with it: try again.")?,
            Err(_) => story.say(
                "The kubeconfig's own user may not ask it for the reason, so that is only in its \
                 log (on microk8s: journalctl -u snap.microk8s.daemon-kubelite).",
            )?,
        }
    }
    Ok(Answer::No)
}

async fn reason(cluster: &Cluster, token: &BearerToken) -> Result<Option<String>, Failure> {
    let status = crate::review(&cluster.as_its_user()?, token, &[]).await?;
    Ok(status.error.filter(|reason| !reason.is_empty()))
}
