//! What the tests of turns are made of: a host that can be killed, visitors that watch their
//! conversation as a client does, and AI providers that play a script.
//!
//! Only the world around Kefu is played. Everything between a visitor's socket and a provider's
//! is the built bundle on workerd.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and run on a real clock"
)]

mod agent;
mod host;
mod provider;
mod screen;
mod script;
mod stream;
mod visitor;

pub use agent::Agent;
pub use host::{Host, Site};
pub use provider::{Asked, Provider, refusing};
pub use screen::Screen;
pub use script::{Gate, Script};
pub use stream::Stream;
pub use visitor::Visitor;

use serde_json::Value;
use std::future::Future;
use std::time::{Duration, SystemTime};

/// How long anything may take that has no limit of its own, on a machine with other work to do.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for what has to happen.
///
/// # Panics
/// When it has not happened within [`PATIENCE`].
pub async fn soon<T>(what: &str, happens: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, happens).await {
        Ok(happened) => happened,
        Err(_) => panic!("not within {PATIENCE:?}: {what}"),
    }
}

/// A moment as answers write it, since 1970.
///
/// # Panics
/// When it is none.
pub fn moment(written: &Value) -> Duration {
    let nanos = written.as_str().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.expect("a moment"))
}

/// How long it is until a moment; nothing once it has passed.
///
/// # Panics
/// When it is none.
pub fn left_until(written: &Value) -> Duration {
    let now = SystemTime::UNIX_EPOCH.elapsed().expect("it is after 1970");
    moment(written).saturating_sub(now)
}
