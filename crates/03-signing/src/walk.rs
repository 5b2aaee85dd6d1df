//! The story that `cargo run -p signing` tells. Written to any writer, so that a test can read it.
//! What it states it computes: take the code away and the story no longer tells itself. The second
//! key pair is made anew each time, so nothing of it is printed.

use crate::{KeySet, PublicKey, SigningKey, by_library, samples};
use jwt_anatomy::{UnverifiedToken, base64url};
use narration::Story;
use rsa::BoxedUint;
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::{self, Write};

/// The dates are those of a token of 2 October 2022: this one opens nothing any more.
fn claims() -> Value {
    json!({
        "sub": "system:serviceaccount:default:default",
        "iss": "https://kubernetes.default.svc",
        "aud": ["https://kubernetes.default.svc"],
        "iat": 1_664_702_005,
        "nbf": 1_664_702_005,
        "exp": 1_664_705_605,
        "kubernetes.io": {
            "namespace": "default",
            "serviceaccount": {"name": "default", "uid": "755e1766-e817-4d5c-9c1e-2f0c8f7b6a31"},
        },
    })
}

/// Tells the walk.
///
/// # Errors
/// Those of the writer, a closed pipe among them.
pub fn tell<W: Write>(story: &mut Story<W>) -> io::Result<()> {
    story.begin("none: this chapter needs no cluster", "Where does a token come from?")?;
    story.say(
        "You ask for one, and the API server makes it. It writes down claims (who, for whom, until \
         when) and signs them with a key that it keeps to itself:",
    )?;
    story.command("microk8s kubectl create token default")?;
    story.say(
        "Here you do both halves of that work with a sample key: first you sign, then you check. \
         The code is the lab's: its API server calls it for every token.",
    )?;

    let key = samples::lab_key();
    let token = key.sign(&claims()).map_err(io::Error::other)?;
    let stranger = SigningKey::generate();

    two_halves(story, &key)?;
    a_name_for_the_key(story, &key.public_key())?;
    signing(story, &key, &token)?;
    checking(story, &key.public_key(), &token)?;
    forgeries(story, &key, &stranger, &token)?;
    many_keys(story, &key, &stranger)?;
    not_the_ca(story, &key)?;
    by_a_library(story, &key, &token)?;

    story.what_we_know_now(&[
        "A token comes from whoever has the private key: the API server, and whoever can read its \
         key file.",
        "To check a signature takes the public half and nothing else: no list of tokens, no \
         question to anybody. So the server need not store the tokens it makes.",
        "The key's type decides which algorithms count, never the token alone. `none` and HS256 \
         are not among them.",
        "ca.crt is for TLS. Token keys have no certificate and no date, and stay until somebody \
         replaces them.",
        "A right signature says who made the token. It does not say that the token still counts. \
         Does it expire? Go on with: cargo run -p expiry",
    ])
}

fn two_halves<W: Write>(story: &mut Story<W>, key: &SigningKey) -> io::Result<()> {
    story.step("Two halves of one key")?;
    story.say(
        "A key pair is made in one go, of large random numbers. What the private half signs, the \
         public half can check. To work out the private half from the public one takes longer \
         than anyone lives. The sample pair is of the kind microk8s makes:",
    )?;
    story.rows(&[
        ("kind", key.public_key().kind()),
        ("private half", "signs; whoever has it can make any token for any account".to_owned()),
        ("public half", "checks; anybody may have it".to_owned()),
    ])?;
    story.say("On microk8s both are in one file. This prints the public half of yours:")?;
    story.command("sudo openssl pkey -pubout \\\n         -in /var/snap/microk8s/current/certs/serviceaccount.key")?;
    story.say("And this is the sample's:")?;
    story.lines(key.public_key().to_pem())
}

fn a_name_for_the_key<W: Write>(story: &mut Story<W>, key: &PublicKey) -> io::Result<()> {
    story.step("A name for the key")?;
    story.say(
        "A server may have several keys, and a token has to say which one signed it. So each key \
         has a name. Nobody gives it: it is a hash of the public half, and whoever has the key can \
         work it out.",
    )?;
    let der = key.to_spki_der();
    story.say(
        "Take the lines above without their first and last, and undo the base64. Hash the bytes. \
         Write the hash as base64url:",
    )?;
    story.rows(&[
        ("the bytes", format!("{} of them", der.len())),
        ("SHA-256", hex(&Sha256::digest(&der))),
        ("base64url", key.key_id()),
    ])?;
    story.say(
        "That is the name, and the `kid` (key id) in the header of every token this key signs. The \
         public halves of your own cluster, and their names:",
    )?;
    story.command("microk8s kubectl get --raw /openid/v1/jwks > jwks.json")?;
    story.command("cargo run -q -p signing -- kid jwks.json")
}

fn signing<W: Write>(story: &mut Story<W>, key: &SigningKey, token: &str) -> io::Result<()> {
    story.step("Signing, by hand")?;
    let [header, payload, signature] = parts(token);
    story.say("You write a header, which says how the token is signed and by which key:")?;
    story.lines(decoded(header))?;
    story.say(
        "RS256 means RSA over a hash by SHA-256. An ECDSA key signs too; the header then says \
         ES256, ES384 or ES512. Next you write the claims, their names in alphabetical order as the API server has them. (On \
         one line; here they are spread out to be read.)",
    )?;
    let claims: Value = serde_json::from_str(&decoded(payload)).map_err(io::Error::other)?;
    story.lines(serde_json::to_string_pretty(&claims).map_err(io::Error::other)?)?;
    story.say(
        "Both as base64url, with a dot between them: that is the text to sign. What gets signed is \
         its hash, which has 32 bytes however long the text is. The private half turns these into \
         a number as long as the key: the signature.",
    )?;
    let signing_input = format!("{header}.{payload}");
    story.rows(&[
        ("the text", format!("{}, {} characters", shortened(&signing_input), signing_input.len())),
        ("SHA-256", hex(&Sha256::digest(&signing_input))),
        ("signature", format!("{} bytes", base64url::decode(signature).map_or(0, |s| s.len()))),
    ])?;
    story.say("Text, dot, signature as base64url, and the token is made:")?;
    let [header, payload, signature] = [header, payload, signature].map(shortened);
    story.lines(format!("{header}.{payload}.{signature}"))?;
    let again = key.sign(&self::claims()).map_err(io::Error::other)? == token;
    story.say(format!(
        "Sign the same claims with the same key again, and you get {} token. Nothing in it is \
         random.",
        if again { "the same" } else { "another" }
    ))
}

fn checking<W: Write>(story: &mut Story<W>, key: &PublicKey, token: &str) -> io::Result<()> {
    story.step("Checking, by hand")?;
    story.say(
        "A signature is a number. The public half is two numbers: a large one, and 65537. Raise the \
         signature to the power of 65537, divide by the large one, and keep the remainder. Its \
         bytes are:",
    )?;
    let PublicKey::Rsa(numbers) = key else { return Ok(()) };
    let [header, payload, signature] = parts(token);
    let opened = opened(numbers, &base64url::decode(signature).map_err(io::Error::other)?);
    let (padding, hash) = opened.split_at(opened.len() - 32);
    let (filling, label) = padding.split_at(padding.len() - 19);
    story.rows(&[
        ("filling", format!("{}, {} bytes", shortened_hex(filling), filling.len())),
        ("label", format!("{}, \"SHA-256 follows\"", hex(label))),
        ("hash", hex(hash)),
    ])?;
    let fresh = Sha256::digest(format!("{header}.{payload}"));
    story.say(format!(
        "The last line is {} you get when you hash the text of the token yourself. Only the \
         private half can find a number that opens like this, so whoever has it signed exactly \
         this text. You asked nobody, and you needed no secret.",
        if *fresh == *hash { "what" } else { "not what" }
    ))?;
    story.say(
        "(A web page that decodes tokens calls this one's signature invalid: it does not have the \
         public half. The claims it shows are right all the same.)",
    )
}

fn forgeries<W: Write>(
    story: &mut Story<W>,
    key: &SigningKey,
    stranger: &SigningKey,
    token: &str,
) -> io::Result<()> {
    story.step("One character changed")?;
    story.say("Now try to get another token past the same check:")?;
    let keys = KeySet::new(vec![key.public_key()]);
    let [header, payload, signature] = parts(token);
    let kid = key.public_key().key_id();
    let with_header = |alg: &str| {
        let header = json!({"alg": alg, "kid": kid}).to_string();
        format!("{}.{payload}.{signature}", base64url::encode(header.as_bytes()))
    };
    let for_kube_system = decoded(payload).replace("account:default:", "account:kube-system:");
    let sign_as = |header: Value| {
        let signed =
            stranger.sign_parts(header.to_string().as_bytes(), decoded(payload).as_bytes());
        signed.map_err(io::Error::other)
    };

    let tries = [
        ("a letter of the claims", format!("{header}.{}.{signature}", changed(payload))),
        (
            "another account",
            format!("{header}.{}.{signature}", base64url::encode(for_kube_system.as_bytes())),
        ),
        ("a letter of the signature", format!("{header}.{payload}.{}", changed(signature))),
        ("no signature", format!("{header}.{payload}.")),
        ("alg none", with_header("none")),
        ("alg HS256, by public half", hs256_by_public_half(&key.public_key(), payload)),
        ("alg RS512", with_header("RS512")),
        ("alg ES256", with_header("ES256")),
        ("another key, with this kid", sign_as(json!({"alg": "RS256", "kid": kid}))?),
        ("another key, with its own", stranger.sign(&claims()).map_err(io::Error::other)?),
    ];
    let rows: Vec<(&str, String)> =
        tries.iter().map(|(what, token)| (*what, verdict(&keys, token))).collect();
    story.rows(&rows)?;
    story.say("The real server says less. Its client gets 401 Unauthorized, and its log:")?;
    story.lines(logged(&keys, &tries[0].1)?)?;
    story.say(
        "Two of these have fooled careless checkers. `none` says that there is no signature. HS256 \
         says that it was made with a password, and the password is the public half, which \
         everybody knows. Here the type of the key decides: an RSA key checks RSA, whatever the \
         token says.",
    )?;

    let bits = 6 * signature.len();
    let spare = bits % 8;
    let respelled = format!("{header}.{payload}.{}", respelled(signature));
    story.say(format!(
        "One change does get through. {} characters hold {bits} bits, and the signature needs {}. \
         The last {spare} mean nothing, so the last letter can be another one:",
        signature.len(),
        bits - spare,
    ))?;
    story.rows(&[
        ("as it was signed", format!("...{}", tail(token))),
        ("spelled differently", format!("...{}", tail(&respelled))),
        ("verdict", verdict(&keys, &respelled)),
    ])?;
    story.say(
        "It says the same, so no harm is done. But never block a token by comparing its text: it \
         has other spellings.",
    )
}

fn many_keys<W: Write>(story: &mut Story<W>, old: &SigningKey, new: &SigningKey) -> io::Result<()> {
    story.step("Many keys")?;
    story.say(
        "A server checks with a set of keys. The `kid` of a token picks the one to try; without \
         `kid` every key is tried. That is how a key is replaced and nobody is cut off: for a \
         while the server checks with both. Here are an old key and a new one, and a token signed \
         by each:",
    )?;
    let sign = |key: &SigningKey| key.sign(&claims()).map_err(io::Error::other);
    let [by_old, by_new] = [sign(old)?, sign(new)?];
    let [old_half, new_half] = [old.public_key(), new.public_key()];
    let row = |what: &str, keys: Vec<PublicKey>| {
        let keys = KeySet::new(keys);
        let answer = |token| if verdict(&keys, token) == ACCEPTED { ACCEPTED } else { "refused" };
        format!("{what:14}{:12}{}", answer(&by_old), answer(&by_new))
    };
    story.lines(
        [
            format!("{:14}{:12}{}", "checked with", "old token", "new token"),
            row("old", vec![old_half.clone()]),
            row("old and new", vec![old_half.clone(), new_half.clone()]),
            row("new", vec![new_half]),
        ]
        .join("\n"),
    )?;
    story.say("For a key that is not in the set, the server logs:")?;
    story.lines(logged(&KeySet::new(vec![old_half.clone()]), &by_new)?)?;
    story.say(
        "So every server first gets the new key to check with, then to sign with. The old one goes \
         when the last token it signed has expired.",
    )?;

    story.step("Which flag signs, and which checks")?;
    story.rows(&[
        (
            "--service-account-signing-key-file",
            "kube-apiserver signs with it: what `create token` prints, what pods get",
        ),
        (
            "--service-account-key-file",
            "kube-apiserver checks with it; repeat it for more; public halves are enough",
        ),
        (
            "--service-account-private-key-file",
            "kube-controller-manager signs with it: the tokens kept in Secrets",
        ),
    ])?;
    story.say("microk8s names the same file in all three:")?;
    story.command("grep service-account /var/snap/microk8s/current/args/kube-*")?;
    let one_file = format!("{}{}", new.to_pem(), old_half.to_pem());
    let signs = SigningKey::from_pem(one_file.as_bytes()).map_err(io::Error::other)?;
    let checks = PublicKey::all_from_pem(one_file.as_bytes()).map_err(io::Error::other)?;
    let checks = KeySet::new(checks);
    let signs_new = signs.public_key() == new.public_key();
    let both = [&by_old, &by_new].iter().all(|token| verdict(&checks, token) == ACCEPTED);
    story.say(format!(
        "Put another key there, and every token of the cluster is refused at once. But a file can \
         hold several keys. Write the new pair first and the old public half below it: the server \
         signs with the {} key, and accepts {}.",
        if signs_new { "new" } else { "old" },
        if both { "the tokens of both" } else { "the tokens of one" }
    ))
}

fn not_the_ca<W: Write>(story: &mut Story<W>, key: &SigningKey) -> io::Result<()> {
    story.step("Why ca.crt is not the key")?;
    story.say(
        "Beside that file lies ca.crt. It holds a public key too, so people try it. Do that with \
         one like it: first on the token as it is, then on one that names no key.",
    )?;
    let ca = PublicKey::all_from_pem(samples::CA_CRT.as_bytes()).map_err(io::Error::other)?;
    let ca = KeySet::new(ca);
    let token = key.sign(&claims()).map_err(io::Error::other)?;
    let payload = decoded(parts(&token)[1]);
    let nameless = key.sign_parts(br#"{"alg":"RS256"}"#, payload.as_bytes());
    let nameless = nameless.map_err(io::Error::other)?;
    story.rows(&[("kid", logged(&ca, &token)?), ("no kid", logged(&ca, &nameless)?)])?;
    story.say(
        "There are two questions, and each has its key. \"Is this really my server?\" asks kubectl \
         when it connects (TLS). It can't know every server, so an authority it trusts vouches for \
         them, and ca.crt is that authority's public half. \"Did we sign this token?\" the server \
         asks itself. It knows its own key, and nobody has to vouch for it. So there is no \
         authority for token keys, no certificate, and no date on which they end.",
    )
}

fn by_a_library<W: Write>(story: &mut Story<W>, key: &SigningKey, token: &str) -> io::Result<()> {
    story.step("The same by a library")?;
    story.say(
        "In a program of your own you would not do this by hand. The crate jsonwebtoken signs the \
         same claims with the same key:",
    )?;
    let [header, payload, signature] = parts(token);
    let claims = serde_json::from_str(&decoded(payload)).map_err(io::Error::other)?;
    let by_library = by_library::sign(key, &claims).map_err(io::Error::other)?;
    let public = key.public_key();
    let answer = |token: &str| match by_library::verify(&public, token) {
        Ok(_) => ACCEPTED.to_owned(),
        Err(error) => error.to_string(),
    };
    let forged = format!("{header}.{}.{signature}", changed(payload));
    story.rows(&[
        (
            "the two tokens",
            if by_library == token { "equal, byte for byte" } else { "different" }.to_owned(),
        ),
        ("it checks ours", answer(token)),
        ("one character changed", answer(&forged)),
    ])
}

const ACCEPTED: &str = "accepted";

/// What the check says to a reader.
fn verdict(keys: &KeySet, token: &str) -> String {
    let token = match UnverifiedToken::read(token) {
        Ok(token) => token,
        Err(error) => return error.to_string(),
    };
    match keys.verify(&token) {
        Ok(_) => ACCEPTED.to_owned(),
        Err(error) => error.reason().map_or_else(|| error.to_string(), ToString::to_string),
    }
}

/// What the real server writes into its log.
fn logged(keys: &KeySet, token: &str) -> io::Result<String> {
    let token = UnverifiedToken::read(token).map_err(io::Error::other)?;
    Ok(keys.verify(&token).map_or_else(|error| error.to_string(), |_| ACCEPTED.to_owned()))
}

/// The forgery that fools a checker which believes the header: an HMAC (RFC 2104) whose password is
/// the text of the public key.
fn hs256_by_public_half(key: &PublicKey, payload: &str) -> String {
    let header = json!({"alg": "HS256", "kid": key.key_id()}).to_string();
    let text = format!("{}.{payload}", base64url::encode(header.as_bytes()));
    let mut password = [0; 64];
    password[..32].copy_from_slice(&Sha256::digest(key.to_pem()));
    let inner = Sha256::new().chain_update(password.map(|byte| byte ^ 0x36)).chain_update(&text);
    let outer = Sha256::new().chain_update(password.map(|byte| byte ^ 0x5c));
    let mac = outer.chain_update(inner.finalize()).finalize();
    format!("{text}.{}", base64url::encode(&mac))
}

/// The signature to the power of 65537, by the key's large number: that is 2 to the 16th, plus one,
/// so square it sixteen times and multiply once more.
fn opened(key: &rsa::PublicKey, signature: &[u8]) -> Vec<u8> {
    let signature = BoxedUint::from_be_slice_vartime(signature);
    let mut power = signature.clone();
    for _ in 0..16 {
        power = power.square_mod(key.n());
    }
    power.mul_mod(&signature, key.n()).to_be_bytes().into_vec()
}

fn parts(token: &str) -> [&str; 3] {
    let mut parts = token.splitn(3, '.');
    [(); 3].map(|()| parts.next().unwrap_or_default())
}

fn decoded(part: &str) -> String {
    String::from_utf8_lossy(&base64url::decode(part).unwrap_or_default()).into_owned()
}

/// Another letter in the middle.
fn changed(part: &str) -> String {
    let (before, after) = part.split_at(part.len() / 2);
    let letter = if after.starts_with('A') { "B" } else { "A" };
    format!("{before}{letter}{}", &after[1..])
}

/// Another last letter, which stands for the same bytes.
fn respelled(part: &str) -> String {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bytes = base64url::decode(part).ok();
    LETTERS
        .chars()
        .map(|letter| format!("{}{letter}", &part[..part.len() - 1]))
        .find(|other| other != part && base64url::decode(other).ok() == bytes)
        .unwrap_or_else(|| part.to_owned())
}

fn tail(token: &str) -> &str {
    &token[token.len() - 8..]
}

fn shortened(text: &str) -> String {
    format!("{}...{}", &text[..14], &text[text.len() - 6..])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn shortened_hex(bytes: &[u8]) -> String {
    format!("{}...{}", hex(&bytes[..8]), hex(&bytes[bytes.len() - 4..]))
}
