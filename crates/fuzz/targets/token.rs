#![no_main]
#![allow(missing_docs, reason = "see fuzz::token")]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::token(input));
