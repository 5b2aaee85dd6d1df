#![no_main]
#![allow(missing_docs, reason = "see fuzz::claims")]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::claims(input));
