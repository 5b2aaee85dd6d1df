//! Questions about somebody else's permissions in one namespace, and about all of one's own, as a
//! real kube-apiserver 1.37.2 with RBAC answered them over HTTPS, and the roles that it has from the
//! start: `data/authz_of_others.jsonl`.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::recorded;

const RECORDED: &str = include_str!("data/authz_of_others.jsonl");

#[tokio::test]
async fn every_answer_is_the_real_ones() {
    recorded::the_lab_says_so(RECORDED).await;
}

#[tokio::test]
#[ignore = "needs a real kube-apiserver"]
async fn a_real_api_server_still_says_so() {
    recorded::a_real_one_says_so(RECORDED).await;
}
