//! The story that `cargo run -p expiry` tells. Its tokens are signed with the course's published
//! key, its clock stands in October 2022, and what it states it has just worked out.

use crate::lifetime::{self, EXTENDED_SECONDS, POD_SECONDS, grant, kubectl_asks_for};
use crate::timeline::{Timeline, draw};
use crate::{ClaimsRejection, LEEWAY, Validator, Window, library, refresh};
use chrono::{DateTime, TimeDelta, Utc};
use jwt_anatomy::UnverifiedToken;
use jwt_anatomy::dates::{self, Zone};
use narration::Story;
use serde_json::{Value, json};
use signing::{KeySet, SigningKey, samples};
use std::io::{self, Write};

/// Sunday 2 October 2022: the token that this course set out to understand.
const IAT: i64 = 1_664_702_005;
const EXP: i64 = 1_664_705_605;
const API_SERVER: &str = "https://kubernetes.default.svc";

/// Tells the chapter.
///
/// # Errors
/// Those of the writer.
pub fn tell<W: Write>(story: &mut Story<W>) -> io::Result<()> {
    let course = Course::new();
    story.begin("none: this chapter needs no cluster", "Does it expire?")?;
    three_dates(story)?;
    its_life(story)?;
    leeway(story)?;
    the_whole_check(story, &course)?;
    audiences(story, &course)?;
    surprises(story, &course)?;
    how_long(story)?;
    in_a_pod(story)?;
    renewal(story)?;
    a_library(story, &course)?;
    story.what_we_know_now(&[
        "It expires. Each token carries its own end, `exp`, and every check of it reads a clock. \
         Nobody deletes anything.",
        "The end has a minute of grace, and so has the beginning.",
        "You get an hour unless you ask for more, never less than ten minutes, and never for ever.",
        "A pod's token says a year, and is replaced within the hour.",
        "A valid signature is not enough: issuer, audience and three dates are checked after it, \
         by every verifier on its own, and a library checks what you tell it to.",
        "What an early end would take, for a token that is stored nowhere, the lab shows in \
         chapter 5: `cargo run -p bearer-auth`.",
    ])
}

fn three_dates<W: Write>(story: &mut Story<W>) -> io::Result<()> {
    story.step("Three dates")?;
    story.say("On a Sunday in October 2022 somebody asked a microk8s for a token:")?;
    story.command("microk8s kubectl create token default")?;
    story.say(
        "Chapter 2 took it apart, chapter 3 showed that nobody can change what it says. Three of \
         its claims are dates, in seconds since 1970:",
    )?;
    let london = Zone::named("Europe/London").unwrap_or(Zone::utc());
    let date = |seconds| format!("{seconds}  {}", dates::show(seconds, &london));
    story.rows(&[
        ("iat", format!("{}  issued at", date(IAT))),
        ("nbf", format!("{}  not before", date(IAT))),
        ("exp", format!("{}  expires", date(EXP))),
    ])?;
    story.say(format!(
        "So it lived for {}. No server keeps a list of tokens to delete when their time has come: \
         the end is written inside, under the signature, and whoever checks the token reads it \
         there.",
        dates::span(EXP - IAT)
    ))
}

fn its_life<W: Write>(story: &mut Story<W>) -> io::Result<()> {
    story.step("A life, drawn")?;
    story.say(
        "Time runs downwards, in UTC (London was an hour ahead). The line is solid where the \
         token is good, crossed out where it is refused, and dotted in the minute of leeway, to \
         which the next step comes. Somebody looks at it half an hour in:",
    )?;
    story.lines(draw(&Timeline {
        window: hour(),
        now: Some(at(IAT + 1895)),
        ..Timeline::default()
    }))?;
    story.say("Draw one of your own:")?;
    story.command("microk8s kubectl create token default | cargo run -q -p expiry -- -")
}

fn leeway<W: Write>(story: &mut Story<W>) -> io::Result<()> {
    story.step("A minute of grace")?;
    story.say(format!(
        "No two clocks agree. The API server lets {} s pass at both ends, and has no flag to \
         change that. Both edges still count, and a millisecond later does not:",
        LEEWAY.num_seconds()
    ))?;
    let moments = [
        ("61 s before nbf", at(IAT) - LEEWAY - TimeDelta::seconds(1)),
        ("60 s before nbf", at(IAT) - LEEWAY),
        ("at exp", at(EXP)),
        ("60 s after exp", at(EXP) + LEEWAY),
        ("60.001 s after exp", at(EXP) + LEEWAY + TimeDelta::milliseconds(1)),
    ];
    story.rows(&moments.map(|(name, now)| (name, verdict(hour().check(now)))))?;
    story.say(
        "So when a token is not valid *yet* right after it was made, the clock that checks is \
         more than a minute behind the clock that signed. And one more delay stands outside \
         of this check: the API server remembers for 10 seconds that a token was good, so a busy \
         client may get through for so much longer. (On a real 1.37.2 a token still passed 69 s \
         after its exp, and no longer at 70.)",
    )
}

fn the_whole_check<W: Write>(story: &mut Story<W>, course: &Course) -> io::Result<()> {
    story.step("The whole check, in order")?;
    story.say(
        "The dates come last. Here is a token that is wrong in every way, signed with the right \
         key. Each row mends what the row before complained of:",
    )?;
    let now = at(IAT + 1895);
    let mut claims = json!({
        "iss": "https://kubernetes.default.svc/", "aud": ["vault"],
        "nbf": EXP, "exp": IAT, "iat": EXP,
    });
    let mut rows = Vec::new();
    for (mended, claim, value) in [
        ("as it is", "", Value::Null),
        ("iss mended", "iss", json!(API_SERVER)),
        ("aud mended", "aud", json!([API_SERVER])),
        ("nbf mended", "nbf", json!(IAT)),
        ("exp mended", "exp", json!(EXP)),
        ("iat mended", "iat", json!(IAT)),
    ] {
        if !claim.is_empty() {
            claims[claim] = value;
        }
        rows.push((mended, course.sign_and_check(&claims.to_string(), &[], now)));
    }
    story.rows(&rows)?;
    story.say(
        "These are the real server's words. Its clients never read them: they get 401 and \
         `Unauthorized`, whatever was wrong. On microk8s the reason is in the journal of \
         snap.microk8s.daemon-kubelite; in the lab, in its trace. The lab has no claims check of \
         its own: it calls `Validator::check`, the one that filled this table, once the signature \
         has been found good, and then looks up whether the account still exists.",
    )
}

fn audiences<W: Write>(story: &mut Story<W>, course: &Course) -> io::Result<()> {
    story.step("For whom it is")?;
    story.say(
        "A token for one service must be worth nothing to another, which could otherwise take it \
         and act as you. So it names its audience. Without being asked, that is the API server:",
    )?;
    story.command("microk8s kubectl create token default --audience vault")?;
    let now = at(IAT + 1895);
    let rows = [
        ("for the API server, shown to it", json!([API_SERVER]), vec![]),
        ("for vault, shown to the API server", json!(["vault"]), vec![]),
        ("for vault, shown to vault", json!(["vault"]), vec!["vault".to_owned()]),
        ("for both, shown to vault", json!([API_SERVER, "vault"]), vec!["vault".to_owned()]),
        ("for nobody, shown to the API server", json!([]), vec![]),
    ]
    .map(|(what, audience, requested)| {
        let claims = with(&usual(), "aud", audience);
        (what, course.sign_and_check(&claims.to_string(), &requested, now))
    });
    story.rows(&rows)?;
    story.say(
        "\"Shown to vault\" is what happens when vault sends the token to the API server in a \
         TokenReview (\"whose is this, and is it for me?\"), and says that it is vault. A service that leaves out its own name there takes \
         tokens that were meant for the API server.",
    )
}

fn surprises<W: Write>(story: &mut Story<W>, course: &Course) -> io::Result<()> {
    story.step("What passes, and what does not")?;
    story.say(
        "All of these are signed with the right key, and looked at half an hour after iat. (go-jose \
         and json are the Go libraries with which the API server reads tokens.)",
    )?;
    let usual = usual();
    let twice = |claim: &str| usual.to_string().replacen('{', &format!("{{{claim},"), 1);
    let kubernetes = |inside: &str| {
        let inside = format!("\"kubernetes.io\":{{{inside}}}");
        without(&usual, "kubernetes.io").to_string().replacen('{', &format!("{{{inside},"), 1)
    };
    let rows = [
        ("no exp", without(&usual, "exp").to_string()),
        ("exp 1664705605.9", with(&usual, "exp", json!(1_664_705_605.9)).to_string()),
        ("exp \"1664705605\"", with(&usual, "exp", json!(EXP.to_string())).to_string()),
        ("exp true", with(&usual, "exp", json!(true)).to_string()),
        ("exp 1e300", with(&usual, "exp", json!(1e300)).to_string()),
        ("nbf 1e300", with(&usual, "nbf", json!(1e300)).to_string()),
        ("no nbf, no iat", without(&without(&usual, "nbf"), "iat").to_string()),
        ("no aud", without(&usual, "aud").to_string()),
        ("aud null", with(&usual, "aud", Value::Null).to_string()),
        ("no sub", without(&usual, "sub").to_string()),
        ("ISS for iss", with(&without(&usual, "iss"), "ISS", json!(API_SERVER)).to_string()),
        ("exp twice", twice(&format!("\"exp\":{EXP}"))),
        ("namespace twice", kubernetes("\"namespace\":\"a\",\"namespace\":\"a\"")),
        ("twice, but unread", twice("\"x\":{\"y\":1,\"y\":2}")),
    ];
    let now = at(IAT + 1895);
    story.rows(&rows.map(|(what, payload)| (what, course.sign_and_check(&payload, &[], now))))?;
    story.say(
        "A missing date is not checked: a token without exp never expires. Kubernetes makes none, \
         but whoever holds the signing key can. A fraction of a second is cut off. A number too \
         large for 64 bits ends up in the distant past, so that 1e300 is an end long gone, and a \
         beginning long gone. A name that stands twice is refused, because two programs might read \
         two different tokens in it; inside a claim that Kubernetes never reads, nobody notices.",
    )
}

fn how_long<W: Write>(story: &mut Story<W>) -> io::Result<()> {
    story.step("How long may it be?")?;
    story.say("You can ask, and the API server decides:")?;
    story.command("microk8s kubectl create token default --duration=24h")?;
    let rows = [
        ("(not given)", TimeDelta::zero()),
        ("0s", TimeDelta::zero()),
        ("-1s", TimeDelta::seconds(-1)),
        ("9m59s", TimeDelta::seconds(599)),
        ("10m", TimeDelta::minutes(10)),
        ("24h", TimeDelta::hours(24)),
        ("87600h", TimeDelta::hours(87_600)),
        ("4294967296s", TimeDelta::seconds(1 << 32)),
        ("4294967297s", TimeDelta::seconds((1 << 32) + 1)),
    ]
    .map(|(flag, duration)| (flag, granted(duration, None)));
    story.rows(&rows)?;
    story.say(
        "`--duration=0s` does not mean for ever, whatever one reads: kubectl leaves the wish out \
         of its request, and the default applies. Put 0 into the request yourself and it is \
         refused as the 9m59s are. For ever is not to be had here at all; 2^32 seconds is the \
         most. The server's owner can set a lower limit, which shortens a wish instead of refusing \
         it:",
    )?;
    story.command("kube-apiserver --service-account-max-token-expiration=2h ...")?;
    story.rows(&[("24h", granted(TimeDelta::hours(24), Some(7200)))])?;
    story.say(
        "So the clean way to a long login is a service account of its own, a duration that suits \
         you, and a Secret that the token is bound to (a small object, here empty: delete it, and \
         ten seconds later at most the token is over). Let the account only look, by the role \
         `view`; roles count once `microk8s enable rbac` has been run:",
    )?;
    story.command("microk8s kubectl create serviceaccount viewer")?;
    story.command(
        "microk8s kubectl create clusterrolebinding viewer \\\n         \
         --clusterrole=view --serviceaccount=default:viewer",
    )?;
    story.command("microk8s kubectl create secret generic viewer-login")?;
    story.command(
        "microk8s kubectl create token viewer --duration=720h \\\n         \
         --bound-object-kind=Secret --bound-object-name=viewer-login",
    )
}

fn in_a_pod<W: Write>(story: &mut Story<W>) -> io::Result<()> {
    story.step("The token inside a pod")?;
    story.say(format!(
        "Into nearly every pod Kubernetes mounts a token, in a file below \
         /var/run/secrets/kubernetes.io/serviceaccount. It is asked for with exactly {POD_SECONDS} \
         seconds (an hour, and seven to recognise it by), bound to the pod, for the API server. Only \
         when all three are true is the wish granted differently:"
    ))?;
    let mut table = format!(
        "{:<11}{:<11}{:<16}{:<18}{}\n",
        "asked for", "for a pod", "API server", "exp in", "warnafter in"
    );
    for (seconds, pod, api) in [
        (POD_SECONDS, true, true),
        (POD_SECONDS - 1, true, true),
        (POD_SECONDS, false, true),
        (POD_SECONDS, true, false),
    ] {
        let grant = grant(Some(seconds), None, pod, api, true).map_err(io::Error::other)?;
        let yes_no = |yes| if yes { "yes" } else { "no" };
        writeln_into(
            &mut table,
            format_args!(
                "{:<11}{:<11}{:<16}{:<18}{}",
                format!("{seconds} s"),
                yes_no(pod),
                yes_no(api),
                dates::span(grant.expires_in),
                grant.warn_after.map_or("-".to_owned(), dates::span),
            ),
        );
    }
    story.lines(table)?;
    story.say(
        "The year is there for old programs that read the file once and never again; they would \
         all have stopped after an hour. Used after `warnafter`, the token still works, and the \
         API server notes the stale token in its audit log. So a pod's token with an exp a year \
         away is normal. It is tied to its pod, and worthless when that is gone. \
         --service-account-extend-token-expiration=false ends the practice.",
    )?;
    let window = Window { expires_at: Some(IAT + EXTENDED_SECONDS), ..hour() };
    let stale = at(IAT) + TimeDelta::days(30);
    let warn_after = Some(IAT + POD_SECONDS);
    story.lines(draw(&Timeline {
        window,
        warn_after,
        renewal: Some(refresh::kubelet_renews_at(IAT + POD_SECONDS, POD_SECONDS)),
        now: Some(stale),
    }))?;
    let seconds = lifetime::stale_for(warn_after, stale).unwrap_or_default();
    story.say(format!(
        "At that \"now\" the audit log gets: {}=subject: system:serviceaccount:default:default, \
         seconds after warning threshold: {seconds}",
        lifetime::STALE_TOKEN
    ))
}

fn renewal<W: Write>(story: &mut Story<W>) -> io::Result<()> {
    story.step("Who fetches the next one")?;
    story.say(
        "The kubelet, the program that runs the pods of a machine. About once a minute it looks at \
         each token it has mounted. When 80 % of its life are over, or 24 hours, it asks for \
         another and replaces the file. A few seconds are taken off at random each time, so that \
         not all pods ask together:",
    )?;
    let mut table = format!("{:<20}{:<28}{}\n", "lives", "renewed after, earliest", "latest");
    for lifetime in [600, POD_SECONDS, 86_400, 7 * 86_400] {
        let renewal = refresh::kubelet_renews_at(lifetime, lifetime);
        writeln_into(
            &mut table,
            format_args!(
                "{:<20}{:<28}{}",
                dates::span(lifetime),
                dates::span(*renewal.start()),
                dates::span(*renewal.end()),
            ),
        );
    }
    story.lines(table)?;
    story.say(
        "It goes by the hour it was promised in the answer to its request, not by the year in the \
         claims, which it never reads. The program in the pod has to do its part: Kubernetes' own \
         Go client reads the file again every minute. One that reads it once gets 401 when its \
         token ends, although the file beside it is fresh. And nobody does this for the token that \
         you made with `create token`: when it is over, ask for the next.",
    )
}

fn a_library<W: Write>(story: &mut Story<W>, course: &Course) -> io::Result<()> {
    story.step("If you check tokens yourself")?;
    story.say(
        "A library checks a signature as well as Kubernetes does. Which claims it looks at, you \
         have to tell it. Each of these tokens was signed, and shown to the Rust crate \
         jsonwebtoken: with its defaults, told the audience, told the issuer too, and as strict as \
         it can be set. The last column is this chapter's check:",
    )?;
    let rows = library::compare(&course.key, at(IAT + 1895)).map_err(io::Error::other)?;
    let mut table = format!(
        "{:<24}{:<10}{:<10}{:<10}{:<11}{}\n",
        "accepts a token with", "defaults", "+ aud", "+ iss", "strictest", "Kubernetes"
    );
    for row in &rows {
        let yes = |accepted| if accepted { "yes" } else { "-" };
        writeln_into(
            &mut table,
            format_args!(
                "{:<24}{:<10}{:<10}{:<10}{:<11}{}",
                row.token,
                yes(row.by_default.is_ok()),
                yes(row.told_audience.is_ok()),
                yes(row.told_issuer.is_ok()),
                yes(row.strictest.is_ok()),
                yes(row.kubernetes.is_ok()),
            ),
        );
    }
    story.lines(table)?;
    if let Some(Err(why)) = rows.first().map(|row| &row.by_default) {
        story.say(format!(
            "The first row surprises most: with its defaults the library refuses every token of \
             Kubernetes ({why}), because a token that names an audience may not be taken by who \
             does not say who he is. Turn that check off, and anybody's token is taken. Told the \
             audience, it still takes any issuer, and a token that begins in 2286. iat it never \
             looks at. Its leeway is {} s, like Kubernetes'.",
            library::validations()[0].leeway
        ))?;
    }
    Ok(())
}

/// A line more. Writing to a String never fails.
fn writeln_into(table: &mut String, line: std::fmt::Arguments) {
    let _ = std::fmt::Write::write_fmt(table, line);
    table.push('\n');
}

/// The course's key, and an API server that trusts it.
struct Course {
    key: SigningKey,
    keys: KeySet,
    validator: Validator,
}

impl Course {
    fn new() -> Self {
        let key = samples::lab_key();
        let keys = KeySet::new(vec![key.public_key()]);
        Self { key, keys, validator: Validator::new(vec![API_SERVER.to_owned()], Vec::new()) }
    }

    /// Signs a payload, checks the signature, and then the claims.
    fn sign_and_check(&self, payload: &str, requested: &[String], now: DateTime<Utc>) -> String {
        let Ok(token) = self.key.sign_payload(payload.as_bytes()) else {
            return "the course's key can't sign".to_owned();
        };
        let checked = UnverifiedToken::read(&token)
            .map_err(|why| why.to_string())
            .and_then(|token| self.keys.verify(&token).map_err(|why| why.to_string()))
            .and_then(|signed| {
                self.validator.check(&signed, requested, now).map_err(|why| why.to_string())
            });
        checked.map_or_else(|why| why, |_| "accepted".to_owned())
    }
}

fn verdict(checked: Result<(), ClaimsRejection>) -> String {
    checked.map_or_else(|why| why.to_string(), |()| "accepted".to_owned())
}

/// What comes of a `--duration`, through kubectl and the API server.
fn granted(duration: TimeDelta, cap: Option<i64>) -> String {
    let seconds = match kubectl_asks_for(duration) {
        Ok(seconds) => seconds,
        Err(why) => return format!("kubectl: {why}"),
    };
    match grant(seconds, cap, false, true, true) {
        Err(why) => format!("422: {}", why.0.message()),
        Ok(grant) => {
            let warning = grant.warning.map(|warning| format!(" (Warning: {warning})"));
            format!("{}{}", dates::span(grant.expires_in), warning.unwrap_or_default())
        }
    }
}

fn at(unix_seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(unix_seconds, 0).unwrap_or_default()
}

fn hour() -> Window {
    Window { not_before: Some(IAT), expires_at: Some(EXP), issued_at: Some(IAT) }
}

fn usual() -> Value {
    json!({
        "aud": [API_SERVER], "exp": EXP, "iat": IAT, "iss": API_SERVER,
        "kubernetes.io": {
            "namespace": "default",
            "serviceaccount": {"name": "default", "uid": "755e1766-e817-4d5c-9c1e-2f0c8f7b6a31"},
        },
        "nbf": IAT, "sub": "system:serviceaccount:default:default",
    })
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

fn without(claims: &Value, name: &str) -> Value {
    let mut claims = claims.clone();
    claims.as_object_mut().map(|claims| claims.remove(name));
    claims
}
