//! Each target, for a moment: every seed, every kept finding, and some thousand inputs near them.
//! libFuzzer tries millions; see the README.

use fuzz::{Mutator, TARGETS, Target, seeds};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn run(name: &str, tries: usize) {
    let (name, law): Target = *TARGETS.iter().find(|(known, _)| *known == name).expect("a target");
    let seeds = seeds::of(name);
    assert!(seeds.len() > 10, "{name} has {} seeds", seeds.len());
    for (file, input) in seeds::kept(name) {
        holds(law, &input, &file.display().to_string());
    }
    for seed in &seeds {
        holds(law, seed, "a seed");
    }
    let mut mutator = Mutator::new(1, 2048);
    for at in 0..tries {
        holds(law, &mutator.next(&seeds), &format!("input {at}"));
    }
}

/// Runs one input, and says which it was when a law is broken.
fn holds(law: fn(&[u8]), input: &[u8], which: &str) {
    if let Err(why) = catch_unwind(AssertUnwindSafe(|| law(input))) {
        eprintln!("{which}: {}", input.escape_ascii());
        std::panic::resume_unwind(why);
    }
}

macro_rules! targets {
    ($($name:ident $tries:literal),*) => {
        $(#[test] fn $name() { run(stringify!($name), $tries); })*

        #[test]
        fn every_target_is_tried() {
            assert_eq!(TARGETS.map(|(name, _)| name), [$(stringify!($name)),*]);
        }
    };
}
// How many inputs are made of each target's seeds: as many as a second allows.
targets!(token 200, claims 300, token_file 2000, jwks 1000, header 300, rbac 300, protobuf 1000, selectors 1000);
