//! Roles and bindings written over HTTPS by people who hold some permissions, and what a real
//! kube-apiserver 1.37.2 with RBAC said to it: `data/authz_escalation.jsonl`.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::recorded;

const RECORDED: &str = include_str!("data/authz_escalation.jsonl");

#[tokio::test]
async fn every_answer_is_the_real_ones() {
    recorded::the_lab_says_so(RECORDED).await;
}

#[tokio::test]
#[ignore = "needs a real kube-apiserver"]
async fn a_real_api_server_still_says_so() {
    recorded::a_real_one_says_so(RECORDED).await;
}
