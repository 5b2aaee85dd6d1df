#![no_main]
#![allow(missing_docs, reason = "see fuzz::header")]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::header(input));
