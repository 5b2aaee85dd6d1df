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

/// Renders a workspace's book into the folder `book` of its target folder.
pub(crate) struct Render {
    root: PathBuf,
    target: PathBuf,
}

impl Render {
    pub(crate) fn new(root: &Path, target: &Path) -> Self {
        Self { root: root.to_owned(), target: target.to_owned() }
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
        let (new, old) = (self.target.join("book.new"), self.target.join("book"));
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

#[cfg(test)]
mod tests {
    use super::*;
    use book_checks::html;
    use std::collections::BTreeSet;

    fn workspace(page: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("book/book.toml", "[book]\ntitle = \"Small\"\n");
        write("book/src/SUMMARY.md", "# Summary\n\n[Front](index.md)\n");
        write("book/src/index.md", page);
        fs::create_dir(folder.path().join("target")).unwrap();
        folder
    }

    /// The course's own book: nothing is wrong with it, and mdBook gave its headings the ids that
    /// the checks of `cargo test` go by.
    #[test]
    fn the_book_renders_and_every_id_is_as_foreseen() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let target = tempfile::tempdir().unwrap();
        let rendered = Render::new(root, target.path()).now();
        assert_eq!(rendered.problems, [""; 0]);
        let texts = rendered.site.unwrap().texts();
        for page in &Book::read(root).unwrap().pages {
            let text = texts[&page.address()].as_deref().unwrap();
            // mdBook's own begin with its name.
            let main = text.split_once("<main>").unwrap().1.split_once("</main>").unwrap().0;
            let tags = html::tags(main);
            let ids: BTreeSet<String> =
                tags.iter().filter_map(|tag| tag.attribute("id")).map(str::to_owned).collect();
            assert_eq!(ids, page.ids, "{}", page.file());
        }
    }

    #[test]
    fn a_book_that_does_not_build_leaves_the_last_one_where_it_is() {
        let folder = workspace("# Front\n");
        let mut render = Render::new(folder.path(), &folder.path().join("target"));
        let first = render.now();
        assert!(first.is_good(), "{first:?}");
        let file = folder.path().join("target/book/index.html");
        assert!(fs::read_to_string(&file).unwrap().contains("Front"));

        let page = folder.path().join("book/src/index.md");
        fs::write(&page, "# Broken\n\n{{#include ../../crates/gone.rs}}\n").unwrap();
        let second = render.now();
        assert!(second.site.is_none(), "{second:?}");
        assert!(second.problems[0].starts_with("book/src/index.md:3: "), "{second:?}");
        fs::write(folder.path().join("book/book.toml"), "[book\n").unwrap();
        fs::write(&page, "# Mended\n").unwrap();
        let third = render.now();
        assert!(third.site.is_none() && !third.problems.is_empty(), "{third:?}");
        assert!(fs::read_to_string(&file).unwrap().contains("Front"));
    }

    #[test]
    fn what_mdbook_minds_is_told() {
        let folder = workspace("# Front\n\n<div>\n\nnever closed\n");
        let rendered = Render::new(folder.path(), &folder.path().join("target")).now();
        assert!(rendered.site.is_some());
        assert!(
            rendered.problems.iter().any(|problem| problem.starts_with("mdBook: ")),
            "{rendered:?}"
        );
    }
}
