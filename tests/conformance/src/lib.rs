//! A client of the contract (DESIGN sections 5 to 7) for tests: it knows HTTP, server-sent events
//! and both WebSocket subprotocols, and nothing of how a host works.
//!
//! The host under test is the one that `KEFU_HOST` (its base URL) and `KEFU_ADMIN_TOKEN` name;
//! without them the built Worker is started on a bare workerd.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests measure time, and end where something is wrong"
)]

mod agent;
mod answer;
mod events;
mod host;
mod jwt;
mod puzzle;
mod site;
mod socket;
mod sse;
mod verifier;
mod visitor;

pub use agent::{Agent, PASSWORD};
pub use answer::Answer;
pub use events::{author, dense, key_of, rule_of, seqs, texts};
pub use host::{Host, own_host};
pub use jwt::{Jwt, signed};
pub use puzzle::{missed, solved};
pub use site::Site;
pub use socket::{Dial, Framing, Socket};
pub use sse::{EventStream, SseFrame};
pub use verifier::{Part, Verifier};
pub use visitor::Visitor;

use std::time::Duration;

/// How long something that must happen may take: a host is slow when many tests share it.
pub const PATIENCE: Duration = Duration::from_secs(15);
