//! The story that `cargo run -p static-tokens` tells. Written to any writer, so that a test can
//! read it. What it states it computes: take the code away and the story no longer tells itself.

use crate::new_token::spell;
use crate::wording::{one_a_line, shown, verdict};
use crate::{Authenticator, TokenFile, Verdict, new_token};
use base64::{Engine, engine::general_purpose::STANDARD};
use narration::Story;
use std::io::{self, Write};

const NAME: &str = "known_tokens.csv";
const ODD: &str = "odd.csv";

/// The users of microk8s 1.25's file, in its order and with its quotes.
const USERS_OF_2022: [&str; 5] = [
    "admin,admin,\"system:masters\"",
    "system:kube-proxy,kube-proxy",
    "system:node:homelab,kubelet-0,\"system:nodes\"",
    "system:kube-controller-manager,controller",
    "system:kube-scheduler,scheduler",
];

/// A token that says, to whoever decodes it, that it is good for nothing.
fn sample(number: usize) -> String {
    let mut secret = *b"#_ is a sample, it opens nothing";
    secret[1] = b'0' + u8::try_from(number % 10).unwrap_or_default();
    spell(&secret)
}

/// Enough of a sample to recognise it by, and not too long for a line.
fn shortened(sample: &str) -> String {
    format!("{}...{}", &sample[..8], &sample[sample.len() - 4..])
}

fn parse(name: &str, text: &str) -> io::Result<TokenFile> {
    TokenFile::parse(name, text.as_bytes()).map_err(io::Error::other)
}

/// Who sends this token to a server that was started with this file?
fn name(server: &TokenFile, token: &str) -> String {
    match server.authenticate(token.as_bytes()) {
        Verdict::Authenticated(user) => shown(&user.name),
        Verdict::NotMine | Verdict::Rejected(_) => "nobody".to_owned(),
    }
}

/// Tells the walk.
///
/// # Errors
/// Those of the writer, a closed pipe among them.
pub fn tell<W: Write>(story: &mut Story<W>) -> io::Result<()> {
    story.begin("none: this chapter needs no cluster", "What was the token in my kubeconfig?")?;
    story.say(
        "Whatever you do with a Kubernetes cluster, you ask one program to do it: the API server. \
         It answers nobody before it knows who is asking. Its simplest way to know is a list of \
         tokens in a file. Until 2023 microk8s came with such a list, so you may have used one \
         and never seen it. Here it is, and the code that reads it, with sample tokens that open \
         nothing.",
    )?;

    let lines: Vec<String> =
        (1..).zip(USERS_OF_2022).map(|(n, user)| format!("{},{user}\n", sample(n))).collect();
    let text = lines.concat();
    let file = parse(NAME, &text)?;

    what_kubectl_sends(story)?;
    what_the_server_keeps(story, &text)?;
    from_token_to_user(story, &file)?;
    where_the_user_is_stored(story, &text)?;
    the_rules(story)?;
    the_complaints(story)?;
    changing_a_token(story, &text)?;
    making_a_token(story)?;
    what_replaced_it(story)?;

    story.what_we_know_now(&[
        "That token was user name and password in one: who has it is admin, from anywhere.",
        "It has no date in it. It ends when somebody edits a file and restarts the server.",
        "The server finds the user beside the token. The user itself is stored nowhere: it is a \
         name that a credential vouches for.",
        "The token that `microk8s kubectl create token default` prints is in no such file. What is \
         that one, then? Go on with: cargo run -p jwt-anatomy",
    ])
}

fn what_kubectl_sends<W: Write>(story: &mut Story<W>) -> io::Result<()> {
    story.step("What kubectl sends")?;
    story.say(
        "kubectl is a messenger. It has a file, the kubeconfig, that tells it where the API server \
         is and what to show there. On microk8s this prints yours:",
    )?;
    story.command("microk8s config")?;
    story.say("In October 2022, with microk8s 1.25, it ended like this:")?;
    story.lines(format!("users:\n- name: admin\n  user:\n    token: {}", sample(1)))?;
    story.say(
        "kubectl sends that token with every request. It does not send the name above it: `admin` \
         is a label inside this file, and the server never sees it.",
    )
}

fn what_the_server_keeps<W: Write>(story: &mut Story<W>, text: &str) -> io::Result<()> {
    story.step("What the server keeps")?;
    story.say(
        "The other half was on the server's side, in a file that the server was started with, as \
         --token-auth-file:",
    )?;
    story.command(format!("sudo cat /var/snap/microk8s/current/credentials/{NAME}"))?;
    let shortened = |line: &str| {
        let (token, user) = line.split_once(',').unwrap_or_default();
        format!("{},{user}", shortened(token))
    };
    story.lines(one_a_line(text.lines().map(shortened)))?;
    story.say(
        "The tokens are shortened here; in the file they stand in full, for whoever can read it. \
         The first line is yours, the others belong to the cluster's own programs. The columns:",
    )?;
    story.rows(&[
        ("token", "the secret; who sends it is the user beside it"),
        ("user name", "what permissions are given to, and what logs show"),
        ("user uid", "tells apart two users who had one name at different times"),
        ("groups", "optional: names for many users at once, to give permissions to"),
    ])
}

fn from_token_to_user<W: Write>(story: &mut Story<W>, file: &TokenFile) -> io::Result<()> {
    story.step("From token to user")?;
    story.say(
        "So to the server a token is a question: whose is it? On a real cluster you can ask, since \
         kubectl 1.28:",
    )?;
    story.command("microk8s kubectl auth whoami")?;
    story.say(
        "No server runs here. This program has read the file as the server does, and answers:",
    )?;
    let mut nearly = sample(1);
    nearly.replace_range(0..1, "X");
    story.rows(&[
        ("your token", verdict(file.authenticate(sample(1).as_bytes()))),
        ("the third line's", verdict(file.authenticate(sample(3).as_bytes()))),
        ("one letter wrong", verdict(file.authenticate(nearly.as_bytes()))),
        ("user name as token", verdict(file.authenticate(b"admin"))),
    ])?;
    story.say(
        "system:masters is built into the server: who is in it may do everything. \
         system:authenticated is in no line of the file: whoever the server knows joins it. And \
         \"nobody\" is an answer of this file only. A server may know tokens of other kinds, so it \
         asks the next part of itself. If none knows the token, the request ends there: 401 \
         Unauthorized.",
    )?;
    story.say(
        "One letter wrong is as wrong as everything wrong, and takes as long to find out: this \
         program keeps no token in memory, only a keyed hash of each, and looks for the hash. \
         That stays quick with a million of them.",
    )
}

fn where_the_user_is_stored<W: Write>(story: &mut Story<W>, text: &str) -> io::Result<()> {
    story.step("Where is the user stored?")?;
    story.say("Try to list the users of a cluster, any cluster, and it answers:")?;
    story.command("microk8s kubectl get users")?;
    story.lines("error: the server doesn't have a resource type \"users\"")?;
    story.say(
        "Users are stored nowhere. Put a line into the file for someone nobody has heard of, and \
         the server, started with it, knows them. Take it out, and nothing of them is left:",
    )?;
    let line = "the-cat,u9,\"pets\"";
    let with_the_cat = parse(NAME, &format!("{text}{},{line}\n", sample(9)))?;
    let without = parse(NAME, text)?;
    story.lines(format!("{},{line}", shortened(&sample(9))))?;
    story.rows(&[
        ("with the line", verdict(with_the_cat.authenticate(sample(9).as_bytes()))),
        ("without it", verdict(without.authenticate(sample(9).as_bytes()))),
    ])?;
    story.say(
        "A user is a few strings that a credential vouches for. Whatever permissions name the \
         string `the-cat` hold for whoever comes with a credential that says so.",
    )
}

fn the_rules<W: Write>(story: &mut Story<W>) -> io::Result<()> {
    story.step("The rules of the file")?;
    story.say(
        "The file looks simple, and it is read to the letter. Here is what becomes of a line. (A \
         name with a space in it, or with nothing in it, is shown in quotes.)",
    )?;
    let mut rows = Vec::new();
    for line in [
        "t1,alice,u1",
        "t2,bob,u2,\"dev,qa\"",
        "t3,carol,u3,\"dev, qa\"",
        "t4,dan,u4,dev,qa",
        "t5,erin,u5,",
        "t6,,u6",
        "#t7,frank,u7",
    ] {
        let file = parse(ODD, line)?;
        let token = line.split(',').next().unwrap_or_default();
        rows.push((line, verdict(file.authenticate(token.as_bytes()))));
    }
    story.rows(&rows)?;
    story.say(
        "Nothing is trimmed: carol is in no group `qa`. Without the quotes dan's second group is a \
         fifth column, and those are ignored. A comma with nothing behind it makes erin a member \
         of the group without a name. A user may even have no name. And # begins no comment: \
         frank's token works, with the # in front.",
    )
}

fn the_complaints<W: Write>(story: &mut Story<W>) -> io::Result<()> {
    story.step("What the server complains about")?;
    story.say("Two things it only warns of. This file")?;
    let text = "t1,alice,u1\n,bob,u2\nt1,carol,u3\n";
    let file = parse(ODD, text)?;
    story.lines(text)?;
    story.say("makes it log, while it starts,")?;
    story.lines(one_a_line(file.warnings()))?;
    story.say(format!(
        "and from then on t1 is {}, for the last line counts. bob's is left out: an \
         empty token proves nothing. With any one of these lines the server does not start:",
        name(&file, "t1")
    ))?;
    let mut rows = Vec::new();
    for line in ["t1,alice", "# my tokens", "t1, \"alice\",u1", "t1,\"alice,u1"] {
        rows.push((line, refusal(line)?));
    }
    story.rows(&rows)?;
    story.say(
        "And without its API server a cluster answers nobody. On microk8s the server's last words \
         are in the journal:",
    )?;
    story.command("sudo journalctl -u snap.microk8s.daemon-kubelite")?;
    story.say("Better to ask before you restart it:")?;
    story.command(format!("cargo run -q -p static-tokens -- --token-auth-file {NAME}"))
}

/// Why a server does not start with this line.
fn refusal(line: &str) -> io::Result<String> {
    match TokenFile::parse(ODD, line.as_bytes()) {
        Err(error) => Ok(error.to_string()),
        Ok(_) => Err(io::Error::other(format!("a server starts with {line:?}"))),
    }
}

fn changing_a_token<W: Write>(story: &mut Story<W>, text: &str) -> io::Result<()> {
    story.step("Changing a token")?;
    story.say(
        "A token like this holds no date, so it never expires. Whoever copied it can use it until \
         the file says otherwise. And the server reads the file once, when it starts:",
    )?;
    let (old, new) = (sample(1), sample(6));
    let ask = |server: &TokenFile| {
        format!("the old one is {}, the new one {}", name(server, &old), name(server, &new))
    };
    let running = parse(NAME, text)?;
    let before = ask(&running);
    let edited = text.replace(&old, &new);
    let after_the_edit = ask(&running);
    let restarted = parse(NAME, &edited)?;
    story.rows(&[
        ("before", before),
        ("file edited", after_the_edit),
        ("server restarted", ask(&restarted)),
    ])?;
    story.say("So edit the file, put the new token into your kubeconfig as well, and restart:")?;
    story.command("sudo snap restart microk8s.daemon-kubelite")
}

fn making_a_token<W: Write>(story: &mut Story<W>) -> io::Result<()> {
    story.step("Making a token")?;
    story.say("When you installed microk8s it made one for each line of the file, like this:")?;
    story.command("openssl rand -base64 32 | base64")?;
    let secret = [0; 32];
    let in_base64 = STANDARD.encode(secret);
    let line = format!("{in_base64}\n");
    let token = spell(&secret);
    story.rows(&[
        ("random", format!("{} bytes: this is the secret, the rest is spelling", secret.len())),
        ("base64", format!("{} characters, which a text file can hold", in_base64.len())),
        ("a line", format!("{} bytes, for openssl adds a line break", line.len())),
        ("base64 again", format!("{} characters; the line break is in the last two", token.len())),
    ])?;
    let (yours, mine) = (new_token(), new_token());
    let end = |token: &str| token[token.len() - 2..].to_owned();
    story.say(format!(
        "So you know one when you see one: {} characters, no dot in it, and {} at its end. Two \
         new ones, made this moment, have {} and {} characters, end in {} and {}, and are {}. They \
         are not shown, for who sees a token has it. To make one of your own:",
        token.len(),
        end(&token),
        yours.len(),
        mine.len(),
        end(&yours),
        end(&mine),
        if yours == mine { "equal" } else { "not equal" },
    ))?;
    story.command("cargo run -q -p static-tokens -- new-token")
}

fn what_replaced_it<W: Write>(story: &mut Story<W>) -> io::Result<()> {
    story.step("2022 and now")?;
    story.say(
        "Since microk8s 1.28 (2023) a fresh installation has no known_tokens.csv, and the \
         kubeconfig ends like this:",
    )?;
    let begins = |what: &str| {
        let pem = STANDARD.encode(format!("-----BEGIN {what}-----\n"));
        format!("{}...", &pem[..24])
    };
    story.lines(format!(
        "users:\n- name: admin\n  user:\n    client-certificate-data: {}\n    client-key-data: {}",
        begins("CERTIFICATE"),
        begins("RSA PRIVATE KEY"),
    ))?;
    let table = [
        ("", "a token, microk8s 1.25", "a certificate, since 1.28"),
        ("who you are", "the file beside the token", "the certificate, CN=admin"),
        ("your groups", "the file, too", "the same, O=system:masters"),
        ("you send", "the secret itself", "a signature; the key stays here"),
        ("the server has", "every secret, in a file", "its authority's certificate"),
        ("it ends", "edited file, and a restart", "by itself, on a date inside it"),
    ];
    story.lines(one_a_line(
        table.map(|(what, token, certificate)| format!("{what:14}  {token:26}  {certificate}")),
    ))?;
    story.say(
        "A microk8s that was upgraded from an older one, or joined one, may have the file still, \
         and then its tokens still work. If this prints a line, yours does:",
    )?;
    story.command("grep token-auth-file /var/snap/microk8s/current/args/kube-apiserver")?;
    story.say("The course's own API server takes the same flag, and is a server of 2022 then:")?;
    story.command(format!("cargo run -p lab-cluster -- --token-auth-file {NAME}"))
}
