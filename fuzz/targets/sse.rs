//! The reader of event streams.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| kefu_fuzz::stream::holds(input));
