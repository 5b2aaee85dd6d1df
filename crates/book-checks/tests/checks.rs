//! Every check can fail: a small book that is right, and what each mistake in it is told.
#![allow(clippy::unwrap_used, reason = "a test may")]

use book_checks::{Book, Problem, links};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const PAGE: &str = "book/src/01-one/README.md";
const SVG: &str = r#"<svg role="img" viewBox="0 0 9 9" aria-labelledby="t d">
<title id="t">A line</title><desc id="d">From left to right.</desc>
<path d="M0 0 H9" stroke="currentColor" style="fill:var(--bg)"/>
</svg>"#;

/// A workspace with one chapter, one draft, one exercise.
fn right() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let page = format!(
        "# One\n\n`cargo run -p one` and `cargo course check pieces`.\n\n\
         ```rust\n{{{{#include ../../../crates/01-one/src/lib.rs:idea}}}}\n```\n\n\
         [up](../index.md#the-title), [out](https://kubernetes.io/docs/), [here](#one)\n\n{SVG}\n"
    );
    for (path, text) in [
        ("book/theme/course.css", ":root { --ours: var(--links); }"),
        (
            "book/src/SUMMARY.md",
            "# Summary\n\n[Front](index.md)\n\n- [One](01-one/README.md)\n- [Two things]()\n",
        ),
        ("book/src/index.md", "# The title\n\n[One](01-one/index.md)\n"),
        (PAGE, &page),
        ("crates/01-one/Cargo.toml", "[package]\nname = \"one\"\n"),
        ("crates/01-one/src/lib.rs", "// ANCHOR: idea\npub fn idea() {}\n// ANCHOR_END: idea\n"),
        ("crates/02-two/Cargo.toml", "[package]\nname = \"two\"\n"),
        (
            "exercises/01_one/01_pieces/Cargo.toml",
            "[package]\nname = \"pieces\"\n[package.metadata.exercise]\npage = \"01-one/index.html\"\n",
        ),
        ("exercises/01_one/01_pieces/src/lib.rs", "// ANCHOR: it\nsolved\n// ANCHOR_END: it\n"),
    ] {
        write(folder.path(), path, text);
    }
    folder
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn problems(root: &Path) -> Vec<String> {
    Book::read(root).unwrap().problems().iter().map(Problem::to_string).collect()
}

/// Exactly one problem, in this place, and it says this.
fn finds(root: &Path, place: &str, says: &str) {
    let found = problems(root);
    assert_eq!(found.len(), 1, "{says}: {found:#?}");
    let told = found[0].starts_with(&format!("{place}: ")) && found[0].contains(says);
    assert!(told && found[0].contains("\n  try: "), "{place}, {says}: {found:#?}");
}

/// What is told when this is added to the chapter's page, on its line 16.
fn page_with(addition: &str, says: &str) {
    page_with_at(addition, 16, says);
}

fn page_with_at(addition: &str, line: usize, says: &str) {
    let folder = right();
    let text = fs::read_to_string(folder.path().join(PAGE)).unwrap() + "\n" + addition + "\n";
    write(folder.path(), PAGE, &text);
    finds(folder.path(), &format!("{PAGE}:{line}"), says);
}

/// What is told when a file is another.
fn with(path: &str, text: &str, place: &str, says: &str) {
    let folder = right();
    write(folder.path(), path, text);
    finds(folder.path(), place, says);
}

fn edited(path: &str, from: &str, to: &str, place: &str, says: &str) {
    let folder = right();
    let text = fs::read_to_string(folder.path().join(path)).unwrap();
    assert!(text.contains(from), "{text}");
    write(folder.path(), path, &text.replace(from, to));
    finds(folder.path(), place, says);
}

#[test]
fn a_book_that_is_right_has_no_problem() {
    let folder = right();
    assert_eq!(problems(folder.path()), [""; 0]);
    let book = Book::read(folder.path()).unwrap();
    assert_eq!(
        links::listed(&book).into_iter().collect::<Vec<_>>(),
        ["https://kubernetes.io/docs/"]
    );
    assert_eq!(book.page("01-one/README.md").unwrap().blocks[0].text, "pub fn idea() {}\n");
}

#[test]
fn an_include_must_be_there_and_from_where_it_is_compiled() {
    let include = |what: &str| format!("```rust\n{{{{#{what}}}}}\n```");
    for (what, says) in [
        ("include ../../../crates/01-one/src/lib.rs:other", "has no anchor \"other\""),
        ("include ../../../crates/01-one/src/lib.rs:3:9", "has 3 lines, and not 3:9"),
        ("include ../../../crates/01-one/src/lib.rs:2:1", "has 3 lines, and not 2:1"),
        (
            "include ../../../crates/01-one/src/gone.rs",
            "there is no file crates/01-one/src/gone.rs",
        ),
        ("include ../../../exercises/01_one/01_pieces/src/lib.rs:it", "is not in crates/"),
        ("include ../../../../etc/passwd", "leads out of the workspace"),
        ("include ../../../crates/../exercises/01_one/01_pieces/src/lib.rs", "is not in crates/"),
        ("rustdoc_include ../../../crates/01-one/src/lib.rs", "`#rustdoc_include` is not used"),
    ] {
        let page = include(what);
        let folder = right();
        let text = fs::read_to_string(folder.path().join(PAGE)).unwrap() + "\n" + &page;
        write(folder.path(), PAGE, &text);
        let found = problems(folder.path());
        assert!(
            found[0].starts_with(&format!("{PAGE}:17: ")) && found[0].contains(says),
            "{found:#?}"
        );
    }
    edited(
        "crates/01-one/src/lib.rs",
        "pub fn idea() {}",
        " ",
        &format!("{PAGE}:6"),
        "what \"idea\" names is empty",
    );
}

#[test]
fn a_block_says_what_it_is() {
    page_with("```\nx\n```", "a block without a language");
    page_with("    x", "a block without a language");
    page_with("```sh\nls\n```", "\"sh\" is no language of this book");
    page_with("```rust\nfn main() {}\n```", "Rust that nobody compiles");
    page_with(
        "```rust\n{{#include ../../../crates/01-one/src/lib.rs:idea}}\nlet x;\n```",
        "Rust that",
    );
}

#[test]
fn what_somebody_else_printed_says_which_version_and_when() {
    page_with("```text\n$ kubectl get pods\nNo resources\n```", "of which version");
    let of_no_day = "kubectl 1.37.2:\n\n```text\n$ x | kubectl -f -\nNo\n```";
    page_with_at(of_no_day, 18, "`x | kubectl -f -`: of which day");
    page_with("```text\n$ date\nToday\n```", "`date`: of which day");
    page_with("```text\n$ cargo run -p one\n1\n```", "nobody runs it");
    for good in [
        "kubectl 1.37.2, 25 November 2026:\n\n```text\n$ kubectl get pods\nNo\n```",
        "```text\n$ kubectl get pods\nNo\n```\n\nThat was v1.37 on 2026-11-25.",
        "```text\n# 1.25, in October 2022\n$ kubectl get pods\nNo\n```",
        "```text\n$ kubectl get pods\n$ cargo run -p one\n```",
        "```text\n# a token file\n```",
    ] {
        let folder = right();
        let text = fs::read_to_string(folder.path().join(PAGE)).unwrap() + "\n" + good;
        write(folder.path(), PAGE, &text);
        assert_eq!(problems(folder.path()), [""; 0], "{good}");
    }
}

#[test]
fn a_link_leads_somewhere() {
    for (target, says) in [
        ("../index.md#gone", "index.md has no \"gone\""),
        ("#gone", "has no \"gone\""),
        ("gone.md", "there is no book/src/01-one/gone.md"),
        ("../index.html#the-title-1", "index.md has no"),
        ("README.md", "mdBook has no README.html"),
        ("../../../Cargo.toml", "it leads out of the book"),
        ("#", "it leads nowhere"),
        ("http://kubernetes.io/", "not an https address"),
        ("//kubernetes.io/", "not an https address"),
        ("mailto:a@b.c", "not an https address"),
        ("javascript:alert(1)", "not an https address"),
        ("https://localhost/x", "its host is no name"),
        ("https://kubernetes.io:8443/x", "its host is no name"),
        ("https://kubernetes.io/a,", "no well-formed address"),
        ("https://github.com/kubernetes/kubernetes/blob/master/README.md", "a branch moves on"),
    ] {
        page_with(&format!("[x]({target})"), says);
        page_with(&format!("<a href=\"{target}\">x</a>"), says);
    }
    page_with("![x](https://kubernetes.io/a.png)", "the page would load this");
    page_with("<iframe src=\"https://kubernetes.io/\"></iframe>", "the page would load this");
    page_with("<iframe src=\"gone.html\"></iframe>", "there is no book/src/01-one/gone.html");
    page_with(
        "<p style=\"background: url(gone.png)\">x</p>",
        "there is no book/src/01-one/gone.png",
    );
    page_with("<p id=\"one\">x</p>", "id \"one\" is there a second time");
    // A file beside the pages, and the ids in it.
    let folder = right();
    write(folder.path(), "book/src/tool.html", "<p id=here>");
    let text = fs::read_to_string(folder.path().join(PAGE)).unwrap();
    let links = "[a](../tool.html#here) [b](../tool.html#there)";
    write(folder.path(), PAGE, &format!("{text}\n{links}\n"));
    finds(folder.path(), &format!("{PAGE}:16"), "tool.html has no \"there\"");
}

#[test]
fn summary_chapters_and_exercises_agree() {
    with("book/src/lost.md", "# Lost", "book/src/lost.md", "no line of SUMMARY.md leads");
    let summary = "book/src/SUMMARY.md";
    edited(
        summary,
        "[Front](index.md)",
        "[Front](index.md)\n[More](more.md)",
        &format!("{summary}:4"),
        "there is no page more.md",
    );
    edited(
        summary,
        "- [Two",
        "- [Again](index.md)\n- [Two",
        &format!("{summary}:6"),
        "a second time",
    );
    edited(summary, "Two things", "Three", summary, "crates/02-two has no chapter");
    edited(
        summary,
        "- [One](01-one/README.md)\n- [Two things]()",
        "- [Two]()\n- [One](01-one/README.md)",
        &format!("{summary}:5"),
        "02-two comes before 01-one",
    );
    edited(PAGE, "cargo run -p one", "cargo run -p two", PAGE, "does not show `cargo run -p one`");
    edited(PAGE, "check pieces", "check NAME", PAGE, "does not lead to its exercise pieces");
    page_with("`cargo course check nothing`", "there is no such exercise");
    page_with("`cargo run -q -p nothing -- -p one`", "there is no such package");
    let exercise = "exercises/01_one/01_pieces/Cargo.toml";
    edited(exercise, "01-one/index.html", "01-one/gone.html", exercise, "is not in SUMMARY.md");
    edited(exercise, "01-one/index.html", "index.html", exercise, "is not in 01-one/");
    edited(exercise, "page", "pages", exercise, "no page explains it");
    with(
        "exercises/01_one/02_more/Cargo.toml",
        "[package",
        "exercises/01_one/02_more/Cargo.toml",
        "unclosed table",
    );
}

#[test]
fn a_diagram_follows_theme_and_screen_and_can_be_read_aloud() {
    for (line, from, to, says) in [
        (13, "currentColor", "#fff", "stroke: #fff stays as it is"),
        (13, "currentColor", "black", "stroke: black stays"),
        (13, "var(--bg)", "rgb(1,2,3)", "fill: rgb(1,2,3) stays"),
        (13, "var(--bg)", "var(--mine)", "fill: var(--mine) stays"),
        (11, "role=\"img\" ", "", "without role"),
        (11, "viewBox=\"0 0 9 9\"", "", "viewBox=\"\""),
        (11, "viewBox", "width=\"900\" viewBox", "width 900 is wider"),
        (11, "viewBox", "style=\"min-width:50rem\" viewBox", "min-width 50rem"),
        (11, "labelledby=\"t d\"", "labelledby=\"t\"", "does not name \"d\""),
    ] {
        edited(PAGE, from, to, &format!("{PAGE}:{line}"), says);
    }
    edited(PAGE, "From left to right.", "", &format!("{PAGE}:12"), "an empty <desc>");
    let title = "<title id=\"t\">A line</title>";
    edited(PAGE, title, "<g id=\"t\"></g>", &format!("{PAGE}:11"), "without <title>");
    edited(PAGE, "</svg>", "", &format!("{PAGE}:11"), "this <svg> does not end");
    // An empty line in it: the rest is Markdown.
    edited(PAGE, "<path d", "\n    <path d", &format!("{PAGE}:14"), "a block without a language");
    let folder = right();
    write(folder.path(), "book/src/01-one/diagram.svg", SVG);
    let text = fs::read_to_string(folder.path().join(PAGE)).unwrap();
    write(folder.path(), PAGE, &format!("{text}\n![a diagram](diagram.svg)\n"));
    finds(folder.path(), &format!("{PAGE}:16"), "a picture does not follow");
    // A variable of the course's own theme.
    let folder = right();
    let text = fs::read_to_string(folder.path().join(PAGE)).unwrap().replace("--bg", "--ours");
    write(folder.path(), PAGE, &text);
    assert_eq!(problems(folder.path()), [""; 0]);
}
