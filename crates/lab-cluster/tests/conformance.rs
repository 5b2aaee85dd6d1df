//! The lab's verdicts are those of a real kube-apiserver: the corpus in `tests/conformance` is put to
//! the lab, and compared with what the real server said when it was recorded.
//!
//! Asking the real one again needs `KUBEBUILDER_ASSETS`, a folder with kube-apiserver and etcd
//! (`setup-envtest use -p path` prints one):
//!
//! ```console
//! $ cargo test -p lab-cluster --test conformance -- --ignored             # is the recording up to date?
//! $ CONFORMANCE_RECORD=1 cargo test -p lab-cluster --test conformance -- --ignored      # record anew
//! ```

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;
#[path = "conformance/corpus.rs"]
mod corpus;
#[path = "conformance/differences.rs"]
mod differences;
#[path = "conformance/making.rs"]
mod making;
#[path = "conformance/outcome.rs"]
mod outcome;
#[path = "conformance/servers.rs"]
mod servers;

use common::Answer;
use corpus::{Case, Setup, Topic};
use differences::Known;
use making::Memory;
use outcome::Outcome;
use serde_json::{Value, json};
use servers::{Server, Which, log_lines, unquoted};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What came of each case of a topic.
type Outcomes = BTreeMap<String, Outcome>;

/// The version that the lab follows.
const RECORDED: &str = "v1.37.2";
const WHOAMI: &str = "POST /apis/authentication.k8s.io/v1/selfsubjectreviews";

#[test]
fn the_lab_says_what_the_real_server_said() {
    let mut known = Known::read();
    let mut wrong = String::new();
    let mut table = String::from("verdicts     words        topic\n");
    let mut sum = [0; 4];
    for (topic, here) in ask_all(Which::Lab) {
        let there = recording(&topic.name);
        let mut counts = [0; 4];
        for (case, here) in &here {
            let Some(there) = there.get(case) else {
                let _ = writeln!(wrong, "{}: {case}: not recorded", topic.name);
                continue;
            };
            let (verdict, words) = (here.verdict == there.verdict, here.words == there.words);
            for (count, same) in [true, verdict, true, words].into_iter().enumerate() {
                counts[count] += usize::from(same);
            }
            let differs = (!verdict && !known.covers(&topic.name, case, true))
                || (verdict && !words && !known.covers(&topic.name, case, false));
            if differs {
                wrong += &difference(&topic.name, case, there, here);
            }
        }
        for case in there.keys().filter(|case| !here.contains_key(*case)) {
            let _ = writeln!(wrong, "{}: {case}: recorded, and not in the corpus", topic.name);
        }
        for (sum, count) in sum.iter_mut().zip(counts) {
            *sum += count;
        }
        let [all, verdicts, _, words] = counts;
        let _ = writeln!(
            table,
            "{verdicts:4} of {all:<4} {words:4} of {all:<4} {}: {}",
            topic.name, topic.about
        );
    }
    let [all, verdicts, _, words] = sum;
    let _ = writeln!(table, "{verdicts:4} of {all:<4} {words:4} of {all:<4} in all");
    println!("{table}");
    for row in known.stale() {
        let _ = writeln!(wrong, "no difference (any more), and listed as one: {row}");
    }
    assert!(wrong.is_empty(), "{wrong}\n{table}");
}

/// With `CONFORMANCE_RECORD` set, writes down what it says instead.
#[test]
#[ignore = "needs KUBEBUILDER_ASSETS, and minutes"]
fn the_real_api_server_still_says_so() {
    assert_eq!(version(), RECORDED, "KUBEBUILDER_ASSETS holds another version than was recorded");
    let mut wrong = String::new();
    for (topic, now) in ask_all(Which::Real) {
        let then = recording(&topic.name);
        for (case, now) in &now {
            match then.get(case) {
                Some(then) if then == now => {}
                Some(then) => wrong += &difference(&topic.name, case, then, now),
                None => drop(writeln!(wrong, "{}: {case}: not recorded", topic.name)),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn version() -> String {
    let assets = std::env::var_os("KUBEBUILDER_ASSETS").expect("KUBEBUILDER_ASSETS is not set");
    let output =
        Command::new(PathBuf::from(assets).join("kube-apiserver")).arg("--version").output();
    let said = String::from_utf8(output.unwrap().stdout).unwrap();
    said.trim().rsplit(' ').next().unwrap().to_owned()
}

fn recording_file(topic: &str) -> PathBuf {
    corpus::folder().join("recordings").join(RECORDED).join(topic).with_extension("json")
}

fn recording(topic: &str) -> Outcomes {
    let Ok(text) = fs::read_to_string(recording_file(topic)) else { return Outcomes::new() };
    serde_json::from_str(&text).unwrap()
}

fn write_down(topic: &str, outcomes: &Outcomes) {
    let text = serde_json::to_string_pretty(outcomes).unwrap() + "\n";
    fs::create_dir_all(recording_file(topic).parent().unwrap()).unwrap();
    fs::write(recording_file(topic), text).unwrap();
}

fn difference(topic: &str, case: &str, there: &Outcome, here: &Outcome) -> String {
    let mut text = format!("{topic}: {case}\n");
    for (there, here) in [(&there.verdict, &here.verdict), (&there.words, &here.words)] {
        if there != here {
            let _ = writeln!(text, "  recorded {there}\n  now      {here}");
        }
    }
    text
}

/// Puts every topic to its servers, several at a time. `CONFORMANCE_ONLY` names some.
fn ask_all(which: Which) -> Vec<(Topic, Outcomes)> {
    let mut topics = corpus::read();
    if let Ok(only) = std::env::var("CONFORMANCE_ONLY") {
        topics.retain(|topic| only.split(',').any(|name| name == topic.name));
    }
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        while let Some(topic) = topics.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcomes = ask_topic(which, topic);
            if which == Which::Real && std::env::var_os("CONFORMANCE_RECORD").is_some() {
                write_down(&topic.name, &outcomes);
            }
            done.push((topic.name.clone(), outcomes));
        }
        done
    };
    let mut outcomes: BTreeMap<String, Outcomes> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..3).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    topics
        .into_iter()
        .map(|topic| {
            let outcomes = outcomes.remove(&topic.name).unwrap();
            (topic, outcomes)
        })
        .collect()
}

fn ask_topic(which: Which, topic: &Topic) -> Outcomes {
    let mut outcomes = Outcomes::new();
    let again = topic.cases.iter().any(|case| case.restart.is_some());
    for (name, setup) in &topic.server {
        let mut server = Server::start(which, setup, again)
            .unwrap_or_else(|refusal| panic!("{}: {name}: {}", topic.name, refusal.said));
        let mut memory = Memory::default();
        let nothing = Case::default();
        let step = |server: &Server, memory: &mut Memory, step: &Case| {
            server.pass(step.wait);
            let (Answer { status, text, .. }, ..) = ask(server, memory, step, &nothing);
            assert!(status < 300, "{}: {name}: {step:?}: {text}", topic.name);
        };
        setup.before.iter().for_each(|before| step(&server, &mut memory, before));
        server.settle();
        let cases: Vec<&Case> = topic
            .cases
            .iter()
            .filter(|case| case.on.is_empty() || case.on.contains(name))
            .collect();
        for group in cases.chunk_by(|one, next| one.lasts() && next.lasts() && !next.waits()) {
            let [case, ..] = group else { continue };
            if let Some(other) = &case.restart {
                server
                    .restart(&setup.with(other))
                    .unwrap_or_else(|said| panic!("{}: {}: {said}", topic.name, case.name));
                server.settle();
            }
            for before in &case.before {
                step(&server, &mut memory, before);
                server.settle();
            }
            server.pass(case.wait);
            for (case, (answer, why, now)) in
                group.iter().zip(ask_together(&server, &mut memory, group, &topic.defaults))
            {
                let outcome = outcome::of(&answer, &why, now, &memory);
                let key = if topic.server.len() > 1 {
                    format!("{} @ {name}", case.name)
                } else {
                    case.name.clone()
                };
                outcomes.insert(key, outcome);
            }
        }
    }
    for setup in &topic.starts {
        outcomes.insert(setup.name.clone(), start(which, setup));
    }
    outcomes
}

/// Does it start, and what does it say?
fn start(which: Which, setup: &Setup) -> Outcome {
    match Server::start(which, setup, false) {
        Ok(server) => {
            let notes = server.notes().into_iter().map(|note| without_folder(&note));
            let notes: Vec<_> = notes.collect();
            Outcome { verdict: json!({"starts": true}), words: json!({"notes": notes}) }
        }
        Err(refusal) => {
            let said = log_lines(&refusal.said)
                .filter_map(|line| line.split_once("\"command failed\" err="))
                .last()
                .map_or(refusal.said.trim().to_owned(), |(_, said)| unquoted(said));
            let said = said.replace(&refusal.folder, "DIR");
            Outcome { verdict: json!({"starts": false}), words: json!({"said": said}) }
        }
    }
}

/// The folder of a running server is known by the name of what lies in it.
fn without_folder(note: &str) -> String {
    regex::Regex::new("'/[^']*/").unwrap().replace_all(note, "'DIR/").into_owned()
}

/// An answer, what the server's log says of it, and when it was asked for.
type Answered = (Answer, String, i64);

/// Sends cases at the same time, if there are several. Of those the log is not looked at.
fn ask_together(
    server: &Server,
    memory: &mut Memory,
    cases: &[&Case],
    defaults: &Case,
) -> Vec<Answered> {
    if let [case] = cases {
        return vec![ask(server, memory, case, defaults)];
    }
    let requests: Vec<_> =
        cases.iter().map(|case| request(server, memory, case, defaults)).collect();
    std::thread::scope(|scope| {
        let sent = requests.iter().map(|request| scope.spawn(|| request.send(server)));
        let sent: Vec<_> = sent.collect();
        let answers = sent.into_iter().map(|sent| sent.join().unwrap());
        answers.zip(&requests).map(|(answer, r)| (answer, String::new(), r.now)).collect()
    })
}

/// Sends one case.
fn ask(server: &Server, memory: &mut Memory, case: &Case, defaults: &Case) -> Answered {
    let request = request(server, memory, case, defaults);
    let mark = server.mark();
    let answer = request.send(server);
    let why = if answer.status == 401 { server.why_rejected(mark) } else { String::new() };
    remember(memory, case, &answer);
    (answer, why, request.now)
}

/// A case with all its placeholders filled in.
struct Request {
    asked: String,
    certificate: Option<(String, String)>,
    headers: Vec<(String, String)>,
    body: String,
    now: i64,
}

impl Request {
    fn send(&self, server: &Server) -> Answer {
        let asked = self.asked.split_once(' ').unwrap();
        server.send(self.certificate.as_ref(), asked, &self.headers, &self.body)
    }
}

fn request(server: &Server, memory: &mut Memory, case: &Case, defaults: &Case) -> Request {
    let now = server.now();
    let made = case.token.as_ref().or(defaults.token.as_ref()).map(|described| {
        let fill = |text: &str| memory.fill(text, now, "");
        making::token(described, now, memory.uid("robot"), &fill)
    });
    let made = made.unwrap_or_default();
    if let (Some(name), false) = (&case.keep, made.is_empty()) {
        memory.tokens.insert(name.clone(), made.clone());
    }
    let fill = |text: &str| memory.fill(text, now, &made);

    let asked = case.ask.as_ref().or(defaults.ask.as_ref()).map_or("whoami", String::as_str);
    let asked = fill(if asked == "whoami" { WHOAMI } else { asked });
    let body = case.body.as_ref().or(defaults.body.as_ref()).map(|body| fill(body));
    let body = body.unwrap_or_else(|| if asked == WHOAMI { "{}".into() } else { String::new() });

    let lines = if case.headers.is_empty() { &defaults.headers } else { &case.headers };
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        headers.push((name.to_owned(), fill(value.strip_prefix(' ').unwrap_or(value))));
    }
    let has = |headers: &[(String, String)], wanted: &str| {
        headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    let anonymous = case.certificate.is_none() && case.name.is_empty();
    let user = case.user.as_ref().or(defaults.user.as_ref());
    let user = user.map_or(anonymous.then_some("admin"), |user| Some(user.as_str()));
    let token_goes_elsewhere = [&case.ask, &case.body, &defaults.body]
        .into_iter()
        .flatten()
        .chain(lines)
        .any(|text| text.contains("token}"));
    if !has(&headers, "authorization") {
        if let Some(user) = user.filter(|user| *user != "nobody") {
            headers.push(("Authorization".to_owned(), format!("Bearer {user}-token")));
        } else if !made.is_empty() && !token_goes_elsewhere {
            headers.push(("Authorization".to_owned(), format!("Bearer {made}")));
        }
    }
    if !body.is_empty() && !has(&headers, "content-type") {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    let certificate = case.certificate.as_ref().or(defaults.certificate.as_ref());
    let certificate = certificate.map(|described| making::certificate(described, now));

    Request { asked, certificate, headers, body, now }
}

fn remember(memory: &mut Memory, case: &Case, answer: &Answer) {
    let Ok(object) = serde_json::from_str::<Value>(&answer.text) else { return };
    let metadata = &object["metadata"];
    if let (Some(name), Some(uid)) = (metadata["name"].as_str(), metadata["uid"].as_str()) {
        let uids = memory.uids.entry(name.to_owned()).or_default();
        if !uids.iter().any(|known| known == uid) {
            uids.push(uid.to_owned());
        }
    }
    if let (Some(name), Some(revision)) =
        (metadata["name"].as_str(), metadata["resourceVersion"].as_str())
    {
        memory.revisions.insert(name.to_owned(), revision.to_owned());
    }
    if let (Some(name), Some(token)) = (&case.keep, object["status"]["token"].as_str()) {
        memory.tokens.insert(name.clone(), token.to_owned());
    }
}
