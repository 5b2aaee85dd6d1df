#![no_main]
#![allow(missing_docs, reason = "see fuzz::rbac")]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::rbac(input));
