#![no_main]
#![allow(missing_docs, reason = "see fuzz::jwks")]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::jwks(input));
