//! The corpus: what its files may say. `tests/conformance/README.md` tells how to write one.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the corpus, its recordings and the list of differences.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance")
}

/// A file of the corpus.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Topic {
    /// The file's name.
    #[serde(skip)]
    pub(crate) name: String,
    /// What it is about, for the reader and the table of counts.
    pub(crate) about: String,
    /// What a case does unless it says otherwise.
    #[serde(default)]
    pub(crate) defaults: Case,
    /// The servers that are asked, by name.
    #[serde(default)]
    pub(crate) server: BTreeMap<String, Setup>,
    /// What is asked, in this order.
    #[serde(default, rename = "case")]
    pub(crate) cases: Vec<Case>,
    /// Servers that are only started, to see whether they do and what they say.
    #[serde(default, rename = "start")]
    pub(crate) starts: Vec<Setup>,
}

/// How a server is started.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Setup {
    pub(crate) name: String,
    pub(crate) flags: Vec<String>,
    /// The token file; the administrator is added at its end.
    pub(crate) tokens: Option<String>,
    /// Other files in the server's folder, `DIR`.
    pub(crate) files: BTreeMap<String, String>,
    /// What is done before the first case, and not compared.
    pub(crate) before: Vec<Case>,
}

/// One request.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// The servers it is sent to; all of the file if none are named.
    pub(crate) on: Vec<String>,
    /// What is done before it, and not compared.
    pub(crate) before: Vec<Case>,
    /// Before all that, the server is stopped and started again on what it has stored: with its own
    /// flags, tokens and files where nothing else is said.
    pub(crate) restart: Option<Setup>,
    /// How many seconds pass before it is sent.
    pub(crate) wait: u32,
    /// `GET /path`, or `whoami`.
    pub(crate) ask: Option<String>,
    /// Whose token of the token file: `alice` has `alice-token`.
    #[serde(rename = "as")]
    pub(crate) user: Option<String>,
    /// A token made for the purpose.
    pub(crate) token: Option<Token>,
    /// A certificate made for the purpose.
    pub(crate) certificate: Option<Certificate>,
    /// Lines of the header.
    pub(crate) headers: Vec<String>,
    pub(crate) body: Option<String>,
    /// Keep the token of the answer, or the one that was made, under this name.
    pub(crate) keep: Option<String>,
}

impl Case {
    /// A watch of a second. Several in a row are sent at the same time.
    pub(crate) fn lasts(&self) -> bool {
        self.ask.as_ref().is_some_and(|ask| ask.contains("timeoutSeconds=1"))
    }

    /// Does it want something done before it?
    pub(crate) fn waits(&self) -> bool {
        !self.before.is_empty() || self.restart.is_some() || self.wait > 0
    }
}

impl Setup {
    /// This server, where `other` says nothing else.
    pub(crate) fn with(&self, other: &Self) -> Self {
        Self {
            flags: if other.flags.is_empty() { &self.flags } else { &other.flags }.clone(),
            tokens: other.tokens.as_ref().or(self.tokens.as_ref()).cloned(),
            files: self.files.clone().into_iter().chain(other.files.clone()).collect(),
            ..Self::default()
        }
    }
}

/// A token, as its difference from a good one.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Token {
    /// `bound` (if nothing is said) or `legacy`.
    pub(crate) kind: Option<String>,
    /// The key that signs; `first` if nothing is said.
    pub(crate) key: Option<String>,
    /// The algorithm that signs, when it is another than the key's.
    pub(crate) sign: Option<String>,
    /// JSON: header fields that are added or changed.
    pub(crate) header: Option<String>,
    /// JSON: claims that are added or changed, at any depth.
    pub(crate) claims: Option<String>,
    /// Claims and header fields that are left out; `a > b` is `b` within `a`.
    pub(crate) without: Vec<String>,
    /// The header, word for word.
    pub(crate) raw_header: Option<String>,
    /// The payload, word for word.
    pub(crate) raw_payload: Option<String>,
    /// How the parts are put together.
    pub(crate) form: Option<String>,
}

/// A client certificate.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Certificate {
    pub(crate) common_name: Option<String>,
    pub(crate) organisations: Vec<String>,
    /// What Kubernetes alone knows of: the user's uid.
    pub(crate) uid: Option<String>,
    /// How all this is written in ASN.1: `utf8` (if nothing is said), `printable`, `ia5`, `teletex`
    /// or `bmp`.
    pub(crate) text: Option<String>,
    /// Who signed it: `client` (the server's `ca.crt`, if nothing is said), `stranger`, `namesake` (of
    /// the same name) or `itself`.
    pub(crate) authority: Option<String>,
    /// `client` (if nothing is said), `server`, `both`, `none`.
    pub(crate) usage: Option<String>,
    /// When it begins and ends, seconds from now.
    pub(crate) valid: Option<[i64; 2]>,
}

/// All topics, by name.
pub(crate) fn read() -> Vec<Topic> {
    let files = fs::read_dir(folder().join("corpus")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    files.sort();
    files.iter().map(|path| topic(path)).collect()
}

fn topic(path: &Path) -> Topic {
    let text = fs::read_to_string(path).unwrap();
    let mut topic: Topic =
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    topic.name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let mut names = BTreeSet::new();
    for name in
        topic.cases.iter().map(|case| &case.name).chain(topic.starts.iter().map(|s| &s.name))
    {
        assert!(!name.is_empty(), "{}: a case without a name", topic.name);
        assert!(names.insert(name), "{}: two cases are called {name:?}", topic.name);
    }
    for name in topic.cases.iter().flat_map(|case| &case.on) {
        assert!(topic.server.contains_key(name), "{}: there is no server {name:?}", topic.name);
    }
    topic
}
