//! `cargo course watch`.

use crate::commands::{check, hint, status};
use crate::guide::Guide;
use crate::tree::Exercise;
use console::Term;
use narration::{Answer, Outcome, Report, Story};
use notify::{EventKind, RecursiveMode, Watcher};
use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io::{self, BufRead, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// An editor writes a file in several steps. It has finished when it was quiet for so long.
const QUIET: Duration = Duration::from_millis(60);

/// Checks an exercise, and from then on whichever is saved, until it is told to end.
///
/// # Errors
/// When the name is none, when the folder can't be watched; those of the writer.
pub fn watch<W: Write>(story: &mut Story<W>, guide: &mut Guide, name: Option<&str>) -> Outcome {
    let mut at = match guide.chosen(name) {
        Ok(exercise) => exercise.name.clone(),
        // Nothing is left to do: whatever is saved is checked all the same.
        Err(_) if name.is_none() => guide.course.exercises[0].name.clone(),
        Err(unknown) => return Err(unknown),
    };
    let (send, heard) = channel();
    let mut ears = Ears { heard, typed: VecDeque::new() };
    let folder = guide.course.root.join("exercises");
    let mut watcher = notify::recommended_watcher(changes(send.clone())).map_err(unwatched)?;
    watcher.watch(&folder, RecursiveMode::Recursive).map_err(unwatched)?;
    thread::spawn(move || read_lines(&send));

    let screen = Term::stdout();
    let mut seen = files(guide);
    'check: loop {
        if screen.is_term() {
            screen.clear_screen()?;
        }
        check::check(story, guide, Some(&at))?;
        invite(story)?;
        loop {
            match ears.next() {
                Some(Heard::Typed(line)) => {
                    match line.trim() {
                        "" => continue 'check,
                        "h" => drop(hint::hint(story, guide, Some(&at))?),
                        "l" => drop(status::list(story, guide)?),
                        "n" => {
                            if let Some(next) = guide.next() {
                                at.clone_from(&next.name);
                            }
                            continue 'check;
                        }
                        "q" => return Ok(Answer::Yes),
                        other => story.say(format_args!("{other:?} means nothing here."))?,
                    }
                    invite(story)?;
                }
                Some(Heard::Change) => {
                    let now = files(guide);
                    let names = guide.course.exercises.iter().map(|exercise| &exercise.name);
                    let saved = names.clone().find(|name| now.get(*name) != seen.get(*name));
                    if let Some(saved) = saved {
                        at.clone_from(saved);
                        seen = now;
                        continue 'check;
                    }
                }
                None => {
                    return Err(Report::failed("nothing more is heard of the folder exercises/"));
                }
            }
        }
    }
}

fn invite<W: Write>(story: &mut Story<W>) -> io::Result<()> {
    story.lines(
        "watching: whichever exercise.rs you save is checked\n\
         h hint, n next, l list, q quit, each with Enter; Enter alone checks again",
    )
}

/// What the reader has written, exercise by exercise. Reading a file is a change to some systems,
/// and so is saving what was there before.
fn files(guide: &Guide) -> HashMap<String, Option<Vec<u8>>> {
    // One that was deleted comes back as its stub; what can't be made is told by the check.
    let _ = guide.course.make_files();
    let read = |exercise: &Exercise| (exercise.name.clone(), fs::read(exercise.file()).ok());
    guide.course.exercises.iter().map(read).collect()
}

/// What happens while nobody types a command.
enum Heard {
    /// Something below `exercises/` has changed.
    Change,
    /// The reader typed a line.
    Typed(String),
}

struct Ears {
    heard: Receiver<Heard>,
    /// What was typed while a change was settling.
    typed: VecDeque<String>,
}

impl Ears {
    /// Waits for the next thing to do. Changes are one when less than [`QUIET`] is between them.
    fn next(&mut self) -> Option<Heard> {
        if let Some(line) = self.typed.pop_front() {
            return Some(Heard::Typed(line));
        }
        let first = self.heard.recv().ok()?;
        if let Heard::Change = first {
            loop {
                match self.heard.recv_timeout(QUIET) {
                    Ok(Heard::Change) => {}
                    Ok(Heard::Typed(line)) => self.typed.push_back(line),
                    Err(_) => break,
                }
            }
        }
        Some(first)
    }
}

fn changes(send: Sender<Heard>) -> impl FnMut(notify::Result<notify::Event>) {
    move |event| {
        // Somebody who reads changes nothing. When events were lost, look.
        if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
            let _ = send.send(Heard::Change);
        }
    }
}

fn read_lines(send: &Sender<Heard>) {
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        if send.send(Heard::Typed(line)).is_err() {
            return;
        }
    }
}

fn unwatched(error: notify::Error) -> Report {
    Report::from(error).advise("cargo course check, after each change")
}
