//! The story on the lab. Read the snapshot as documentation before you accept it.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use bearer_auth::lab::Lab;
use bearer_auth::walk::{self, Stage};
use narration::{Answer, Story};

async fn walk() -> String {
    let lab = Lab::standing_still().await.unwrap();
    let mut out = Vec::new();
    let told = walk::tell(&mut Story::new(&mut out), &Stage::lab(&lab).unwrap()).await.unwrap();
    assert_eq!(told, Answer::Yes);
    lab.stop().await;
    String::from_utf8(out).unwrap()
}

#[tokio::test]
async fn the_walk() {
    let text = walk().await;
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "more than 80 columns: {line}");
    }
    insta::assert_snapshot!(text);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_the_same_every_time_and_as_a_program() {
    let output = common::run(&[], "not read");
    assert_eq!(common::stdout(&output), walk().await);
    assert!(output.stderr.is_empty() && output.status.success());
}

#[test]
fn whoever_closes_the_pipe_has_seen_enough() {
    let mut child = common::program(&[]).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(common::seen(&output), "--- exit status 0");
}
