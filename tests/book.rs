//! What must hold of the book's pages. Each problem names the file and line, what was wrong, and
//! what to do. The checks themselves, and how each can fail, are in crates/book-checks.
#![allow(clippy::unwrap_used, reason = "a test may")]

use book_checks::console::Programs;
use book_checks::{Book, Problem, agreement, blocks, console, diagrams, includes, links};
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn book() -> Book {
    Book::read(root()).unwrap()
}

fn assert_none(problems: &[Problem]) {
    let list: Vec<String> = problems.iter().map(|problem| format!("\n{problem}\n")).collect();
    assert!(problems.is_empty(), "{} in the book:\n{}", problems.len(), list.concat());
}

#[test]
fn shown_code_and_output_are_included_from_where_they_are_tested() {
    assert_none(&includes::check(&book()));
}

#[test]
fn every_block_says_what_it_is() {
    assert_none(&blocks::check(&book()));
}

#[test]
fn every_link_leads_somewhere() {
    assert_none(&links::check(&book()));
}

#[test]
fn the_addresses_outside_are_listed() {
    let book = book();
    let listed: Vec<&str> = links::listed(&book).into_iter().collect();
    insta::assert_snapshot!("addresses_outside", listed.join("\n"));
}

#[test]
fn summary_chapters_and_exercises_agree() {
    assert_none(&agreement::check(&book()));
}

#[test]
fn diagrams_follow_the_theme_and_can_be_read_aloud() {
    assert_none(&diagrams::check(&book()));
}

#[test]
fn shown_commands_print_what_the_page_says() {
    let programs = Programs::beside_this_test(root()).unwrap();
    assert_none(&console::check(&book(), &programs).unwrap());
}
