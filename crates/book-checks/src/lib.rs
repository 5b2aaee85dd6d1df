//! What must hold of the book, looked up in its sources: no renderer is needed.
//!
//! | | |
//! |---|---|
//! | [`includes`] | code and output come from where they are compiled and tested, and are there |
//! | [`blocks`] | a block says what it is; what a real cluster printed says which one, and when |
//! | [`console`] | shown commands are run, and print what the page says |
//! | [`links`] | a link inside leads somewhere; a link outside is well-formed, and listed |
//! | [`agreement`] | SUMMARY, chapters and exercises tell the same story |
//! | [`diagrams`] | a diagram follows the reader's theme and screen, and can be read aloud |
//! | [`rendered`] | the same of links, in the HTML that a reader gets |
//!
//! Each gives [`Problem`]s: the file and line, what was wrong, what to do. None stops at the first.

pub mod agreement;
pub mod blocks;
pub mod console;
pub mod diagrams;
pub mod html;
pub mod includes;
pub mod links;
pub mod page;
pub mod rendered;

use page::Page;
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

/// Something in the book that must be mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// From the workspace's root.
    pub file: String,
    /// Counted from 1; 0 when it is about the whole file.
    pub line: usize,
    /// What was wrong.
    pub what: String,
    /// What to do now.
    pub advice: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}\n  try: {}", self.what, self.advice)
    }
}

/// The book as it lies on the disk.
#[derive(Debug)]
pub struct Book {
    /// The workspace.
    pub root: PathBuf,
    /// Every page, by its path.
    pub pages: Vec<Page>,
    /// `SUMMARY.md`, which is no page.
    pub summary: Page,
    /// What lies beside the pages and is copied as it is.
    pub files: BTreeSet<String>,
}

/// The book can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{path} can't be read")]
pub struct ReadError {
    path: String,
    source: std::io::Error,
}

impl Book {
    /// Reads all that lies under `book/src` of a workspace.
    ///
    /// # Errors
    /// When a file can't be read.
    pub fn read(root: &Path) -> Result<Self, ReadError> {
        let mut found = Vec::new();
        list(&root.join("book/src"), "", &mut found)?;
        let mut summary = None;
        let mut pages = Vec::new();
        let mut files = BTreeSet::new();
        for path in found {
            let is_page = Path::new(&path).extension().is_some_and(|ending| ending == "md");
            if !is_page {
                files.insert(path);
                continue;
            }
            let page = Page::read(root, &path)?;
            if path == "SUMMARY.md" { summary = Some(page) } else { pages.push(page) }
        }
        let summary = summary.map_or_else(|| Page::read(root, "SUMMARY.md"), Ok)?;
        Ok(Self { root: root.to_owned(), pages, summary, files })
    }

    /// The page at a path, if there is one.
    #[must_use]
    pub fn page(&self, path: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.path == path)
    }

    /// All that can be told by reading alone: everything but the commands' output.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let checks =
            [includes::check, blocks::check, links::check, agreement::check, diagrams::check];
        checks.iter().flat_map(|check| check(self)).collect()
    }
}

/// The files under a folder, sorted, with `/` between folders on every system.
fn list(folder: &Path, under: &str, found: &mut Vec<String>) -> Result<(), ReadError> {
    let unreadable = |source| ReadError { path: folder.display().to_string(), source };
    let mut entries: Vec<_> =
        folder.read_dir().and_then(Iterator::collect::<Result<_, _>>).map_err(unreadable)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = format!("{under}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            list(&entry.path(), &format!("{path}/"), found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

fn read_text(path: &Path) -> Result<String, ReadError> {
    std::fs::read_to_string(path)
        .map_err(|source| ReadError { path: path.display().to_string(), source })
}
