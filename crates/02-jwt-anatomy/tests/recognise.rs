//! What people paste.

use base64::{Engine, engine::general_purpose::STANDARD};
use jwt_anatomy::{Mend, TokenKind, What, base64url, recognise, sample};
use proptest::prelude::*;
use serde_json::json;
use std::fmt::Write;

fn bound() -> String {
    sample::token_of_2022()
}

fn legacy() -> String {
    sample::unsigned(sample::HEADER_OF_2022, sample::LEGACY_CLAIMS)
}

/// The token is found, and these things were undone.
#[track_caller]
fn finds(pasted: &str, token: &str, mends: &[Mend]) {
    let seen = recognise(pasted);
    assert_eq!((seen.token(), seen.mends.as_slice()), (Some(token), mends), "{pasted}");
}

#[test]
fn a_token_as_it_came() {
    let (bound, legacy) = (bound(), legacy());
    let other = sample::unsigned(r#"{"alg":"RS256"}"#, r#"{"iss":"https://accounts.example.com"}"#);
    for (token, kind) in
        [(&bound, TokenKind::Bound), (&legacy, TokenKind::Legacy), (&other, TokenKind::Other)]
    {
        assert_eq!(recognise(token).what, What::Jwt(kind));
        finds(token, token, &[]);
        finds(&format!("{token}\n"), token, &[]);
        finds(&format!("  {token}\r\n\n"), token, &[]);
    }
}

#[test]
fn a_token_with_something_around_it() {
    let t = &bound();
    finds(&format!("Bearer {t}"), t, &[Mend::Label]);
    finds(&format!("bearer  {t}\n"), t, &[Mend::Label]);
    finds(&format!("Authorization: Bearer {t}"), t, &[Mend::Label]);
    finds(&format!("Authentication: Bearer {t}"), t, &[Mend::Label]);
    finds(&format!("token: {t}"), t, &[Mend::Label]);
    finds(&format!("--token={t}"), t, &[Mend::Label]);
    finds(&format!("--token {t}"), t, &[Mend::Label]);
    finds(&format!("\"{t}\""), t, &[Mend::Quotes]);
    finds(&format!("'{t}',"), t, &[Mend::Quotes]);
    finds(&format!("`{t}`"), t, &[Mend::Quotes]);
    finds(&format!("“{t}”"), t, &[Mend::Quotes]);
    finds(&format!("'Authorization: Bearer {t}'"), t, &[Mend::Quotes, Mend::Label]);
    finds(&format!("Authorization: \"Bearer {t}\""), t, &[Mend::Quotes, Mend::Label]);
    finds(&format!("{t}%"), t, &[Mend::PromptMark]);
    finds(&format!("\u{feff}{t}"), t, &[Mend::Invisible]);
    finds(&format!("$ microk8s kubectl create token default\n{t}\n$ "), t, &[Mend::Surroundings]);
    finds(&format!("kubectl --token={t} get pods"), t, &[Mend::Surroundings]);
    finds(&format!("curl -H \"Authorization: Bearer {t}\" https://x"), t, &[Mend::Surroundings]);
}

#[test]
fn a_token_that_was_hurt() {
    let t = &bound();
    let (a, b) = t.split_at(200);
    finds(&format!("{a}\n{b}"), t, &[Mend::WhiteSpace]);
    finds(&format!("{a}\r\n    {b}\n"), t, &[Mend::WhiteSpace]);
    finds(&format!("{a} {b}"), t, &[Mend::WhiteSpace]);
    finds(&format!("{a}\\\n{b}"), t, &[Mend::Backslash, Mend::WhiteSpace]);
    finds(&format!("{a}\\{b}"), t, &[Mend::Backslash]);
    finds(&format!("\"{t}\\n\""), t, &[Mend::Quotes, Mend::Backslash]);
    finds(&format!("{a}\u{200b}{b}"), t, &[Mend::Invisible]);
    finds(&format!("{t}=="), t, &[Mend::Padding]);
    finds(&format!("> {a}\n> {b}").replace("\n> ", "\n"), t, &[Mend::Quotes, Mend::WhiteSpace]);
    let other_alphabet = t.replace('-', "+").replace('_', "/");
    if other_alphabet != *t {
        finds(&other_alphabet, t, &[Mend::Alphabet]);
    }
    let slashed = sample::unsigned(r#"{"alg":"RS256","kid":"???"}"#, r#"{"iss":">>>","x":"~~~"}"#);
    assert!(slashed.contains('_') && slashed.contains('-'));
    finds(&slashed.replace('-', "+").replace('_', "/"), &slashed, &[Mend::Alphabet]);
}

#[test]
fn a_token_wrapped_in_base64() {
    let t = &legacy();
    let once = STANDARD.encode(t);
    let twice = STANDARD.encode(&once);
    finds(&once, t, &[Mend::Base64]);
    finds(&twice, t, &[Mend::Base64, Mend::Base64]);
    finds(&STANDARD.encode(format!("{t}\n")), t, &[Mend::Base64]);
    finds(once.trim_end_matches('='), t, &[Mend::Base64]);
    let lines: Vec<&str> =
        (0..once.len()).step_by(76).map(|at| &once[at..(at + 76).min(once.len())]).collect();
    finds(&lines.join("\n"), t, &[Mend::Base64]);
}

#[test]
fn a_token_in_a_document() {
    let t = &bound();
    let in_secret = STANDARD.encode(t);
    for document in [
        json!({"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "status": {"token": t}}),
        json!({"kind": "ExecCredential", "status": {"token": t}}),
        json!({"kind": "TokenReview", "spec": {"token": t}}),
        json!({"kind": "Secret", "stringData": {"token": t}}),
        json!({"kind": "Config", "users": [{"name": "a", "user": {}}, {"user": {"token": t}}]}),
        json!({"id_token": t, "token_type": "Bearer"}),
        json!([{"token": t}])[0].clone(),
    ] {
        finds(&document.to_string(), t, &[Mend::Document]);
        finds(&format!("{document:#}"), t, &[Mend::Document]);
    }
    let secret = json!({"kind": "Secret", "data": {"token": in_secret}});
    finds(&secret.to_string(), t, &[Mend::Document, Mend::Base64]);
    let list = json!({"kind": "List", "items": [{"kind": "Secret", "data": {}}, secret]});
    finds(&list.to_string(), t, &[Mend::Document, Mend::Base64]);

    let yaml =
        format!("apiVersion: v1\ndata:\n  ca.crt: LS0t\n  token: {in_secret}\nkind: Secret\n");
    finds(&yaml, t, &[Mend::Document, Mend::Base64]);
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: c\nusers:\n- name: a\n  user:\n    token: {t}\n"
    );
    finds(&kubeconfig, t, &[Mend::Document]);
    let described = format!(
        "Name:         default-token\nType:  kubernetes.io/service-account-token\n\nData\n====\nca.crt:     1123 bytes\ntoken:      {t}\n"
    );
    finds(&described, t, &[Mend::Document]);
}

#[test]
fn what_is_no_token_of_this_kind() {
    let t = bound();
    let parts: Vec<&str> = t.split('.').collect();
    let static_token = STANDARD.encode(STANDARD.encode([7; 32]) + "\n");
    let jwe = format!("{}.a.b.c.d", base64url::encode(br#"{"alg":"dir","enc":"A128GCM"}"#));
    let five = format!("{t}.{t}");
    let claims_middle_cut = format!("{}.{}.{}", parts[0], &parts[1][..100], parts[2]);
    let cases: Vec<(&str, &str)> = vec![
        (&static_token, "microk8s-static-token"),
        ("92b2db237428470dc4fcfc4ebbd9dc81", "microk8s-join-token"),
        (
            "192.168.1.230:25000/92b2db237428470dc4fcfc4ebbd9dc81/2c0cb3284b05",
            "microk8s-join-token",
        ),
        ("10.0.0.1:25000/HqzLCQKBrvvdTYCEokhZbIevAxANYdLU", "microk8s-join-token"),
        (
            "microk8s join 192.168.1.230:25000/92b2db237428470dc4fcfc4ebbd9dc81/2c0cb3284b05 --worker",
            "microk8s-join-token",
        ),
        (
            "From the node you wish to join, run:\nmicrok8s join 10.0.0.1:25000/92b2db237428470dc4fcfc4ebbd9dc81\n",
            "microk8s-join-token",
        ),
        ("abcdef.0123456789abcdef", "bootstrap-token"),
        ("kubeadm join 10.0.0.1:6443 --token abcdef.0123456789abcdef", "bootstrap-token"),
        ("K10aabbccddeeff00112233445566778899::server:0123456789abcdef", "k3s-node-token"),
        (
            "Q7ZK2M9XW4RT6YP1B8NC3VD5FG0HJLSAQ7ZK2M9XW4RT6YP1B8NC3VD5FG0HJLSA",
            "microk8s-callback-token",
        ),
        ("c71191f9-21a6-4455-9a8c-a5fdc3c9563e", "uid"),
        ("system:serviceaccount:default:default", "user-name"),
        ("abcdefghijklmnop", "opaque-token"),
        ("sha256~0123456789012345678901234567890123456789012", "opaque-token"),
        (
            "TTTTTTTTTTTTTTTTTTTTTTTT,admin,admin,\"system:masters\"\nUUUUUUU,system:kube-proxy,kube-proxy\n",
            "token-file",
        ),
        ("-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n", "certificate"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIC\n", "private-key"),
        ("-----BEGIN PUBLIC KEY-----\nMIIC\n", "public-key"),
        ("-----BEGIN CERTIFICATE REQUEST-----\nMIIC\n", "pem"),
        (
            "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUMKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=",
            "certificate",
        ),
        (
            "apiVersion: v1\nkind: Config\nusers:\n- name: admin\n  user:\n    client-certificate-data: LS0t\n",
            "kubeconfig",
        ),
        (
            "apiVersion: v1\nkind: Config\nusers:\n- name: admin\n  user:\n    token: REDACTED\n",
            "kubeconfig",
        ),
        (r#"{"kind":"Config","users":[{"user":{"token":"REDACTED"}}]}"#, "kubeconfig"),
        ("apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: default\n", "kubernetes-object"),
        (r#"{"kind":"Pod"}"#, "kubernetes-object"),
        (r#"{"kind":"Status","status":"Failure","code":401}"#, "error-message"),
        (r#"{"keys":[{"kty":"RSA"}]}"#, "public-keys"),
        (r#"{"kty":"EC"}"#, "public-keys"),
        (r#"{"payload":"e30","signatures":[]}"#, "json-signature"),
        (sample::CLAIMS_OF_2022, "claims-alone"),
        (sample::HEADER_OF_2022, "header-alone"),
        (r#"{"a":1}"#, "something-else"),
        ("error: failed to create token: serviceaccounts \"x\" not found", "error-message"),
        ("Error from server (NotFound): secrets \"x\" not found", "error-message"),
        ("default", "something-else"),
        ("hello, this is no token, is it?", "something-else"),
        ("", "empty"),
        (" \n\t", "empty"),
        (&jwe, "encrypted-jwt"),
        (&t[..20], "half-a-jwt"),
        (&t[..200], "half-a-jwt"),
        (&t[100..], "half-a-jwt"),
        (parts[1], "half-a-jwt"),
        (&five, "half-a-jwt"),
        (&claims_middle_cut, "half-a-jwt"),
    ];
    let mut shown = String::new();
    for (pasted, code) in cases {
        let seen = recognise(pasted);
        assert_eq!(seen.what.code(), code, "{pasted}");
        assert_eq!(seen.token(), None);
        let first: String = pasted.lines().next().unwrap_or("").chars().take(32).collect();
        writeln!(shown, "{first:32}  {}", seen.what.says()).unwrap();
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn static_tokens_in_other_clothes() {
    let token = STANDARD.encode(STANDARD.encode([7; 32]) + "\n");
    assert_eq!(token.len(), 60);
    let kubeconfig = format!("apiVersion: v1\nkind: Config\nusers:\n- user:\n    token: {token}\n");
    for pasted in
        [format!("{token}\n"), format!("Bearer {token}"), format!("'{token}'"), kubeconfig]
    {
        assert_eq!(recognise(&pasted).what, What::Microk8sStaticToken, "{pasted}");
    }
    // One character less is no longer one.
    assert_eq!(recognise(&token[1..]).what, What::OpaqueToken);
}

/// Wherever a token was cut off, it is a piece of a JWT, and never something else. Only after the
/// second dot can't a cut be seen.
#[test]
fn every_beginning_of_a_token() {
    let t = bound();
    let second_dot = t.rfind('.').unwrap();
    for cut in 8..=second_dot {
        let seen = recognise(&t[..cut]);
        assert!(matches!(seen.what, What::HalfAJwt(_)), "{cut}: {:?}", seen.what);
    }
    for cut in second_dot + 1..t.len() {
        let seen = recognise(&t[..cut]);
        let length = cut - second_dot - 1;
        assert_eq!(seen.token().is_some(), length % 4 != 1, "{cut}: {:?}", seen.what);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever was done to a token on its way, it is found again.
    #[test]
    fn damage_is_undone(
        before in "|Bearer |Authorization: Bearer |token: |\"|'|\n|  ",
        breaks in prop::collection::vec(1..700_usize, 0..4),
        how in "\n|\r\n|\n    | |\\\\\n|\u{200b}",
        after in "|\"|'|,|\n|%|  ",
    ) {
        let token = bound();
        let mut pasted = String::new();
        for (index, c) in token.chars().enumerate() {
            if breaks.contains(&index) {
                pasted += &how;
            }
            pasted.push(c);
        }
        let pasted = format!("{before}{pasted}{after}");
        let seen = recognise(&pasted);
        prop_assert_eq!(seen.token(), Some(token.as_str()), "{}", pasted);
    }

    /// What is found can be read; what is said is short enough to be read by a person.
    #[test]
    fn any_text_is_something(text in "\\PC{0,60}") {
        let seen = recognise(&text);
        prop_assert!(!seen.what.says().is_empty());
        prop_assert!(seen.token().is_none() || seen.what.advice().is_empty());
    }
}
