//! No input of 64 KiB takes long: not the square of its length, and not more. What takes time is
//! repeated here until that much is full; a fuzzer's inputs are too short to show it.

use fuzz::{TARGETS, seeds};
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

const LENGTH: usize = 64 << 10;

/// In a debug build linear work takes a third of this at most.
const LIMIT: Duration = Duration::from_secs(5);

/// What is repeated between what: a target, the beginning, the piece, the end.
type Shape = (&'static str, &'static str, &'static str, &'static str);

const SHAPES: &[Shape] = &[
    ("token", "", "a", ""),
    ("token", "", ".", ""),
    ("token", "", " ", "."),
    ("token", "", "Bearer ", "e30.e30."),
    ("token", "token: ", "\"", "e30.e30.AA"),
    ("token", "", "eyJ", "."),
    ("token", "e30.", "W1tb", "."),
    ("token", "-----BEGIN ", "-----BEGIN ", "-----"),
    ("claims", "", "[", ""),
    ("claims", "{\"aud\":[\"x\"", ",\"x\"", "]}"),
    ("claims", "{\"a\":1", ",\"a\":1", "}"),
    ("claims", "{\"iss\":\"", "\\ud800", "\"}"),
    ("claims", "{\"kubernetes.io\":{\"attestations\":{\"a\":[\"b\"", ",\"b\"", "]}}}"),
    ("claims", "{\"exp\":1", "0", "}"),
    ("token_file", "", "a,b,c\n", ""),
    ("token_file", "\"", "\"\"", "\",b,c"),
    ("token_file", "\"", "\r\n", "\",b,c"),
    ("token_file", "a,b,c,\"", "d,", "\""),
    ("token_file", "", "\n", ""),
    ("jwks", "{\"keys\":[{}", ",{}", "]}"),
    ("jwks", "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"", "z", "\"}]}"),
    ("header", "", " ", "Bearer t"),
    ("header", "Bearer ", "a", ""),
    ("header", "Bearer t", "\u{a0}", ""),
    ("header", "Bearer t", "\u{a0}x", ""),
    ("rbac", "kind: Role\nmetadata: {name: r}\nx: &a [1]\ny: [*a", ",*a", "]"),
    ("rbac", "kind: Role\nx: ", "{a: ", ""),
    ("rbac", "{\"kind\":\"Role\",\"x\":", "[", ""),
    ("rbac", "{\"kind\":\"Role\",\"metadata\":{\"name\":\"r\"},\"rules\":[{}", ",{}", "]}"),
    ("rbac", "{\"kind\":\"Role\",\"x\":1", ",\"x\":1", "}"),
    ("protobuf", "k8s\0\n\r\n\x02v1\x12\x07Unknown\x12\0", "\x12\0", ""),
    ("selectors", "a", ",a", ""),
    ("selectors", "a in (b", ",b", ")"),
    ("selectors", "a", "a", ""),
    ("selectors", "\nmetadata.name=x", ",metadata.name!=x", ""),
    ("selectors", "\nmetadata.name=", "\\,", ""),
    ("selectors", "\n\n", "e30", ""),
];

/// How long this thread has been running, not counting how long it waited for others; where Linux
/// can't be asked, both.
fn on_the_processor() -> Duration {
    static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
    let nanos = || {
        let counters = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        counters.split(' ').next()?.parse().ok()
    };
    nanos().map_or_else(|| STARTED.elapsed(), Duration::from_nanos)
}

fn ends_soon(target: &str, what: &str, input: &[u8]) {
    let (_, law) = TARGETS.iter().find(|(name, _)| *name == target).expect("a target");
    let started = on_the_processor();
    law(input);
    let took = on_the_processor().saturating_sub(started);
    println!("{target:10} {took:8.1?} {what}");
    assert!(took < LIMIT, "{target}, {what}: {took:?} for {} bytes", input.len());
}

#[test]
#[ignore = "looks at the clock"]
fn no_input_of_64_kib_takes_long() {
    for (target, beginning, piece, end) in SHAPES {
        let times = (LENGTH - beginning.len() - end.len()) / piece.len();
        let input = format!("{beginning}{}{end}", piece.repeat(times));
        ends_soon(target, &format!("{beginning:?} {piece:?}... {end:?}"), input.as_bytes());
    }
}

/// A name of half the length, and below it as many places as there is room for.
#[test]
#[ignore = "looks at the clock"]
fn a_long_name_is_not_written_once_for_each_place_below_it() {
    // To copy is quick: 64 KiB would not show it.
    const HALF: usize = 8 * LENGTH;
    for item in ["1", "{\"m\":1,\"m\":1}"] {
        let name = "k".repeat(HALF);
        let items = vec![item; HALF / (item.len() + 1)].join(",");
        let input = format!("{{\"kind\":\"Role\",\"{name}\":[{items}]}}");
        ends_soon("rbac", item, input.as_bytes());
    }
}

/// Three lists of words in a rule stand for each with each.
#[test]
#[ignore = "looks at the clock"]
fn a_rule_of_many_words_is_not_multiplied_out() {
    for words in [40, 2000] {
        let list = |letter: &str| (0..words).map(|at| format!("{letter}{at}")).collect::<Value>();
        let many = json!({"apiGroups": list("g"), "resources": list("r"), "verbs": list("v")});
        let role = json!({"kind": "Role", "metadata": {"name": "r"}, "rules": [many]});
        ends_soon("rbac", &format!("three times {words} words"), role.to_string().as_bytes());
    }
}

/// Each seed's middle, repeated.
#[test]
#[ignore = "looks at the clock"]
fn no_seed_takes_long_when_its_middle_is_repeated() {
    for (target, _) in TARGETS {
        let seeds = seeds::of(target);
        for seed in seeds.iter().filter(|seed| seed.len() > 8).step_by(1 + seeds.len() / 8) {
            let (beginning, end) = seed.split_at(seed.len() / 2);
            let piece = &end[..4];
            let middle = piece.repeat((LENGTH - seed.len()) / piece.len());
            let what = format!("{}...", piece.escape_ascii());
            ends_soon(target, &what, &[beginning, &middle, end].concat());
        }
    }
}
