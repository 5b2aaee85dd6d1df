//! Diagrams: SVG inside the page, in the reader's own colours, as wide as the reader's screen.

use crate::html::Tag;
use crate::page::Page;
use crate::{Book, Problem};
use std::collections::BTreeSet;

/// mdBook's variables that every one of its themes defines and that are colours.
const COLOURS: [&str; 16] = [
    "--bg",
    "--fg",
    "--sidebar-bg",
    "--sidebar-fg",
    "--sidebar-active",
    "--icons",
    "--icons-hover",
    "--links",
    "--inline-code-color",
    "--theme-popup-bg",
    "--theme-popup-border",
    "--theme-hover",
    "--quote-bg",
    "--quote-border",
    "--table-border-color",
    "--table-header-bg",
];

/// Where a colour can stand.
const PAINTED: [&str; 7] =
    ["fill", "stroke", "color", "stop-color", "flood-color", "lighting-color", "background"];

/// Every diagram is inline, has words for those who can't see it, follows the theme and the screen.
#[must_use]
pub fn check(book: &Book) -> Vec<Problem> {
    let css = std::fs::read_to_string(book.root.join("book/theme/course.css")).unwrap_or_default();
    let own = css.split("--").skip(1).filter_map(|rest| rest.split_once(':'));
    let own = own.map(|(name, _)| format!("--{name}"));
    let colours: BTreeSet<String> =
        COLOURS.iter().map(|name| (*name).to_owned()).chain(own).collect();
    book.pages.iter().flat_map(|page| check_page(page, &colours)).collect()
}

fn check_page(page: &Page, colours: &BTreeSet<String>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for link in &page.links {
        if link.loads && link.target.to_ascii_lowercase().ends_with(".svg") {
            let what = format!("{}: a picture does not follow the reader's theme", link.target);
            problems.push(page.problem(link.line, what, "put the <svg> itself into the page"));
        }
    }
    let mut tags = page.tags.iter().enumerate();
    while let Some((at, svg)) = tags.by_ref().find(|(_, tag)| tag.name == "svg" && !tag.closes) {
        let inside: Vec<&Tag> = page.tags[at + 1..]
            .iter()
            .take_while(|tag| !(tag.name == "svg" && tag.closes))
            .collect();
        let mut wrong = |line: usize, what: String, advice: &str| {
            problems.push(page.problem(line, what, advice));
        };
        if page.tags.get(at + 1 + inside.len()).is_none() {
            wrong(
                svg.line,
                "this <svg> does not end".into(),
                "is there an empty line in it? mdBook takes what follows for Markdown",
            );
        }
        frame(svg, &mut wrong);
        spoken(svg, &inside, &mut wrong);
        for tag in std::iter::once(&svg).chain(&inside) {
            if tag.name == "style" || tag.name == "image" || tag.name == "foreignObject" {
                wrong(
                    tag.line,
                    format!("<{}> in a diagram", tag.name),
                    "draw with shapes and attributes",
                );
            }
            for (name, value) in painted(tag) {
                if !is_themed(&value, colours) {
                    wrong(
                        tag.line,
                        format!("{name}: {value} stays as it is when the theme changes"),
                        "use currentColor, none, or one of mdBook's variables: var(--fg), \
                         var(--bg), var(--links), var(--quote-bg), var(--table-border-color)",
                    );
                }
            }
        }
    }
    problems
}

/// The `<svg>` itself: seen as one picture, and never wider than the column.
fn frame(svg: &Tag, wrong: &mut impl FnMut(usize, String, &str)) {
    if svg.attribute("role") != Some("img") {
        wrong(
            svg.line,
            "a diagram without role=\"img\"".into(),
            "add it: a screen reader then reads its title",
        );
    }
    let view = svg.attribute("viewbox").unwrap_or_default();
    let numbers: Vec<f64> = view.split([' ', ',']).filter_map(|part| part.parse().ok()).collect();
    if numbers.len() != 4 || numbers[2] <= 0.0 || numbers[3] <= 0.0 {
        wrong(
            svg.line,
            format!("viewBox={view:?}"),
            "viewBox=\"0 0 WIDTH HEIGHT\" lets it shrink with the column",
        );
    }
    let relative = |value: &str| value.ends_with('%') || ["auto", "none"].contains(&value);
    let style = declarations(svg.attribute("style").unwrap_or_default());
    let attributes =
        ["width", "height"].into_iter().filter_map(|name| Some((name, svg.attribute(name)?)));
    let styled = style.iter().map(|(name, value)| (*name, *value));
    for (name, value) in attributes.chain(styled) {
        if ["width", "height", "min-width"].contains(&name) && !relative(value) {
            wrong(
                svg.line,
                format!("{name} {value} is wider than some screens"),
                "leave it out, or max-width in rem",
            );
        }
    }
}

/// Its words for who can't see it.
fn spoken(svg: &Tag, inside: &[&Tag], wrong: &mut impl FnMut(usize, String, &str)) {
    for (name, why) in [("title", "what it shows"), ("desc", "what it says")] {
        let own = inside.iter().position(|tag| tag.name == name && !tag.closes);
        let Some(own) = own else {
            wrong(
                svg.line,
                format!("a diagram without <{name}>"),
                &format!("say {why}, for those who can't see it"),
            );
            continue;
        };
        let ends = inside.get(own + 1).map_or(svg.end, |tag| tag.start);
        if ends <= inside[own].end + 1 {
            wrong(inside[own].line, format!("an empty <{name}>"), &format!("say {why}"));
        }
        let labels = svg.attribute("aria-labelledby").unwrap_or_default();
        if let Some(id) = inside[own].attribute("id")
            && !labels.split(' ').any(|label| label == id)
        {
            wrong(
                svg.line,
                format!("aria-labelledby does not name {id:?}"),
                "name the ids of its title and desc",
            );
        } else if inside[own].attribute("id").is_none() {
            wrong(
                inside[own].line,
                format!("a <{name}> without an id"),
                "give it one, and name it in aria-labelledby",
            );
        }
    }
}

fn painted(tag: &Tag) -> Vec<(String, String)> {
    let attributes = tag.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let styled = declarations(tag.attribute("style").unwrap_or_default());
    let all = attributes.chain(styled);
    let painted = all.filter(|(name, _)| PAINTED.contains(name) || *name == "background-color");
    painted.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn declarations(style: &str) -> Vec<(&str, &str)> {
    let pairs = style.split(';').filter_map(|pair| pair.split_once(':'));
    pairs.map(|(name, value)| (name.trim(), value.trim())).collect()
}

fn is_themed(value: &str, colours: &BTreeSet<String>) -> bool {
    let value = value.trim();
    let variable = value.strip_prefix("var(").and_then(|rest| rest.strip_suffix(')'));
    ["none", "currentcolor", "inherit", "transparent", "context-stroke", "context-fill"]
        .contains(&value.to_ascii_lowercase().as_str())
        || value.starts_with("url(#")
        || variable.is_some_and(|name| colours.contains(name.trim()))
}
