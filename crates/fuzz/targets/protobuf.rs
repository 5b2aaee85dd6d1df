#![no_main]
#![allow(missing_docs, reason = "see fuzz::protobuf")]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::protobuf(input));
