//! The story that `cargo run -p bearer-auth` tells: on a lab cluster that it starts itself, or on
//! the reader's own. What it states, a server has just answered.

mod ask;
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
        Ok(Self { cluster, lab, user, nobody, zone })
    }

    /// `default`, in `default`: the account that every page about tokens begins with.
    fn account(&self) -> ServiceAccountName {
        ServiceAccountName { namespace: "default".to_owned(), name: "default".to_owned() }
    }

    /// The lab takes any free port, and prints the same every time.
    fn host(&self) -> String {
        match self.lab {
            Some(lab) => format!("{}:PORT", lab.address().ip()),
            None => self.cluster.host().to_owned(),
        }
    }

    async fn another_token(&self) -> Result<BearerToken, Failure> {
        let issued = create_token(&self.user, &self.account(), &Wishes::default()).await?;
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
        rows.extend(self.trace());
        story.rows(&rows)?;
        Ok(answer)
    }

    /// What the lab noted of the last request: who was asked, in order, and what each said.
    fn trace(&self) -> Vec<(String, String)> {
        let Some(trace) = self.lab.and_then(Lab::last_trace) else {
            return Vec::new();
        };
        let mut rows: Vec<(String, String)> = trace
            .authenticators
            .into_iter()
            .map(|opinion| (opinion.authenticator.to_owned(), opinion.said))
            .collect();
        rows.push(("user".to_owned(), trace.user.unwrap_or_else(|| "nobody".to_owned())));
        rows.extend(trace.authorizer.map(|said| ("authorizer".to_owned(), said)));
        rows
    }
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
    begin(story, stage)?;
    let Some(issued) = ask::tell(story, stage).await? else {
        return Ok(Verdict::No);
    };
    let token = &issued.token;
    use_it::send_it(story, stage, token).await?;
    use_it::who_is_it(story, stage, token).await?;
    refused::tell(story, stage, token).await?;
    stored::tell(story, stage, token).await?;
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
        "An hour is long enough to leave something behind that does not end.",
    ])?;
    Ok(Verdict::Yes)
}

fn begin<W: Write>(story: &mut Story<W>, stage: &Stage<'_>) -> Told {
    const TITLE: &str = "How can I use it, and where is it stored?";
    match stage.lab {
        Some(lab) => {
            story.begin(format!("lab, inside this program, at https://{}", stage.host()), TITLE)?;
            story.say(
                "A cluster is run through its API server: the one program that all others ask, \
                 over HTTPS. This walk has started a small one, set up as microk8s sets up the \
                 real one: whoever it knows may do everything, whoever it does not know is sent \
                 away. It says why, which the real one keeps for its log.",
            )?;
            story.say(format!(
                "Its clock stands at {}, when the token of chapter 2 was made. For the same walk \
                 on your own cluster:",
                jwt_anatomy::dates::show(lab.now(), &stage.zone)
            ))?;
            story.command("microk8s config > FILE")?;
            story.command("cargo run -p bearer-auth -- --kubeconfig FILE")?;
        }
        None => {
            let cluster = stage.cluster;
            story.begin(format!("{}, at {}", cluster.name, cluster.server()), TITLE)?;
            story.say(format!(
                "This is your own cluster. The kubeconfig identifies you by {}. The walk will:",
                cluster.credential()
            ))?;
            story.rows(&[
                (
                    "make",
                    "two tokens for system:serviceaccount:default:default. Each is signed, \
                          handed out, and good for an hour; no object is written by it",
                ),
                (
                    "read",
                    "the list of pods, and then every object of every kind that you may \
                          list, to look for a copy of a token. In a big cluster that takes a while",
                ),
                ("ask", "who you are, whose token that is, and what its bearer may do"),
                ("fail", "on purpose, with bad tokens. Your server notes that in its log"),
            ])?;
            story.say(
                "It creates, changes and deletes nothing. Steps that would are shown by the lab \
                 only: run it without --kubeconfig.",
            )?;
            warnings(story, cluster)?;
        }
    }
    Ok(())
}

fn warnings<W: Write>(story: &mut Story<W>, cluster: &Cluster) -> Told {
    if cluster.trusts_anyone() {
        story.say(
            "Careful: the kubeconfig says insecure-skip-tls-verify. Whoever sits between you and \
             the server can read every token you send.",
        )?;
    }
    if let Some(other) = cluster.impersonates() {
        story.say(format!("The kubeconfig makes you act as {other} (`as:`)."))?;
    }
    Ok(())
}

/// A step that only the lab can show.
fn left_out<W: Write>(story: &mut Story<W>, because: &str) -> Told {
    story.say(format!(
        "Left out on your cluster: {because} `cargo run -p bearer-auth` shows it on the lab."
    ))?;
    Ok(())
}
