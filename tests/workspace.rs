//! The workspace keeps the promises of its README: which way dependencies point, what the first
//! chapters may pull in, one library for one thing.
#![allow(clippy::unwrap_used, reason = "a test may")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

const CHAPTERS: [&str; 5] = ["static-tokens", "jwt-anatomy", "signing", "expiry", "bearer-auth"];

/// What cargo knows of the workspace.
struct Metadata {
    packages: BTreeMap<String, Value>,
    /// Package id to the ids it depends on when it is built for use (not for its tests).
    needs: BTreeMap<String, Vec<String>>,
}

impl Metadata {
    fn read() -> Self {
        let ask = |how: &[&str]| {
            Command::new(env!("CARGO"))
                .args(["metadata", "--format-version=1", "--locked"])
                .args(how)
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .output()
                .unwrap()
        };
        // On a new machine cargo has fetched what this system builds, and not yet what the lock file
        // names for others: the second time it may.
        let mut output = ask(&["--offline"]);
        if !output.status.success() {
            output = ask(&[]);
        }
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        let array = |value: &Value| value.as_array().unwrap().clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();

        let packages = array(&metadata["packages"]);
        let packages =
            packages.into_iter().map(|package| (text(&package["id"]), package)).collect();
        let nodes = array(&metadata["resolve"]["nodes"]);
        let needs = nodes.iter().map(|node| {
            let used = array(&node["deps"]).into_iter().filter(|dependency| {
                array(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"] != "dev")
            });
            (text(&node["id"]), used.map(|dependency| text(&dependency["pkg"])).collect())
        });
        Self { packages, needs: needs.collect() }
    }

    fn id(&self, name: &str) -> &str {
        let here = |package: &Value| package["name"] == name && package["source"].is_null();
        self.packages.iter().find(|(_, package)| here(package)).map(|(id, _)| id).unwrap()
    }

    fn name(&self, id: &str) -> &str {
        self.packages[id]["name"].as_str().unwrap()
    }

    /// The names of all that a package of the workspace is built of.
    fn closure(&self, name: &str) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        let mut open = vec![self.id(name).to_owned()];
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            for needed in &self.needs[&id] {
                if seen.insert(needed.clone()) {
                    names.insert(self.name(needed));
                    open.push(needed.clone());
                }
            }
        }
        names
    }
}

#[test]
fn the_first_four_chapters_need_no_async_no_tls_and_no_kube() {
    let metadata = Metadata::read();
    for chapter in &CHAPTERS[..4] {
        let needed = metadata.closure(chapter);
        for heavy in ["tokio", "hyper", "rustls", "ring", "openssl", "kube", "k8s-openapi", "redb"]
        {
            assert!(!needed.contains(heavy), "{chapter} pulls in {heavy}");
        }
    }
}

#[test]
fn each_chapter_stands_on_those_before_it() {
    let metadata = Metadata::read();
    for (number, chapter) in CHAPTERS.iter().enumerate() {
        let needed = metadata.closure(chapter);
        for later in &CHAPTERS[number + 1..] {
            assert!(!needed.contains(later), "{chapter} depends on {later}, which comes later");
        }
    }
    let lab = metadata.closure("lab-cluster");
    assert!(CHAPTERS[..4].iter().all(|chapter| lab.contains(chapter)), "{lab:?}");
    assert!(!lab.contains("bearer-auth") && !lab.contains("kube"));
}

#[test]
fn one_library_for_one_thing() {
    let metadata = Metadata::read();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut open: Vec<String> =
        CHAPTERS.iter().map(|chapter| metadata.id(chapter).to_owned()).collect();
    while let Some(id) = open.pop() {
        if used.insert(id.clone()) {
            open.extend(metadata.needs[&id].iter().cloned());
        }
    }
    for id in &used {
        let version = metadata.packages[id]["version"].as_str().unwrap();
        versions.entry(metadata.name(id)).or_default().push(version);
    }

    for (name, why) in [
        ("aws-lc-rs", "ring is the one TLS provider"),
        ("openssl", "rustls is the one TLS library"),
        ("native-tls", "rustls is the one TLS library"),
    ] {
        assert!(!versions.contains_key(name), "{name} is built: {why}");
    }
    // Which two versions, and who brings the second.
    let twice: Vec<String> = versions
        .iter()
        .filter(|(name, versions)| versions.len() > 1 && !name.starts_with("windows"))
        .map(|(name, versions)| format!("{name} {}", versions.join(" and ")))
        .collect();
    let major = |line: &String| {
        let short = |word: &str| word.split('.').take(2).collect::<Vec<_>>().join(".");
        line.split(' ').map(short).collect::<Vec<_>>().join(" ")
    };
    let known = [
        "base64 0.22 and 0.23",   // 0.22: jsonwebtoken, k8s-openapi, kube
        "getrandom 0.2 and 0.4",  // 0.2: ring
        "pem 3.0 and 4.0",        // 3: jsonwebtoken
        "rand_core 0.10 and 0.6", // 0.6: signature 2, in the lock file and not built
        "signature 2.2 and 3.0",  // 2: jsonwebtoken
        "syn 2.0 and 3.0",        // 2: der_derive, and other derive macros not yet on 3
    ];
    for line in twice.iter().map(major) {
        assert!(known.contains(&line.as_str()), "a new duplicate: {line}");
    }
}

#[test]
fn the_rust_version_is_enough_for_every_dependency() {
    let metadata = Metadata::read();
    let version = |text: &str| -> (u32, u32) {
        let mut numbers = text.split('.').map(|number| number.parse().unwrap());
        (numbers.next().unwrap(), numbers.next().unwrap_or(0))
    };
    let promised = metadata.packages[metadata.id("static-tokens")]["rust_version"].clone();
    let promised = version(promised.as_str().unwrap());
    for package in metadata.packages.values() {
        if let Some(needed) = package["rust_version"].as_str() {
            assert!(version(needed) <= promised, "{} needs Rust {needed}", package["name"]);
        }
    }
}

#[test]
fn every_dependency_is_free_to_use_and_named_once() {
    let metadata = Metadata::read();
    let free = ["MIT", "Apache-2.0", "MPL-2.0", "ISC", "BSD-3-Clause", "Unicode-3.0", "Zlib"];
    let free = |licence: &str| {
        licence.split(['(', ')', '/', ' ']).any(|word| free.contains(&word))
            || ["0BSD", "CC0-1.0", "Unlicense", "CDLA-Permissive-2.0"].contains(&licence)
    };
    for package in metadata.packages.values() {
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(free(licence), "{}: licence {licence:?}", package["name"]);
    }
    for chapter in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/crates")).unwrap() {
        let manifest = chapter.unwrap().path().join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        let dependencies = text.split("dependencies]").skip(1).flat_map(str::lines);
        for line in dependencies.filter(|line| line.contains('=')) {
            assert!(line.contains("workspace = true"), "{}: {line}", manifest.display());
        }
    }
}

#[test]
fn the_readme_lists_every_chapter_and_its_command() {
    let readme = include_str!("../README.md");
    for (number, chapter) in CHAPTERS.iter().enumerate() {
        let row = format!("| {} | ", number + 1);
        let row = readme.lines().find(|line| line.starts_with(&row)).unwrap_or_default();
        assert!(row.contains(&format!("`cargo run -p {chapter}`")), "README: {chapter}: {row:?}");
    }
    for command in ["\ncargo run -p bearer-auth\n", "\ncargo test\n"] {
        assert!(readme.contains(command), "README has lost {command:?}");
    }
}
