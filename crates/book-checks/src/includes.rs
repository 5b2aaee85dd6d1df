//! `{{#include}}`: code comes from where it is compiled, output from where it is tested.

use crate::{Book, Problem};
use std::path::{Component, Path, PathBuf};

/// An include on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    /// Where it stands.
    pub line: usize,
    /// As it is written.
    pub written: String,
    /// What is wrong with it, and what to do.
    pub wrong: Option<(String, String)>,
}

/// A page's text with its includes put in, and the way back to its lines.
pub(crate) struct Resolved {
    pub(crate) text: String,
    pub(crate) includes: Vec<Include>,
    /// Where each line of the text begins, and the line of the page it comes from.
    lines: Vec<(usize, usize)>,
}

impl Resolved {
    /// The line of the page that a place in the text comes from.
    pub(crate) fn line(&self, offset: usize) -> usize {
        let after = self.lines.partition_point(|(start, _)| *start <= offset);
        after.checked_sub(1).map_or(1, |index| self.lines[index].1)
    }
}

/// Where includes may come from. Not from `exercises/`: what a reader is to find is not shown.
const FROM: &str = "crates";

/// Puts the includes of a page in, as mdBook does. One that can't be stays as it is written.
pub(crate) fn resolve(root: &Path, page: &str, source: &str) -> Resolved {
    let mut resolved = Resolved { text: String::new(), includes: Vec::new(), lines: Vec::new() };
    for (number, line) in (1..).zip(source.split_inclusive('\n')) {
        let mut rest = line;
        let mut out = String::new();
        while let Some((before, after)) = rest.split_once("{{#") {
            let Some((inside, behind)) = after.split_once("}}") else { break };
            if let Some(before) = before.strip_suffix('\\') {
                // An escaped one is shown.
                out.extend([before, "{{#", inside, "}}"]);
            } else {
                out.push_str(before);
                let written = format!("{{{{#{inside}}}}}");
                let wrong = match included(root, page, inside) {
                    Ok(text) => {
                        out.push_str(&text);
                        None
                    }
                    Err(wrong) => {
                        out.push_str(&written);
                        Some(wrong)
                    }
                };
                resolved.includes.push(Include { line: number, written, wrong });
            }
            rest = behind;
        }
        out.push_str(rest);
        for line in out.split_inclusive('\n') {
            resolved.lines.push((resolved.text.len(), number));
            resolved.text.push_str(line);
        }
    }
    resolved
}

fn included(root: &Path, page: &str, inside: &str) -> Result<String, (String, String)> {
    let wrong = |what: String, advice: &str| Err((what, advice.to_owned()));
    let (kind, what) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
    if kind != "include" {
        return wrong(
            format!("`#{kind}` is not used in this book"),
            "{{#include PATH:ANCHOR}} shows code as it is compiled",
        );
    }
    let (path, part) = what.trim().split_once(':').unwrap_or((what.trim(), ""));
    let folder = Path::new("book/src").join(page).parent().map(Path::to_owned).unwrap_or_default();
    let Some(path) = flat(&folder.join(path)) else {
        return wrong(format!("{path} leads out of the workspace"), "include from crates/ alone");
    };
    if !path.starts_with(FROM) {
        return wrong(
            format!("{} is not in {FROM}/", path.display()),
            "include what is compiled and tested there; never an exercise or its solution",
        );
    }
    let Ok(text) = std::fs::read_to_string(root.join(&path)) else {
        let places = (0..path.components().count())
            .map(|up| path.ancestors().nth(up).unwrap_or(&path))
            .find(|folder| root.join(folder).is_dir());
        let place = places.unwrap_or(Path::new(FROM)).display().to_string();
        return wrong(
            format!("there is no file {}", path.display()),
            &format!("look in {place}/: was it renamed?"),
        );
    };
    let lines: Vec<&str> = text.lines().collect();
    let taken = if part.is_empty() {
        lines.join("\n")
    } else if part.starts_with(|first: char| first.is_ascii_digit() || first == ':') {
        match span(part, lines.len()) {
            Some((from, to)) => lines[from..to].join("\n"),
            None => {
                return wrong(
                    format!("{} has {} lines, and not {part}", path.display(), lines.len()),
                    "count them anew, or name an anchor",
                );
            }
        }
    } else {
        match anchored(&lines, part) {
            Some(lines) => lines.join("\n"),
            None => {
                return wrong(
                    format!("{} has no anchor {part:?}", path.display()),
                    &format!(
                        "put `// ANCHOR: {part}` and `// ANCHOR_END: {part}` around the lines"
                    ),
                );
            }
        }
    };
    if taken.trim().is_empty() {
        return wrong(
            format!("{}: what {part:?} names is empty", path.display()),
            "move the anchor's two comments around some lines",
        );
    }
    Ok(taken)
}

/// `a/../b` as `b`; None when it leads above its beginning.
pub(crate) fn flat(path: &Path) -> Option<PathBuf> {
    let mut flat = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => flat.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !flat.pop() {
                    return None;
                }
            }
            Component::Prefix(_) | Component::RootDir => return None,
        }
    }
    Some(flat)
}

/// `3`, `3:`, `3:5` or `:5`, as a range from 0; None when a line of it does not exist.
fn span(part: &str, lines: usize) -> Option<(usize, usize)> {
    let (from, to) = match part.split_once(':') {
        None => (part.parse().ok()?, part.parse().ok()?),
        Some(("", to)) => (1, to.parse().ok()?),
        Some((from, "")) => (from.parse().ok()?, lines),
        Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
    };
    (1 <= from && from <= to && to <= lines).then(|| (from - 1, to))
}

/// The lines between an anchor's two comments, without other anchors' comments.
fn anchored<'a>(lines: &[&'a str], anchor: &str) -> Option<Vec<&'a str>> {
    let begins = lines.iter().position(|line| name_after(line, "ANCHOR:") == Some(anchor))?;
    let length =
        lines[begins..].iter().position(|line| name_after(line, "ANCHOR_END:") == Some(anchor))?;
    let other = |line: &&&str| {
        name_after(line, "ANCHOR:").is_none() && name_after(line, "ANCHOR_END:").is_none()
    };
    Some(lines[begins + 1..begins + length].iter().filter(other).copied().collect())
}

fn name_after<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let rest = line.split_once(word)?.1.trim_start();
    let end = rest.find(|letter: char| !(letter.is_alphanumeric() || "_-".contains(letter)));
    Some(&rest[..end.unwrap_or(rest.len())])
}

/// Every include is there, not empty, and from where it is tested.
#[must_use]
pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = Vec::new();
    for page in &book.pages {
        for include in &page.includes {
            if let Some((what, advice)) = &include.wrong {
                let what = format!("{}: {what}", include.written);
                problems.push(page.problem(include.line, what, advice));
            }
        }
    }
    problems
}
