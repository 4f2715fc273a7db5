//! What must hold of every byte that an AI service sends.
//!
//! An input is a body. How it is delivered follows from its last byte, so that any body found in
//! the wild is an input as it is.
#![allow(clippy::panic, reason = "a property fails by panicking")]

pub mod adapter;
pub mod stream;

/// What fails by panicking where an input does not hold.
pub type Property = fn(&[u8]);

/// Every target, and what must hold there.
pub const TARGETS: [(&str, Property); 6] = [
    ("sse", stream::holds),
    ("coze", |input| adapter::holds(kefu_shared::config::ProviderKind::Coze, input)),
    ("dify", |input| adapter::holds(kefu_shared::config::ProviderKind::Dify, input)),
    ("fastgpt", |input| adapter::holds(kefu_shared::config::ProviderKind::FastGpt, input)),
    ("openai", |input| adapter::holds(kefu_shared::config::ProviderKind::OpenAi, input)),
    ("workers_ai", |input| adapter::holds(kefu_shared::config::ProviderKind::WorkersAi, input)),
];

/// The sizes of pieces that a body is cut into.
const CUTS: [usize; 6] = [1, 2, 3, 7, 31, 64];

/// How big the pieces of this input are.
fn cut(input: &[u8]) -> usize {
    let last = usize::from(input.last().copied().unwrap_or_default());
    CUTS.get(last % CUTS.len()).copied().unwrap_or(1)
}
