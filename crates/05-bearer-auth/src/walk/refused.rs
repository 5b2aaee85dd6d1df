//! Tokens that are refused: each by the one check that it fails.

use super::use_it::{request, with_token};
use super::{Stage, Stopped, Told, opinions, status_line};
use crate::lab::Lab;
use crate::{Answer, BearerToken, Failure, Wishes, create_token, review, send};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use jwt_anatomy::{UnverifiedToken, dates};
use narration::Story;
use serde_json::{Map, Value};
use signing::SigningKey;
use std::io::Write;

/// A service that is not the API server.
const ANOTHER_SERVICE: &str = "https://vault.example";

pub(super) async fn tell<W: Write>(
    story: &mut Story<W>,
    stage: &Stage<'_>,
    token: &BearerToken,
) -> Told {
    story.step("Get refused")?;
    if stage.lab.is_some() {
        story.say(
            "The lab asks its authenticators one after the other, until one says yes. \"Not mine\" \
             and \"rejected\" both pass on to the next.",
        )?;
    } else {
        story.say(
            "Your server keeps the reason for its log (on microk8s: `journalctl -u \
             snap.microk8s.daemon-kubelite`). But it tells one who may ask by TokenReview, so \
             below each answer stands what it says there: what each of its authenticators said.",
        )?;
    }
    let mut answers = Vec::new();

    story.say("No token:")?;
    let nothing = request(stage, "", "")?;
    let nobody = stage.attempt(story, &stage.nobody, nothing).await?;
    if nobody.status == 403 {
        story.say(format!(
            "No credentials is not the same as bad ones. This server takes such a request for \
             `system:anonymous`, and then asks what that user may do: {}",
            nobody.message()
        ))?;
    }

    if let Some(longer_lived) = with_a_year_more(token) {
        story.say("The same token, its `exp` set a year later by its owner:")?;
        answers.push(refuse(story, stage, &longer_lived).await?);
    }
    if let Some(forged) = signed_by_a_stranger(token) {
        story.say("The same claims, signed with a key that you have just made:")?;
        answers.push(refuse(story, stage, &forged).await?);
    }
    story.say(format!("A good token for another service ({ANOTHER_SERVICE}):"))?;
    story.command(format!("microk8s kubectl create token default --audience={ANOTHER_SERVICE}"))?;
    let wishes = Wishes { audiences: vec![ANOTHER_SERVICE.to_owned()], ..Wishes::default() };
    match create_token(&stage.user, &stage.account, &wishes).await {
        Ok(foreign) => answers.push(refuse(story, stage, &foreign.token).await?),
        Err(failure @ Failure::Refused(_)) => story.rows(&[("answer", failure.to_string())])?,
        Err(failure) => return Err(failure.into()),
    }
    match stage.lab {
        Some(lab) => {
            let late = TimeDelta::minutes(62);
            lab.wait(late);
            let (span, now) =
                (dates::span(late.num_seconds()), dates::show(lab.now(), &stage.zone));
            story.say(format!(
                "The token of step 3, {span} later. (The lab's clock is moved to {now}. One of \
                 these minutes is the grace of chapter 4.)"
            ))?;
            answers.push(refuse(story, stage, token).await?);
        }
        None => super::left_out(story, "an expired token would take you an hour of waiting.")?,
    }
    same_to_the_client(story, &answers)
}

/// Sends it, and says why it was not taken.
async fn refuse<W: Write>(
    story: &mut Story<W>,
    stage: &Stage<'_>,
    token: &BearerToken,
) -> Result<Answer, Stopped> {
    let answer = send(&stage.nobody, with_token(stage, token)?).await?;
    let mut rows = vec![("answer".to_owned(), status_line(&answer))];
    match stage.lab.and_then(Lab::last_trace) {
        Some(trace) => rows.extend(opinions(&trace)),
        None => rows.push(("TokenReview".to_owned(), reason(stage, token).await?)),
    }
    story.rows(&rows)?;
    Ok(answer)
}

/// What a real server tells one who may ask.
async fn reason(stage: &Stage<'_>, token: &BearerToken) -> Result<String, Failure> {
    match review(&stage.user, token, &[]).await {
        Ok(status) => Ok(status.error.unwrap_or_else(|| "no reason".to_owned())),
        Err(failure @ Failure::Refused(_)) => Ok(failure.to_string()),
        Err(failure) => Err(failure),
    }
}

/// What a client can learn from them: nothing, if they are all the same.
fn same_to_the_client<W: Write>(story: &mut Story<W>, answers: &[Answer]) -> Told {
    let Some(first) = answers.first() else {
        return Ok(());
    };
    if first.status == 401 && answers.iter().all(|answer| answer == first) {
        story.say(format!(
            "{} bad tokens, each for a reason of its own, and to the letter the same answer each \
             time, so that nobody learns from it how to do better:",
            number(answers.len())
        ))?;
        story.lines(serde_json::to_string_pretty(&first.body).map_err(std::io::Error::from)?)?;
    } else {
        story.say("They are not all a plain 401: this server is set up in its own way.")?;
    }
    Ok(())
}

fn number(count: usize) -> &'static str {
    match count {
        1 => "One",
        2 => "Two",
        3 => "Three",
        4 => "Four",
        _ => "Many",
    }
}

/// The claims as the token has them, in its order.
fn payload(token: &BearerToken) -> Option<Map<String, Value>> {
    Some(UnverifiedToken::read(token.secret()).ok()?.unverified_claims().ok()?.raw)
}

/// What its bearer would like: the same token, good for a year more. The signature stays.
fn with_a_year_more(token: &BearerToken) -> Option<BearerToken> {
    let mut claims = payload(token)?;
    let year = TimeDelta::days(365).num_seconds();
    let exp = claims.get("exp")?.as_i64()?.checked_add(year)?;
    claims.insert("exp".to_owned(), exp.into());

    let (header, rest) = token.secret().split_once('.')?;
    let (_, signature) = rest.split_once('.')?;
    let changed = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).ok()?);
    BearerToken::read(&format!("{header}.{changed}.{signature}")).ok()
}

/// The same claims under a signature that fits, by a key that the server has never seen.
fn signed_by_a_stranger(token: &BearerToken) -> Option<BearerToken> {
    BearerToken::read(&SigningKey::generate().sign(&payload(token)?).ok()?).ok()
}
