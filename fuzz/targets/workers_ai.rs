//! The adapter of `workers_ai`.
#![no_main]

use kefu_shared::config::ProviderKind;

libfuzzer_sys::fuzz_target!(|input: &[u8]| kefu_fuzz::adapter::holds(
    ProviderKind::WorkersAi,
    input
));
