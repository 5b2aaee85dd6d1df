//! The book's token inspector says what the crate jwt-anatomy says, in its words, and lets nothing
//! out. Its looks, and that no request leaves, `browser.rs` sees in a real browser.
//!
//! The page's logic runs here in node, if there is one; in `.ci/run` in the browser as well.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod cases;
mod page;
mod signatures;

use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// The page's logic in node, with `run` after it; `input` is what `run` finds under that name. It
/// gives what `run`'s promise gives. `None`, and a visible line, where there is no node.
fn in_node(run: &str, input: &Value) -> Option<Value> {
    let found = Command::new("node").arg("--version").output();
    if !found.is_ok_and(|output| output.status.success()) {
        // Past the harness, which keeps the words of tests that pass to itself.
        let mut stderr = std::io::stderr();
        writeln!(stderr, "skipped: no node here to run the inspector's logic").unwrap();
        return None;
    }
    let page = page::read();
    let logic = page::element(&page, "script", "id=\"logic\"");
    let sayings = page::element(&page, "script", "id=\"sayings\"");
    let script = format!(
        "{logic}\n{}\nconst sayings = {sayings};\nconst input = {input};\n(async () => {{ {run} }})()\
         .then((result) => process.stdout.write(JSON.stringify(result)));",
        cases::BY_THE_PAGE
    );
    let mut node =
        Command::new("node").arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    node.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "node failed");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn what_is_written_into_the_page_is_up_to_date() {
    let page = page::read();
    let wanted = page::up_to_date(&page);
    if std::env::var_os("INSPECTOR_UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(page::path(), wanted).unwrap();
        return;
    }
    assert!(
        page == wanted,
        "the list of sayings, the samples or a hash in {} is out of date. To write them anew: \
         INSPECTOR_UPDATE=1 cargo test --test inspector",
        page::path().display()
    );
}

/// The policy is the one meant, and nothing in the page asks for an exception.
#[test]
fn nothing_in_the_page_leads_out_of_it() {
    let page = page::read();
    assert!(page.contains(&format!("content=\"{}\"", page::policy_of(&page))));
    let before_policy = page.split_once("Content-Security-Policy").unwrap().0;
    assert!(!before_policy.contains("<script") && !before_policy.contains("<style"));

    // Outside the list of sayings, whose samples name issuers.
    let code = page.replace(page::element(&page, "script", "id=\"sayings\""), "");
    for outside in [
        "http://",
        "src=",
        "href=",
        "url(",
        "@import",
        "fetch(",
        "XMLHttpRequest",
        "WebSocket",
        "EventSource",
        "sendBeacon",
        "RTCPeer",
        "import(",
        "innerHTML",
        "eval(",
        "localStorage",
        "sessionStorage",
        "indexedDB",
        "cookie",
        "location",
        "window.open",
        " style=",
        "onclick",
        "<form",
        "<img",
        "<iframe",
        "<link",
        "<object",
    ] {
        assert!(!code.contains(outside), "{outside} stands in the inspector");
    }
    // The one word that goes out, to the page around it, is a height.
    assert_eq!(code.matches("postMessage").count(), 1);
    assert!(code.contains("parent.postMessage({ tokenInspectorHeight }"));
}

#[test]
fn the_page_says_what_the_crate_says() {
    let cases = cases::all();
    let input = cases.iter().map(|case| json!([case.text, case.at.to_string()])).collect();
    let Some(said) = in_node("return byThePage(sayings, input);", &input) else { return };
    cases::assert_same(&cases, said.as_array().unwrap());
}

#[test]
fn a_signature_fits_there_as_it_fits_here() {
    let cases = signatures::all();
    let input = signatures::input(&cases);
    let Some(said) = in_node(signatures::BY_THE_PAGE, &input) else { return };
    signatures::assert_same(&cases, said.as_array().unwrap());
}
