//! Asking for a token, and reading what came back.

use super::{Stage, Stopped, Told};
use crate::cluster::Credential;
use crate::{Failure, Issued, Wishes, create_token, token_request, unverified_claims};
use jwt_anatomy::UnverifiedToken;
use jwt_anatomy::dates;
use narration::Story;
use std::io::Write;

/// The token, or nothing when the server would not give one; that has been explained then.
pub(super) async fn tell<W: Write>(
    story: &mut Story<W>,
    stage: &Stage<'_>,
) -> Result<Option<Issued>, Stopped> {
    let account = &stage.account;
    let wishes = Wishes::default();
    story.step("Ask for a token")?;
    story.command("microk8s kubectl create token default")?;
    story.say(
        "`default` is a service account: a user made for programs. Objects live in namespaces, a \
         kind of folder, and each has an account of that name; this is the one in the namespace \
         `default`. For a token kubectl sends the API server one request. This program sends the \
         same, by the crate kube:",
    )?;
    let body =
        serde_json::to_string_pretty(&token_request(&wishes)).map_err(std::io::Error::from)?;
    story.lines(format!(
        "POST /api/v1/namespaces/{}/serviceaccounts/{}/token\n{body}",
        account.namespace, account.name
    ))?;
    let issued = match create_token(&stage.user, account, &wishes).await {
        Ok(issued) => issued,
        Err(failure @ Failure::Refused(_)) => {
            explain(story, stage, &failure)?;
            return Ok(None);
        }
        Err(failure) => return Err(failure.into()),
    };
    let until = dates::show(issued.expires_at.timestamp(), &stage.zone);
    story.rows(&[("token", issued.token.to_string()), ("good until", until)])?;
    story.say("You see its beginning only: who has the whole of it can use it.")?;
    read(story, stage, &issued)?;
    Ok(Some(issued))
}

fn read<W: Write>(story: &mut Story<W>, stage: &Stage<'_>, issued: &Issued) -> Told {
    story.step("Read it")?;
    let Some(claims) = unverified_claims(&issued.token) else {
        story.say("This one is no JWT: your cluster makes tokens of its own kind.")?;
        return Ok(());
    };
    story.say("Chapter 2 takes it apart. It claims:")?;
    let key_id = UnverifiedToken::read(issued.token.secret())
        .ok()
        .and_then(|token| token.header().key_id.clone())
        .unwrap_or_default();
    let date = |seconds: Option<i64>| {
        seconds.map_or_else(|| "-".to_owned(), |seconds| dates::show(seconds, &stage.zone))
    };
    let account = claims.kubernetes.as_ref().map(|claims| claims.service_account.uid.clone());
    story.rows(&[
        ("for whom it speaks (sub)", claims.subject.clone()),
        ("that account's uid", account.unwrap_or_default()),
        ("who made it (iss)", claims.issuer.clone()),
        ("who may accept it (aud)", claims.audiences.join(", ")),
        ("made (iat)", date(claims.issued_at)),
        ("ends (exp)", date(claims.expires_at)),
        ("its own name (jti)", claims.token_id.clone()),
        ("signed with the key (kid)", key_id),
    ])?;
    Ok(())
}

/// No token: a lesson, and the end of the walk.
fn explain<W: Write>(story: &mut Story<W>, stage: &Stage<'_>, failure: &Failure) -> Told {
    story.rows(&[("answer", failure.to_string())])?;
    match failure.status() {
        Some(401) => story.say(
            "401: the server does not know whoever this kubeconfig says you are. Its credentials \
             may have expired, or belong to another cluster.",
        )?,
        Some(403) if stage.cluster.credential() == Credential::None => story.say(
            "403: the kubeconfig has no user, so the server takes you for anybody \
             (system:anonymous), and anybody may not make tokens. Name a context that has a user \
             (--context).",
        )?,
        Some(403) => story.say(
            "403: the server knows you, and its authorizer (RBAC) does not let you make tokens \
             for this account. It guards that well: who may `create` the resource \
             `serviceaccounts/token` can become any account there is. Ask your administrator, or \
             use a kubeconfig of theirs.",
        )?,
        Some(404) => story.say(
            "404: there is no account `default` in the namespace `default`. A controller makes it \
             when the namespace is made, so is the controller manager running?",
        )?,
        _ => story.say("That is no answer this walk expected.")?,
    }
    story.say(
        "Without a token the walk ends here. On the lab it goes on: run it without --kubeconfig.",
    )?;
    Ok(())
}
