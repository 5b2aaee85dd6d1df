//! The program on the reader's own input: what is this, and what does it say?

use crate::dates::{self, Zone};
use crate::meaning::{self, plain};
use crate::oddities::{self, Oddity};
use crate::{
    Claims, Life, Recognised, ServiceAccountName, TokenKind, UnverifiedToken, What, recognise,
};
use narration::{Answer, InputError, Outcome, Report, Story, read_text};
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::Path;

const CLUSTER: &str = "none: all this stands in the token itself";

/// Reads `-` or a file.
///
/// # Errors
/// When there is nothing to read, or nothing that could be a token.
pub fn read(input: &Path) -> Result<String, Report> {
    read_text(input).map_err(|error| {
        let advice = match &error {
            InputError::Empty { .. } => {
                "see what the command before the pipe prints by itself: its errors don't go \
                 through a pipe"
            }
            InputError::NotText { .. } => {
                "a token is plain text: microk8s kubectl create token default"
            }
            _ => "microk8s kubectl create token default | cargo run -q -p jwt-anatomy -- -",
        };
        Report::from(error).advise(advice)
    })
}

/// Tells a person what `text` is and says, at a moment (seconds since 1970).
///
/// # Errors
/// Those of the writer.
pub fn tell<W: Write>(story: &mut Story<W>, text: &str, at: i64, zone: &Zone) -> Outcome {
    let seen = recognise(text);
    let Some(token) = seen.token().map(UnverifiedToken::read).and_then(Result::ok) else {
        return tell_no_token(story, &seen);
    };

    story.begin(CLUSTER, "What this token says. Nothing of it has been verified.")?;
    story.step("What you have")?;
    story.say(plain(&seen.what.says()))?;
    for mend in &seen.mends {
        story.say(mend.says())?;
    }
    if !seen.mends.is_empty() {
        story
            .say("Sent as it was pasted, it would be refused. What follows is the token itself.")?;
    }

    story.step("Its header")?;
    story.rows(&meaning::header(&token))?;

    story.step("Its claims")?;
    if let Ok(claims) = token.unverified_claims() {
        story.rows(&meaning::claims(&claims, *zone))?;
        story.step("Its life")?;
        story.rows(&life(&claims, at, *zone))?;
    } else {
        story.say("The API server can't read them; the last step says why. As they are:")?;
        story.lines(plain(&String::from_utf8_lossy(token.payload())))?;
    }

    story.step("Its signature")?;
    story.say(format!(
        "{} bytes, which are not shown here: together with the rest they are the token. Whether \
         they fit is chapter 3's question:",
        token.signature().len()
    ))?;
    story.command(match token.unverified_kind() {
        TokenKind::Other => "cargo run -q -p signing -- verify --jwks jwks.json -",
        TokenKind::Bound | TokenKind::Legacy => "cargo run -q -p signing -- verify --key sa.pub -",
    })?;

    story.step("What is odd about it")?;
    let odd = oddities::of(&token, at);
    if odd.is_empty() {
        story.say("Nothing that can be seen by looking.")?;
    } else {
        story.rows(&odd.iter().map(meaning::oddity).collect::<meaning::Rows>())?;
    }
    Ok(Answer::Yes)
}

fn tell_no_token<W: Write>(story: &mut Story<W>, seen: &Recognised) -> Outcome {
    story.begin("none: only what you gave is looked at", "This is no token that can be read.")?;
    story.say(plain(&seen.what.says()))?;
    for mend in &seen.mends {
        story.say(mend.says())?;
    }
    for advice in seen.what.advice() {
        story.say(format!("To {}:", advice.to))?;
        story.command(advice.command)?;
    }
    Ok(Answer::No)
}

fn life(claims: &Claims, at: i64, zone: Zone) -> meaning::Rows {
    let mut rows = Vec::new();
    if let Some(whole) = Life::whole(claims) {
        rows.push(("made for".to_owned(), dates::span(whole)));
    }
    rows.push(("looked at".to_owned(), meaning::both(at, zone)));
    rows.push(("then".to_owned(), meaning::life(Life::at(claims, at))));
    rows
}

/// The same for programs, one JSON object. Its members keep their names and meanings.
///
/// # Errors
/// Those of the writer.
pub fn print_json(out: &mut impl Write, text: &str, at: i64, zone: &Zone) -> Outcome {
    let seen = recognise(text);
    let mut document = json!({
        "what": seen.what.code(),
        "says": seen.what.says(),
        "mended": seen.mends.iter().map(|mend| mend.code()).collect::<Vec<_>>(),
    });
    let token = seen.token().map(UnverifiedToken::read).and_then(Result::ok);
    let (answer, more) = match token {
        Some(token) => (Answer::Yes, token_json(&token, at, *zone)),
        None => (Answer::No, advice_json(&seen.what)),
    };
    if let (Value::Object(document), Value::Object(more)) = (&mut document, more) {
        document.extend(more);
    }
    writeln!(out, "{document:#}")?;
    Ok(answer)
}

fn advice_json(what: &What) -> Value {
    let ways = what.advice().iter().map(|way| json!({ "to": way.to, "command": way.command }));
    json!({ "advice": ways.collect::<Vec<_>>() })
}

fn token_json(token: &UnverifiedToken, at: i64, zone: Zone) -> Value {
    let moment = |seconds: i64| {
        json!({
            "seconds": seconds,
            "utc": dates::rfc3339(seconds),
            "local": dates::show(seconds, &zone),
        })
    };
    let claims = token.unverified_claims();
    let read = claims.as_ref().ok();
    let warn_after = |claims: &Claims| claims.kubernetes.as_ref()?.warn_after;
    let mut dates = Map::new();
    for (name, seconds) in [
        ("iat", read.and_then(|claims| claims.issued_at)),
        ("nbf", read.and_then(|claims| claims.not_before)),
        ("exp", read.and_then(|claims| claims.expires_at)),
        ("warnafter", read.and_then(warn_after)),
    ] {
        if let Some(seconds) = seconds {
            dates.insert(name.to_owned(), moment(seconds));
        }
    }
    let account = read.and_then(|claims| ServiceAccountName::from_username(&claims.subject).ok());
    let raw = crate::json::parse(token.payload()).map(crate::json::Node::lenient);
    json!({
        "verified": false,
        "header": token.header().raw,
        "claims": raw.unwrap_or_default(),
        "claimsError": claims.as_ref().err().map(ToString::to_string),
        "subject": account.map(|name| json!({ "namespace": name.namespace, "name": name.name })),
        "dates": dates,
        "at": moment(at),
        "life": read.map(|claims| life_json(claims, at)),
        "signatureBytes": token.signature().len(),
        "oddities": oddities::of(token, at).iter().map(oddity_json).collect::<Vec<_>>(),
    })
}

fn life_json(claims: &Claims, at: i64) -> Value {
    let (state, seconds) = match Life::at(claims, at) {
        Life::WithoutEnd => ("without-end", None),
        Life::Left(seconds) => ("left", Some(seconds)),
        Life::NotYet(seconds) => ("not-yet", Some(seconds)),
        Life::Over(seconds) => ("over", Some(seconds)),
    };
    json!({ "state": state, "seconds": seconds, "wholeSeconds": Life::whole(claims) })
}

fn oddity_json(oddity: &Oddity) -> Value {
    json!({
        "code": oddity.code,
        "weight": oddity.weight.to_string(),
        "detail": oddity.detail,
        "meaning": oddity.meaning,
    })
}
