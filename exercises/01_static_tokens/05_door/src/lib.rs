//! Exercise: your own look-up lets requests into the lab, and keeps others out. You edit
//! `src/exercise.rs`, and no other file.

mod earlier;
#[cfg_attr(feature = "solution", path = "../../../solutions/01_static_tokens/05_door.rs")]
mod exercise;
pub mod lab;
#[path = "../../../lab_client.rs"]
mod lab_client;

pub use columns::User;
pub use earlier::{look_over, token, user, whose};
pub use lookup::Secret;
pub use odd_lines::{Refusal, Warning};
pub use static_tokens::{Authenticator, Rejection, Verdict};

use lab::{Answer, Lab};
use lab_cluster::trace::Opinion;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Who is let in, and whom we know to be up to no good. The methods are yours.
#[derive(Debug)]
pub struct Door {
    /// The tokens that are good, each with its user.
    pub known: Vec<(Secret, User)>,
    /// Those that were good once, each with the reason why it is not any more.
    pub retired: Vec<(Secret, String)>,
}

/// The verdict that this user sends the request. The server's own users have one thing more that
/// a token file does not know.
#[must_use]
pub fn authenticated(user: &User) -> Verdict {
    let User { name, uid, groups } = user.clone();
    Verdict::Authenticated(static_tokens::User { name, uid, groups, extra: BTreeMap::new() })
}

/// The token file of a microk8s of 2022, with tokens that open nothing but this door.
pub const KNOWN_TOKENS: &str = "\
Kx4tPd9mQw2sVn7bYe6hRc,admin,admin,\"system:masters\"
Hf0vUj6yCg1zOl8kIt5aXb,system:kube-proxy,kube-proxy

Bq6yHs2nGm9pJd4wCx7zFl,system:kube-scheduler,scheduler
Mz3rEk5uLo7iDv1jSa8gWy,system:node:laptop,kubelet-1,\"system:nodes\"
";

/// The tokens that must not be used any more, and why. The laptop's line is still in the file above.
pub const RETIRED: &str = "\
Zr8gLf3jXa5oUi1cTk0vEw,admin's until a blog post showed it
Mz3rEk5uLo7iDv1jSa8gWy,the laptop is sold
";

/// Starts a lab with your door in it, and prints what becomes of some requests: what the client
/// learns, and what the server's log has.
///
/// # Errors
/// Those of the writer, and of the lab.
pub fn tell(out: &mut impl Write) -> io::Result<()> {
    let refused = |refusal: Refusal| io::Error::other(refusal.to_string());
    let door = Door::open(KNOWN_TOKENS, RETIRED).map_err(refused)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(knock(door, out))
}

async fn knock(door: Door, out: &mut impl Write) -> io::Result<()> {
    let lab = Lab::start(door, "AlwaysAllow").await?;
    let of_a_pod = lab.service_account_token("Kx4tPd9mQw2sVn7bYe6hRc").await?;
    for (sender, token) in [
        ("the scheduler", "Bq6yHs2nGm9pJd4wCx7zFl"),
        ("the proxy, all but its last letter", "Hf0vUj6yCg1zOl8kIt5aX"),
        ("the admin of last year", "Zr8gLf3jXa5oUi1cTk0vEw"),
        ("the laptop", "Mz3rEk5uLo7iDv1jSa8gWy"),
        ("somebody who makes a guess", "admin"),
        ("somebody with nothing", ""),
        ("a pod, with its account's token", &of_a_pod),
    ] {
        let authorization = format!("Bearer {token}");
        let answer = lab.who_am_i(&[("Authorization", &authorization)]).await?;
        writeln!(out, "{sender} gets {}", told(&answer))?;
        for Opinion { authenticator, said } in &answer.log {
            writeln!(out, "  {authenticator:14}{said}")?;
        }
    }
    lab.stop().await;
    Ok(())
}

/// What the client learns.
fn told(answer: &Answer) -> String {
    let Answer { status, body, .. } = answer;
    let user = &body["status"]["userInfo"];
    match (user["username"].as_str(), user["groups"].as_array()) {
        (Some(name), Some(groups)) => {
            let groups: Vec<&str> = groups.iter().filter_map(|group| group.as_str()).collect();
            format!("{status}: you are {name}; groups {}", groups.join(", "))
        }
        _ => format!("{status}: {}", body["message"].as_str().unwrap_or_default()),
    }
}
