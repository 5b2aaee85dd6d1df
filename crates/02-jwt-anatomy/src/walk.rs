//! The story that `cargo run -p jwt-anatomy` tells: about the token of 2 October 2022, with its
//! own numbers. What it states it computes: take the code away and the story no longer tells
//! itself.

use crate::dates::{Zone, show, span};
use crate::meaning::{self, Rows};
use crate::{Claims, Life, ServiceAccountName, UnverifiedToken, oddities, recognise, sample};
use base64::{Engine, engine::general_purpose::STANDARD};
use narration::Story;
use std::io::{self, Write};

/// Where the token's author sat.
const LONDON: &str = "Europe/London";
/// 16 minutes and 35 seconds after the token was made.
const A_MOMENT_THEN: i64 = 1_664_703_000;

fn read(token: &str) -> io::Result<UnverifiedToken<'_>> {
    UnverifiedToken::read(token).map_err(io::Error::other)
}

fn claims(token: &UnverifiedToken) -> io::Result<Claims> {
    token.unverified_claims().map_err(io::Error::other)
}

/// Tells the walk.
///
/// # Errors
/// Those of the writer, a closed pipe among them.
pub fn tell<W: Write>(story: &mut Story<W>) -> io::Result<()> {
    let text = sample::token_of_2022();
    let token = read(&text)?;
    let read = claims(&token)?;
    let london = Zone::named(LONDON).ok_or_else(|| io::Error::other("no such zone"))?;

    story.begin("none: this chapter needs no cluster", "What is that token?")?;
    story.say(
        "On Sunday, 2 October 2022, somebody typed this, pasted what it printed into a login \
         page, and was let in:",
    )?;
    story.command("microk8s kubectl create token default")?;
    story.lines(shortened(&text))?;
    story.say(
        "What did the page get? Here is the same token again, with the same numbers in it. Only \
         its signature is made up, so that it opens nothing.",
    )?;

    three_words(story, &text, &token)?;
    not_encrypted(story, &text)?;
    who_signed(story, &token)?;
    what_it_claims(story, &read)?;
    when(story, &read, london)?;
    since_then(story)?;
    looking(story)?;
    pasted(story, &text)?;

    story.step("Your own")?;
    story.say("Nothing is sent anywhere, and your signature is not printed:")?;
    story.command("microk8s kubectl create token default | cargo run -q -p jwt-anatomy -- -")?;
    story.say("Without a cluster, ask the course's own, the lab; it answers in the same way:")?;
    story.command("cargo run -q -p bearer-auth -- create-token > token.txt")?;
    story.command("cargo run -q -p jwt-anatomy -- token.txt")?;
    story.what_we_know_now(&[
        "That token is a JSON Web Token: a header, claims and a signature, each written in \
         base64url, with dots between them.",
        "It says whom it is for (sub), who made it (iss), who may accept it (aud), and from when \
         to when it is good (nbf, exp).",
        "It is signed, not encrypted. Anyone can read it, and anyone can write one that looks the \
         same. What nobody else can write is the signature, and that is chapter 3.",
    ])
}

fn three_words<W: Write>(
    story: &mut Story<W>,
    text: &str,
    token: &UnverifiedToken,
) -> io::Result<()> {
    story.step("Three words with dots between them")?;
    story.say(
        "A token looks like noise because it is written in base64url: letters, digits, - and _, \
         which survive any header, file or form. Every four characters stand for three bytes. \
         Cut it at its two dots and write the bytes out again:",
    )?;
    let words: Vec<&str> = text.split('.').collect();
    let bytes = [text_of(words[0])?.len(), token.payload().len(), token.signature().len()];
    let rows: Rows = ["header", "claims", "signature"]
        .iter()
        .zip(["which key signed it, and how", "who, for whom, until when", "the proof"])
        .zip(words.iter().zip(bytes))
        .map(|((name, meaning), (word, bytes))| {
            (name.to_string(), format!("{:3} characters, {bytes:3} bytes: {meaning}", word.len()))
        })
        .collect();
    story.rows(&rows)?;
    story.say(
        "Your own shell can do it with a token in token.txt; step 9 makes one. (basenc grumbles \
         about the padding that is left out.)",
    )?;
    story.command("cut -d. -f1 token.txt | basenc --base64url -d")?;
    story.lines(text_of(words[0])?)?;
    story.command("cut -d. -f2 token.txt | basenc --base64url -d")?;
    story.lines(wrapped(&text_of(words[1])?))?;
    story.say(
        "This form is called a JWT, a JSON Web Token. Kubernetes did not invent it: logins on the \
         web use it too.",
    )
}

/// The point of the chapter: reading proves nothing.
fn not_encrypted<W: Write>(story: &mut Story<W>, text: &str) -> io::Result<()> {
    story.step("Signed, not encrypted")?;
    story.say(
        "We needed no key to read that. So does whoever sees your token: in a log, on a shared \
         screen, in a website that decodes tokens. So keep it as you keep a password, for \
         as long as it lives. And writing is as easy as reading. Let us write another name into \
         the claims, and leave the signature as it is:",
    )?;
    let forged_claims = sample::CLAIMS_OF_2022
        .replace("default:default", "kube-system:admin")
        .replace("\"namespace\":\"default\"", "\"namespace\":\"kube-system\"")
        .replace("\"name\":\"default\"", "\"name\":\"admin\"");
    let signature = text.rsplit('.').next().unwrap_or("");
    let unsigned = sample::unsigned(sample::HEADER_OF_2022, &forged_claims);
    let (signing_input, _) = unsigned.rsplit_once('.').unwrap_or_default();
    let forged = format!("{signing_input}.{signature}");
    let token = read(&forged)?;
    story.rows(&[
        ("taken apart", "yes, like any other"),
        ("it claims to be", claims(&token)?.subject.as_str()),
        ("the signature", if same_signature(text, &token) { "unchanged" } else { "another" }),
    ])?;
    story.say(
        "Nothing in this chapter can tell it from a real one. That is why its code is called \
         UnverifiedToken and unverified_claims: it takes apart, and believes nothing.",
    )
}

fn same_signature(text: &str, forged: &UnverifiedToken) -> bool {
    UnverifiedToken::read(text).is_ok_and(|token| token.signature() == forged.signature())
}

fn who_signed<W: Write>(story: &mut Story<W>, token: &UnverifiedToken) -> io::Result<()> {
    story.step("The header: which key, and how")?;
    story.rows(&meaning::header(token))?;
    story.say(
        "The author blacked out the end of the key id with x. It is no secret: it is a hash of \
         the public key, and chapter 3 computes it.",
    )
}

fn what_it_claims<W: Write>(story: &mut Story<W>, read: &Claims) -> io::Result<()> {
    story.step("The claims: who, from whom, for whom")?;
    let account = ServiceAccountName::from_username(&read.subject).map_err(io::Error::other)?;
    story.rows(&[("sub", read.subject.as_str())])?;
    story.say("The subject is a user name, put together from pieces:")?;
    story.rows(&[
        ("system:serviceaccount", "a service account: a name for a program, kept in the cluster"),
        (account.namespace.as_str(), "the namespace it lives in"),
        (account.name.as_str(), "its name there. Every namespace has one called `default`"),
    ])?;
    story.say(
        "Nobody created a user. The command asked for a token of the service account `default` \
         in the namespace that was current, which was also called `default`.",
    )?;
    let kubernetes = read.kubernetes.clone().unwrap_or_default();
    story.rows(&[
        ("iss", format!("{}\nthe issuer: the API server that made it", read.issuer)),
        ("aud", format!("{}\nthe audience: who may accept it", read.audiences.join(", "))),
        (
            "kubernetes.io",
            format!(
                "account {}, uid {}\nwhat has to exist for the token to be good",
                kubernetes.service_account.name, kubernetes.service_account.uid
            ),
        ),
    ])?;
    story.say(
        "The uid is why deleting an account ends its tokens: an account made later under the same \
         name gets another uid.",
    )
}

fn when<W: Write>(story: &mut Story<W>, read: &Claims, london: Zone) -> io::Result<()> {
    story.step("The claims: from when to when")?;
    story.say(
        "Dates are seconds since the first second of 1970, UTC. The author's shell in London said \
         (yours may put the day elsewhere; a Mac wants date -r 1664702005):",
    )?;
    for seconds in [read.issued_at, read.expires_at].into_iter().flatten() {
        story.command(format!("date -d @{seconds}"))?;
        story.lines(show(seconds, &london))?;
    }
    let mut rows = meaning::claims(read, london);
    rows.retain(|(name, _)| ["iat", "nbf", "exp"].contains(&name.as_str()));
    story.rows(&rows)?;
    let whole = Life::whole(read).map(span).unwrap_or_default();
    story.rows(&[
        ("made for", whole),
        (&show(A_MOMENT_THEN, &london), meaning::life(Life::at(read, A_MOMENT_THEN))),
    ])?;
    story.say(
        "An hour, since nobody asked for anything else. So it does expire; chapter 4 says what the \
         server makes of these numbers. When it is over, nothing happens: no one is told, and \
         nothing is deleted anywhere.",
    )
}

fn since_then<W: Write>(story: &mut Story<W>) -> io::Result<()> {
    story.step("What has changed, and what was there before")?;
    story.say("A token that Kubernetes 1.37 put into a pod says more:")?;
    let pod = sample::unsigned(sample::HEADER_OF_2022, sample::CLAIMS_OF_A_POD);
    let pod = claims(&read(&pod)?)?;
    let mut rows = meaning::claims(&pod, Zone::utc());
    rows.retain(|(name, _)| ["jti", "kubernetes.io"].contains(&name.as_str()));
    story.rows(&rows)?;
    story.say(
        "An id of its own, and the pod it was made for: without the pod it is worth nothing. \
         Before 1.24 every account got a token of another sort, kept in a Secret. Its claims are \
         flat, and something is missing:",
    )?;
    story.lines(wrapped(sample::LEGACY_CLAIMS))?;
    let legacy = sample::unsigned(sample::HEADER_OF_2022, sample::LEGACY_CLAIMS);
    let token = read(&legacy)?;
    let legacy = claims(&token)?;
    let mut rows = meaning::claims(&legacy, Zone::utc());
    rows.push(("its life".to_owned(), meaning::life(Life::at(&legacy, A_MOMENT_THEN))));
    story.rows(&rows)?;
    story.say(
        "No date at all. It is good until somebody deletes the Secret. Clusters that were upgraded \
         still have such tokens, and you can still make one by hand.",
    )
}

fn looking<W: Write>(story: &mut Story<W>) -> io::Result<()> {
    story.step("What can be seen by looking")?;
    story.say(
        "A signature can't be judged by eye, but much else can. Here is a token that somebody \
         wrote by hand:",
    )?;
    let header = r#"{"alg":"none"}"#;
    let payload = sample::CLAIMS_OF_2022.replace("\"exp\":1664705605,", "");
    story.lines(header)?;
    story.lines(wrapped(&payload))?;
    let token = sample::unsigned(header, &payload);
    let found = oddities::of(&read(&token)?, A_MOMENT_THEN);
    story.rows(&found.iter().map(meaning::oddity).collect::<Rows>())?;
    story.say(format!("This program knows {} such oddities.", oddities::CATALOGUE.len()))
}

fn pasted<W: Write>(story: &mut Story<W>, text: &str) -> io::Result<()> {
    story.step("Is it a token at all?")?;
    story.say(
        "People paste one thing where another belongs, and copies get hurt on the way. What each \
         of these is, the program says, and how to get what you want:",
    )?;
    let (half, _) = text.split_at(text.len() / 3);
    let legacy = sample::unsigned(sample::HEADER_OF_2022, sample::LEGACY_CLAIMS);
    let static_token = STANDARD.encode(STANDARD.encode(b"this sample opens nothing at all") + "\n");
    let examples = [
        ("from known_tokens.csv", static_token),
        ("from microk8s add-node", "92b2db237428470dc4fcfc4ebbd9dc81".to_owned()),
        ("abcdef.0123456789abcdef", "abcdef.0123456789abcdef".to_owned()),
        ("the cluster's ca.crt", "-----BEGIN CERTIFICATE-----".to_owned()),
        ("a third of a token", half.to_owned()),
        ("Bearer and a token", format!("Bearer {text}")),
        ("from a Secret's YAML", STANDARD.encode(legacy)),
    ];
    let rows: Rows = examples
        .iter()
        .map(|(name, pasted)| {
            let seen = recognise(pasted);
            let mut says = seen.what.says();
            for mend in &seen.mends {
                says = format!("{says}\n{}", mend.says());
            }
            ((*name).to_owned(), says)
        })
        .collect();
    story.rows(&rows)
}

fn text_of(word: &str) -> io::Result<String> {
    let bytes = crate::base64url::decode(word).map_err(io::Error::other)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// The beginning of a long text, in lines.
fn wrapped(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(72).map(|line| line.iter().collect::<String>() + "\n").collect()
}

/// A token as a terminal shows it, without its middle.
fn shortened(token: &str) -> String {
    let lines = wrapped(token);
    let lines: Vec<&str> = lines.lines().collect();
    format!("{}\n...\n{}", lines[..2].join("\n"), lines[lines.len() - 1])
}
