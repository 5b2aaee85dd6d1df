//! The program as a reader runs it. Read the snapshots as documentation before you accept them.
#![allow(clippy::unwrap_used, reason = "a test may")]

use jwt_anatomy::base64url;
use serde_json::{Value, json};
use signing::{KeySet, PublicKey, SigningKey, samples};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// A folder with the files a reader may have.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.put("sa.key", samples::LAB_KEY_PEM);
        desk.put("sa.pub", samples::lab_key().public_key().to_pem());
        desk.put("ca.crt", samples::CA_CRT);
        for (name, file) in [
            ("other.pub", "RSA, SubjectPublicKeyInfo"),
            ("ec.key", "P-256, PKCS #8"),
            ("pkcs1.pub", "RSA, PKCS #1 public"),
            ("short.key", "RSA of 512 bits"),
        ] {
            desk.put(name, key_file(file));
        }
        let keys = ["sa.pub", "other.pub"].map(|name| fs::read(desk.path().join(name)).unwrap());
        let keys = KeySet::new(PublicKey::all_from_pem(&keys.concat()).unwrap());
        desk.put("jwks.json", keys.to_jwks().to_string());

        desk.put("token", format!("{}\n", token()));
        desk.put("empty", "");
        desk.put("binary", [0, 159, 146, 150, 255]);
        desk.put("huge", vec![b'e'; 5_000_000]);
        fs::create_dir(desk.path().join("folder")).unwrap();
        desk
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), content).unwrap();
    }

    /// The command and what came of it, as on a screen.
    fn run(&self, arguments: &str, stdin: &[u8]) -> String {
        let mut program = Command::new(env!("CARGO_BIN_EXE_signing"))
            .args(arguments.split_whitespace())
            .current_dir(self.path())
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that is not interested closes the pipe.
        let _ = program.stdin.take().unwrap().write_all(stdin);
        let output = program.wait_with_output().unwrap();
        let mut screen = format!("$ signing {arguments}\n");
        screen += &String::from_utf8(output.stdout).unwrap();
        screen += &String::from_utf8(output.stderr).unwrap();
        writeln!(screen, "[exit status {}]\n", output.status.code().unwrap()).unwrap();
        screen
    }

    fn run_all(&self, commands: &[&str]) -> String {
        commands.iter().map(|arguments| self.run(arguments, b"")).collect()
    }
}

fn key_file(name: &str) -> String {
    let files: Value = serde_json::from_str(include_str!("vectors/key-files.json")).unwrap();
    let file = files.as_array().unwrap().iter().find(|file| file["file"] == name).unwrap();
    file["text"].as_str().unwrap().to_owned()
}

fn token() -> String {
    samples::lab_key().sign(&json!({"sub": "system:serviceaccount:default:default"})).unwrap()
}

#[test]
fn without_arguments_it_tells_the_walk() {
    let desk = Desk::new();
    let screen = desk.run("", b"never read");
    assert!(screen.contains("\n9. The same by a library\n"));
    assert!(screen.ends_with("[exit status 0]\n\n"));
    assert_eq!(screen, desk.run("", b""));
}

#[test]
fn help() {
    let desk = Desk::new();
    let screens = desk.run_all(&["--help", "verify --help"]);
    insta::assert_snapshot!(screens);
}

#[test]
fn a_right_signature() {
    let desk = Desk::new();
    let with_blanks = format!("\n  {}\r\n", token());
    let screens = [
        desk.run("verify --key sa.pub token", b""),
        desk.run("verify --jwks jwks.json -", with_blanks.as_bytes()),
        desk.run("verify --key other.pub --key sa.key token", b""),
    ]
    .concat();
    insta::assert_snapshot!(screens);
}

#[test]
fn a_wrong_signature() {
    let desk = Desk::new();
    let token = token();
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let sub = r#"{"sub":"system:serviceaccount:kube-system:default"}"#;
    desk.put("forged", format!("{header}.{}.{signature}", base64url::encode(sub.as_bytes())));
    let none = base64url::encode(br#"{"alg":"none"}"#);
    desk.put("none", format!("{none}.{payload}."));
    let nameless = samples::lab_key().sign_parts(br#"{"alg":"RS256"}"#, sub.as_bytes()).unwrap();
    desk.put("nameless", nameless);
    let odd =
        base64url::encode("{\"alg\":\"RS256\",\"kid\":\"\\u001b[31m\\n\u{202e}KID\"}".as_bytes());
    desk.put("odd", format!("{odd}.{payload}.{signature}"));
    let long = json!({"alg": "?".repeat(100_000), "kid": "\u{1}".repeat(100_000)}).to_string();
    desk.put("long", format!("{}.{payload}.", base64url::encode(long.as_bytes())));
    let long_alg = json!({"alg": "?".repeat(100_000)}).to_string();
    desk.put("long-alg", format!("{}.{payload}.", base64url::encode(long_alg.as_bytes())));
    let short = base64url::encode(br#"{"alg":"RS256"}"#);
    desk.put("short", format!("{short}.{payload}.{}", base64url::encode(&[1; 64])));
    let no_claims = samples::lab_key().sign_payload(br#"{"exp":"soon"}"#).unwrap();
    desk.put("no-claims", no_claims);
    let screens = desk.run_all(&[
        "verify --key sa.pub forged",
        "verify --key other.pub token",
        "verify --key ca.crt token",
        "verify --key sa.pub none",
        "verify --jwks jwks.json none",
        "verify --key other.pub --key ca.crt nameless",
        "verify --key sa.pub odd",
        "verify --key sa.pub long",
        "verify --key sa.pub long-alg",
        "verify --key short.key short",
        "verify --key sa.pub no-claims",
    ]);
    insta::assert_snapshot!(screens);
}

#[test]
fn bad_tokens() {
    let desk = Desk::new();
    let mut screens = desk.run_all(&[
        "verify --key sa.pub empty",
        "verify --key sa.pub binary",
        "verify --key sa.pub huge",
        "verify --key sa.pub folder",
        "verify --key sa.pub eyJhbGciOi.a.token",
    ]);
    for stdin in [&b""[..], b"Bearer abc", b"\xff", &b".".repeat(5_000_000)] {
        screens += &desk.run("verify --key sa.pub -", stdin);
    }
    insta::assert_snapshot!(screens);
}

#[test]
fn bad_keys() {
    let desk = Desk::new();
    let screens = desk.run_all(&[
        "verify --key empty token",
        "verify --key binary token",
        "verify --key huge token",
        "verify --key folder token",
        "verify --key missing token",
        "verify --key jwks.json token",
        "verify --key pkcs1.pub token",
        "verify --key ec.key token",
        "verify --jwks sa.pub token",
        "verify --jwks empty token",
    ]);
    insta::assert_snapshot!(screens);
}

#[test]
fn bad_usage() {
    let desk = Desk::new();
    let screens = desk.run_all(&[
        "verify token",
        "verify --key sa.pub",
        "verify --key sa.pub --jwks jwks.json token",
        "verify --key - -",
        "frobnicate",
        "kid",
        "new-key",
    ]);
    insta::assert_snapshot!(screens);
}

#[test]
fn names_of_keys() {
    let desk = Desk::new();
    let screens = [
        desk.run_all(&["kid sa.pub", "kid sa.key", "kid jwks.json", "kid ec.key", "kid ca.crt"]),
        desk.run("kid -", samples::LAB_KEY_PEM.as_bytes()),
        desk.run_all(&["kid token", "kid empty", "kid huge", "kid folder", "kid missing"]),
    ]
    .concat();
    insta::assert_snapshot!(screens);
}

#[test]
fn many_keys_are_not_all_listed() {
    let desk = Desk::new();
    let key = samples::lab_key().public_key().to_pem();
    desk.put("50.pem", key.repeat(50));
    desk.put("51.pem", key.repeat(51));
    let rows =
        |screen: &str| screen.lines().filter(|line| line.ends_with("RSA, 2048 bits")).count();
    let screen = desk.run("kid 50.pem", b"");
    assert!(screen.contains("The 50 keys are called") && !screen.contains("more"), "{screen}");
    assert_eq!(rows(&screen), 50);
    let screen = desk.run("kid 51.pem", b"");
    assert!(screen.contains("The 51 keys are called") && screen.contains("and 1 more"), "{screen}");
    assert_eq!(rows(&screen), 50);
}

#[test]
fn a_new_key() {
    let desk = Desk::new();
    let screens = desk.run_all(&[
        "new-key new.key",
        "kid new.key",
        "new-key new.key",
        "new-key folder",
        "new-key missing/new.key",
    ]);
    let pem = fs::read(desk.path().join("new.key")).unwrap();
    let key = SigningKey::from_pem(&pem).unwrap();
    assert_eq!(key.public_key().kind(), "RSA, 2048 bits");
    // The key differs every time.
    let screens = screens.replace(&key.public_key().key_id(), "(43 characters)");
    insta::assert_snapshot!(screens);

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(desk.path().join("new.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // Made for the server, and good for it: what it signs, it checks.
    let token = key.sign(&json!({"sub": "me"})).unwrap();
    let screen = desk.run("verify --key new.key -", token.as_bytes());
    assert!(screen.contains("The signature is right"), "{screen}");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let desk = Desk::new();
    for arguments in [&[][..], &["verify", "--key", "sa.pub", "token"], &["kid", "sa.pub"]] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_signing"))
            .args(arguments)
            .current_dir(desk.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(program.stdout.take());
        let output = program.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert!(output.status.success());
    }
}
