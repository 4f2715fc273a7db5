//! The other shape: one conversation in the memory of several instances over one database, as on
//! Spin. Every input is: look at what others wrote, step on a copy, store by compare-and-swap; who
//! lost the race goes back to the copy and looks again; acts come only after that.
//!
//! Each of these is a moment of its own, between which anything happens: others store, an
//! instance stalls, or dies. Streams stay with one instance, requests come to any. Between
//! instances there is a bus that loses, repeats and delays, and a database that is looked at.

mod acts;
mod bus;
mod explore;
mod generate;
mod happening;
mod job;
mod people;
mod process;
mod recovery;
mod rest;
mod storage;
mod world;

pub use explore::{Order, every_order};
pub use world::{Shape, run};

use crate::invariant::Violation;
use crate::plan::Plan;
use crate::shrink::shrink_by;
use crate::world::Report;

/// Lets everything happen that is planned; what fails is shrunk.
///
/// # Errors
/// The smallest world that was found in which the same promise does not hold.
pub fn check(plan: &Plan, shape: &Shape) -> Result<Report, Box<Violation>> {
    run(plan, shape).map_err(|violation| shrink_by(plan, violation, |fewer| run(fewer, shape)))
}
