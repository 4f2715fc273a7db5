//! Worlds that break, around a core that must not.
//!
//! A [`Plan`] says who does what and what breaks, and when; it comes from a seed, so that the same
//! seed is the same world, letter for letter. [`run`] lets it happen in virtual time around the
//! real core: visitors with several tabs, agents, a network that delays, cuts and loses streams, a
//! process that dies at every point, a second instance that goes on although it was replaced, a
//! disk that keeps what was committed and sometimes refuses, providers that answer, stall, fail and
//! lie, clocks that jump. [`Invariant`] lists what must hold; each is checked as things happen, and
//! once more when everything has come to rest.
//!
//! A plan that fails is shrunk by leaving out items while it still fails ([`shrink`]), and told as
//! one line that repeats it.

#![allow(clippy::indexing_slicing, reason = "a fault of the simulator ends the run, as it should")]
#![allow(clippy::wildcard_enum_match_arm, reason = "what is simulated names what it looks for")]

mod agenda;
mod calls;
mod chance;
mod client;
mod console;
mod deeds;
mod disk;
mod errand;
mod guards;
mod happening;
mod instance;
mod invariant;
mod journal;
mod ledger;
mod life;
mod model;
mod network;
mod office;
mod patience;
mod plan;
mod process;
mod provider;
mod rest;
mod room;
mod screen;
mod shrink;
mod site;
pub mod spin;
mod storing;
mod telling;
mod witness;
mod world;

pub use chance::Chance;
pub use invariant::{Broken, Invariant, Violation};
pub use plan::{Deed, Fate, Item, Manner, Plan, Point, Seat, Wish};
pub use shrink::{check, shrink};
pub use world::{Report, run};
