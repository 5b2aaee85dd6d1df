//! The differences that are known and meant: the tables of `tests/conformance/DIFFERENCES.md`.

use super::Result;

/// A line of a table: `| versions | who | command line | reason |`.
#[derive(Debug)]
struct Row {
    /// `all`, or the versions of kubectl, as `1.27-1.31`.
    versions: String,
    /// `everyone`, or some of them.
    people: String,
    line: String,
    /// Has it been asked whether it holds, and did it?
    asked: bool,
    held: bool,
}

/// All that are known.
#[derive(Debug)]
pub(crate) struct Known(Vec<Row>);

impl Known {
    /// Reads every table row whose third column is a kubectl command line.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let mut rows = Vec::new();
        for line in text.lines().filter(|line| line.starts_with('|')) {
            let columns: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [versions, people, command, reason] = columns[..] else { continue };
            let Some(command) = command.strip_prefix("`kubectl ") else { continue };
            if reason.is_empty() {
                return Err(format!("no reason: {line}").into());
            }
            rows.push(Row {
                versions: versions.to_owned(),
                people: people.to_owned(),
                line: command.trim_end_matches('`').to_owned(),
                asked: false,
                held: false,
            });
        }
        Ok(Self(rows))
    }

    /// Whether a difference here would be a known one; `same` says whether there is one.
    pub(crate) fn covers(&mut self, version: &str, who: &str, line: &str, same: bool) -> bool {
        let mut covered = false;
        for row in self.0.iter_mut().filter(|row| {
            row.line == line
                && (row.people == "everyone" || row.people.split(", ").any(|name| name == who))
                && within(version, &row.versions)
        }) {
            row.asked = true;
            row.held |= !same;
            covered = true;
        }
        covered
    }

    /// What was asked, and never differed.
    pub(crate) fn stale(&self) -> Vec<String> {
        let stale = self.0.iter().filter(|row| row.asked && !row.held);
        stale.map(|row| format!("{} {}: {}", row.versions, row.people, row.line)).collect()
    }
}

/// Is a version in `all`, `1.27` or `1.27-1.31`?
fn within(version: &str, range: &str) -> bool {
    let minor = |text: &str| text.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    if range == "all" {
        return true;
    }
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    minor(version) >= minor(first) && minor(version) <= minor(last)
}

#[test]
fn rows_and_ranges() {
    let text = "| kubectl | who | command line | why |\n|---|---|---|---|\n\
                | all | alice, bad | `kubectl get all` | none here |\n";
    let mut known = Known::read(text).unwrap();
    assert!(known.covers("1.27.16", "bad", "get all", true));
    assert!(!known.covers("1.27.16", "admin", "get all", false));
    assert_eq!(known.stale(), ["all alice, bad: get all"]);
    assert!(known.covers("1.37.2", "alice", "get all", false));
    assert!(known.stale().is_empty());
    assert!(Known::read("| all | bad | `kubectl get` |  |").is_err());
    assert!(within("1.30.13", "1.27-1.31") && !within("1.32.5", "1.27-1.31"));
}
