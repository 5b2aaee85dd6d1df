//! `cargo course verify`, for who writes exercises: what a reader may rely on.

use crate::cargo::{self, Built};
use crate::guide::Guide;
use crate::manifest;
use crate::tree::{Course, Exercise};
use crate::verdict::{self, Check, End};
use crate::wait::Wait;
use narration::{Answer, Outcome, Report, Story};
use std::io::{self, Write};
use std::process::Stdio;

/// Every stub compiles without a warning and fails for the reason it declares, every solution
/// passes and is lint clean, and what an exercise says about itself agrees with the book.
///
/// # Errors
/// When a name is none, when cargo can't be started; those of the writer.
pub fn verify<W: Write>(story: &mut Story<W>, guide: &Guide, names: &[String]) -> Outcome {
    let course = &guide.course;
    let chosen: Result<Vec<&Exercise>, Report> =
        names.iter().map(|name| guide.chosen(Some(name))).collect();
    let chosen = if names.is_empty() { course.exercises.iter().collect() } else { chosen? };
    let mut problems: Vec<Vec<String>> =
        chosen.iter().map(|exercise| manifest::problems(course, exercise)).collect();

    story.title(&format!("Verifying {} exercises", chosen.len()))?;
    // All at once: what they share is built once, and two of them at a time.
    let stubs = build(course, &chosen, false)?;
    for (exercise, problems) in chosen.iter().zip(&mut problems) {
        if exercise.untouched() {
            problems.extend(stub(course, exercise, &stubs)?);
        } else {
            let name = &exercise.name;
            problems.push(format!(
                "its exercise.rs is not the stub, which is what is to be verified: cargo course \
                 reset {name} puts it back, and keeps what is there"
            ));
        }
    }
    let solutions = build(course, &chosen, true)?;
    for (exercise, problems) in chosen.iter().zip(&mut problems) {
        problems.extend(solution(exercise, &solutions)?);
    }
    let mut others = Vec::new();
    for (what, built) in [("the stubs", &stubs), ("the solutions", &solutions)] {
        if !built.success && built.said.iter().all(|said| !said.error) {
            others.push(format!("{what} could not be built: {}", built.elsewhere.trim()));
        }
    }
    // Clippy shows what it finds by itself.
    for (what, solutions) in [("the stubs", false), ("the solutions", true)] {
        if !lint(course, &chosen, solutions)? {
            others.push(format!("clippy has something to say about {what}, above"));
        }
    }

    let marks = chosen.iter().zip(&problems).map(|(exercise, problems)| {
        (problems.is_empty(), format!("{} {}", exercise.dotted(), exercise.name))
    });
    story.marks(&marks.collect::<Vec<_>>())?;
    for (exercise, problems) in chosen.iter().zip(&problems) {
        for problem in problems {
            story.say(format_args!("{}: {problem}", exercise.name))?;
        }
    }
    for problem in &others {
        story.lines(problem)?;
    }
    let well = others.is_empty() && problems.iter().all(Vec::is_empty);
    Ok(if well { Answer::Yes } else { Answer::No })
}

fn build(course: &Course, exercises: &[&Exercise], solutions: bool) -> io::Result<Built> {
    let longest = exercises.iter().find(|exercise| exercise.links_the_lab).or(exercises.first());
    let mut wait = longest.map(|longest| Wait::new(course, longest));
    cargo::build(course, exercises, solutions, |news| {
        if let Some(wait) = &mut wait {
            wait.tell(&news);
        }
    })
}

fn said(exercise: &Exercise, built: &Built) -> Vec<String> {
    let manifest = exercise.folder.join("Cargo.toml");
    let said = built.said.iter().filter(|said| said.manifest == manifest);
    said.map(|said| format!("the compiler says: {}", said.rendered.trim())).collect()
}

fn stub(course: &Course, exercise: &Exercise, built: &Built) -> io::Result<Vec<String>> {
    let mut problems = said(exercise, built);
    if !problems.is_empty() || !built.success {
        return Ok(problems);
    }
    let checks = verdict::run(exercise, &built.programs, |_| ())?;
    let fails = &exercise.about.fails;
    match checks.iter().find(|check| check.end != End::Passed) {
        None => problems.push(format!("the untouched stub passes all {} checks", checks.len())),
        Some(Check { name, end: End::Failed(panics), .. }) => {
            if !panics.iter().any(|panic| panic.message.contains(fails)) {
                let got: Vec<&str> = panics.iter().map(|panic| panic.message.as_str()).collect();
                problems.push(format!(
                    "the stub fails for another reason: {name} should say {fails:?}, and says: {}",
                    got.join("\n")
                ));
            }
            // The reader is told where: that must be their own file.
            let file = exercise.file();
            let place = course.short(&file).to_string();
            if !panics.iter().any(|panic| panic.place.starts_with(&place)) {
                problems.push(format!("{name} fails, and not in {place}"));
            }
        }
        Some(Check { name, end, .. }) => {
            problems.push(format!("the stub should fail by a panic; {name} ends so: {end:?}"));
        }
    }
    Ok(problems)
}

fn solution(exercise: &Exercise, built: &Built) -> io::Result<Vec<String>> {
    let mut problems = said(exercise, built);
    if !problems.is_empty() || !built.success {
        return Ok(problems);
    }
    let checks = verdict::run(exercise, &built.programs, |_| ())?;
    if checks.is_empty() {
        problems.push("it has no check".to_owned());
    }
    for Check { name, end, .. } in checks {
        match end {
            End::Passed => {}
            End::Failed(panics) => {
                let last = panics.last().map_or("", |panic| &panic.message);
                problems.push(format!("the solution does not pass {name}: {last}"));
            }
            end => problems.push(format!("the solution does not pass {name}: {end:?}")),
        }
    }
    Ok(problems)
}

fn lint(course: &Course, exercises: &[&Exercise], solutions: bool) -> io::Result<bool> {
    let mut cargo = cargo::command(course);
    cargo.args(["clippy", "--quiet", "--all-targets"]).stdin(Stdio::null());
    cargo::select(&mut cargo, exercises, solutions);
    Ok(cargo.args(["--", "-D", "warnings"]).status()?.success())
}
