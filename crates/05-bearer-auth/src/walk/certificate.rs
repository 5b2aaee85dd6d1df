//! The trap: a kubeconfig with a certificate, and a token beside it.

use super::{Stage, Told};
use crate::cluster::Credential;
use crate::{BearerToken, Failure, who_am_i};
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
    let asked =
        [("certificate and garbage", both), ("garbage alone", stage.cluster.bearing(&garbage)?)];
    let mut rows = Vec::new();
    let mut let_in = None;
    for (what, client) in asked {
        let said = match who_am_i(&client).await {
            Ok(user) => {
                let name = user.username.unwrap_or_default();
                let_in = let_in.or(Some(name.clone()));
                format!("you are {name}")
            }
            Err(failure @ Failure::Refused(_)) => failure.to_string(),
            Err(failure) => return Err(failure.into()),
        };
        rows.push((what, said));
    }
    story.rows(&rows)?;
    if let Some(name) = let_in {
        story.say(format!(
            "A certificate is asked before any token, and the first yes wins. So `--token` with \
             that kubeconfig shows what {name} may do, whatever the token is worth. Try tokens \
             with a kubeconfig that has a cluster and no user, or with this program, which sends \
             the token alone:"
        ))?;
        story.command("cargo run -q -p bearer-auth -- whoami --kubeconfig FILE -")?;
    }
    Ok(())
}
