//! The differences that are known and meant: rows of `tests/conformance/DIFFERENCES.md` like
//! `| topic | `case` | verdict or words | why |`. A `*` at the end of a case's name stands for any
//! end.

use std::fs;

struct Row {
    topic: String,
    case: String,
    verdict: bool,
    used: bool,
}

/// All of them.
pub(crate) struct Known(Vec<Row>);

impl Known {
    pub(crate) fn read() -> Self {
        Self::of(&fs::read_to_string(super::corpus::folder().join("DIFFERENCES.md")).unwrap())
    }

    fn of(text: &str) -> Self {
        let mut rows = Vec::new();
        for line in text.lines().filter(|line| line.starts_with("| ")) {
            let columns: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [topic, case, what @ ("verdict" | "words"), why] = columns[..] else { continue };
            assert!(!why.is_empty(), "no reason: {line}");
            let (topic, case) = (topic.to_owned(), case.trim_matches('`').to_owned());
            rows.push(Row { topic, case, verdict: what == "verdict", used: false });
        }
        Self(rows)
    }

    /// Whether a difference in this case is a known one. Where verdicts differ, words do too.
    pub(crate) fn covers(&mut self, topic: &str, case: &str, verdict: bool) -> bool {
        let mut covered = false;
        for row in &mut self.0 {
            let named = match row.case.strip_suffix('*') {
                Some(start) => case.starts_with(start),
                None => row.case == case,
            };
            if row.topic == topic && named && row.verdict == verdict {
                row.used = true;
                covered = true;
            }
        }
        covered
    }

    /// Rows for which no case differed.
    pub(crate) fn stale(&self) -> Vec<String> {
        let stale = self.0.iter().filter(|row| !row.used);
        stale.map(|row| format!("{} `{}`", row.topic, row.case)).collect()
    }
}

#[test]
fn the_list_is_wrong_in_either_direction() {
    let mut known = Known::of(
        "| topic | case | what | why |\n|---|---|---|---|\n\
         | header | `two *` | words | as it is |\n| jwt | `gone` | verdict | was once |\n",
    );
    assert!(known.covers("header", "two of them", false));
    assert!(!known.covers("header", "two of them", true));
    assert!(!known.covers("header", "three of them", false));
    assert_eq!(known.stale(), ["jwt `gone`"]);
}
