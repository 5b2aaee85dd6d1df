//! What changed since the post of 2022 that asked the four questions.

use super::Told;
use narration::Story;
use std::fmt::Write as _;
use std::io::Write;

/// What, in microk8s 1.25, and in 1.37 with the version that changed it.
const CHANGES: [(&str, &str, &str); 7] = [
    ("admin's kubeconfig", "a token, good for ever", "a certificate (1.28)"),
    ("kubectl --token=T", "is T's user", "is still admin"),
    ("who am I?", "decode it yourself", "kubectl auth whoami (1.28)"),
    ("create token", "signs, stores nothing", "the same"),
    ("a token's own name", "none", "jti (1.30)"),
    ("a Secret per account", "no more (since 1.24)", "unused old ones go (1.29)"),
    ("pasted into", "the dashboard", "nowhere: it is gone (1.36)"),
];

pub(super) fn tell<W: Write>(story: &mut Story<W>) -> Told {
    story.step("2022 and now")?;
    let mut table = format!("{:22}{:25}{}\n", "", "microk8s 1.25, 2022", "1.37, now");
    for (what, then, now) in CHANGES {
        let _ = writeln!(table, "{what:22}{then:25}{now}");
    }
    story.lines(table)?;
    Ok(())
}
