//! Worlds that break, around a core that must not.
//!
//! A [`World`] has visitors with several tabs, an agent, a network that delays, cuts and loses
//! connections, a process that dies at every point, a disk that keeps what was committed, and
//! providers that answer, stall, fail and lie. Everything comes from one seed and virtual time:
//! the same seed gives the same world, letter for letter. What must hold is checked as it happens
//! and once more when everything has come to rest.

#![allow(clippy::indexing_slicing, reason = "a fault of the simulator ends the run, as it should")]

mod chance;
mod client;
mod disk;
mod invariant;
mod provider;
mod site;
mod world;

pub use chance::Chance;
pub use invariant::Violation;
pub use world::{Report, World};

/// Runs the world of a seed to its end.
///
/// # Errors
/// The first thing that did not hold, with what led to it.
pub fn run(seed: u64) -> Result<Report, Violation> {
    World::new(seed).run()
}
