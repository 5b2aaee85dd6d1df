//! What a person sees, and what a program's end says.
#![allow(clippy::unwrap_used, reason = "a test may")]

use narration::{Clock, InputError, MAX_TOKEN_BYTES, ManualClock, Report, Story, read, read_text};
use std::io::{self, Write};
use std::path::Path;

fn told(tell: impl FnOnce(&mut Story<&mut Vec<u8>>) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    tell(&mut Story::new(&mut out)).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_story_from_its_first_line_to_its_last() {
    let text = told(|story| {
        story.begin("lab", "What is that token?")?;
        story.step("The parts")?;
        story.say(
            "A paragraph is wrapped so that it fits a terminal of eighty columns, with a little \
             room at its left.",
        )?;
        story.command("microk8s kubectl create token default")?;
        story.lines("as it is\n\n  indented, and as long as it happens to be, however long that is: nothing is wrapped")?;
        story.rows(&[
            ("short", "value"),
            ("a longer key", "a value that goes on for so long that it has to go on under itself"),
            ("ключ", "keys are measured in characters, not bytes"),
            (
                "token",
                "eyJhbGciOiJSUzI1NiIsImtpZCI6IjB4MTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZiJ9",
            ),
            ("empty", ""),
        ])?;
        story.step("The end")?;
        story.what_we_know_now(&[
            "One thing.",
            "Another, which needs a few more words than fit a single line of it.",
        ])
    });
    insta::assert_snapshot!(text);
    assert!(text.lines().all(|line| line == line.trim_end()), "no blanks at the end of a line");
}

#[test]
fn a_title_without_a_cluster_and_what_holds() {
    let text = told(|story| {
        story.title("1.1 columns: A line becomes a user")?;
        story.marks(&[(true, "a line of two columns is nobody"), (false, "groups are not trimmed")])
    });
    insta::assert_snapshot!(text, @r"
    1.1 columns: A line becomes a user

         ok  a line of two columns is nobody
         no  groups are not trimmed
    ");
}

#[test]
fn a_closed_pipe_is_an_error_of_the_writer_and_no_panic() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = Story::new(Closed).say("anything").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    let ended = narration::conclude(Err(Report::from(error)));
    assert_eq!(format!("{ended:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
}

#[test]
fn input_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let big = vec![b'a'; usize::try_from(MAX_TOKEN_BYTES).unwrap() + 1];
    let why = |path: &Path| {
        let text = read_text(path).unwrap_err().to_string();
        text.replace(&folder.path().display().to_string(), "FOLDER")
    };
    let said = [
        why(&folder.path().join("nothing")),
        why(folder.path()),
        why(&file("empty", b"")),
        why(&file("blank", b" \n\t\n")),
        why(&file("binary", b"abc\xff\xfe")),
        why(&file("big", &big)),
    ]
    .join("\n");
    insta::assert_snapshot!(said, @r"
    cannot read FOLDER/nothing: no such file
    cannot read FOLDER: it is a folder
    FOLDER/empty is empty: nothing to look at
    FOLDER/blank is empty: nothing to look at
    FOLDER/binary is not text: byte 4 is not UTF-8
    FOLDER/big is larger than 1048576 bytes, which no token is
    ");
}

#[test]
fn as_much_as_the_limit_is_read_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, "12345").unwrap();
    assert_eq!(read(&path, 5).unwrap(), b"12345");
    assert!(matches!(read(&path, 4), Err(InputError::TooLarge { limit: 4, .. })));
}

#[test]
fn clones_of_a_clock_show_the_same_time() {
    let clock = ManualClock::at_unix(1_664_702_005);
    let same = clock.clone();
    clock.advance(chrono::TimeDelta::seconds(60));
    assert_eq!(same.now().timestamp(), 1_664_702_065);
    same.set(chrono::DateTime::UNIX_EPOCH);
    assert_eq!(clock.now().timestamp(), 0);
}
