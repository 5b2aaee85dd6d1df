//! What is about to happen, and where.

use super::{Stage, Told};
use crate::Cluster;
use crate::lab::Lab;
use jwt_anatomy::dates;
use narration::Story;
use std::io::Write;

const TITLE: &str = "How can I use it, and where is it stored?";

pub(super) fn tell<W: Write>(story: &mut Story<W>, stage: &Stage<'_>) -> Told {
    match stage.lab {
        Some(lab) => on_the_lab(story, stage, lab),
        None => on_your_own(story, stage.cluster),
    }
}

fn on_the_lab<W: Write>(story: &mut Story<W>, stage: &Stage<'_>, lab: &Lab) -> Told {
    story.begin(format!("lab, inside this program, at https://{}", stage.host()), TITLE)?;
    story.say(
        "A cluster is run through its API server, the one program that everybody asks, over \
         HTTPS. This walk has started a small one, set up as microk8s sets up the real one: \
         whoever it knows may do everything, and whoever it does not know is sent away. It says \
         why, which the real one keeps for its log.",
    )?;
    story.say(format!(
        "Its clock stands at {}, when the token of chapter 2 was made. On your own cluster the \
         walk makes tokens and changes nothing; the steps that would are for the lab alone:",
        dates::show(lab.now(), &stage.zone)
    ))?;
    story.command("microk8s config > FILE && cargo run -p bearer-auth -- --kubeconfig FILE")?;
    Ok(())
}

fn on_your_own<W: Write>(story: &mut Story<W>, cluster: &Cluster) -> Told {
    story.begin(format!("{}, at {}", cluster.name, cluster.server()), TITLE)?;
    story.say(format!(
        "This is your own cluster, and its kubeconfig (the file that says where a cluster is and \
         who you are) has {} for you. The walk will:",
        cluster.credential()
    ))?;
    story.rows(&[
        (
            "make",
            "two tokens for the account `default` in the namespace `default`. They are signed and \
             handed out; no object is written. In an hour they end",
        ),
        (
            "read",
            "the list of pods, and then every object of every kind that you may list, to look for \
             a copy of a token. In a big cluster that takes a while",
        ),
        ("ask", "whose token that is, and what its bearer may do"),
        ("fail", "on purpose, with bad tokens. Your server may note that in its log"),
    ])?;
    story.say(
        "It creates, changes and deletes nothing. The steps that would are left to the lab: run \
         it without --kubeconfig.",
    )?;
    if cluster.trusts_anyone() {
        story.say(
            "Careful: the kubeconfig says insecure-skip-tls-verify. Whoever sits between you and \
             the server can take every token that you send.",
        )?;
    }
    if let Some(other) = cluster.impersonates() {
        story.say(format!("The kubeconfig makes you act as {other} (`as:`)."))?;
    }
    Ok(())
}
