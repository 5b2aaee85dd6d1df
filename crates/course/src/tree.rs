//! The exercises, as they lie in the tree: `exercises/NN_chapter/NN_name/Cargo.toml`. No list of
//! them is kept anywhere else.

use serde::Deserialize;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// All that the course asks of its reader, in the order in which it asks.
#[derive(Debug)]
pub struct Course {
    /// The folder of the workspace.
    pub root: PathBuf,
    /// Never empty.
    pub exercises: Vec<Exercise>,
}

/// One exercise: a crate of which the reader edits one file.
#[derive(Debug)]
pub struct Exercise {
    /// The name of its package, which is what a reader types.
    pub name: String,
    /// `01_static_tokens`.
    pub chapter: String,
    /// The number of its chapter, and its own in there.
    pub number: (u32, u32),
    /// Its folder, absolute.
    pub folder: PathBuf,
    /// Whether it is linked with the lab cluster, whose first build takes a minute.
    pub links_the_lab: bool,
    /// What its manifest says about it.
    pub about: About,
}

/// `[package.metadata.exercise]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// What it is about, in a few words.
    pub title: String,
    /// The page of the book that teaches the idea, below `book/`: `01-static-tokens/the-file.html`.
    pub page: String,
    /// How long it takes.
    pub minutes: u32,
    /// Which Rust it assumes.
    pub rust: String,
    /// From mild to plain.
    pub hints: Vec<String>,
    /// What the untouched stub's first failing check must say.
    pub fails: String,
    /// One word for it.
    #[serde(default)]
    pub teaches: Option<String>,
}

/// Why there is no course to guide through.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The program runs somewhere else.
    #[error("{} is not inside the course's folder", .0.display())]
    Outside(PathBuf),
    /// The folder is there, and nothing in it.
    #[error("there is no exercise in {}", .0.display())]
    NoExercise(PathBuf),
    /// A file or a folder can't be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A manifest that is not what an exercise's manifest must be.
    #[error("{} is not the manifest of an exercise", path.display())]
    Manifest {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<toml::de::Error>,
    },
    /// A folder whose name has no number.
    #[error("{} must begin with a number, such as 01_", .0.display())]
    NoNumber(PathBuf),
}

#[derive(Deserialize)]
struct Manifest {
    package: Package,
    #[serde(default)]
    dependencies: toml::Table,
    #[serde(default, rename = "dev-dependencies")]
    dev_dependencies: toml::Table,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    exercise: About,
}

impl Course {
    /// The course whose folder `start` is, or lies in.
    ///
    /// # Errors
    /// When there is none, or when an exercise's manifest can't be understood.
    pub fn find(start: &Path) -> Result<Self, TreeError> {
        let start = start.canonicalize().map_err(unreadable(start))?;
        let here = |folder: &&Path| {
            folder.join("exercises").is_dir() && folder.join("Cargo.toml").is_file()
        };
        let root = start.ancestors().find(here);
        let root = root.ok_or_else(|| TreeError::Outside(start.clone()))?;
        let exercises = root.join("exercises");

        let mut found = Vec::new();
        for chapter in folders(&exercises)? {
            // Solutions, and whatever else lies there, are no chapters.
            if !name_of(&chapter).starts_with(|first: char| first.is_ascii_digit()) {
                continue;
            }
            for folder in folders(&chapter)? {
                // An emptied folder is what `git pull` leaves of an exercise that was renamed.
                if folder.join("Cargo.toml").is_file() {
                    found.push(Exercise::read(folder, &chapter)?);
                }
            }
        }
        found.sort_by_key(|exercise| exercise.number);
        if found.is_empty() {
            return Err(TreeError::NoExercise(exercises));
        }
        Ok(Self { root: root.to_path_buf(), exercises: found })
    }

    /// Gives every exercise without one its `exercise.rs`, so that an editor finds it, and those that
    /// nobody has touched the stub of today. Returns those that could not be given any.
    #[must_use]
    pub fn make_files(&self) -> Vec<(&Exercise, io::Error)> {
        let made = self.exercises.iter().map(|exercise| (exercise, self.make_file(exercise)));
        made.filter_map(|(exercise, made)| made.err().map(|error| (exercise, error))).collect()
    }

    /// Copies the stub to where the reader's file is missing. Over one that is there only when
    /// it is, byte for byte, the stub of an earlier day: `git pull` brought another.
    fn make_file(&self, exercise: &Exercise) -> io::Result<()> {
        let (file, begun) = (exercise.file(), self.begun_as(exercise));
        let stub = fs::read(exercise.stub())?;
        // Also a link that leads nowhere is somebody's.
        if file.symlink_metadata().is_err() {
            match OpenOptions::new().write(true).create_new(true).open(&file) {
                Ok(mut file) => file.write_all(&stub)?,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        let written = fs::read(&file).unwrap_or_default();
        if written != stub {
            if fs::read(&begun).is_ok_and(|begun| begun == written) {
                fs::write(&file, &stub)?;
            } else {
                return Ok(());
            }
        }
        // Without that memory everything works, but an untouched file stays as old as it is.
        if !fs::read(&begun).is_ok_and(|begun| begun == stub) {
            let _ = fs::create_dir_all(begun.with_file_name(""))
                .and_then(|()| fs::write(&begun, &stub));
        }
        Ok(())
    }

    /// What the reader's file began as.
    fn begun_as(&self, exercise: &Exercise) -> PathBuf {
        self.root.join(".course/stubs").join(format!("{}.rs", exercise.name))
    }

    /// Whether the stub is another one now than when the reader began.
    #[must_use]
    pub fn stub_has_changed(&self, exercise: &Exercise) -> bool {
        match (fs::read(self.begun_as(exercise)), fs::read(exercise.stub())) {
            (Ok(begun), Ok(stub)) => begun != stub,
            _ => false,
        }
    }

    /// A path as it is best shown: from the course's folder on.
    #[must_use]
    pub fn short<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }

    /// The exercise whose file a place such as `exercises/.../src/exercise.rs:29:5` lies in.
    #[must_use]
    pub fn whose(&self, place: &str) -> Option<&Exercise> {
        let path = self.root.join(place.split(':').next().unwrap_or(place));
        self.exercises.iter().find(|exercise| exercise.file() == path)
    }

    /// The exercise in whose folder somebody stands, if they do.
    #[must_use]
    pub fn around(&self, folder: &Path) -> Option<&Exercise> {
        let folder = folder.canonicalize().ok()?;
        self.exercises.iter().find(|exercise| folder.starts_with(&exercise.folder))
    }
}

impl Exercise {
    fn read(folder: PathBuf, chapter: &Path) -> Result<Self, TreeError> {
        let path = folder.join("Cargo.toml");
        let text = fs::read_to_string(&path).map_err(unreadable(&path))?;
        let manifest: Manifest = toml::from_str(&text).map_err(|source| TreeError::Manifest {
            path: path.clone(),
            source: Box::new(source),
        })?;
        let lab = "lab-cluster";
        Ok(Self {
            name: manifest.package.name,
            number: (number(chapter)?, number(&folder)?),
            chapter: name_of(chapter),
            links_the_lab: manifest.dependencies.contains_key(lab)
                || manifest.dev_dependencies.contains_key(lab),
            about: manifest.package.metadata.exercise,
            folder,
        })
    }

    /// `1.2`.
    #[must_use]
    pub fn dotted(&self) -> String {
        format!("{}.{}", self.number.0, self.number.1)
    }

    /// `1: What was the token in my kubeconfig?`, as the book has it; without a book `1: static tokens`.
    #[must_use]
    pub fn chapter_title(&self, course: &Course) -> String {
        let opening = self.chapter.replace('_', "-");
        let opening =
            fs::read_to_string(course.root.join("book/src").join(opening).join("README.md"));
        let opening = opening.unwrap_or_default();
        let title = opening
            .lines()
            .find_map(|line| line.strip_prefix("# "))
            .unwrap_or_else(|| self.chapter.split_once('_').map_or("", |(_, words)| words));
        format!("{}: {}", self.number.0, title.trim().replace('_', " "))
    }

    /// The one file that the reader edits.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.join("src/exercise.rs")
    }

    /// What that file begins as.
    #[must_use]
    pub fn stub(&self) -> PathBuf {
        self.folder.join("src/stub.rs")
    }

    /// `exercises/solutions/NN_chapter/NN_name.rs`.
    #[must_use]
    pub fn solution(&self, course: &Course) -> PathBuf {
        let solutions = course.root.join("exercises/solutions").join(&self.chapter);
        solutions.join(name_of(&self.folder) + ".rs")
    }

    /// The source of its page: `book/src/01-static-tokens/the-file.md`.
    #[must_use]
    pub fn page(&self) -> String {
        let page = self.about.page.strip_suffix(".html").unwrap_or(&self.about.page);
        // mdBook turns a folder's README.md into its index.html.
        let page = match page.strip_suffix("index") {
            Some(folder) if folder.ends_with('/') => format!("{folder}README"),
            _ => page.to_owned(),
        };
        format!("book/src/{page}.md")
    }

    /// Whether the reader has not changed anything yet.
    #[must_use]
    pub fn untouched(&self) -> bool {
        match (fs::read(self.file()), fs::read(self.stub())) {
            (Ok(file), Ok(stub)) => file == stub,
            (Err(error), _) => error.kind() == ErrorKind::NotFound,
            _ => false,
        }
    }
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> TreeError {
    let path = path.to_path_buf();
    |source| TreeError::Unreadable { path, source }
}

fn folders(parent: &Path) -> Result<Vec<PathBuf>, TreeError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(parent).map_err(unreadable(parent))? {
        let path = entry.map_err(unreadable(parent))?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    Ok(found)
}

/// A folder's own name. What the course itself names is always text.
fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The number a folder's name begins with: 1 of `01_columns`.
fn number(folder: &Path) -> Result<u32, TreeError> {
    let name = name_of(folder);
    let number = name.split_once('_').and_then(|(number, _)| number.parse().ok());
    number.ok_or_else(|| TreeError::NoNumber(folder.to_path_buf()))
}
