//! The tags of some HTML, as a browser would read them.

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};
use std::collections::BTreeMap;

/// An opening or closing tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// In lower case.
    pub name: String,
    /// `</name>`.
    pub closes: bool,
    /// `<name/>`.
    pub empty: bool,
    /// Names in lower case.
    pub attributes: BTreeMap<String, String>,
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// The line it begins in, counted from 1.
    pub line: usize,
}

impl Tag {
    /// The value of an attribute, if it is there.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// Where it leads, and whether a browser follows by itself: `href`, `src`, and the ids of
    /// others on the page that it refers to, as `#id`.
    #[must_use]
    pub fn links(&self) -> Vec<(String, bool)> {
        let clicked = matches!(self.name.as_str(), "a" | "area" | "base");
        let mut links = Vec::new();
        for name in ["href", "xlink:href", "src", "data", "poster", "action"] {
            let target = self.attribute(name);
            links.extend(target.map(|target| (target.to_owned(), !clicked || name == "src")));
        }
        for candidate in self.attribute("srcset").unwrap_or_default().split(',') {
            let target = candidate.split_whitespace().next();
            links.extend(target.map(|target| (target.to_owned(), true)));
        }
        for name in ["aria-labelledby", "aria-describedby", "aria-controls", "for"] {
            let ids = self.attribute(name).unwrap_or_default().split_whitespace();
            links.extend(ids.map(|id| (format!("#{id}"), false)));
        }
        for value in self.attributes.values() {
            let inside = value.split("url(").skip(1).filter_map(|rest| rest.split(')').next());
            links.extend(inside.map(|url| (url.trim_matches(['"', '\'', ' ']).to_owned(), true)));
        }
        links
    }
}

/// All tags, in order. What is no HTML at all gives none.
#[must_use]
pub fn tags(html: &str) -> Vec<Tag> {
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    // The inside of a script or a style is no HTML.
    emitter.naively_switch_states(true);
    let mut tags = Vec::new();
    let mut line = (1, 0);
    let mut line_of = |at: usize| {
        line.0 += html.get(line.1..at).map_or(0, |between| between.matches('\n').count());
        line.1 = at;
        line.0
    };
    for token in Tokenizer::new_with_emitter(html, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => tags.push(Tag {
                name: text(&tag.name),
                closes: false,
                empty: tag.self_closing,
                attributes: tag
                    .attributes
                    .iter()
                    .map(|(name, value)| (text(name), text(&value.value)))
                    .collect(),
                start: tag.span.start,
                end: tag.span.end,
                line: line_of(tag.span.start),
            }),
            Token::EndTag(tag) => tags.push(Tag {
                name: text(&tag.name),
                closes: true,
                empty: false,
                attributes: BTreeMap::new(),
                start: tag.span.start,
                end: tag.span.end,
                line: line_of(tag.span.start),
            }),
            _ => {}
        }
    }
    tags
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
