//! The same of links, in the HTML that a reader gets: whatever the renderer made of the sources.

use crate::links::{self, is_external};
use crate::{Problem, html, includes};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// mdBook 0.5.4's own search box names its results by an id that it has since given another name.
const NOT_OURS: &str = "#searchresults-header";

/// Every address in every page of a rendered book leads to a file of it, and to an id there; no
/// page loads anything from elsewhere. `files` has what is not HTML as well, without its text.
#[must_use]
pub fn check(files: &BTreeMap<String, Option<String>>) -> Vec<Problem> {
    let pages: BTreeMap<&str, Vec<html::Tag>> = files
        .iter()
        .filter_map(|(path, text)| Some((path.as_str(), html::tags(text.as_deref()?))))
        .collect();
    let ids: BTreeMap<&str, BTreeSet<String>> =
        pages.iter().map(|(path, tags)| (*path, links::ids(tags))).collect();

    let mut problems = Vec::new();
    for (path, tags) in &pages {
        // The page for an address that is not there: its links begin at the site's root.
        let folder = if *path == "404.html" { "" } else { path };
        let folder = Path::new(folder).parent().unwrap_or(Path::new(""));
        for tag in tags.iter().filter(|tag| !tag.closes && tag.name != "base") {
            for (target, loads) in tag.links() {
                let mut wrong = |what: String, advice: &str| {
                    problems.push(Problem {
                        file: (*path).to_owned(),
                        line: tag.line,
                        what: format!("<{}> {target}: {what}", tag.name),
                        advice: advice.to_owned(),
                    });
                };
                if target == NOT_OURS {
                    continue;
                }
                if is_external(&target) {
                    if loads && !target.starts_with("data:") {
                        wrong("the page would load this".into(), "put it into the book");
                    }
                    continue;
                }
                let (to, id) = target.split_once('#').unwrap_or((&target, ""));
                let to = to.split('?').next().unwrap_or_default();
                let to = if to.is_empty() { Some((*path).to_owned()) } else { within(folder, to) };
                let Some(to) = to else {
                    wrong("it leads out of the book".into(), "mend the page's source");
                    continue;
                };
                if !files.contains_key(&to) {
                    wrong(format!("there is no {to}"), "mend the link in the page's source");
                } else if !id.is_empty()
                    && ids.get(to.as_str()).is_some_and(|ids| !ids.contains(&decoded(id)))
                {
                    wrong(format!("{to} has no {id:?}"), "mend the link in the page's source");
                }
            }
        }
    }
    problems
}

fn within(folder: &Path, to: &str) -> Option<String> {
    let path = if let Some(path) = to.strip_prefix('/') {
        includes::flat(Path::new(path))
    } else {
        includes::flat(&folder.join(to))
    };
    let path = path?.to_string_lossy().replace('\\', "/");
    Some(if path.is_empty() { "index.html".into() } else { path })
}

/// `%C3%9C` as its letter.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let hex = behind.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match hex.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
