//! One conversation in several instances over one database: seeds, and every order of a race.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::number;
use kefu_sim::{Plan, Report, spin};
use std::env;

/// How many seeds, unless `KEFU_SEEDS` says otherwise.
const SEEDS: u64 = 400;

#[track_caller]
fn lives(seed: u64) -> Report {
    let (plan, shape) = Plan::shared(seed);
    spin::check(&plan, &shape).unwrap_or_else(|violation| panic!("{violation}"))
}

#[test]
fn instances_that_share_a_conversation_keep_every_promise() {
    let first = number("KEFU_FIRST").unwrap_or(0);
    let seeds = number("KEFU_SEEDS").unwrap_or(SEEDS);
    let mut sum = Report::default();
    for seed in first..first + seeds {
        sum.add(&lives(seed));
    }
    println!("{seeds} worlds: {sum:?}");
    assert!(u64::from(sum.crashes) > seeds, "instances hardly ever die");
    assert!(u64::from(sum.refusals) > seeds, "two hardly ever write at once");
    assert!(u64::from(sum.splits) > seeds, "an instance hardly ever stalls");
}

/// The world of `KEFU_SEED`, with only the items of `KEFU_KEEP` if that is given.
#[test]
fn one_seed() {
    let Some(seed) = number("KEFU_SEED") else { return };
    let (plan, shape) = Plan::shared(seed);
    let keep = env::var("KEFU_KEEP")
        .ok()
        .map(|ids| ids.split(',').filter_map(|id| id.trim().parse().ok()).collect::<Vec<usize>>());
    let report = match keep {
        Some(ids) => {
            spin::run(&plan.keep(&ids), &shape).unwrap_or_else(|violation| panic!("{violation}"))
        }
        None => lives(seed),
    };
    println!("{report:?}");
}
