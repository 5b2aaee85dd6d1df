#![no_main]
#![allow(missing_docs, reason = "see fuzz::token_file")]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::token_file(input));
