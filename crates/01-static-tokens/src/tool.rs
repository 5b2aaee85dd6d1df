//! The program on the reader's own file: whose token is this, and would a server start with it?

use crate::wording::{details, one_a_line, shown};
use crate::{Authenticator, FileError, TokenFile, User, Verdict, header};
use narration::{Answer, InputError, MAX_TOKEN_BYTES, Outcome, Report, Story};
use std::io::Write;
use std::path::Path;

const CLUSTER: &str = "none: only the file is asked";

/// More users than anyone reads one by one.
const LISTED: usize = 1000;

/// Reads a token from `-` or a file, and says who sends it. Nobody is a no.
///
/// # Errors
/// When one of the two can't be read, or a server would not start with the token file.
pub fn who<W: Write>(story: &mut Story<W>, token_auth_file: &Path, source: &Path) -> Outcome {
    let file = open(token_auth_file)?;
    let sent = narration::read(source, MAX_TOKEN_BYTES).map_err(token_unreadable)?;
    // `echo` and most editors put a line break behind a token. The server trims a header, too.
    let token = sent.trim_ascii();
    if token.is_empty() {
        return Err(InputError::Empty { path: source.into() }.into());
    }

    // A token that can't be sent is nobody's, even if the file has it.
    let sendable = header::can_carry(token);
    let verdict = if sendable { file.authenticate(token) } else { Verdict::NotMine };
    let size = match sent.len() - token.len() {
        0 => format!("{} bytes", token.len()),
        _ => format!("{} bytes, white space around it left out, as a server does", token.len()),
    };
    match verdict {
        Verdict::Authenticated(user) => {
            let User { name, uid, groups, .. } = user.authenticated();
            let groups: Vec<String> = groups.iter().map(|group| shown(group)).collect();
            story.begin(CLUSTER, &format!("That is {}", shown(&name)))?;
            story.rows(&[
                ("token", size),
                ("user", shown(&name)),
                ("uid", shown(&uid)),
                ("groups", groups.join(", ")),
            ])?;
            Ok(Answer::Yes)
        }
        Verdict::NotMine | Verdict::Rejected(_) => {
            story.begin(CLUSTER, "That is nobody")?;
            story.rows(&[("token", size)])?;
            if sendable {
                story.say(format!(
                    "The file holds {}, and not this one. A server that knows no other way to \
                     read it answers 401 Unauthorized, and does not say why.",
                    counted(file.len())
                ))?;
            } else {
                story.say(
                    "No client can send this: a space ends a token, and a control character makes \
                     the request a bad one.",
                )?;
            }
            if let Some(hint) = hint(token) {
                story.say(hint)?;
            }
            Ok(Answer::No)
        }
    }
}

/// Says whether a server would start with this file, and whom it would know.
///
/// # Errors
/// When it would not start.
pub fn check<W: Write>(story: &mut Story<W>, token_auth_file: &Path) -> Outcome {
    let file = open(token_auth_file)?;
    story.begin(CLUSTER, "A server starts with this file")?;

    let entries = file.entries();
    let and_then = if entries.is_empty() { "." } else { ", for:" };
    story.say(format!("It holds {}{and_then}", counted(entries.len())))?;
    let users: Vec<(String, String)> = entries
        .iter()
        .take(LISTED)
        .map(|entry| {
            let user = entry.user.clone().authenticated();
            (shown(&user.name), details(&user))
        })
        .collect();
    if !users.is_empty() {
        story.rows(&users)?;
    }
    if entries.len() > LISTED {
        story.say(format!("And {} more, not listed.", entries.len() - LISTED))?;
    }

    if !file.warnings().is_empty() {
        story.say("While it reads the file, the server logs:")?;
        story.lines(one_a_line(file.warnings().iter().take(LISTED)))?;
        if file.warnings().len() > LISTED {
            story.say(format!("And {} more like these.", file.warnings().len() - LISTED))?;
        }
    }

    let records: Vec<String> = entries
        .iter()
        .filter(|entry| !entry.sendable)
        .take(LISTED)
        .map(|entry| format!("record {}", entry.record))
        .collect();
    if !records.is_empty() {
        story.say(format!(
            "What the server does not notice: nobody can send the token of {}. There is a space \
             in it, a control character, or white space at its end. (A # begins no comment in this \
             file.)",
            records.join(" and ")
        ))?;
    }
    Ok(Answer::Yes)
}

fn open(path: &Path) -> Result<TokenFile, Report> {
    TokenFile::open(path).map_err(|error| {
        let words = match error {
            FileError::TooLarge { .. } => error.to_string(),
            _ => format!("no server starts with this file: {error}"),
        };
        Report::failed(words).advise(error.advice())
    })
}

fn counted(tokens: usize) -> String {
    match tokens {
        0 => "no token".to_owned(),
        1 => "one token".to_owned(),
        _ => format!("{tokens} tokens"),
    }
}

/// Whoever types a token where a file belongs meets this: so the message must not repeat it.
fn token_unreadable(error: InputError) -> Report {
    match error {
        InputError::Unreadable { path, .. } if !path.exists() => {
            Report::usage("there is no file of that name to read a token from")
                .advise("`-` in its place, and the token on standard input")
                .advise(
                    "never the token itself: your shell keeps what you type, and `ps` shows it to \
                     everyone on the machine",
                )
        }
        other => other.into(),
    }
}

/// What people send in place of a token of this file.
fn hint(token: &[u8]) -> Option<&'static str> {
    let first = |bytes: usize| token.get(..bytes).unwrap_or(token);
    if first(7).eq_ignore_ascii_case(b"Bearer ") {
        Some("Leave out the word Bearer: it belongs to the header, and the token follows it.")
    } else if token.starts_with(b"\"") || token.starts_with(b"'") {
        Some("There is a quote around it: send what stands inside.")
    } else if first(3) == b"eyJ" && token.split(|byte| *byte == b'.').count() == 3 {
        Some(
            "This looks like a signed token, a JWT. No file holds those: `cargo run -q -p \
             jwt-anatomy -- -` takes one apart.",
        )
    } else if token.contains(&b'\n') {
        Some("There is a line break in it: did two lines come, where one was meant?")
    } else {
        None
    }
}
