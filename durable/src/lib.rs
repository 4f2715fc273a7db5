//! Where a conversation, a desk and a site live: Durable Objects on Cloudflare, rows on Spin.
//!
//! Either takes what happens (frames, requests, bytes of a provider, timers), gives it to the
//! core, stores what the core wants written and then does what the core wants done. There is no
//! decision about the business here. No borrow of state is held across an await, writes come
//! before acts, and nothing panics: a panic would take the neighbours down.

// The exported classes need wasm-bindgen's generated code.
#![cfg_attr(target_os = "unknown", allow(unsafe_code))]

mod error;
mod listening;
#[cfg(target_os = "wasi")]
pub mod spin;
#[cfg(target_os = "unknown")]
pub mod worker;

pub use error::Fault;

// The time and its passing, as the host has them.
#[cfg(target_os = "wasi")]
use spin::entropy;
#[cfg(target_os = "unknown")]
use worker::entropy;
