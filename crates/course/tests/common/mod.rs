//! A small course of its own, in a folder with a space in its name, without git, network or
//! dependencies.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses some of it, and may unwrap")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The small course. It is gone when this is dropped.
pub(crate) struct Small {
    folder: tempfile::TempDir,
}

/// What a program printed, and how it ended.
pub(crate) struct Said {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: Option<i32>,
}

impl Said {
    fn of(output: Output) -> Self {
        Self {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            status: output.status.code(),
        }
    }

    /// Everything a person sees.
    pub(crate) fn all(&self) -> String {
        let status = self.status.unwrap();
        format!("{}{}[status {status}]", self.stdout, self.stderr)
    }
}

pub(crate) const SOLVED: &str = "\
/// How many dots.
#[must_use]
pub fn dots(token: &str) -> usize {
    // One of them ends the header, the other the claims.
    token.matches('.').count()
}
";

impl Small {
    /// Three exercises in two chapters.
    pub(crate) fn new() -> Self {
        let small =
            Self { folder: tempfile::Builder::new().prefix("a course ").tempdir().unwrap() };
        small.write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"exercises/[0-9]*/*\"]\n",
        );
        let build = include_str!("../../../../exercises/make_exercise.rs");
        small.write("exercises/make_exercise.rs", build);
        small.exercise("01_shapes/01_dots", "dots", "How many dots has a token?");
        small.exercise("01_shapes/02_dashes", "dashes", "Is a dash part of base64url?");
        small.exercise("02_claims/01_issuer", "issuer", "Who wrote it?");
        small
    }

    fn exercise(&self, folder: &str, name: &str, title: &str) {
        let at = |file: &str| format!("exercises/{folder}/{file}");
        let (chapter, own) = folder.split_once('/').unwrap();
        self.write(
            &at("Cargo.toml"),
            format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                 build = \"../../make_exercise.rs\"\n\n[package.metadata.exercise]\n\
                 title = \"{title}\"\npage = \"01-shapes/three-parts.html\"\nminutes = 5\n\
                 rust = \"str::matches\"\nhints = [\"Dots separate parts.\", \"Three parts have two \
                 of them.\", \"`matches('.')` finds them, `count` counts.\"]\n\
                 fails = \"count the dots\"\n\n[features]\nsolution = []\n"
            ),
        );
        self.write(
            &at("src/lib.rs"),
            format!(
                "//! Plumbing.\n#[cfg_attr(feature = \"solution\", path = \
                 \"../../../solutions/{chapter}/{own}.rs\")]\nmod exercise;\n\
                 pub use exercise::dots;\n"
            ),
        );
        self.write(
            &at("src/main.rs"),
            format!("fn main() {{ let _ = {name}::dots(\"a.b.c\"); }}\n"),
        );
        self.write(
            &at("src/stub.rs"),
            format!(
                "//! {title} About 5 minutes.\n//!\n\
                 //! Explained on: book/src/01-shapes/three-parts.md\n\n\
                 /// How many dots.\n#[must_use]\npub fn dots(token: &str) -> usize {{\n    \
                 todo!(\"count the dots of {{token:?}}\")\n}}\n"
            ),
        );
        self.write(
            &at(&format!("tests/{name}.rs")),
            format!(
                "use {name}::dots;\n\n#[test]\nfn three_parts_have_two_dots() {{\n    \
                 assert_eq!(dots(\"a.b.c\"), 2);\n}}\n\n#[test]\nfn any_number_of_parts() {{\n    \
                 assert_eq!(dots(&\".\".repeat(40)), 40, \"forty\");\n}}\n"
            ),
        );
        self.write(&format!("exercises/solutions/{folder}.rs"), SOLVED);
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub(crate) fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        let path = self.folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.path().join(file)).unwrap()
    }

    /// `cargo course ARGUMENTS` in the course's folder.
    pub(crate) fn course(&self, arguments: &[&str]) -> Said {
        self.course_in("", arguments)
    }

    /// The same in a folder of it.
    pub(crate) fn course_in(&self, folder: &str, arguments: &[&str]) -> Said {
        let mut command = program(&self.path().join(folder));
        let mut said = Said::of(command.args(arguments).output().unwrap());
        for text in [&mut said.stdout, &mut said.stderr] {
            *text = text.replace(&self.path().display().to_string(), "HERE");
        }
        said
    }
}

/// The program, told to build in a target folder of the course around `folder`.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_course"));
    command.current_dir(folder).env("NO_COLOR", "1");
    for elsewhere in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "RUSTFLAGS", "INSTA_UPDATE"] {
        command.env_remove(elsewhere);
    }
    command
}
