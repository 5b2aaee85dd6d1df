//! What a block says it is.

use crate::page::{Block, Page};
use crate::{Book, Problem};

/// The languages there are; book/README.md says what each is for.
const LANGUAGES: [&str; 7] = ["rust", "console", "text", "json", "yaml", "toml", "csv"];

/// Commands that ask a real cluster, which the checks can't.
const CLUSTER_COMMANDS: [&str; 4] = ["kubectl", "microk8s", "sudo microk8s", "sudo snap"];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Every block has a language that the book knows; Rust comes by include; what a real cluster
/// printed says which version it was, and when.
#[must_use]
pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = Vec::new();
    for page in &book.pages {
        for block in &page.blocks {
            let problem = |what: String, advice: &str| page.problem(block.line, what, advice);
            if block.language.is_empty() {
                problems.push(problem(
                    "a block without a language".into(),
                    &format!("write one of these after the fence: {}", LANGUAGES.join(", ")),
                ));
            } else if !LANGUAGES.contains(&block.language.as_str()) {
                problems.push(problem(
                    format!("{:?} is no language of this book", block.language),
                    &format!("use one of these: {}", LANGUAGES.join(", ")),
                ));
            }
            if block.language == "rust" && !is_included(page, block) {
                problems.push(problem(
                    "Rust that nobody compiles".into(),
                    "include it from crates/ by an anchor: {{#include PATH:ANCHOR}}",
                ));
            }
            problems.extend(unchecked_output(page, block));
        }
    }
    problems
}

/// Output that nobody compares with what is printed today. A block of commands alone has none.
fn unchecked_output(page: &Page, block: &Block) -> Vec<Problem> {
    let lines = block.text.lines().map(str::trim);
    let has_output =
        lines.clone().any(|line| !line.is_empty() && !line.starts_with(['$', '>', '#']));
    if block.language == "console" || !has_output || is_included(page, block) {
        return Vec::new();
    }
    let around = around(page, block);
    for command in lines.filter_map(|line| line.strip_prefix("$ ")) {
        let unsaid = match () {
            () if command.starts_with("cargo ") => {
                let what = format!("`{command}` and its output: nobody runs it");
                let advice = "make it a console block; text is for what others printed";
                return vec![page.problem(block.line, what, advice)];
            }
            () if asks_a_cluster(command) && !has_version(&around) => "version",
            () if !has_date(&around) => "day",
            () => continue,
        };
        let what = format!("`{command}`: of which {unsaid} is what it printed?");
        let advice = "say it in the block or in the paragraph above or below: \
                      \"microk8s 1.37.2, 25 November 2026\"";
        return vec![page.problem(block.line, what, advice)];
    }
    Vec::new()
}

/// Nothing but includes stands between its fences.
fn is_included(page: &Page, block: &Block) -> bool {
    let lines = page.source.lines().skip(block.line).take(block.end - block.line);
    let mut written = lines
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("```") && !line.starts_with("~~~"));
    written.all(|line| line.starts_with("{{#include ") && line.ends_with("}}"))
}

fn asks_a_cluster(command: &str) -> bool {
    CLUSTER_COMMANDS.iter().any(|name| {
        command.match_indices(name).any(|(at, _)| {
            let before = command[..at].chars().next_back();
            let after = command[at + name.len()..].chars().next();
            before.is_none_or(|letter| " |(;&".contains(letter)) && after.is_none_or(|l| l == ' ')
        })
    })
}

/// A block, and the paragraphs right above and below it.
fn around(page: &Page, block: &Block) -> String {
    let lines: Vec<&str> = page.source.lines().collect();
    let is_text = |line: &&&str| !line.trim().is_empty();
    let is_blank = |line: &&&str| line.trim().is_empty();
    let above = lines[..block.line - 1].iter().rev().skip_while(is_blank).take_while(is_text);
    let mut around: Vec<&str> = above.copied().collect();
    around.reverse();
    around.push(&block.text);
    let below = lines.get(block.end..).unwrap_or_default();
    around.extend(below.iter().skip_while(is_blank).take_while(is_text));
    around.join("\n")
}

/// `1.37` or `v1.37.2`.
fn has_version(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    words(text).any(|word| {
        let parts: Vec<&str> = word.trim_start_matches('v').split('.').collect();
        (2..=3).contains(&parts.len()) && parts.iter().all(|part| digits(part)) && parts[0] == "1"
    })
}

/// `25 November 2026`, `2026-11-25`, or at the least `October 2022`.
fn has_date(text: &str) -> bool {
    let number = |word: &str, range: std::ops::RangeInclusive<u32>| {
        word.parse().is_ok_and(|number| range.contains(&number))
    };
    let words: Vec<&str> = words(text).collect();
    let written_out =
        words.windows(2).any(|word| MONTHS.contains(&word[0]) && number(word[1], 2014..=2100));
    let in_figures = words.iter().any(|word| {
        let parts: Vec<&str> = word.split('-').collect();
        let [year, month, day] = parts[..] else { return false };
        number(year, 2014..=2100) && number(month, 1..=12) && number(day, 1..=31)
    });
    written_out || in_figures
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| letter.is_whitespace() || ",;:()`\"".contains(letter))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| !word.is_empty())
}
