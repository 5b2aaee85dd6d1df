//! The program on the reader's own token and keys.

use crate::{KeyError, KeySet, PublicKey, Reason, SignatureError, SigningKey};
use jwt_anatomy::UnverifiedToken;
use narration::{Answer, InputError, Outcome, Report, Story};
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

const CLUSTER: &str = "none: a key is all it takes";

/// Real key files have a few thousand bytes.
const MAX_KEY_FILE_BYTES: u64 = 1 << 20;

/// More keys than anyone reads one by one.
const LISTED: usize = 50;

/// Says whether one of the keys signed the token. None of them is a no.
///
/// # Errors
/// When a file can't be read, or is not what it should be.
pub fn verify<W: Write>(
    story: &mut Story<W>,
    key_files: &[PathBuf],
    jwks: Option<&Path>,
    token: &Path,
) -> Outcome {
    let files = key_files.iter().map(PathBuf::as_path).chain(jwks).chain([token]);
    if files.filter(|file| *file == Path::new("-")).count() > 1 {
        return Err(Report::usage("only one of the files can be standard input"));
    }
    let given = read_keys(key_files, jwks)?;
    let text = narration::read_text(token).map_err(token_unreadable)?;
    let token = UnverifiedToken::read(text.trim()).map_err(|error| {
        Report::failed(format!("this is no token to verify: {error}"))
            .advise("to see what it is instead: cargo run -q -p jwt-anatomy -- FILE")
    })?;

    let verdict = given.keys.verify(&token);
    story.begin(
        CLUSTER,
        match verdict {
            Ok(_) => "The signature is right",
            Err(SignatureError::Claims(_)) => "The signature is right, but what it signs is not",
            Err(_) => "The signature is wrong",
        },
    )?;
    let header = token.header();
    let kid = header.key_id.as_deref().filter(|kid| !kid.is_empty());
    let count = given.keys.keys().count();
    story.rows(&[
        ("alg", shown(&header.alg)),
        ("kid", kid.map_or_else(|| "none, so every key was tried".to_owned(), shown)),
        ("keys", format!("{count} in {}", given.from)),
    ])?;
    match verdict {
        Ok(signed) => {
            let key = given.keys.get(signed.key_id());
            let what = key.map(PublicKey::kind).unwrap_or_default();
            story.say("This key signed it, and nobody has changed it since:")?;
            story.rows(&[(shown(signed.key_id()), what)])?;
            story.say(
                "The claims were not checked. Whether the token has expired, for whom it is meant, \
                 and what else a server asks of it, chapter 4 tells:",
            )?;
            story.command("cargo run -q -p expiry -- -")?;
            Ok(Answer::Yes)
        }
        Err(error) => {
            refused(story, &given, &error)?;
            Ok(Answer::No)
        }
    }
}

fn refused<W: Write>(
    story: &mut Story<W>,
    given: &Given,
    error: &SignatureError,
) -> io::Result<()> {
    let because = match (error, error.reason()) {
        (SignatureError::Several(_), None | Some(Reason::Wrong)) => {
            Some("not signed by any of these keys, or changed since".to_owned())
        }
        (_, reason) => reason.map(|reason| bearable(&reason.to_string(), 200)),
    };
    let mut rows = vec![("a server logs", error.to_string())];
    rows.extend(because.map(|because| ("because", because)));
    story.rows(&rows)?;

    if *error == SignatureError::NoKeysFound {
        story.say("The token names a key that is not among yours. Yours are:")?;
        list(story, &given.keys)?;
    }
    if given.has_certificate {
        story.say(
            "You gave a certificate. A cluster's ca.crt holds no key for tokens: it is for TLS, for \
             knowing the server you talk to.",
        )?;
    }
    match (error, error.reason()) {
        // No key would help.
        (SignatureError::Claims(_) | SignatureError::Header(_), _)
        | (_, Some(Reason::UnknownAlgorithm(_) | Reason::Critical(_))) => Ok(()),
        _ => {
            story.say("The keys that check your own cluster's tokens:")?;
            story.command("microk8s kubectl get --raw /openid/v1/jwks > jwks.json")
        }
    }
}

/// Names each key of a file.
///
/// # Errors
/// When it can't be read, or holds no key.
pub fn kid<W: Write>(story: &mut Story<W>, file: &Path) -> Outcome {
    let bytes = read_key_file(file)?;
    let keys = if bytes.trim_ascii_start().starts_with(b"{") {
        KeySet::from_jwks(&bytes)
    } else {
        // A private key that Kubernetes takes no public half from has a name all the same.
        PublicKey::all_from_pem(&bytes).map(KeySet::new).or_else(|error| {
            let signing_key = SigningKey::from_pem(&bytes).map_err(|_| error)?;
            Ok(KeySet::new(vec![signing_key.public_key()]))
        })
    };
    let keys = keys.map_err(|error| key_problem(&error, file))?;

    let title = match keys.keys().count() {
        1 => "The key is called".to_owned(),
        count => format!("The {count} keys are called"),
    };
    story.begin(CLUSTER, &title)?;
    list(story, &keys)?;
    story.say("A token that was signed with a key says the key's name in its header, as `kid`.")?;
    Ok(Answer::Yes)
}

/// Makes a key pair, and the file for it.
///
/// # Errors
/// When the file is there already, or can't be made.
pub fn new_key<W: Write>(story: &mut Story<W>, file: &Path) -> Outcome {
    let key = SigningKey::generate();
    write_secret(file, key.to_pem().as_bytes()).map_err(|error| {
        let name = file.display();
        match error.kind() {
            ErrorKind::AlreadyExists => Report::failed(format!("{name} is there already"))
                .advise("another name: overwriting a key ends every token it signed"),
            ErrorKind::NotFound => Report::failed(format!("there is no folder to make {name} in")),
            _ => Report::failed(format!("cannot make {name}: {error}")),
        }
    })?;

    let public = key.public_key();
    story.begin(CLUSTER, &format!("A new key in {}", file.display()))?;
    story.rows(&[("kid", public.key_id()), ("kind", public.kind())])?;
    story.say(
        "Only you can read the file, and nobody else ever should: it can sign a token for any \
         account. These flags of kube-apiserver sign with it, and check with its public half:",
    )?;
    let name = file.display();
    story.lines(format!(
        "--service-account-signing-key-file={name}\n--service-account-key-file={name}"
    ))?;
    Ok(Answer::Yes)
}

/// Makes a file that nobody else can read, from its first moment on. On Windows it gets the rights
/// of its folder.
fn write_secret(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The keys a reader gave.
struct Given {
    keys: KeySet,
    from: String,
    has_certificate: bool,
}

fn read_keys(key_files: &[PathBuf], jwks: Option<&Path>) -> Result<Given, Report> {
    if let Some(file) = jwks {
        let bytes = read_key_file(file)?;
        let keys = KeySet::from_jwks(&bytes).map_err(|error| {
            let report = key_problem(&error, file);
            let is_pem = PublicKey::all_from_pem(&bytes).is_ok();
            if is_pem { report.advise("as this is a PEM file: --key FILE") } else { report }
        })?;
        return Ok(Given { keys, from: file.display().to_string(), has_certificate: false });
    }
    let mut keys = Vec::new();
    let mut has_certificate = false;
    for file in key_files {
        let bytes = read_key_file(file)?;
        let more = PublicKey::all_from_pem(&bytes).map_err(|error| key_problem(&error, file))?;
        keys.extend(more);
        has_certificate |= String::from_utf8_lossy(&bytes).contains("-----BEGIN CERTIFICATE-----");
    }
    let names: Vec<String> = key_files.iter().map(|file| file.display().to_string()).collect();
    Ok(Given { keys: KeySet::new(keys), from: names.join(", "), has_certificate })
}

fn read_key_file(file: &Path) -> Result<Vec<u8>, Report> {
    narration::read(file, MAX_KEY_FILE_BYTES).map_err(|error| match error {
        InputError::TooLarge { limit, .. } => Report::failed(format!(
            "{} is larger than {limit} bytes, which no key file is",
            name(file)
        )),
        other => other.into(),
    })
}

/// Whoever types a token where a file belongs should not see it printed.
fn token_unreadable(error: InputError) -> Report {
    match error {
        InputError::Unreadable { source, .. } if source.kind() == ErrorKind::NotFound => {
            Report::usage("there is no file of that name to read the token from")
                .advise("`-` in its place, and the token on standard input")
                .advise("never the token itself: your shell keeps what you type")
        }
        other => other.into(),
    }
}

fn name(file: &Path) -> String {
    let stdin = file == Path::new("-");
    if stdin { "standard input".to_owned() } else { file.display().to_string() }
}

fn key_problem(error: &KeyError, file: &Path) -> Report {
    let report = Report::failed(format!("{}: {error}", name(file)));
    match error.advice() {
        Some(instead) => report.advise(instead),
        None => report,
    }
}

fn list<W: Write>(story: &mut Story<W>, keys: &KeySet) -> io::Result<()> {
    let rows: Vec<(String, String)> =
        keys.keys.iter().take(LISTED).map(|named| (shown(&named.id), named.key.kind())).collect();
    story.rows(&rows)?;
    match keys.keys().count().saturating_sub(LISTED) {
        0 => Ok(()),
        more => story.say(format!("and {more} more")),
    }
}

/// A name that somebody else wrote, without its control characters.
fn shown(text: &str) -> String {
    if text.is_empty() { "none".to_owned() } else { bearable(&text.escape_debug().to_string(), 64) }
}

/// A text cut to so many characters.
fn bearable(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}
