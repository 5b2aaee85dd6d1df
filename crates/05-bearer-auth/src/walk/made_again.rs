//! A token ended early: its account, gone. On the lab only.

use super::use_it::with_token;
use super::{Stage, Told, left_out};
use crate::{in_time, unverified_claims};
use chrono::TimeDelta;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Api;
use kube::api::DeleteParams;
use narration::Story;
use std::io::Write;

/// A little more than the ten seconds for which a yes is remembered.
const FORGOTTEN: TimeDelta = TimeDelta::seconds(11);

pub(super) async fn tell<W: Write>(story: &mut Story<W>, stage: &Stage<'_>) -> Told {
    story.step("Make the account again")?;
    let Some(lab) = stage.lab else {
        return left_out(story, "this deletes a service account.");
    };
    let account = &stage.account;
    let token = stage.another_token().await?;
    story.say("Another token, used once:")?;
    stage.attempt(story, &stage.nobody, with_token(stage, &token)?).await?;

    story.say(
        "Now delete the account. A controller, a program that keeps a cluster as it should be, \
         makes it again at once, for every namespace is to have a `default`:",
    )?;
    story.command("microk8s kubectl delete serviceaccount default")?;
    story.say("(Not on a cluster that is in use: every pod with this account loses its token.)")?;
    let api: Api<ServiceAccount> = Api::namespaced(stage.user.clone(), &account.namespace);
    in_time(api.delete(&account.name, &DeleteParams::default())).await?;
    let made_again = in_time(api.get(&account.name)).await?.metadata.uid.unwrap_or_default();
    let claims = unverified_claims(&token).and_then(|claims| claims.kubernetes);
    let claimed = claims.map(|claims| claims.service_account.uid).unwrap_or_default();
    story.rows(&[("uid in the token", claimed), ("uid of the new account", made_again)])?;

    story.say("The same name, another account. The token, sent at once:")?;
    let at_once = stage.attempt(story, &stage.nobody, with_token(stage, &token)?).await?;
    if at_once.status == 200 {
        story.say(
            "Still good! A server remembers a yes for ten seconds, so as not to check each \
             request of a busy client anew. The documentation says \"immediately\"; it means \
             this.",
        )?;
    }
    lab.wait(FORGOTTEN);
    story.say(format!("{} seconds later:", FORGOTTEN.num_seconds()))?;
    stage.attempt(story, &stage.nobody, with_token(stage, &token)?).await?;
    story.say(
        "So deleting its account ends such a token early, and all the others of the account with \
         it. A token that was bound to a pod or a Secret ends with that, and ends alone. There is \
         no third way but another signing key, which ends all tokens of the cluster.",
    )?;
    Ok(())
}
