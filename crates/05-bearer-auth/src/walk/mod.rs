//! The story that `cargo run -p bearer-auth` tells: on a lab cluster that it starts itself, or on
//! the reader's own. What it states, a server has just answered.

mod ask;
mod begin;
mod captured;
mod certificate;
mod made_again;
mod refused;
mod stored;
mod then_and_now;
mod use_it;

pub(crate) use use_it::table;

use crate::lab::Lab;
use crate::{Answer, BearerToken, Cluster, Failure, Wishes, create_token, send};
use http::{Request, StatusCode};
use jwt_anatomy::ServiceAccountName;
use jwt_anatomy::dates::Zone;
use kube::Client;
use lab_cluster::Trace;
use narration::{Answer as Verdict, Story};
use std::io::{self, Write};

/// Where the story plays.
pub struct Stage<'a> {
    cluster: &'a Cluster,
    lab: Option<&'a Lab>,
    /// A client that is whoever the kubeconfig says.
    user: Client,
    /// A client that shows nothing of its own.
    nobody: Client,
    /// `default`, in `default`: the account that every page about tokens begins with.
    account: ServiceAccountName,
    zone: Zone,
}

/// Why the story broke off.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// Nobody listens any more.
    #[error(transparent)]
    Output(#[from] io::Error),
    /// The cluster did not answer, or not as one.
    #[error(transparent)]
    Failure(#[from] Failure),
}

type Told = Result<(), Stopped>;

impl<'a> Stage<'a> {
    /// The lab, and London's time, as in the chapters before.
    ///
    /// # Errors
    /// When there can be no client.
    pub fn lab(lab: &'a Lab) -> Result<Self, Failure> {
        let zone = Zone::named("Europe/London").unwrap_or(Zone::utc());
        Self::new(&lab.cluster, Some(lab), zone)
    }

    /// A reader's own cluster, and the reader's own time.
    ///
    /// # Errors
    /// When there can be no client.
    pub fn real(cluster: &'a Cluster) -> Result<Self, Failure> {
        Self::new(cluster, None, Zone::reader())
    }

    fn new(cluster: &'a Cluster, lab: Option<&'a Lab>, zone: Zone) -> Result<Self, Failure> {
        let (user, nobody) = (cluster.as_its_user()?, cluster.as_nobody()?);
        let default = || "default".to_owned();
        let account = ServiceAccountName { namespace: default(), name: default() };
        Ok(Self { cluster, lab, user, nobody, account, zone })
    }

    /// The lab takes any free port, and prints the same every time.
    fn host(&self) -> String {
        match self.lab {
            Some(lab) => format!("{}:PORT", lab.server().address().ip()),
            None => self.cluster.host().to_owned(),
        }
    }

    async fn another_token(&self) -> Result<BearerToken, Failure> {
        let issued = create_token(&self.user, &self.account, &Wishes::default()).await?;
        Ok(issued.token)
    }

    /// Sends a request as it is, and says what came back; beside it, in the lab, what the server
    /// thought.
    async fn attempt<W: Write>(
        &self,
        story: &mut Story<W>,
        client: &Client,
        request: Request<Vec<u8>>,
    ) -> Result<Answer, Stopped> {
        let answer = send(client, request).await?;
        let mut rows = vec![("answer".to_owned(), status_line(&answer))];
        if let Some(trace) = self.lab.and_then(Lab::last_trace) {
            rows.extend(opinions(&trace));
            rows.extend(trace.user.map(|user| ("user".to_owned(), user)));
            rows.extend(trace.authorizer.map(|said| ("authorizer".to_owned(), said)));
        }
        story.rows(&rows)?;
        Ok(answer)
    }
}

/// Who was asked who this is, in order, and what each said.
fn opinions(trace: &Trace) -> impl Iterator<Item = (String, String)> {
    trace
        .authenticators
        .iter()
        .map(|opinion| (opinion.authenticator.to_owned(), opinion.said.clone()))
}

fn status_line(answer: &Answer) -> String {
    let reason = StatusCode::from_u16(answer.status).ok().and_then(|code| code.canonical_reason());
    format!("{} {}", answer.status, reason.unwrap_or_default())
}

/// Tells the chapter. Says no when it can't be told: without a token there is nothing to show.
///
/// # Errors
/// Those of the writer; and when the cluster does not answer.
pub async fn tell<W: Write>(story: &mut Story<W>, stage: &Stage<'_>) -> Result<Verdict, Stopped> {
    begin::tell(story, stage)?;
    let Some(issued) = ask::tell(story, stage).await? else {
        return Ok(Verdict::No);
    };
    let token = &issued.token;
    use_it::send_it(story, stage, token).await?;
    use_it::who_is_it(story, stage, token).await?;
    stored::tell(story, stage, token).await?;
    refused::tell(story, stage, token).await?;
    made_again::tell(story, stage).await?;
    certificate::tell(story, stage).await?;
    captured::tell(story, stage).await?;
    then_and_now::tell(story)?;
    story.what_we_know_now(&[
        "A token is used by sending it: `Authorization: Bearer TOKEN`, in every request, over \
         HTTPS, by whoever has it.",
        "401 means that the server does not know you; 403 that it knows you, and you may not. The \
         client never hears the reason for a 401: it is in the server's log, or in a TokenReview.",
        "A token that you ask for is stored nowhere. The server checks its signature and its \
         claims, and then looks up that the account still exists, with that uid.",
        "So nobody can list the tokens that are out there, or take one back. It ends by itself, \
         or with its account.",
        "A kubeconfig with a certificate is no place to try a token: the certificate answers.",
        "Where everybody may do everything, an hour is enough to leave something behind that does \
         not end.",
    ])?;
    Ok(Verdict::Yes)
}

/// A step that only the lab can show.
fn left_out<W: Write>(story: &mut Story<W>, because: &str) -> Told {
    story.say(format!(
        "Left out on your cluster: {because} `cargo run -p bearer-auth` shows it on the lab."
    ))?;
    Ok(())
}
