//! What the reader has done, kept between runs in a small text file, `.course/progress.txt`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

const HEAD: &str = "\
# What you have done, as `cargo course` remembers it. It is yours: a line may be changed or removed.
";

/// The file, and what stands in it.
#[derive(Debug)]
pub struct Progress {
    file: PathBuf,
    done: BTreeMap<String, Done>,
}

/// What was done of one exercise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// All of its checks passed, once.
    pub passed: bool,
    /// How many hints were shown.
    pub hints: usize,
}

impl Progress {
    /// Reads the progress of the course in `root`; none where there is no file. What can't be
    /// understood counts as not done.
    ///
    /// # Errors
    /// When the file is there, and can't be read.
    pub fn read(root: &Path) -> io::Result<Self> {
        let file = root.join(".course/progress.txt");
        let text = match fs::read(&file) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        Ok(Self { file, done: text.lines().filter_map(line).collect() })
    }

    /// Nothing done yet.
    #[must_use]
    pub fn none(root: &Path) -> Self {
        Self { file: root.join(".course/progress.txt"), done: BTreeMap::new() }
    }

    /// What was done of the exercise of this name.
    #[must_use]
    pub fn of(&self, name: &str) -> Done {
        self.done.get(name).copied().unwrap_or_default()
    }

    /// Remembers what was done of an exercise. The file is replaced whole: whoever reads it at the
    /// same time sees the old one or the new one.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn set(&mut self, name: &str, done: Done) -> io::Result<()> {
        if self.of(name) == done {
            return Ok(());
        }
        self.done.insert(name.to_owned(), done);
        let mut text = HEAD.to_owned();
        for (name, done) in self.done.iter().filter(|(_, done)| **done != Done::default()) {
            let passed = done.passed.then(|| "passed".to_owned());
            let hints = (done.hints > 0).then(|| format!("hints {}", done.hints));
            let words: Vec<String> = passed.into_iter().chain(hints).collect();
            // Writing to a String can't fail.
            let _ = writeln!(text, "{name}: {}", words.join(", "));
        }
        let new = self.file.with_extension("new");
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&new, text)?;
        fs::rename(&new, &self.file)
    }

    /// The file's path.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }
}

/// `columns: passed, hints 2`.
fn line(line: &str) -> Option<(String, Done)> {
    let (name, words) = line.split_once(':')?;
    if name.starts_with('#') {
        return None;
    }
    let mut done = Done::default();
    for word in words.split(',').map(str::trim) {
        done.passed |= word == "passed";
        if let Some(hints) = word.strip_prefix("hints ") {
            done.hints = hints.trim().parse().unwrap_or(0);
        }
    }
    Some((name.trim().to_owned(), done))
}
