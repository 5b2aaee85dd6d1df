//! The runner of console blocks runs everything, in the world it promises, and says what differs.
#![allow(clippy::unwrap_used, reason = "a test may")]

use book_checks::console::{self, Programs};
use book_checks::{Book, Problem};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

/// A book of one page, and a program `one` that is built: it prints its arguments.
fn book(page: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("book/src")).unwrap();
    fs::write(root.join("book/src/SUMMARY.md"), "[Page](page.md)").unwrap();
    fs::write(root.join("book/src/page.md"), page).unwrap();
    fs::create_dir_all(root.join("crates/one")).unwrap();
    fs::write(root.join("crates/one/main.rs"), "// ANCHOR: it\nsix words\n// ANCHOR_END: it\n")
        .unwrap();

    let built = root.join("target/debug");
    fs::create_dir_all(&built).unwrap();
    fs::write(built.join("one"), "#!/bin/sh\necho \"one: $*\"; echo aside >&2\n").unwrap();
    fs::set_permissions(built.join("one"), fs::Permissions::from_mode(0o755)).unwrap();
    let source = root.join("crates/one/main.rs").display().to_string().replace(' ', "\\ ");
    fs::write(built.join("one.d"), format!("target/debug/one: {source}\n")).unwrap();
    folder
}

fn check(root: &Path) -> Vec<String> {
    let programs = Programs::new(root, &root.join("target/debug")).unwrap();
    let problems = console::check(&Book::read(root).unwrap(), &programs).unwrap();
    problems.iter().map(Problem::to_string).collect()
}

fn block(text: &str) -> String {
    format!("# Page\n\n```console\n{text}\n```\n")
}

#[test]
fn what_is_true_passes() {
    for true_block in [
        "$ printf 'a\\nb\\n'\na\nb",
        "$ printf 'no end of line'\nno end of line\n$ printf next\nnext",
        "$ true",
        // Quietly or not, with arguments or without; standard error is seen as well.
        "$ cargo run -q -p one -- --flag x\none: --flag x\naside",
        "$ cargo run -p one\none: \naside",
        "$ printf x | cargo run -q -p one -- - 2>&1 | head -n 1\none: -",
        // Here-documents, and a block's one shell.
        "$ cat > file <<'END'\n> $HOME\n>\n> two\n> END\n$ cat file; name=value\n$HOME\n\ntwo\n$ printf $name\nvalue",
        "$ false\n$ echo $?\n1",
        // The world of a block.
        "$ echo \"$NO_COLOR $TZ ${KUBECONFIG-unset}\"\n1 UTC unset",
        "$ test \"$HOME\" = \"$PWD\" && echo home\nhome",
        // A line that looks like a command's continuation, in what it prints.
        "$ printf 'first\\n> second\\n'\nfirst\n> second",
        // Included from where it is tested.
        "$ echo six words\n{{#include ../../crates/one/main.rs:it}}",
    ] {
        let folder = book(&block(true_block));
        assert_eq!(check(folder.path()), [""; 0], "{true_block}");
    }
}

#[test]
fn a_page_has_one_folder_and_a_page_of_its_own() {
    let folder = book(&(block("$ echo 1 > made") + &block("$ cat made\n1")));
    fs::write(folder.path().join("book/src/z.md"), block("$ ls")).unwrap();
    assert_eq!(check(folder.path()), [""; 0]);
}

#[test]
fn what_is_not_true_is_told_with_its_place() {
    for (block_text, line, says) in [
        ("$ echo a\nb", 4, "`echo a` prints something else\n  from its line 1 on\n  - b\n  + a\n"),
        ("$ true\n$ printf 'a\\nb\\nc\\n'\na\nb", 5, "from its line 3 on\n  + c\n"),
        ("$ echo a", 4, "  + a"),
        ("$ echo 'a '\na", 4, "  + a\u{b7}\n"),
        ("$ printf '\\033[1ma'\na", 4, "  + \\u{1b}[1ma\n"),
        ("$ printf '\\n\\na'\na", 4, "something else"),
        ("$ kubectl get pods\nNo resources", 4, "not found"),
        ("$ curl https://kubernetes.io", 4, "not found"),
        ("$ cargo build", 4, "only `cargo run -q -p CRATE -- ARGUMENTS`"),
        ("$ exit 0\n$ echo a\na", 5, "`echo a` did not run"),
        ("a\n$ echo a", 3, "without a command before \"a\""),
        ("", 3, "without a command"),
    ] {
        let folder = book(&block(block_text));
        let found = check(folder.path());
        assert_eq!(found.len(), 1, "{block_text}: {found:#?}");
        let place = format!("book/src/page.md:{line}: ");
        assert!(found[0].starts_with(&place) && found[0].contains(says), "{says}: {}", found[0]);
    }
}

#[test]
fn what_is_left_in_the_background_ends_with_its_block() {
    let folder = book(&block("$ sh -c 'sleep 600; touch late' &\n$ echo on\non"));
    assert_eq!(check(folder.path()), [""; 0]);
}

#[test]
fn a_program_older_than_its_source_is_built_anew() {
    let folder = book(&block("$ cargo run -q -p one\none: \naside"));
    let root = folder.path();
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    let source = fs::File::options().append(true).open(root.join("crates/one/main.rs")).unwrap();
    source.set_modified(later).unwrap();
    let programs = Programs::new(root, &root.join("target/debug")).unwrap();
    // This workspace has no Cargo.toml, so that the build is seen to be tried.
    let error = console::check(&Book::read(root).unwrap(), &programs).unwrap_err();
    assert_eq!(error.to_string(), "`cargo build -p one` failed: what it printed says why");
}
