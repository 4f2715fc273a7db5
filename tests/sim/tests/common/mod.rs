//! What the simulator's tests share.

#![allow(dead_code, reason = "each test uses what it needs")]

use kefu_sim::{Plan, Report, check};
use std::env;

/// Lets a plan happen; one that fails is shrunk and told.
#[track_caller]
pub(crate) fn lives(plan: &Plan) -> Report {
    check(plan).unwrap_or_else(|violation| panic!("{violation}"))
}

/// A number from the environment.
pub(crate) fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}
