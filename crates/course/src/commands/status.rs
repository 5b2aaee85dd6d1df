//! `cargo course` alone, and `cargo course list`.

use crate::guide::Guide;
use crate::tree::Exercise;
use narration::{Answer, Outcome, Story};
use std::io::Write;

const TITLE: &str = "How Does That Token Work?";

/// Where you are, what is next, what to type.
///
/// # Errors
/// Those of the writer.
pub fn alone<W: Write>(story: &mut Story<W>, guide: &Guide) -> Outcome {
    story.title(TITLE)?;
    let all = guide.course.exercises.len();
    let done = guide.passed();
    let Some(next) = guide.next() else {
        story.say(format_args!("Every exercise is done, all {all} of them."))?;
        story.rows(&[
            ("list", "cargo course list"),
            ("again", "cargo course check NAME"),
            ("compare", "cargo course solution NAME"),
            ("go on", "cargo run -p signing (where does it come from?)"),
        ])?;
        return Ok(Answer::Yes);
    };
    let verb = if next.untouched() { "Next is" } else { "You are at" };
    let Exercise { name, about, .. } = next;
    story.say(format_args!(
        "{done} of {all} exercises done. {verb} {} {name}, \"{}\", about {} minutes.",
        next.dotted(),
        about.title,
        about.minutes
    ))?;
    let file = next.file();
    let mut rows = vec![
        ("read", format!("{} (cargo run -p book)", next.page())),
        ("edit", guide.course.short(&file).to_string()),
        ("check", "cargo course check".to_owned()),
        ("stuck?", "cargo course hint".to_owned()),
        ("Rust", about.rust.clone()),
    ];
    if next.links_the_lab {
        rows.push(("time", "its first check builds the lab cluster: about a minute".to_owned()));
    }
    story.rows(&rows)?;
    story.say(
        "The task stands at the top of the file to edit. cargo course watch checks whenever you \
         save; cargo course list shows every exercise, cargo course --help the rest.",
    )?;
    Ok(Answer::Yes)
}

/// Every exercise, chapter by chapter.
///
/// # Errors
/// Those of the writer.
pub fn list<W: Write>(story: &mut Story<W>, guide: &Guide) -> Outcome {
    let exercises = &guide.course.exercises;
    let (done, all) = (guide.passed(), exercises.len());
    story.title(&format!("{TITLE} {done} of {all} exercises done"))?;
    let wide = exercises.iter().map(|exercise| exercise.name.len()).max().unwrap_or(0);
    let next = guide.next().map(|next| &next.name);
    for chapter in exercises.chunk_by(|one, other| one.chapter == other.chapter) {
        story.say(format_args!("Chapter {}", chapter[0].chapter_title(&guide.course)))?;
        let rows = chapter.iter().map(|exercise| {
            let state = if guide.done(exercise).passed {
                "done"
            } else if !exercise.untouched() {
                "begun"
            } else if next == Some(&exercise.name) {
                "next"
            } else {
                ""
            };
            let Exercise { name, about, .. } = exercise;
            let lab = if exercise.links_the_lab { " (lab)" } else { "" };
            let text =
                format!("{name:wide$}  {state:5}  {:>2} min  {}{lab}", about.minutes, about.title);
            (exercise.dotted(), text)
        });
        story.rows(&rows.collect::<Vec<_>>())?;
    }
    let lab = if exercises.iter().any(|exercise| exercise.links_the_lab) {
        " (lab): built with the lab cluster, which takes a minute the first time."
    } else {
        ""
    };
    story.say(format_args!(
        "cargo course says what is next; cargo course check NAME checks one of these.{lab}"
    ))?;
    Ok(Answer::Yes)
}
