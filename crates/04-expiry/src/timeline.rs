//! A token's life as a drawing: one row an event, and between the rows what the API server would say.
//!
//! Time runs downwards. The line is solid (`│`) where the dates hold, dotted (`┊`) where only the
//! leeway saves the token, and crossed out (`×`) where it is refused. So it can be read without
//! colour, and an hour and a year take the same room.

use crate::{LEEWAY, Window, moment::Moment, refresh};
use chrono::{DateTime, TimeDelta, Utc};
use jwt_anatomy::{Claims, dates};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// No line is wider, in characters: it fits into 80 columns with an indent of five.
const WIDTH: usize = 75;

/// What is drawn. Dates are unix seconds, and any number is a date.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    /// `nbf`, `exp`, `iat`.
    pub window: Window,
    /// `kubernetes.io.warnafter`.
    pub warn_after: Option<i64>,
    /// When a kubelet asks for the next token: with the most jitter, and with none.
    pub renewal: Option<RangeInclusive<i64>>,
    /// Where the reader stands.
    pub now: Option<DateTime<Utc>>,
}

impl Timeline {
    /// The life of a token with these claims, seen from `now`.
    #[must_use]
    pub fn of(claims: &Claims, now: DateTime<Utc>) -> Self {
        Self {
            window: Window::of(claims),
            warn_after: claims.kubernetes.as_ref().and_then(|kubernetes| kubernetes.warn_after),
            renewal: refresh::of_pod_token(claims),
            now: Some(now),
        }
    }

    /// What happens, sorted; names that share a moment share its row.
    fn events(&self) -> BTreeMap<Moment, Vec<String>> {
        let mut events: BTreeMap<Moment, Vec<String>> = BTreeMap::new();
        let mut add = |at: Moment, what: &str| events.entry(at).or_default().push(what.to_owned());

        let Window { not_before, issued_at, .. } = self.window;
        let begins = match (not_before, issued_at) {
            (Some(nbf), Some(iat)) if nbf == iat => vec![("nbf and iat", nbf)],
            _ => [("nbf", not_before), ("iat", issued_at)]
                .into_iter()
                .filter_map(|(name, date)| Some((name, date?)))
                .collect(),
        };
        for (names, date) in begins {
            add(Moment::of_claim(date).earlier_by(LEEWAY), &format!("60 s before {names}"));
            add(Moment::of_claim(date), names);
        }
        if let Some(date) = self.window.expires_at {
            add(Moment::of_claim(date), "exp");
            add(Moment::of_claim(date).later_by(LEEWAY), "60 s after exp");
        }
        if let Some(date) = self.warn_after {
            add(Moment::of_claim(date), "warnafter: from here on noted in the audit log");
        }
        if let Some(renewal) = &self.renewal {
            add(
                Moment::of_claim(*renewal.start()),
                "its kubelet asks for the next one, at the earliest",
            );
            add(
                Moment::of_claim(*renewal.end()),
                "its kubelet asks for the next one, at the latest",
            );
        }
        if let Some(now) = self.now {
            let holds = self.window.check(now).is_ok();
            let verdict = if holds { "now: its dates hold" } else { "now: its dates do not hold" };
            add(now.into(), verdict);
        }
        events
    }
}

/// Draws it: lines of at most 75 characters, times in UTC.
#[must_use]
pub fn draw(timeline: &Timeline) -> String {
    let events = timeline.events();
    let Some((first, _)) = events.first_key_value() else {
        return "no dates, so nothing to draw: it always was valid, and always will be\n"
            .to_owned();
    };
    let window = &timeline.window;
    let mut drawing = Drawing::new(events.keys());
    drawing.open_end("UTC", &Stretch::at(window, before(*first)), "as far back as you like");

    let mut later = events.keys().skip(1);
    for (at, names) in &events {
        let stretch = Stretch::at(window, after(*at));
        drawing.event(*at, names, timeline.now.is_some_and(|now| *at == now.into()), &stretch);
        match later.next() {
            Some(next) if *next == after(*at) => {}
            Some(next) => drawing.stretch(&stretch, next.seconds_since(*at)),
            None => drawing.open_end("", &stretch, "for ever: there is no exp"),
        }
    }
    drawing.text
}

// Between two events nothing changes, so a nanosecond from one tells of the whole stretch.
fn before(event: Moment) -> Moment {
    event.earlier_by(TimeDelta::nanoseconds(1))
}

fn after(event: Moment) -> Moment {
    event.later_by(TimeDelta::nanoseconds(1))
}

/// What the API server says all through the time between two events.
struct Stretch {
    line: char,
    words: String,
}

impl Stretch {
    fn at(window: &Window, moment: Moment) -> Self {
        match (window.check(moment), window.check_with_leeway(moment, TimeDelta::zero())) {
            (Ok(()), Ok(())) => Self { line: '│', words: String::new() },
            (Ok(()), Err(_)) => Self { line: '┊', words: "by leeway".to_owned() },
            (Err(why), _) => {
                let words = why.to_string().replace("service account token ", "");
                Self { line: '×', words }
            }
        }
    }
}

struct Drawing {
    text: String,
    times: usize,
    day: String,
}

impl Drawing {
    fn new<'a>(moments: impl Iterator<Item = &'a Moment>) -> Self {
        let times = moments.map(|moment| moment.to_string().len()).max().unwrap_or(0);
        Self { text: String::new(), times, day: String::new() }
    }

    /// An event: its time, its names.
    fn event(&mut self, at: Moment, names: &[String], is_now: bool, next: &Stretch) {
        let at = at.to_string();
        // The day is written once, where it begins.
        let (day, time) = at.split_once(' ').unwrap_or(("", &at));
        let time = if day == self.day { time } else { &at };
        let mark = if is_now { '●' } else { '┼' };
        self.row(time, mark, next.line, &names.join("; "));
        day.clone_into(&mut self.day);
    }

    /// What lies between two events.
    fn stretch(&mut self, stretch: &Stretch, seconds: i128) {
        let span = match i64::try_from(seconds) {
            Ok(0) => "less than a second".to_owned(),
            Ok(seconds) => dates::span(seconds),
            Err(_) => "ages".to_owned(),
        };
        match stretch.words.as_str() {
            "" => self.row("", stretch.line, stretch.line, &span),
            words => self.row("", stretch.line, stretch.line, &format!("{span}: {words}")),
        }
    }

    /// What comes before the first event, or after the last.
    fn open_end(&mut self, time: &str, stretch: &Stretch, if_valid: &str) {
        let words = if stretch.words.is_empty() { if_valid } else { &stretch.words };
        self.row(time, stretch.line, stretch.line, words);
    }

    /// A row, and the rows below it that its words need.
    fn row(&mut self, time: &str, mark: char, mark_below: char, words: &str) {
        let room = WIDTH - self.times - 5;
        let mut rows = vec![String::new()];
        for word in words.split(' ') {
            match rows.last_mut() {
                Some(row) if row.len() + 1 + word.len() <= room || row.is_empty() => {
                    row.push_str(if row.is_empty() { "" } else { " " });
                    row.push_str(word);
                }
                _ => rows.push(word.to_owned()),
            }
        }
        for (row, words) in rows.iter().enumerate() {
            let (time, mark) = if row == 0 { (time, mark) } else { ("", mark_below) };
            self.text.push_str(format!("{time:>0$}  {mark}  {words}", self.times).trim_end());
            self.text.push('\n');
        }
    }
}
