//! The chapter on the reader's own token: its life drawn, each check with what it saw, a verdict.

use crate::timeline::{Timeline, draw};
use crate::{ClaimsRejection, Validator, Window, go, lifetime};
use chrono::{DateTime, TimeDelta, Utc};
use jwt_anatomy::dates::{self, Zone};
use jwt_anatomy::{Claims, LEGACY_ISSUER, UnverifiedToken};
use narration::{Answer, Outcome, Report, Story};
use std::io::{self, Write};

/// The audience of nearly every API server, `--api-audiences` or not.
const USUAL_AUDIENCE: &str = "https://kubernetes.default.svc";

/// What the token is held against.
pub struct Question {
    /// Whom it is shown to; none: an API server.
    pub audiences: Vec<String>,
    /// Whom tokens are taken from; none: whomever the token names.
    pub issuers: Vec<String>,
}

/// Takes the token apart, before there is anything to say about it.
///
/// # Errors
/// With what to do now, when it is no JWT or its claims are none.
pub fn read(token: &str) -> Result<Claims, Report> {
    let token = UnverifiedToken::read(token).map_err(|why| {
        Report::failed(format!("this is no JSON Web Token: {why}")).advise(
            "`cargo run -q -p jwt-anatomy -- -` with the same input: it says what you have, and \
             how to get a token",
        )
    })?;
    token.unverified_claims().map_err(|why| {
        let claim = why.claim().filter(|claim| !claim.is_empty());
        let claim = claim.map_or(String::new(), |claim| format!(" (claim {})", go::quote(claim)));
        Report::failed(format!(
            "an API server would refuse these claims, whoever signed them: {why}{claim}"
        ))
        .advise("`cargo run -q -p jwt-anatomy -- -` with the same input shows what is in it")
    })
}

/// Prints the answer for one token at one moment.
///
/// # Errors
/// Those of the writer.
pub fn answer<W: Write>(
    story: &mut Story<W>,
    claims: &Claims,
    question: &Question,
    now: DateTime<Utc>,
    zone: &Zone,
) -> Outcome {
    story.begin("none: this looks at what you gave it, and asks no server", "Does it hold?")?;
    let mut when = vec![dates::show(now.timestamp(), &Zone::utc())];
    if !zone.is_utc() {
        when.push(dates::show(now.timestamp(), zone));
    }
    story.rows(&[
        ("subject", go::quote(&claims.subject)),
        ("issuer", go::quote(&claims.issuer)),
        ("audiences", go::quote_list(&claims.audiences)),
        ("looked at", when.join(" = ")),
    ])?;

    story.step("Its life")?;
    if claims.issuer == LEGACY_ISSUER {
        story.say(
            "This is a legacy token, out of a Secret. It has no dates, and if it had, nobody would \
             look at them: it lives as long as its Secret.",
        )?;
    } else {
        story.lines(draw(&Timeline::of(claims, now)))?;
    }

    story.step("The claims check")?;
    let verdict = check(story, claims, question, now)?;

    story.step("The verdict")?;
    story.say(match &verdict {
        Ok(()) => "These claims would be accepted.".to_owned(),
        Err(why) => format!("These claims would be refused: {why}"),
    })?;
    story.say(
        "The signature was NOT checked: anyone can write such claims. `signing verify` checks it \
         with the cluster's key. Whether the account, pod or secret that the token names still \
         exists, only its API server knows.",
    )?;
    Ok(if verdict.is_ok() { Answer::Yes } else { Answer::No })
}

/// A row a check, in the server's order, and the first rejection.
fn check<W: Write>(
    story: &mut Story<W>,
    claims: &Claims,
    question: &Question,
    now: DateTime<Utc>,
) -> io::Result<Result<(), ClaimsRejection>> {
    let validator = validator(claims, question);
    let (issuer, audience) =
        (validator.check_issuer(claims), validator.check_audiences(claims, &question.audiences));

    let mut rows = vec![
        (
            "issuer",
            match &issuer {
                Ok(()) if question.issuers.is_empty() => {
                    "passes: taken on trust (name yours with --issuer)".to_owned()
                }
                Ok(()) => "passes: one of yours".to_owned(),
                Err(why) => format!("FAILS: {why}"),
            },
        ),
        (
            "audience",
            match &audience {
                Ok(good_for) => format!("passes: good for {}", go::quote_list(good_for)),
                Err(why) if question.audiences.is_empty() => {
                    format!("FAILS: {why} (an API server; name somebody else with --audience)")
                }
                Err(why) => format!("FAILS: {why}"),
            },
        ),
    ];

    let legacy = claims.issuer == LEGACY_ISSUER;
    let Window { not_before, expires_at, issued_at } = Window::of(claims);
    for (name, date, alone) in [
        ("nbf", not_before, Window { not_before, ..Window::default() }),
        ("exp", expires_at, Window { expires_at, ..Window::default() }),
        ("iat", issued_at, Window { issued_at, ..Window::default() }),
    ] {
        let row = match date {
            None => "passes: it is not there".to_owned(),
            Some(_) if legacy => "passes: nobody looks at it".to_owned(),
            Some(date) => {
                let strictly = alone.check_with_leeway(now, TimeDelta::zero());
                match (alone.check(now), strictly) {
                    (Ok(()), Ok(())) => format!("passes: {}", distance(date, now)),
                    (Ok(()), Err(_)) => format!("passes BY LEEWAY: {}", distance(date, now)),
                    (Err(why), _) => format!("FAILS: {why} ({})", distance(date, now)),
                }
            }
        };
        rows.push((name, row));
    }
    let warn_after = claims.kubernetes.as_ref().and_then(|kubernetes| kubernetes.warn_after);
    if let Some(seconds) = lifetime::stale_for(warn_after, now) {
        let past = dates::span(seconds);
        rows.push((
            "warnafter",
            format!("passed {past} ago: accepted, and noted in the audit log"),
        ));
    }
    story.rows(&rows)?;

    let dates = if legacy { Ok(()) } else { Window::of(claims).check(now) };
    Ok(issuer.and(audience.map(|_| ())).and(dates))
}

/// An API server that might have made this token, as far as the reader has not said otherwise.
fn validator(claims: &Claims, question: &Question) -> Validator {
    let issuers = match question.issuers.as_slice() {
        [] => vec![claims.issuer.clone()],
        given => given.to_vec(),
    };
    let mut validator = Validator::new(issuers, Vec::new());
    if !validator.api_audiences.iter().any(|name| name == USUAL_AUDIENCE) {
        validator.api_audiences.push(USUAL_AUDIENCE.to_owned());
    }
    validator
}

fn distance(date: i64, now: DateTime<Utc>) -> String {
    match now.timestamp().checked_sub(date) {
        None => "ages away".to_owned(),
        Some(0) => "this very second".to_owned(),
        Some(ago) if ago > 0 => format!("{} ago", dates::span(ago)),
        Some(ahead) => format!("in {}", dates::span(ahead)),
    }
}
