//! Where links lead. Nothing here asks the network.

use crate::page::{Link, Page};
use crate::{Book, Problem, html, includes};
use std::collections::BTreeSet;
use std::path::Path;

/// A link inside leads to a page, a heading, a file that is there; a link outside is well-formed;
/// a page loads nothing from elsewhere.
#[must_use]
pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = Vec::new();
    for page in &book.pages {
        for link in &page.links {
            let wrong = if is_external(&link.target) {
                external(link)
            } else {
                internal(book, page, &link.target)
            };
            if let Err((what, advice)) = wrong {
                problems.push(page.problem(link.line, format!("{}: {what}", link.target), advice));
            }
        }
        for (line, id) in &page.ids_twice {
            let what = format!("id {id:?} is there a second time");
            problems.push(page.problem(*line, what, "give it a name of its own"));
        }
    }
    problems
}

/// Every address outside that the book names, each once, sorted.
#[must_use]
pub fn listed(book: &Book) -> BTreeSet<&str> {
    let links = book.pages.iter().flat_map(|page| &page.links);
    links.map(|link| link.target.as_str()).filter(|target| is_external(target)).collect()
}

/// It begins with a scheme, or with `//`.
pub(crate) fn is_external(target: &str) -> bool {
    let scheme = target.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    scheme || target.starts_with("//")
}

type Wrong = (String, String);

fn external(link: &Link) -> Result<(), Wrong> {
    let wrong = |what: &str, advice: &str| Err((what.to_owned(), advice.to_owned()));
    let Some(rest) = link.target.strip_prefix("https://") else {
        return wrong("not an https address", "link an address that begins with https://");
    };
    if link.loads {
        return wrong("the page would load this", "put it into the book: a page asks nobody");
    }
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_name = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    if !host.contains('.') || !host.split('.').all(is_name) {
        return wrong("its host is no name", "write the host as in https://kubernetes.io/docs/");
    }
    let odd =
        |c: char| c.is_whitespace() || c.is_control() || "<>\"\\^`{|}".contains(c) || !c.is_ascii();
    if rest.contains(odd) || rest.ends_with(['.', ',', ';', ')']) && !rest.contains('(') {
        return wrong("no well-formed address", "copy it from the browser again");
    }
    if ["/blob/master/", "/blob/main/", "/tree/master/", "/tree/main/"]
        .iter()
        .any(|part| rest.contains(part))
    {
        return wrong("a branch moves on", "link a version or a commit: /blob/v1.37.2/");
    }
    Ok(())
}

fn internal(book: &Book, page: &Page, target: &str) -> Result<(), Wrong> {
    let wrong = |what: String, advice: &str| Err((what, advice.to_owned()));
    let (path, id) = match target.split_once('#') {
        Some((path, id)) => (path, Some(id)),
        None => (target, None),
    };
    if target.is_empty() || id == Some("") {
        return wrong("it leads nowhere".into(), "name a page or a heading");
    }
    if path.is_empty() {
        return anchor(&page.ids, &page.path, id);
    }
    let folder = Path::new(&page.path).parent().unwrap_or(Path::new(""));
    let Some(path) = includes::flat(&folder.join(path)) else {
        return wrong(
            "it leads out of the book".into(),
            "link the file on the web, or name it in `code`",
        );
    };
    let path = path.to_string_lossy().replace('\\', "/");
    if path == "README.md" || path.ends_with("/README.md") {
        // mdBook makes index.html of README.md, and README.html of a link to it.
        return wrong("mdBook has no README.html".into(), "link index.md in that folder");
    }
    // A link to index.md, too, becomes one to the index.html that mdBook makes of README.md.
    let address = path.strip_suffix(".md").map_or(path.clone(), |stem| format!("{stem}.html"));
    let found = book.pages.iter().find(|page| page.address() == address);
    if let Some(found) = found {
        return anchor(&found.ids, &found.path, id);
    }
    if book.files.contains(&path) {
        let text =
            std::fs::read_to_string(book.root.join("book/src").join(&path)).unwrap_or_default();
        return anchor(&ids(&html::tags(&text)), &path, id);
    }
    wrong(format!("there is no book/src/{path}"), "SUMMARY.md lists the pages there are")
}

pub(crate) fn ids(tags: &[html::Tag]) -> BTreeSet<String> {
    tags.iter().filter_map(|tag| tag.attribute("id")).map(str::to_owned).collect()
}

fn anchor(ids: &BTreeSet<String>, path: &str, id: Option<&str>) -> Result<(), Wrong> {
    match id {
        Some(id) if !ids.contains(id) => {
            let there: Vec<&str> = ids.iter().map(String::as_str).collect();
            let there = if there.is_empty() { "no id at all".into() } else { there.join(", ") };
            Err((format!("{path} has no {id:?}"), format!("it has {there}")))
        }
        _ => Ok(()),
    }
}
