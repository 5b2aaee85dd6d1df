//! SUMMARY, chapters and exercises tell the same story.

use crate::page::Page;
use crate::{Book, Problem};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A line of `SUMMARY.md`.
struct Entry {
    line: usize,
    title: String,
    /// None for a draft: `[Signing]()`.
    path: Option<String>,
}

/// An exercise, as its `Cargo.toml` tells.
struct Exercise {
    manifest: String,
    name: String,
    /// The folder it lies in: `01_static_tokens`.
    chapter: String,
    page: Option<String>,
}

/// Every page is in SUMMARY, every chapter has its page or its draft, shows its command and its
/// exercises, and names none that are not there.
#[must_use]
pub fn check(book: &Book) -> Vec<Problem> {
    let (entries, mut problems) = entries(book);
    pages(book, &entries, &mut problems);
    let chapters = packages(&book.root.join("crates"));
    chapter_pages(book, &entries, &chapters, &mut problems);
    let exercises = exercises(&book.root, &mut problems);
    exercise_pages(book, &entries, &exercises, &mut problems);
    commands(book, &chapters, &exercises, &mut problems);
    problems
}

fn entries(book: &Book) -> (Vec<Entry>, Vec<Problem>) {
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    for (line, text) in (1..).zip(book.summary.source.lines()) {
        // `- [Title](path.md)`, as mdBook reads it.
        let Some((_, rest)) = text.split_once('[') else { continue };
        let Some((title, rest)) = rest.split_once("](") else { continue };
        let Some((path, _)) = rest.split_once(')') else {
            let what = format!("{text:?} has no address");
            problems.push(book.summary.problem(line, what, "write [Title](page.md), or [Title]()"));
            continue;
        };
        let path = (!path.is_empty()).then(|| path.trim_start_matches("./").to_owned());
        entries.push(Entry { line, title: title.to_owned(), path });
    }
    (entries, problems)
}

fn pages(book: &Book, entries: &[Entry], problems: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    for entry in entries {
        let Some(path) = &entry.path else { continue };
        if book.page(path).is_none() {
            let what = format!("there is no page {path}");
            let advice = "write it, or make it a draft: [Title]()";
            problems.push(book.summary.problem(entry.line, what, advice));
        }
        if !seen.insert(path) {
            let what = format!("{path} is there a second time");
            problems.push(book.summary.problem(entry.line, what, "leave one of the two out"));
        }
    }
    for page in book.pages.iter().filter(|page| !seen.contains(&page.path)) {
        let what = "no line of SUMMARY.md leads to this page".into();
        problems.push(page.problem(0, what, "add it there, or delete the page"));
    }
}

/// Folder to package name, of every crate in a folder.
fn packages(folder: &Path) -> BTreeMap<String, String> {
    let entries = folder.read_dir().into_iter().flatten().filter_map(Result::ok);
    let named = entries.filter_map(|entry| {
        let manifest = manifest(&entry.path().join("Cargo.toml")).ok()?;
        let name = manifest.get("package")?.get("name")?.as_str()?.to_owned();
        Some((entry.file_name().to_string_lossy().into_owned(), name))
    });
    named.collect()
}

fn manifest(path: &Path) -> Result<toml::Table, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    text.parse().map_err(|error: toml::de::Error| error.message().to_owned())
}

fn is_numbered(folder: &str) -> bool {
    folder.starts_with(|first: char| first.is_ascii_digit())
}

fn chapter_pages(
    book: &Book,
    entries: &[Entry],
    packages: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) {
    let mut before = (0, String::new());
    for (folder, name) in packages.iter().filter(|(folder, _)| is_numbered(folder)) {
        let opening = format!("{folder}/README.md");
        let words = |entry: &Entry| entry.title.to_lowercase().replace(' ', "-");
        let is_opening = |entry: &&Entry| {
            entry
                .path
                .as_ref()
                .map_or_else(|| words(entry).starts_with(name), |path| *path == opening)
        };
        let Some(entry) = entries.iter().find(is_opening) else {
            let what = format!("crates/{folder} has no chapter");
            let advice = format!("add {opening}, or a draft with the crate's name: [{name}]()");
            problems.push(book.summary.problem(0, what, advice));
            continue;
        };
        if entry.line < before.0 {
            let what = format!("{folder} comes before {}", before.1);
            problems.push(book.summary.problem(entry.line, what, "order the chapters by number"));
        }
        before = (entry.line, folder.clone());
        if let Some(page) = entry.path.as_ref().and_then(|path| book.page(path))
            && !page.code().any(|(_, code)| runs(code).any(|run| run == name))
        {
            let what = format!("it does not show `cargo run -p {name}`");
            problems.push(page.problem(0, what, "a chapter opens with the command that tells it"));
        }
    }
    let with_pages: BTreeSet<&str> = book
        .pages
        .iter()
        .filter_map(|page| page.path.split_once('/'))
        .map(|(dir, _)| dir)
        .collect();
    for folder in with_pages.into_iter().filter(|folder| is_numbered(folder)) {
        if !packages.contains_key(folder) {
            let what = format!("book/src/{folder} has no crates/{folder}");
            problems.push(book.summary.problem(0, what, "one number and name runs through all"));
        }
    }
}

fn exercises(root: &Path, problems: &mut Vec<Problem>) -> Vec<Exercise> {
    let mut exercises = Vec::new();
    let folders = |path: &Path| {
        let entries = path.read_dir().into_iter().flatten().filter_map(Result::ok);
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| is_numbered(name)).collect::<BTreeSet<_>>()
    };
    for chapter in folders(&root.join("exercises")) {
        for folder in folders(&root.join("exercises").join(&chapter)) {
            let file = format!("exercises/{chapter}/{folder}/Cargo.toml");
            let manifest = match manifest(&root.join(&file)) {
                Ok(manifest) => manifest,
                Err(what) => {
                    let advice = "see book/README.md: each exercise is a crate".to_owned();
                    problems.push(Problem { file, line: 0, what, advice });
                    continue;
                }
            };
            let package = manifest.get("package");
            let name = package.and_then(|package| package.get("name")?.as_str());
            let page = package.and_then(|package| {
                package.get("metadata")?.get("exercise")?.get("page")?.as_str()
            });
            exercises.push(Exercise {
                manifest: file,
                name: name.unwrap_or(&folder).to_owned(),
                chapter: chapter.clone(),
                page: page.map(str::to_owned),
            });
        }
    }
    exercises
}

fn exercise_pages(
    book: &Book,
    entries: &[Entry],
    exercises: &[Exercise],
    problems: &mut Vec<Problem>,
) {
    for exercise in exercises {
        let mut wrong = |what: String, advice: &str| {
            let (file, advice) = (exercise.manifest.clone(), advice.to_owned());
            problems.push(Problem { file, line: 0, what, advice });
        };
        let Some(address) = &exercise.page else {
            wrong("no page explains it".into(), "page = \"01-static-tokens/the-file.html\"");
            continue;
        };
        let path = address.split('#').next().unwrap_or_default();
        let page = book.pages.iter().find(|page| page.address() == path);
        let in_summary = |page: &&Page| {
            entries.iter().any(|entry| entry.path.as_ref().is_some_and(|path| *path == page.path))
        };
        let Some(page) = page.filter(in_summary) else {
            wrong(format!("its page {address} is not in SUMMARY.md"), "name a page of the book");
            continue;
        };
        let chapter = exercise.chapter.replace('_', "-");
        if !page.path.starts_with(&format!("{chapter}/")) {
            wrong(
                format!("its page {address} is not in {chapter}/"),
                "name one of its own chapter",
            );
            continue;
        }
        if !page.code().any(|(_, code)| checked(code).any(|name| name == exercise.name)) {
            let what = format!("it does not lead to its exercise {}", exercise.name);
            let advice = format!("add a box with `cargo course check {}`", exercise.name);
            problems.push(page.problem(0, what, advice));
        }
    }
}

/// No page names a program or an exercise that is not there.
fn commands(
    book: &Book,
    packages: &BTreeMap<String, String>,
    exercises: &[Exercise],
    problems: &mut Vec<Problem>,
) {
    let exercise = |name: &str| exercises.iter().any(|exercise| exercise.name == name);
    for page in &book.pages {
        for (line, code) in page.code() {
            for name in runs(code) {
                let is_there =
                    name == "book" || exercise(name) || packages.values().any(|n| n == name);
                // NAME stands for the reader's choice.
                if !is_there && !is_placeholder(name) {
                    let what = format!("`cargo run -p {name}`: there is no such package");
                    problems.push(page.problem(line, what, "name a crate of this workspace"));
                }
            }
            for name in checked(code) {
                // A chapter's number, or an exercise's short one, will do as well.
                if !exercise(name) && !is_placeholder(name) && !is_numbered(name) {
                    let what = format!("`cargo course check {name}`: there is no such exercise");
                    problems.push(page.problem(line, what, "cargo course list names them"));
                }
            }
        }
    }
}

fn is_placeholder(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_ascii_uppercase())
}

/// The packages that some code runs: the word after `-p`, before `--`.
pub(crate) fn runs(code: &str) -> impl Iterator<Item = &str> {
    code.split("cargo run").skip(1).filter_map(|rest| {
        let mut words = rest.split_whitespace().take_while(|word| *word != "--" && *word != "|");
        words.find(|word| *word == "-p" || *word == "--package")?;
        words.next()
    })
}

/// The exercises that some code checks.
fn checked(code: &str) -> impl Iterator<Item = &str> {
    code.split("cargo course check").skip(1).filter_map(|rest| {
        let line = rest.lines().next().unwrap_or_default();
        line.starts_with(' ').then(|| line.split_whitespace().next()).flatten()
    })
}
