//! A page: its text with the includes resolved, and what stands in it.

use crate::html::{self, Tag};
use crate::includes::{self, Include};
use crate::{Problem, ReadError, read_text};
use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag as Start, TagEnd};
use std::collections::BTreeSet;
use std::path::Path;

/// A page of the book.
#[derive(Debug)]
pub struct Page {
    /// From `book/src`: `01-static-tokens/the-file.md`.
    pub path: String,
    /// As its author wrote it.
    pub source: String,
    /// The includes in it, and what came of them.
    pub includes: Vec<Include>,
    /// Its fenced blocks.
    pub blocks: Vec<Block>,
    /// Its links and images, those in HTML too.
    pub links: Vec<Link>,
    /// `inline code`, and the line it stands in.
    pub codes: Vec<(usize, String)>,
    /// What can be linked to: the ids of its headings, and those in HTML.
    pub ids: BTreeSet<String>,
    /// An id in HTML that the page had already.
    pub ids_twice: Vec<(usize, String)>,
    /// The HTML in it.
    pub tags: Vec<Tag>,
}

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The line of its opening fence.
    pub line: usize,
    /// The line of its closing fence.
    pub end: usize,
    /// What follows the opening fence. An indented block has none.
    pub language: String,
    /// Its lines, includes resolved.
    pub text: String,
}

/// A link, an image, or what HTML loads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it stands.
    pub line: usize,
    /// Where it leads.
    pub target: String,
    /// It is fetched when the page is read, not when the reader clicks.
    pub loads: bool,
}

impl Page {
    pub(crate) fn read(root: &Path, path: &str) -> Result<Self, ReadError> {
        let file = root.join("book/src").join(path);
        Ok(Self::new(root, path, read_text(&file)?))
    }

    /// A page at a path of `book/src`, with this text.
    #[must_use]
    pub fn new(root: &Path, path: &str, source: String) -> Self {
        let resolved = includes::resolve(root, path, &source);
        let text = resolved.text.as_str();
        let line = |offset: usize| resolved.line(offset);

        let mut page = Self {
            path: path.to_owned(),
            source,
            includes: resolved.includes.clone(),
            blocks: Vec::new(),
            links: Vec::new(),
            codes: Vec::new(),
            ids: BTreeSet::new(),
            ids_twice: Vec::new(),
            tags: Vec::new(),
        };
        // Everything that is not HTML becomes spaces, so that a place in it is a place in the page.
        let mut html = vec![b' '; text.len()];
        let mut block: Option<Block> = None;
        let mut heading: Option<(Option<String>, String)> = None;
        let mut headings = Vec::new();

        for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
            match event {
                Event::Start(Start::CodeBlock(kind)) => {
                    let language = match kind {
                        CodeBlockKind::Fenced(language) => language.to_string(),
                        CodeBlockKind::Indented => String::new(),
                    };
                    let end = line(range.end.saturating_sub(1).max(range.start));
                    let text = String::new();
                    block = Some(Block { line: line(range.start), end, language, text });
                }
                Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
                Event::Start(Start::Heading { id, .. }) => {
                    heading = Some((id.map(CowStr::into_string), String::new()));
                }
                Event::End(TagEnd::Heading(_)) => headings.extend(heading.take()),
                Event::Start(Start::Link { dest_url, .. }) => {
                    let target = dest_url.to_string();
                    page.links.push(Link { line: line(range.start), target, loads: false });
                }
                Event::Start(Start::Image { dest_url, .. }) => {
                    let target = dest_url.to_string();
                    page.links.push(Link { line: line(range.start), target, loads: true });
                }
                Event::Text(piece) => {
                    if let Some(block) = &mut block {
                        block.text.push_str(&piece);
                    } else if let Some((_, title)) = &mut heading {
                        title.push_str(&piece);
                    }
                }
                Event::Code(code) => {
                    if let Some((_, title)) = &mut heading {
                        title.push_str(&code);
                    }
                    page.codes.push((line(range.start), code.into_string()));
                }
                Event::Html(_) | Event::InlineHtml(_) => {
                    html[range.clone()].copy_from_slice(&text.as_bytes()[range]);
                }
                _ => {}
            }
        }
        for (id, title) in headings {
            let id = id.unwrap_or_else(|| unused(&heading_id(&title), &page.ids));
            page.ids.insert(id);
        }
        page.read_html(&String::from_utf8_lossy(&html), line);
        page
    }

    fn read_html(&mut self, html: &str, line: impl Fn(usize) -> usize) {
        self.tags = html::tags(html);
        for tag in &mut self.tags {
            tag.line = line(tag.start);
            if tag.closes {
                continue;
            }
            if let Some(id) = tag.attribute("id")
                && !self.ids.insert(id.to_owned())
            {
                self.ids_twice.push((tag.line, id.to_owned()));
            }
            let (line, found) = (tag.line, tag.links());
            self.links.extend(found.into_iter().map(|(target, loads)| Link {
                line,
                target,
                loads,
            }));
        }
    }

    /// Where a reader of the repository finds it.
    #[must_use]
    pub fn file(&self) -> String {
        format!("book/src/{}", self.path)
    }

    /// Where a reader of the book finds it: `01-static-tokens/index.html`.
    #[must_use]
    pub fn address(&self) -> String {
        let stem = self.path.strip_suffix(".md").unwrap_or(&self.path);
        let stem = stem.strip_suffix("README").map_or(stem.into(), |dir| format!("{dir}index"));
        format!("{stem}.html")
    }

    pub(crate) fn problem(&self, line: usize, what: String, advice: impl Into<String>) -> Problem {
        Problem { file: self.file(), line, what, advice: advice.into() }
    }

    /// Its inline code and its blocks: where commands are found.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let inline = self.codes.iter().map(|(line, code)| (*line, code.as_str()));
        inline.chain(self.blocks.iter().map(|block| (block.line, block.text.as_str())))
    }
}

/// What mdBook reads with.
pub(crate) fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM
}

/// The id that mdBook 0.5 gives a heading. The book's own tests compare with what it rendered.
fn heading_id(title: &str) -> String {
    let kept = |letter: char| match letter {
        '_' | '-' => Some(letter),
        _ if letter.is_alphanumeric() => Some(letter),
        _ => letter.is_whitespace().then_some('-'),
    };
    title.trim().to_lowercase().chars().filter_map(kept).collect()
}

fn unused(id: &str, used: &BTreeSet<String>) -> String {
    let numbered = (1..).map(|number| format!("{id}-{number}"));
    std::iter::once(id.to_owned()).chain(numbered).find(|id| !used.contains(id)).unwrap_or_default()
}
