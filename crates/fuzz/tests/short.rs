//! Each target, for a moment: every seed, every kept finding, and some thousand inputs near them.
//! libFuzzer tries millions; see the README.

use fuzz::{Mutator, TARGETS, Target, seeds};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many inputs are made of a target's seeds.
const TRIES: usize = 300;

fn run(name: &str) {
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
    for at in 0..TRIES {
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
    ($($name:ident)*) => {
        $(#[test] fn $name() { run(stringify!($name)); })*

        #[test]
        fn every_target_is_tried() {
            assert_eq!(TARGETS.map(|(name, _)| name), [$(stringify!($name)),*]);
        }
    };
}
targets!(token claims token_file jwks header rbac protobuf selectors);
