//! A running host with what was built in it: a bare workerd with the Worker, or Spin with the
//! component.
//!
//! `cargo xtask dev`, the integration tests and the benchmarks all start the same programs through
//! [`Running::start`]. It builds nothing: `cargo xtask build` does.
#![allow(clippy::disallowed_methods, reason = "this crate is outside the deterministic core")]

mod application;
mod bundle;
pub mod http;
mod keeper;
mod listen;
mod nats;
mod options;
mod port;
mod process;
mod program;
mod running;
mod serve;
mod spin;
mod start_error;
mod workerd;

pub use bundle::{Bundle, workspace};
pub use keeper::Keeper;
pub use nats::Nats;
pub use options::{Log, Options, Platform};
pub use port::free_port;
pub use process::{When, spawn_bound};
pub use program::Program;
pub use running::Running;
pub use spin::Spin;
pub use start_error::StartError;
pub use workerd::Workerd;
