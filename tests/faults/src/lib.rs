//! What breaks in the real world, and the clients that have to live with it.
//!
//! [`Proxy`] stands in front of a host and spoils the line. [`Client`], a visitor's, and
//! [`Console`], an agent's, follow the contract as the client library of `edge/web/client` does: a cursor, an outbox, a watchdog, a jittered
//! back-off. They keep the screen that a person would look at, and count what went wrong on it.
//! Whatever is broken, nobody reloads a page: a client recovers by itself or a test fails.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and run on a real clock"
)]

mod backoff;
mod carrier;
mod client;
mod conversation;
mod down;
mod events;
mod gateway;
mod line;
mod machine;
mod metrics;
mod objects;
mod outbox;
mod pace;
mod proxy;
mod screen;
mod watchdog;

pub use carrier::Via;
pub use client::{Chat, Client, whole_log};
pub use conversation::Conversation;
pub use down::{Down, Then};
pub use gateway::{Console, Gateway};
pub use line::{Held, Line, Party, Status};
pub use machine::{Tmpfs, descriptors, freeze, resident, thaw};
pub use metrics::{figure, wasm_memory};
pub use objects::{host_with_keeper, put_to_sleep, reset_objects};
pub use pace::Pace;
pub use proxy::{Proxy, Side, Weather};
pub use screen::{Faults, Screen};
