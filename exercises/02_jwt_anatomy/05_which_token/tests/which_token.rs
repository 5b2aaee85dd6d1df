//! The checks of this exercise.

use jwt_anatomy::{ServiceAccountName, TokenKind, UnverifiedToken, base64url};
use proptest::prelude::*;
use which_token::{Account, Kind, account, kind};

fn of(namespace: &str, name: &str) -> Account {
    Account { namespace: namespace.to_owned(), name: name.to_owned() }
}

/// A token with this payload.
fn token(payload: &str) -> String {
    let [header, payload] =
        [r#"{"alg":"RS256"}"#, payload].map(|t| base64url::encode(t.as_bytes()));
    format!("{header}.{payload}.AAAA")
}

fn check(payload: &str, expected: &Kind) {
    checks::same!(&kind(&token(payload)), expected, format!("a token with the payload {payload}"));
}

#[test]
fn a_subject_names_an_account() {
    for (namespace, name) in [("media", "jellyfin"), ("kube-system", "traefik"), ("a", "b.c")] {
        let subject = format!("system:serviceaccount:{namespace}:{name}");
        checks::same!(
            account(&subject),
            Some(of(namespace, name)),
            format!("the subject {subject}")
        );
    }
}

#[test]
fn other_subjects_name_none() {
    for subject in [
        "",
        "anna",
        "system:node:homelab",
        "system:serviceaccount:media",
        "system:serviceaccount:media:",
        "system:serviceaccount::jellyfin",
        "system:serviceaccount:media:jellyfin:admin",
        "system:serviceaccounts:media:jellyfin",
        "System:ServiceAccount:media:jellyfin",
        "repo:anna/homelab:ref:refs/heads/main",
        "x:system:serviceaccount:media:jellyfin",
    ] {
        checks::same!(account(subject), None, format!("the subject {subject:?}"));
    }
}

#[test]
fn what_lay_around() {
    let mut printed = Vec::new();
    which_token::tell(&mut printed).expect("a Vec takes everything");
    checks::output!("what_lay_around", String::from_utf8_lossy(&printed));
}

#[test]
fn bound_tokens() {
    let sub = r#""sub":"system:serviceaccount:media:jellyfin""#;
    let bound = |pod: Option<&str>| Kind::Bound {
        account: Some(of("media", "jellyfin")),
        pod: pod.map(str::to_owned),
    };
    check(&format!(r#"{{{sub},"kubernetes.io":{{"namespace":"media"}}}}"#), &bound(None));
    let pod = r#""kubernetes.io":{"pod":{"name":"jellyfin-0","uid":"u"}}"#;
    check(&format!(r#"{{"iss":"https://k.home.arpa",{sub},{pod}}}"#), &bound(Some("jellyfin-0")));
    let nobodys = Kind::Bound { account: None, pod: None };
    check(r#"{"sub":"anna","kubernetes.io":{"pod":null}}"#, &nobodys);
}

#[test]
fn legacy_tokens() {
    let payload = r#"{"iss":"kubernetes/serviceaccount","kubernetes.io/serviceaccount/secret.name":"jellyfin-token-8dk2s","sub":"system:serviceaccount:media:jellyfin"}"#;
    let secret = Some("jellyfin-token-8dk2s".to_owned());
    check(payload, &Kind::Legacy { account: Some(of("media", "jellyfin")), secret });
    let both = r#"{"iss":"kubernetes/serviceaccount","kubernetes.io":{"pod":{"name":"p"}}}"#;
    check(both, &Kind::Legacy { account: None, secret: None });
}

#[test]
fn foreign_tokens_stay_foreign() {
    let foreign = |subject: &str| Kind::Foreign { subject: subject.to_owned() };
    check(r#"{"iss":"https://dex.home.arpa","sub":"anna"}"#, &foreign("anna"));
    let subject = "system:serviceaccount:kube-system:admin";
    check(&format!(r#"{{"iss":"https://dex.home.arpa","sub":"{subject}"}}"#), &foreign(subject));
    check(r#"{"sub":"anna","kubernetes.io":null}"#, &foreign("anna"));
    check(r#"{"iss":"kubernetes/serviceaccounts","sub":7}"#, &foreign(""));
    check("{}", &foreign(""));
}

#[test]
fn anything_else_is_no_jwt() {
    let good = token(r#"{"kubernetes.io":{}}"#);
    let (two, _) = good.rsplit_once('.').expect("it has dots");
    for other in [
        String::new(),
        "92b2db237428470dc4fcfc4ebbd9dc81".to_owned(),
        "07401b.f395accd246ae52d".to_owned(),
        two.to_owned(),
        format!("{good}.AAAA"),
        good.replace(".AAAA", "=.AAAA"),
        token("kubernetes.io"),
        token(r#"["kubernetes.io"]"#),
        token("7"),
        token(""),
    ] {
        checks::same!(kind(&other), Kind::NoJwt, format!("the token {other:?}"));
    }
}

proptest! {
    // A failing case is told, not kept in a file of the reader's clone.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unseen_subjects_are_taken_apart_as_the_server_does(
        subject in "(system|sys):serviceaccount(:[a-z0-9]{0,3}){0,4}",
    ) {
        let expected = ServiceAccountName::from_username(&subject).ok();
        let expected = expected.map(|name| of(&name.namespace, &name.name));
        checks::same!(account(&subject), expected, format!("the subject {subject}"));
    }

    #[test]
    fn unseen_tokens_are_of_the_kind_that_the_chapter_sees(
        iss in prop_oneof![
            Just(r#""iss":"kubernetes/serviceaccount","#),
            Just(r#""iss":"https://kubernetes.default.svc","#),
            Just(""),
        ],
        bound in prop_oneof![
            Just(r#""kubernetes.io":{"pod":{"name":"p-0"}},"#),
            Just(r#""kubernetes.io":{},"#),
            Just(r#""kubernetes.io":null,"#),
            Just(""),
        ],
        sub in "(system:serviceaccount:)?[a-z]{1,3}:[a-z]{1,3}",
        ending in prop_oneof![4 => Just(""), 1 => Just(".AAAA")],
    ) {
        let payload = format!(r#"{{{iss}{bound}"sub":"{sub}"}}"#);
        let token = format!("{}{ending}", token(&payload));
        let expected = match UnverifiedToken::read(&token).map(|token| token.unverified_kind()) {
            Ok(TokenKind::Bound) => "bound",
            Ok(TokenKind::Legacy) => "legacy",
            Ok(TokenKind::Other) => "foreign",
            Err(_) => "no JWT",
        };
        let got = match kind(&token) {
            Kind::Bound { .. } => "bound",
            Kind::Legacy { .. } => "legacy",
            Kind::Foreign { .. } => "foreign",
            Kind::NoJwt => "no JWT",
        };
        checks::same!(got, expected, format!("the token {token} with the payload {payload}"));
    }
}
