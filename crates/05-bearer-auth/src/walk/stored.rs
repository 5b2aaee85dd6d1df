//! Where the token is stored: looked for, and not found.

use super::{Stage, Told};
use crate::search::{Search, search};
use crate::{BearerToken, Failure, in_time, unverified_claims};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Api;
use narration::Story;
use std::io::Write;

pub(super) async fn tell<W: Write>(
    story: &mut Story<W>,
    stage: &Stage<'_>,
    token: &BearerToken,
) -> Told {
    story.step("Look for where it is stored")?;
    story.say(
        "If the cluster kept a copy, it would be in one of its objects. So read them all, each \
         kind that the kubeconfig's user may list, and look for the token's last part, its \
         signature, plain or in base64:",
    )?;
    let found = search(&stage.user, token).await?;
    report(story, &found)?;
    if found.copies.is_empty() && found.unread.is_empty() {
        story.say(
            "Not there. Nobody can list the tokens that were made, or count them, and there is \
             no `kubectl delete token`.",
        )?;
    } else if found.copies.is_empty() {
        story.say("Not there, as far as you may look.")?;
    } else {
        story.say("Somebody has put a copy there; the server itself does not.")?;
    }
    looked_up(story, stage, token).await
}

/// What was read, in short.
pub(super) fn report<W: Write>(story: &mut Story<W>, found: &Search) -> Told {
    let some: Vec<String> = found
        .read
        .iter()
        .filter(|read| read.objects > 0)
        .map(|read| format!("{} {}", read.kind, read.objects))
        .collect();
    let mut rows = vec![
        ("objects read", found.objects().to_string()),
        ("how many of which", some.join(", ")),
        ("and none of", format!("{} kinds", found.read.len() - some.len())),
    ];
    if !found.unread.is_empty() {
        let unread: Vec<String> =
            found.unread.iter().map(|kind| format!("{} ({})", kind.kind, kind.why)).collect();
        rows.push(("could not be read", unread.join(", ")));
    }
    let copies = match &found.copies[..] {
        [] => "none".to_owned(),
        copies => copies.join(", "),
    };
    rows.push(("copies found", copies));
    story.rows(&rows)?;
    Ok(())
}

/// What the server does have: the account.
async fn looked_up<W: Write>(story: &mut Story<W>, stage: &Stage<'_>, token: &BearerToken) -> Told {
    let Some(claimed) = unverified_claims(token).and_then(|claims| claims.kubernetes) else {
        return Ok(());
    };
    story.say(
        "Then how does the server know a good token? Its signature says that the server made it, \
         its claims say for what and until when. Only then does it look something up, the account \
         that the token names:",
    )?;
    story.command("microk8s kubectl get serviceaccount default -o jsonpath={.metadata.uid}")?;
    let api: Api<ServiceAccount> = Api::namespaced(stage.user.clone(), &claimed.namespace);
    let account = match in_time(api.get(&claimed.service_account.name)).await {
        Ok(account) => account.metadata.uid.unwrap_or_default(),
        Err(failure @ Failure::Refused(_)) => failure.to_string(),
        Err(failure) => return Err(failure.into()),
    };
    let same = account == claimed.service_account.uid;
    story.rows(&[
        ("uid of the account", account),
        ("uid in the token", claimed.service_account.uid),
    ])?;
    if same {
        story.say("The same: the account it was made for is still there.")?;
    }
    Ok(())
}
