//! The three tools, on the lab inside the program and on a lab beside it.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use bearer_auth::lab::Lab;
use common::{run, seen, stdout, steady, write};
use insta::assert_snapshot;
use jwt_anatomy::UnverifiedToken;

fn create_token(more: &[&str]) -> String {
    let output = run(&[&["create-token"], more].concat(), "");
    assert!(output.status.success(), "{}", seen(&output));
    stdout(&output)
}

fn claims(token: &str) -> jwt_anatomy::Claims {
    UnverifiedToken::read(token).unwrap().unverified_claims().unwrap()
}

#[test]
fn help() {
    assert_snapshot!(seen(&run(&["--help"], "")));
    assert_snapshot!("help_of_create_token", seen(&run(&["create-token", "--help"], "")));
}

#[test]
fn a_token_comes_alone_and_what_there_is_to_say_comes_beside_it() {
    let output = run(&["create-token"], "");
    let token = stdout(&output);
    assert!(!token.contains(char::is_whitespace), "a file would hold more than the token");
    let claims = claims(&token);
    assert_eq!(claims.subject, "system:serviceaccount:default:default");
    assert_eq!(claims.expires_at.unwrap() - claims.issued_at.unwrap(), 3600);
    assert_snapshot!(steady(&seen(&output)).replace(&token, "TOKEN"));
}

#[test]
fn a_token_is_made_as_ordered() {
    let token = create_token(&["-n", "kube-system", "coredns", "--duration", "1h30m"]);
    let claims = claims(&token);
    assert_eq!(claims.subject, "system:serviceaccount:kube-system:coredns");
    assert_eq!(claims.expires_at.unwrap() - claims.issued_at.unwrap(), 5400);

    let order = ["--audience", "vault", "--audience=https://b.example"];
    let audiences = self::claims(&create_token(&order)).audiences;
    assert_eq!(audiences, ["vault", "https://b.example"]);
}

#[test]
fn zero_is_not_for_ever() {
    let output = run(&["create-token", "--duration=0s"], "");
    let token = stdout(&output);
    assert_eq!(claims(&token).expires_at.unwrap() - claims(&token).issued_at.unwrap(), 3600);
    assert_snapshot!(steady(&seen(&output)).replace(&token, "TOKEN"));
}

#[test]
fn orders_that_cannot_be() {
    for (name, order) in [
        ("too_short", &["--duration=9m59s"][..]),
        ("negative", &["--duration=-1h"]),
        ("no_duration", &["--duration=soon"]),
        ("a_huge_duration", &["--duration=99999999999999999999h"]),
        ("an_account_that_is_not_there", &["nobody"]),
        ("an_account_that_is_a_path", &["../../secrets"]),
        ("a_namespace_that_is_not_there", &["-n", "nowhere"]),
    ] {
        assert_snapshot!(name, seen(&run(&[&["create-token"], order].concat(), "")));
    }
}

/// The lab inside each run has the same key and the same accounts.
#[test]
fn a_token_of_one_run_is_good_in_the_next() {
    let token = create_token(&[]);
    let output = seen(&run(&["whoami", "-"], format!("{token}\n")));
    let jti = claims(&token).token_id;
    assert!(output.contains(&jti));
    assert_snapshot!(output.replace(&jti, "ITS-JTI"));
}

#[test]
fn whoami_without_a_token_is_the_kubeconfigs_user() {
    assert_snapshot!(steady(&seen(&run(&["whoami"], ""))));
}

#[test]
fn pods() {
    let token = create_token(&[]);
    let output = run(&["pods", "-"], &token);
    assert_snapshot!(seen(&output));
    assert_eq!(seen(&output), seen(&run(&["pods"], "")));
}

#[test]
fn a_token_that_is_refused_and_why() {
    let mut tampered = create_token(&[]);
    let last = tampered.pop().unwrap();
    tampered.push(if last == 'A' { 'Q' } else { 'A' });
    assert_snapshot!("tampered", seen(&run(&["whoami", "-"], tampered)));
    let foreign = create_token(&["--audience=vault"]);
    assert_snapshot!("for_somebody_else", seen(&run(&["pods", "-"], foreign)));
    assert_snapshot!("no_token_at_all", seen(&run(&["whoami", "-"], "garbage")));
}

#[test]
fn input_that_is_no_token() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    for (name, argument, input) in [
        ("empty", "-", vec![]),
        ("blank", "-", b" \n\n".to_vec()),
        ("binary", "-", vec![0, 1, 2, 0xff]),
        ("a_nul", "-", b"a\0b".to_vec()),
        ("not_ascii", "-", "tok\u{f6}n".into()),
        ("broken_in_two", "-", b"eyJhbGci\nOiJSUzI1".to_vec()),
        ("with_its_scheme", "-", b"Bearer abc".to_vec()),
        ("five_megabytes", "-", vec![b'a'; 5 << 20]),
        ("a_folder", folder.path().to_str().unwrap(), vec![]),
        ("a_missing_file", missing.to_str().unwrap(), vec![]),
    ] {
        let output = run(&["whoami", argument], input);
        let path = folder.path().to_str().unwrap();
        assert_snapshot!(name, seen(&output).replace(path, "DIR"));
    }
}

#[test]
fn a_token_on_the_command_line_is_not_taken_nor_repeated() {
    let token = create_token(&[]);
    let output = seen(&run(&["whoami", &token], ""));
    assert!(!output.contains(&token[..20]));
    assert_snapshot!(output);
    // As known_tokens.csv has them: 60 characters, no dots.
    let output = seen(&run(&["whoami", &"Q".repeat(60)], ""));
    assert!(!output.contains("QQ"), "{output}");
}

#[test]
fn bad_usage() {
    for (name, arguments) in [
        ("an_unknown_tool", &["delete-token"][..]),
        ("a_context_of_nothing", &["--context", "microk8s"]),
        ("one_input_for_two", &["whoami", "--kubeconfig", "-", "-"]),
    ] {
        let output = run(arguments, "");
        assert_eq!(output.status.code(), Some(2));
        assert_snapshot!(name, seen(&output));
    }
}

/// A lab beside the program, as a reader has one in another terminal.
#[tokio::test(flavor = "multi_thread")]
async fn kubeconfigs_that_work() {
    let lab = Lab::by_the_real_clock().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let token = create_token(&[]);
    let (server, ca) = (format!("https://{}", lab.server().address()), lab.server().ca_pem());

    write(folder.path(), "a-token", format!("{token}\n"));
    for (name, user) in [
        ("token", format!("{{token: {token}}}")),
        ("token_file_beside_it", "{tokenFile: a-token}".to_owned()),
        ("token_file_goes_first", "{token: garbage, tokenFile: a-token}".to_owned()),
        ("a_name_beside_the_token", format!("{{username: admin, token: {token}}}")),
        ("nobody", "{}".to_owned()),
    ] {
        let file = write(folder.path(), name, common::kubeconfig(&server, ca, &user));
        let output = seen(&run(&["whoami", "--kubeconfig", &file], ""));
        let whose = output.contains("system:serviceaccount:default:default");
        assert_eq!(whose, name != "nobody", "{output}");
    }

    // The administrator's: from a file, from a pipe, by another context's name.
    let admin = lab.server().admin_kubeconfig();
    let file = write(folder.path(), "admin", &admin);
    let by_file = seen(&run(&["whoami", "--kubeconfig", &file], ""));
    let port = lab.server().address().port().to_string();
    assert_snapshot!("the_labs_kubeconfig", steady(&by_file).replace(&port, "PORT"));
    assert_eq!(by_file, seen(&run(&["whoami", "--kubeconfig", "-"], &admin)));
    // A token of one's own replaces it altogether, certificate and all.
    let output = seen(&run(&["whoami", "--kubeconfig", &file, "-"], &token));
    assert!(output.contains("system:serviceaccount:default:default"), "{output}");
    lab.stop().await;
}

fn everything(lab: &Lab) -> Vec<serde_json::Value> {
    let objects = lab.server().registry().all_objects();
    objects.into_iter().map(|(_, object)| object.as_ref().clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_on_a_cluster_of_ones_own() {
    let lab = Lab::by_the_real_clock().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let before = everything(&lab);
    let file = write(folder.path(), "admin", lab.server().admin_kubeconfig());
    let output = run(&["--kubeconfig", &file], "");
    assert!(output.status.success(), "{}", seen(&output));
    assert_eq!(everything(&lab), before, "the walk wrote something");
    for line in stdout(&output).lines() {
        assert!(line.chars().count() <= 80 || line.contains("jwt"), "{line}");
    }
    lab.stop().await;
}
