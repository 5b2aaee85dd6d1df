//! What a real kube-apiserver 1.37.2 with RBAC, fresh from its start, answered to 299 reviews:
//! `data/authz_reviews.jsonl`, one a line, without `metadata.managedFields`. Two users asked: admin,
//! of `system:masters`, and alice, of no group but `system:authenticated`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use lab_cluster::authz::rbac::{Binding, PolicyRule, Roles};
use lab_cluster::authz::{Authorizer, Chain, Decision, bootstrap};
use lab_cluster::decode::Sent;
use lab_cluster::field_validation::FieldValidation::{self, Strict, Warn};
use lab_cluster::reviews::{self, Body, Credential, ReviewKind};
use lab_cluster::status::Refusal;
use proptest::prelude::*;
use serde_json::{Value, json};
use static_tokens::User;
use std::sync::{Arc, LazyLock};

/// The roles that a server has from the start.
struct FromTheStart;

impl Roles for FromTheStart {
    fn cluster_role(&self, name: &str) -> Option<Vec<PolicyRule>> {
        static ROLES: LazyLock<Vec<Value>> = LazyLock::new(|| bootstrap::cluster_roles(false));
        ROLES.iter().find(|role| role["metadata"]["name"] == name).map(PolicyRule::all_of)
    }
    fn role(&self, _: &str, _: &str) -> Option<Vec<PolicyRule>> {
        None
    }
    fn cluster_role_bindings(&self) -> Arc<[Binding]> {
        static BINDINGS: LazyLock<Vec<Value>> = LazyLock::new(bootstrap::cluster_role_bindings);
        BINDINGS.iter().map(Binding::read).collect()
    }
    fn role_bindings(&self, _: &str) -> Arc<[Binding]> {
        Arc::default()
    }
}

const API_AUDIENCE: &str = "https://kubernetes.default.svc";

fn user(name: &str) -> User {
    let (uid, groups) = match name {
        "alice" => ("u1", vec!["system:authenticated"]),
        "admin" => ("admin", vec!["system:masters", "system:authenticated"]),
        _ => ("", vec!["system:unauthenticated"]),
    };
    User {
        name: name.to_owned(),
        uid: uid.to_owned(),
        groups: groups.into_iter().map(str::to_owned).collect(),
        ..User::default()
    }
}

/// A bearer step with two static tokens, and anonymous behind it.
fn authenticate(header: &str, audiences: &[String]) -> Credential {
    let words: Vec<_> = header.trim().splitn(3, ' ').collect();
    let name = match words.get(1).copied().unwrap_or_default() {
        "" => return Credential::Of(user("system:anonymous"), audiences.to_vec()),
        "alicetoken" => "alice",
        "admintoken" => "admin",
        _ => return Credential::Refused("invalid bearer token".to_owned()),
    };
    let known: Vec<_> = audiences.iter().filter(|one| *one == API_AUDIENCE).cloned().collect();
    if known.is_empty() {
        return Credential::Refused("invalid bearer token".to_owned());
    }
    Credential::Of(user(name), known)
}

fn answer(
    kind: &ReviewKind,
    sent: &Value,
    sender: &User,
    validation: FieldValidation,
) -> (Vec<String>, Result<Value, Refusal>) {
    let body = match read_by(validation, kind, sent) {
        Ok(body) => body,
        Err(refusal) => return (Vec::new(), Err(refusal)),
    };
    let chain = Chain::rbac(FromTheStart);
    let now = "2026-11-24T00:00:00Z".parse().unwrap();
    let answer = match kind.kind {
        "TokenReview" => reviews::token_review(&body, &[API_AUDIENCE.to_owned()], authenticate),
        "SelfSubjectReview" => Ok(reviews::self_subject_review(sender, now)),
        "SelfSubjectAccessReview" => reviews::self_subject_access_review(&body, sender, &chain),
        "SubjectAccessReview" => reviews::subject_access_review(&body, &chain),
        "LocalSubjectAccessReview" => {
            reviews::local_subject_access_review(&body, "default", &chain)
        }
        _ => reviews::self_subject_rules_review(&body, sender, &chain),
    };
    (body.warnings, answer)
}

#[test]
fn every_review_is_answered_as_the_real_server_answered_it() {
    let mut asked = 0;
    for line in include_str!("data/authz_reviews.jsonl").lines() {
        let recorded: Value = serde_json::from_str(line).unwrap();
        let plural = recorded["review"].as_str().unwrap();
        let kind = reviews::ALL.into_iter().find(|kind| kind.plural == plural).unwrap();
        assert_eq!(reviews::find(kind.group, "v1", plural), Some(kind));
        let sender = user(recorded["user"].as_str().unwrap());
        let validation = if recorded["strict"] == true { Strict } else { Warn };

        let (warnings, answer) = answer(kind, &recorded["body"], &sender, validation);
        let (code, mut answer) = match answer {
            Ok(review) => (201, review),
            Err(refusal) => (refusal.code, refusal.to_status()),
        };
        let mut theirs = recorded["answer"].clone();
        if plural == "selfsubjectrulesreviews" {
            // The real server keeps its rules in no order.
            for status in [&mut answer["status"], &mut theirs["status"]] {
                for list in ["resourceRules", "nonResourceRules"] {
                    if let Some(rules) = status.get_mut(list).and_then(Value::as_array_mut) {
                        rules.sort_by_key(Value::to_string);
                    }
                }
            }
        }
        assert_eq!(answer.to_string(), theirs.to_string(), "{line}");
        assert_eq!(u64::from(code), recorded["code"], "{line}");
        if code == 201 {
            assert_eq!(json!(warnings), *recorded.get("warnings").unwrap_or(&json!([])), "{line}");
        }
        asked += 1;
    }
    assert_eq!(asked, 299);
}

fn read_by(how: FieldValidation, kind: &ReviewKind, sent: &Value) -> Result<Body, Refusal> {
    Body::read(kind, &Sent { value: sent.clone(), twice: Vec::new() }, how)
}

fn read(kind: &ReviewKind, sent: &Value) -> Body {
    read_by(Warn, kind, sent).unwrap()
}

#[test]
fn a_token_is_shown_to_the_authenticators_as_a_client_would_send_it() {
    let body =
        read(&reviews::TOKEN_REVIEWS, &json!({"spec": {"token": "a b", "audiences": ["q"]}}));
    let mut seen = None;
    let _ = reviews::token_review(&body, &["api".to_owned()], |header, audiences| {
        seen = Some((header.to_owned(), audiences.to_vec()));
        Credential::Nobodys
    });
    assert_eq!(seen, Some(("Bearer a b".to_owned(), vec!["q".to_owned()])));
}

#[test]
fn a_token_that_nobody_knows_gets_no_user_but_the_one_its_sender_wrote() {
    let body = read(
        &reviews::TOKEN_REVIEWS,
        &json!({"spec": {"token": "x"}, "status": {"authenticated": true, "user": {"username": "root"}}}),
    );
    // With anonymous requests off, ` x` is a token that nobody even refuses.
    let review = reviews::token_review(&body, &[], |_, _| Credential::Nobodys).unwrap();
    assert_eq!(review["status"], json!({"user": {"username": "root"}}));
}

#[test]
fn no_log_shows_the_token() {
    let body = read(&reviews::TOKEN_REVIEWS, &json!({"spec": {"token": "s3cret", "colour": 1}}));
    let shown = format!("{body:?}");
    assert_eq!(shown, r#"Body { warnings: ["unknown field \"spec.colour\""], .. }"#);
}

#[test]
fn an_authenticator_that_ignores_the_audience_is_a_fault_of_the_server() {
    let sent = json!({"spec": {"token": "x", "audiences": ["a"]}});
    let body = read(&reviews::TOKEN_REVIEWS, &sent);
    let careless = |_: &str, _: &[String]| Credential::Of(user("alice"), vec!["b".to_owned()]);
    let refusal = reviews::token_review(&body, &[], careless).unwrap_err();
    assert_eq!((refusal.code, refusal.reason), (500, "InternalError"));
    assert_eq!(refusal.message, "Internal error occurred: error validating audiences");
    // Where no audiences are known at all, none can be missed.
    let body = read(&reviews::TOKEN_REVIEWS, &json!({"spec": {"token": "x"}}));
    let review = reviews::token_review(&body, &[], careless).unwrap();
    assert_eq!(review["status"]["authenticated"], true);
}

#[test]
fn what_else_a_credential_tells_is_shown_in_the_order_of_its_keys() {
    let mut alice = user("alice");
    for key in ["b", "a"] {
        alice.extra.insert(key.to_owned(), vec![key.to_uppercase()]);
    }
    let review = reviews::self_subject_review(&alice, "2026-11-24T00:00:00.7Z".parse().unwrap());
    assert_eq!(
        review.to_string(),
        r#"{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1","metadata":{"creationTimestamp":"2026-11-24T00:00:00Z"},"status":{"userInfo":{"username":"alice","uid":"u1","groups":["system:authenticated"],"extra":{"a":["A"],"b":["B"]}}}}"#
    );
}

#[test]
fn a_denial_is_more_than_no_permission() {
    struct Never;
    impl Authorizer for Never {
        fn authorize(&self, _: &lab_cluster::authz::Attributes) -> Decision {
            Decision::Deny { reason: "never".to_owned() }
        }
    }
    let sent = json!({"spec": {"namespace": "n", "resourceAttributes": {}}});
    let body = read(&reviews::SELF_SUBJECT_ACCESS_REVIEWS, &sent);
    let review = reviews::self_subject_access_review(&body, &user("alice"), &Never).unwrap();
    assert_eq!(review["status"].to_string(), r#"{"allowed":false,"denied":true,"reason":"never"}"#);

    // And who only answers single questions says that its list is not complete.
    let body = read(&reviews::SELF_SUBJECT_RULES_REVIEWS, &sent);
    let review = reviews::self_subject_rules_review(&body, &user("alice"), &Never).unwrap();
    let status = r#"{"resourceRules":[],"nonResourceRules":[],"incomplete":true}"#;
    assert_eq!(review["status"].to_string(), status);
}

#[test]
fn with_always_allow_everybody_may_do_everything() {
    let body =
        read(&reviews::SELF_SUBJECT_RULES_REVIEWS, &json!({"spec": {"namespace": "default"}}));
    let all = Chain::always_allow();
    let review = reviews::self_subject_rules_review(&body, &user("alice"), &all).unwrap();
    assert_eq!(
        review.to_string(),
        r#"{"kind":"SelfSubjectRulesReview","apiVersion":"authorization.k8s.io/v1","metadata":{},"spec":{},"status":{"resourceRules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}],"nonResourceRules":[{"verbs":["*"],"nonResourceURLs":["*"]}],"incomplete":false}}"#
    );
}

#[test]
fn a_role_that_is_missing_is_told_about() {
    struct Lost;
    impl Roles for Lost {
        fn cluster_role(&self, _: &str) -> Option<Vec<PolicyRule>> {
            None
        }
        fn role(&self, _: &str, _: &str) -> Option<Vec<PolicyRule>> {
            None
        }
        fn cluster_role_bindings(&self) -> Arc<[Binding]> {
            bootstrap::cluster_role_bindings().iter().map(Binding::read).collect()
        }
        fn role_bindings(&self, _: &str) -> Arc<[Binding]> {
            Arc::default()
        }
    }
    let body =
        read(&reviews::SELF_SUBJECT_RULES_REVIEWS, &json!({"spec": {"namespace": "default"}}));
    let lost = Chain::rbac(Lost);
    let review = reviews::self_subject_rules_review(&body, &user("nobody"), &lost).unwrap();
    assert_eq!(
        review["status"]["evaluationError"],
        r#"clusterrole.rbac.authorization.k8s.io "system:public-info-viewer" not found"#
    );
}

/// JSON with the names of fields in it that a review has.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        let field = prop::sample::select(vec![
            "kind",
            "metadata",
            "name",
            "labels",
            "spec",
            "token",
            "audiences",
            "status",
            "user",
            "extra",
            "groups",
            "resourceAttributes",
            "nonResourceAttributes",
            "labelSelector",
            "requirements",
            "rawSelector",
            "path",
            "verb",
            "namespace",
            "é\u{200b}\"",
        ]);
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => prop::collection::vec((field, inner), 0..6)
                .prop_map(|fields| fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is sent: an answer, or a refusal that is the client's fault.
    #[test]
    fn no_body_panics(sent in anything(), spec in anything(), strict in any::<bool>()) {
        let validation = if strict { Strict } else { Warn };
        let wrapped = json!({"spec": spec.clone(), "status": spec});
        for kind in reviews::ALL {
            for sent in [&sent, &wrapped] {
                match answer(kind, sent, &user("alice"), validation).1 {
                    Ok(review) => prop_assert_eq!(&review["kind"], kind.kind),
                    Err(refusal) => prop_assert!([400, 422].contains(&refusal.code), "{}", refusal),
                }
            }
        }
    }

    /// `Strict` refuses exactly what is otherwise warned of, besides what is always refused.
    #[test]
    fn strict_refuses_what_is_otherwise_warned_of(sent in anything()) {
        let sent = json!({"metadata": sent.clone(), "spec": sent.clone()});
        for kind in reviews::ALL {
            let fine = read_by(Warn, kind, &sent).is_ok_and(|body| body.warnings.is_empty());
            prop_assert_eq!(read_by(Strict, kind, &sent).is_ok(), fine);
        }
    }
}
