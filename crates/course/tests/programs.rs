//! What takes seconds: endless loops, floods, Ctrl-C, watching, verifying; on a small course of our
//! own, built and run for real.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::{SOLVED, Small, program};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const DOTS: &str = "exercises/01_shapes/01_dots/src/exercise.rs";
const PATIENCE: Duration = Duration::from_secs(60);

fn solved_by(body: &str) -> String {
    SOLVED.replace("token.matches('.').count()", body)
}

#[test]
#[ignore = "waits for a time-out of ten seconds"]
fn a_loop_without_end_is_stopped_and_a_flood_is_not_kept() {
    let small = Small::new();
    small.write(DOTS, solved_by("loop {\n        println!(\"still {token}\");\n    }"));
    insta::assert_snapshot!("endless_loop", small.course(&["check"]).all());
}

#[test]
#[ignore = "builds a few times"]
fn other_ways_to_end() {
    let small = Small::new();
    for (name, body) in [
        ("overflow", "1 + dots(token)"),
        ("exit", "let _ = token;\n    std::process::exit(0)"),
        ("abort", "let _ = token;\n    std::process::abort()"),
        ("panic", "let none: Option<usize> = token.find('!');\n    none.expect(\"a '!'\")"),
        ("thread", "let _ = token;\n    std::thread::spawn(|| panic!(\"a\")).join().unwrap_or(7)"),
    ] {
        small.write(DOTS, solved_by(body));
        let said = small.course(&["check"]);
        insta::assert_snapshot!(name, said.all());
        assert_eq!(said.status, Some(1), "{name}");
    }
    assert!(!small.path().join(".course/progress.txt").exists(), "and none of them is a pass");
}

#[test]
#[ignore = "builds a few times"]
fn files_that_are_none() {
    let small = Small::new();
    for bytes in [&b"\xff\xfe"[..], b"", b"fn dots( {", b"\0\0\0"] {
        small.write(DOTS, bytes);
        let said = small.course(&["check"]);
        assert_eq!(said.status, Some(1), "{}", said.all());
        assert!(said.stdout.contains("Not yet: it does not compile."), "{}", said.all());
    }
    std::fs::remove_file(small.path().join(DOTS)).unwrap();
    assert!(small.course(&["check"]).stdout.contains("still as it came"));
    small.write("exercises/01_shapes/01_dots/tests/dots.rs", "// deleted");
    let said = small.course(&["check"]);
    assert!(said.stdout.contains("holds no check"), "{}", said.all());
    assert_eq!(said.status, Some(1), "no check is no pass");
}

#[test]
#[ignore = "builds, and waits for a signal"]
fn who_is_interrupted_leaves_nothing_running() {
    let small = Small::new();
    // It says its own number, so that we can look for it.
    small.write(
        "exercises/01_shapes/01_dots/src/exercise.rs",
        solved_by(
            "let _ = token;\n    std::fs::write(\"../../../pid\", \
             std::process::id().to_string()).unwrap();\n    loop {}",
        ),
    );
    let mut course = program(&small.path());
    let mut course =
        course.arg("check").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // "still running" is said once the check has had two seconds.
    let mut said = BufReader::new(course.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains("still running")));
    let running = |pid: &str| {
        let mut kill = Command::new("kill");
        kill.args(["-0", pid]).stderr(Stdio::null()).status().unwrap().success()
    };
    let pid = small.read("pid");
    assert!(running(&pid));
    let killed = Command::new("kill").args(["-INT", &course.id().to_string()]).status().unwrap();
    assert!(killed.success(), "the program is there to be interrupted");
    assert_eq!(course.wait().unwrap().code(), Some(130));
    // It is killed before its parent ends; whoever inherits it needs a moment to bury it.
    let gone = (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        !running(&pid)
    });
    assert!(gone, "the check goes on without us");
}

/// What `cargo run` says about the program it runs must not reach the cargo that this one runs:
/// there are build scripts (ring's) that run again when it changes, and all that stands on them.
#[test]
#[ignore = "builds a few times"]
fn what_cargo_run_sets_does_not_build_anything_again() {
    let small = Small::new();
    let build = small.read("exercises/make_exercise.rs");
    let line = "println!(\"cargo::rerun-if-changed=src/stub.rs\");";
    let more = "println!(\"cargo::rerun-if-env-changed=CARGO_PKG_NAME\");";
    assert!(build.contains(line));
    small.write("exercises/make_exercise.rs", build.replace(line, &format!("{line}\n    {more}")));
    let compiled = || {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap());
        cargo.current_dir(small.path()).args(["test", "--no-run", "-p", "dots"]);
        for key in ["CARGO_PKG_NAME", "CARGO_TARGET_DIR", "RUSTFLAGS"] {
            cargo.env_remove(key);
        }
        String::from_utf8(cargo.output().unwrap().stderr).unwrap().contains("Compiling")
    };
    assert!(compiled(), "at first there is everything to do");
    let mut course = program(&small.path());
    let course = course.args(["check", "dots"]).env("CARGO_PKG_NAME", "course");
    assert_eq!(course.stdout(Stdio::null()).status().unwrap().code(), Some(1));
    assert!(!compiled(), "and later nothing");
}

struct Watching {
    lines: Receiver<String>,
}

impl Watching {
    /// Everything up to the line in which `part` stands.
    fn until(&self, part: &str) -> String {
        let mut seen = String::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("{part} never came, but: {seen}"));
            seen.push_str(&line);
            seen.push('\n');
            if line.contains(part) {
                return seen;
            }
        }
    }
}

#[test]
#[ignore = "builds, and waits for the file system"]
fn a_watcher_checks_what_is_saved() {
    let small = Small::new();
    let mut watch = program(&small.path());
    let watch = watch.arg("watch").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut watch = watch.spawn().unwrap();
    let (send, lines) = channel();
    let stdout = BufReader::new(watch.stdout.take().unwrap());
    std::thread::spawn(move || stdout.lines().all(|line| send.send(line.unwrap()).is_ok()));
    let mut keys = watch.stdin.take().unwrap();
    let watching = Watching { lines };

    let first = watching.until("Enter alone checks again");
    assert!(first.contains("1.1 dots") && first.contains("still to do"), "{first}");
    small.write(DOTS, SOLVED);
    let passed = watching.until("Enter alone checks again");
    assert!(passed.contains("Done: every check passes."), "{passed}");
    // Saving the same again is no news; the next exercise is, as soon as it is saved, in the way
    // of editors that write another file and rename it.
    small.write(DOTS, SOLVED);
    small.write("exercises/01_shapes/02_dashes/src/.exercise.rs.swp", solved_by("token.len()"));
    let folder = small.path().join("exercises/01_shapes/02_dashes/src");
    std::fs::rename(folder.join(".exercise.rs.swp"), folder.join("exercise.rs")).unwrap();
    let next = watching.until("Enter alone checks again");
    assert!(next.starts_with("1.2 dashes: ") && next.contains("Not yet: "), "{next}");
    for (typed, expected) in
        [("h", "Hint 1 of 3"), ("l", "Chapter 2: claims"), ("x", "means nothing")]
    {
        writeln!(keys, "{typed}").unwrap();
        let said = watching.until("Enter alone checks again");
        assert!(said.contains(expected), "{said}");
    }
    writeln!(keys, "q").unwrap();
    assert!(watch.wait().unwrap().success());
}

#[test]
#[ignore = "builds every variant, and runs clippy"]
fn verify_finds_what_a_reader_would_stumble_over() {
    let small = Small::new();
    assert_eq!(
        small.course(&["verify"]).all(),
        "Verifying 3 exercises\n\n     ok  1.1 dots\n     ok  1.2 dashes\n     ok  2.1 issuer\n[status 0]"
    );

    let change = |file: &str, from: &str, to: &str| {
        let text = small.read(file);
        assert!(text.contains(from), "{file} has no {from:?}");
        small.write(file, text.replace(from, to));
    };
    let dots = "exercises/01_shapes/01_dots";
    change(&format!("{dots}/Cargo.toml"), "count the dots", "look at the dots");
    change(&format!("{dots}/Cargo.toml"), "minutes = 5", "minutes = 45");
    change("exercises/solutions/01_shapes/01_dots.rs", "count()", "count() + 1");
    let dashes = "exercises/01_shapes/02_dashes";
    change(&format!("{dashes}/src/stub.rs"), "    todo!", "    let unused = 4;\n    todo!");
    change("exercises/solutions/01_shapes/02_dashes.rs", "    token", "    return token");
    small.write("book/src/SUMMARY.md", "# Summary\n\n- [Three parts](01-shapes/three-parts.md)\n");
    small.write("book/src/01-shapes/three-parts.md", "# Three parts\n");
    change("exercises/02_claims/01_issuer/Cargo.toml", "three-parts", "four-parts");
    change(
        "exercises/02_claims/01_issuer/src/stub.rs",
        "todo!(\"count the dots of {token:?}\")",
        "token.matches('.').count()",
    );
    small.course(&["list"]);
    let said = small.course(&["verify"]);
    assert_eq!(said.status, Some(1));
    // The compiler's own words change with its version.
    let own: Vec<&str> =
        said.stdout.split("\n\n   ").filter(|part| !part.contains("unused")).collect();
    insta::assert_snapshot!("verify", own.join("\n\n   "));
    assert!(said.stdout.contains("dashes: the compiler says: warning: unused"), "{}", said.stdout);
    assert!(said.stderr.contains("needless_return"), "clippy: {}", said.stderr);

    small.write(&format!("{dots}/src/exercise.rs"), SOLVED);
    let said = small.course(&["verify", "dots"]);
    assert!(said.stdout.contains("its exercise.rs is not the stub"), "{}", said.all());
}
