//! Sending a token, and asking who one is then.

use super::{Stage, Told};
use crate::tool::user_rows;
use crate::{Answer, BearerToken, Failure, bearer, get, may_i, pods, review, who_am_i};
use http::Request;
use k8s_openapi::api::core::v1::Pod;
use narration::Story;
use std::fmt::Write as _;
use std::io::Write;

/// The request that the walk sends again and again. kubectl asks for 500 at a time, too.
pub(super) const PODS: &str = "/api/v1/pods?limit=500";

/// What a thief would like to know first.
const QUESTIONS: [(&str, &str, &str); 3] = [
    ("list", "", "pods"),
    ("list", "", "secrets"),
    ("create", "rbac.authorization.k8s.io", "clusterrolebindings"),
];

/// How many pods a step prints.
const SHOWN: usize = 8;

pub(super) fn request(
    stage: &Stage<'_>,
    header: &str,
    value: &str,
) -> Result<Request<Vec<u8>>, Failure> {
    get(PODS, stage.cluster.host(), header, value)
        .map_err(|error| Failure::Other(error.to_string()))
}

pub(super) fn with_token(
    stage: &Stage<'_>,
    token: &BearerToken,
) -> Result<Request<Vec<u8>>, Failure> {
    let (header, value) = bearer(token);
    request(stage, header, &value)
}

/// A request as it goes over the wire, but for the token.
fn shown(stage: &Stage<'_>, request: &Request<Vec<u8>>, token: &BearerToken) -> String {
    let mut lines = format!("{} {} {:?}\n", request.method(), request.uri(), request.version());
    for (name, value) in request.headers() {
        let value = value.to_str().unwrap_or_default();
        let value = match name.as_str() {
            "host" => stage.host(),
            _ => value.replace(token.secret(), &token.to_string()),
        };
        let _ = writeln!(lines, "{}: {value}", capital(name.as_str()));
    }
    lines
}

/// Header names are not case-sensitive; people write them with capitals.
fn capital(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_uppercase() + rest
}

pub(super) async fn send_it<W: Write>(
    story: &mut Story<W>,
    stage: &Stage<'_>,
    token: &BearerToken,
) -> Told {
    story.step("Send it")?;
    story.command("microk8s kubectl --token=TOKEN get pods --all-namespaces")?;
    story.say(
        "That lists the pods, the programs that run in the cluster. (Don't trust that very command \
         before you have read step 8.) What any client does with a token is one header, the same \
         in every request:",
    )?;
    let right = with_token(stage, token)?;
    story.lines(shown(stage, &right, token))?;
    let answer = stage.attempt(story, &stage.nobody, right).await?;
    if stage.lab.is_some() {
        story.say(
            "Below the answer stands what the lab noted of this request: who it asked whose token \
             that is, and what each said; the user and the groups it came to; and what the \
             authorizer said to what that user wanted.",
        )?;
    }
    what_came(story, stage, token, &answer).await?;

    story.say("Some pages call the header `Authentication`. That one does nothing:")?;
    let (_, value) = bearer(token);
    let wrong = request(stage, "authentication", &value)?;
    story.lines(shown(stage, &wrong, token))?;
    let answer = stage.attempt(story, &stage.nobody, wrong).await?;
    let taken_for = match answer.status {
        401 => "The server saw no credentials at all, and it lets nobody in without.".to_owned(),
        403 => format!(
            "The server saw no credentials at all, and took you for anybody: {}",
            answer.message()
        ),
        _ => "The server saw no credentials at all, and anybody may list pods in this cluster!"
            .to_owned(),
    };
    story.say(taken_for)?;
    Ok(())
}

async fn what_came<W: Write>(
    story: &mut Story<W>,
    stage: &Stage<'_>,
    token: &BearerToken,
    answer: &Answer,
) -> Told {
    match answer.status {
        200 => {
            story
                .say("The crate kube, given the token, sends that header and reads the answer:")?;
            let pods = pods(&stage.cluster.bearing(token)?).await?;
            story.lines(table(&pods, SHOWN))?;
        }
        403 => {
            story.say(answer.message())?;
            story.say(
                "403, not 401: the token is good, the server knows who sent it. That user may not \
                 list pods, for an account may do nothing until somebody gives it a role (RBAC). \
                 So this is what a stranger with your token gets.",
            )?;
        }
        401 => story.say(
            "401 for a token that the same server has just made: are there several API servers \
             behind that address, whose keys or clocks differ?",
        )?,
        _ => story.say(answer.message())?,
    }
    Ok(())
}

/// Namespace and name of each, of so many.
pub(crate) fn table(pods: &[Pod], at_most: usize) -> String {
    let name = |part: &Option<String>| part.clone().unwrap_or_default();
    let rows: Vec<(String, String)> =
        pods.iter().map(|pod| (name(&pod.metadata.namespace), name(&pod.metadata.name))).collect();
    let width = rows.iter().map(|(namespace, _)| namespace.len()).max().unwrap_or(0).max(9);
    let mut lines = vec![format!("{:width$}  NAME", "NAMESPACE")];
    lines.extend(rows.iter().take(at_most).map(|(space, name)| format!("{space:width$}  {name}")));
    if rows.is_empty() {
        lines = vec!["(no pods)".to_owned()];
    } else if rows.len() > at_most {
        lines.push(format!("and {} more", rows.len() - at_most));
    }
    lines.join("\n")
}

pub(super) async fn who_is_it<W: Write>(
    story: &mut Story<W>,
    stage: &Stage<'_>,
    token: &BearerToken,
) -> Told {
    story.step("Ask who you are")?;
    story.command("microk8s kubectl auth whoami")?;
    story.say(
        "The server itself knows best whom it takes you for. kubectl asks as your kubeconfig's \
         user. Here the token asks, alone (a SelfSubjectReview):",
    )?;
    let bearer = stage.cluster.bearing(token)?;
    match who_am_i(&bearer).await {
        Ok(user) => {
            story.rows(&user_rows(&user))?;
        }
        Err(failure @ Failure::Refused(_)) => {
            story.rows(&[("answer", failure.to_string())])?;
            story.say("An API server before 1.28 may not have that question.")?;
        }
        Err(failure) => return Err(failure.into()),
    }

    story.say(
        "A service that was handed a token by its caller can ask whose it is (a TokenReview). It \
         asks with credentials of its own, here with those of the kubeconfig:",
    )?;
    match review(&stage.user, token, &[]).await {
        Ok(status) => {
            let user = status.user.and_then(|user| user.username).unwrap_or_default();
            story.rows(&[
                ("authenticated", status.authenticated.unwrap_or_default().to_string()),
                ("user name", user),
                ("good for", status.audiences.unwrap_or_default().join(", ")),
            ])?;
        }
        Err(failure @ Failure::Refused(_)) => story.rows(&[("answer", failure.to_string())])?,
        Err(failure) => return Err(failure.into()),
    }

    story.command("microk8s kubectl auth can-i --all-namespaces VERB RESOURCE")?;
    story.say(
        "And what may the bearer of this token do? The token asks again (SelfSubjectAccessReview):",
    )?;
    let mut rows = Vec::new();
    let (mut allowed, mut reasons) = (0, 0);
    for (verb, group, resource) in QUESTIONS {
        let said = match may_i(&bearer, verb, group, resource).await {
            Ok(status) => {
                let answer = if status.allowed { "yes" } else { "no" };
                let reason = status.reason.filter(|reason| !reason.is_empty());
                allowed += usize::from(status.allowed);
                reasons += usize::from(reason.is_some());
                reason.map_or_else(|| answer.to_owned(), |reason| format!("{answer}: {reason}"))
            }
            Err(failure @ Failure::Refused(_)) => failure.to_string(),
            Err(failure) => return Err(failure.into()),
        };
        rows.push((format!("{verb} {resource}"), said));
    }
    story.rows(&rows)?;
    story.say(match (allowed, reasons) {
        (3, 0) => {
            "Everything, and nobody ever gave this account a right: this server allows all to all \
             (--authorization-mode=AlwaysAllow, microk8s' default). `microk8s enable rbac` ends \
             that."
        }
        (3, _) => "Everything. Somebody gave this account very much, and the reason says where.",
        (0, _) => {
            "Nothing. With RBAC an account may do what a role allows that somebody bound to it, \
             and nobody has."
        }
        _ => "Some of it: what a role allows that somebody bound to this account (RBAC).",
    })?;
    Ok(())
}
