//! A thousand worlds, every time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::{lives, number};
use kefu_sim::{Plan, Report, run};
use std::env;

/// How many seeds, unless `KEFU_SEEDS` says otherwise.
const SEEDS: u64 = 1_000;

#[test]
fn a_thousand_worlds_keep_every_promise() {
    let first = number("KEFU_FIRST").unwrap_or(0);
    let seeds = number("KEFU_SEEDS").unwrap_or(SEEDS);
    let mut sum = Report::default();
    for seed in first..first + seeds {
        sum.add(&lives(&Plan::of(seed)));
    }
    println!("{seeds} worlds: {sum:?}");
    assert!(u64::from(sum.crashes) > seeds, "the process hardly ever dies");
    assert!(u64::from(sum.splits) * 5 > seeds, "there are hardly ever two instances");
    assert!(u64::from(sum.refusals) * 5 > seeds, "the storage hardly ever refuses");
    assert!(sum.approvals as u64 * 20 > seeds, "hardly anything is drafted and approved");
}

#[test]
fn the_same_seed_is_the_same_world_letter_for_letter() {
    for seed in 0..50 {
        let trace = || lives(&Plan::of(seed)).trace;
        assert_eq!(trace(), trace(), "violates I10-repeatable: seed {seed}");
    }
}

/// The world of `KEFU_SEED`, with only the items of `KEFU_KEEP` if that is given.
#[test]
fn one_seed() {
    let Some(seed) = number("KEFU_SEED") else { return };
    let plan = Plan::of(seed);
    let keep = env::var("KEFU_KEEP")
        .ok()
        .map(|ids| ids.split(',').filter_map(|id| id.trim().parse().ok()).collect::<Vec<usize>>());
    let report = match keep {
        Some(ids) => run(&plan.keep(&ids)).unwrap_or_else(|violation| panic!("{violation}")),
        None => lives(&plan),
    };
    println!("{report:?}");
}
