//! What changed since the post of 2022 that asked the four questions.

use super::Told;
use narration::Story;
use std::io::Write;

const CHANGES: [(&str, &str, &str); 6] = [
    ("admin's kubeconfig", "a token in a file, for ever", "a certificate (microk8s 1.28)"),
    ("who am I?", "read the token yourself", "kubectl auth whoami (1.28)"),
    ("a token's own name", "none", "jti, in the audit log (1.29)"),
    ("a Secret per account", "not made any more (1.24)", "and old, unused ones go (1.30)"),
    ("what create token does", "sign, and store nothing", "the same"),
    ("pasted into", "the dashboard", "Headlamp (dashboard gone, 1.36)"),
];

pub(super) fn tell<W: Write>(story: &mut Story<W>) -> Told {
    story.step("2022 and now")?;
    let mut lines = format!("{:24}{:29}{}\n", "", "2022 (microk8s 1.25)", "now (1.37)");
    for (what, then, now) in CHANGES {
        lines.push_str(&format!("{what:24}{then:29}{now}\n"));
    }
    story.lines(lines)?;
    Ok(())
}
