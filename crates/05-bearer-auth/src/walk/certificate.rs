//! The trap: a kubeconfig with a certificate, and a token beside it.

use super::{Stage, Stopped, Told, opinions};
use crate::cluster::Credential;
use crate::lab::Lab;
use crate::{BearerToken, Failure, who_am_i};
use kube::Client;
use narration::Story;
use std::io::Write;

pub(super) async fn tell<W: Write>(story: &mut Story<W>, stage: &Stage<'_>) -> Told {
    story.step("Mistake a certificate for your token")?;
    story.say(
        "Since 1.28 microk8s' kubeconfig identifies its admin by a client certificate, shown while \
         the TLS connection is made. `kubectl --token` puts a token beside it, and does not take \
         it away:",
    )?;
    story.command("microk8s kubectl --token=garbage auth whoami")?;
    let Ok(garbage) = BearerToken::read("garbage") else {
        return Ok(());
    };
    let Some(both) = stage.cluster.certificate_and(&garbage)? else {
        let has = match stage.cluster.credential() {
            Credential::Token => "a token, and there `--token` replaces it",
            _ => "none, so there is nothing that could answer in a token's place",
        };
        story.say(format!(
            "Left out on your cluster: your kubeconfig has no certificate. It has {has}."
        ))?;
        return Ok(());
    };
    story.say("A client that shows both, the certificate and garbage:")?;
    let let_in = ask(story, stage, &both).await?;
    story.say("A client that shows the garbage alone:")?;
    ask(story, stage, &stage.cluster.bearing(&garbage)?).await?;
    if let Some(name) = let_in {
        story.say(format!(
            "The certificate is looked at before any token, and the first yes wins. So `--token` \
             with that kubeconfig shows what {name} may do, whatever the token is worth. Try a \
             token with a kubeconfig that has no user, or with this program, which sends it alone:"
        ))?;
        story.command("cargo run -q -p bearer-auth -- whoami --kubeconfig FILE -")?;
    }
    Ok(())
}

/// Whom the server takes this client for, if it lets it in.
async fn ask<W: Write>(
    story: &mut Story<W>,
    stage: &Stage<'_>,
    client: &Client,
) -> Result<Option<String>, Stopped> {
    let (answer, name) = match who_am_i(client).await {
        Ok(user) => {
            let name = user.username.unwrap_or_default();
            (format!("you are {name}"), Some(name))
        }
        Err(failure @ Failure::Refused(_)) => (failure.to_string(), None),
        Err(failure) => return Err(failure.into()),
    };
    let mut rows = vec![("answer".to_owned(), answer)];
    rows.extend(stage.lab.and_then(Lab::last_trace).iter().flat_map(opinions));
    story.rows(&rows)?;
    Ok(name)
}
