#![no_main]
#![allow(missing_docs, reason = "see fuzz::selectors")]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::selectors(input));
