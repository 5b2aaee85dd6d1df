//! From pages to a site.

use crate::heard;
use crate::site::Site;
use book_checks::{Book, includes, rendered};
use mdbook_driver::MDBook;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Rendered {
    /// None when there is nothing that can be shown.
    pub(crate) site: Option<Site>,
    /// What must be mended; with some of it there is a site all the same.
    pub(crate) problems: Vec<String>,
}

impl Rendered {
    pub(crate) fn is_good(&self) -> bool {
        self.site.is_some() && self.problems.is_empty()
    }
}

/// Renders a workspace's book into its `target/book`.
pub(crate) struct Render {
    root: PathBuf,
}

impl Render {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Renders it as it is now. What was there stays if it can't be done.
    pub(crate) fn now(&mut self) -> Rendered {
        let book = match Book::read(&self.root) {
            Ok(book) => book,
            Err(error) => return Rendered { site: None, problems: vec![error.to_string()] },
        };
        let mut problems: Vec<String> = book.problems().iter().map(ToString::to_string).collect();
        // mdBook would show the include itself in place of the code.
        if !includes::check(&book).is_empty() {
            return Rendered { site: None, problems };
        }
        let (made, heard) = heard::while_doing(|| self.make());
        problems.extend(heard.into_iter().map(|line| format!("mdBook: {line}")));
        let site = match made {
            Ok(site) => site,
            Err(why) => {
                problems.push(why);
                return Rendered { site: None, problems };
            }
        };
        // What is wrong in a page's source was told already, by its line.
        if problems.is_empty() {
            let wrong = rendered::check(&site.texts());
            problems.extend(wrong.iter().map(|problem| format!("target/book/{problem}")));
        }
        Rendered { site: Some(site), problems }
    }

    fn make(&self) -> Result<Site, String> {
        let target = self.root.join("target");
        let (new, old) = (target.join("book.new"), target.join("book"));
        let mut book =
            MDBook::load(self.root.join("book")).map_err(|error| format!("{error:#}"))?;
        book.config.build.build_dir.clone_from(&new);
        book.build().map_err(|error| format!("{error:#}"))?;
        let moved = || -> io::Result<Site> {
            let site = Site::read(&new)?;
            if old.exists() {
                fs::remove_dir_all(&old)?;
            }
            fs::rename(&new, &old)?;
            Ok(site)
        };
        moved().map_err(|error| format!("{}: {error}", old.display()))
    }
}
