//! A thousand worlds, every time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use kefu_sim::run;

/// How many seeds, unless `KEFU_SEEDS` says otherwise.
const SEEDS: u64 = 1_000;

#[test]
fn a_thousand_worlds_keep_every_promise() {
    let seeds =
        std::env::var("KEFU_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    let (mut crashes, mut acknowledged, mut calls, mut events) = (0, 0, 0, 0);
    for seed in 0..seeds {
        match run(seed) {
            Ok(report) => {
                crashes += report.crashes;
                acknowledged += report.acknowledged;
                calls += report.calls;
                events += report.events;
            }
            Err(violation) => panic!("{violation}"),
        }
    }
    println!(
        "{seeds} worlds: {events} happenings, {acknowledged} messages, {calls} calls, {crashes} crashes"
    );
    assert!(u64::from(crashes) > seeds, "the process hardly ever dies");
}

#[test]
fn the_same_seed_is_the_same_world_letter_for_letter() {
    for seed in 0..50 {
        assert_eq!(run(seed).unwrap().trace, run(seed).unwrap().trace, "seed {seed}");
    }
}

/// The world of `KEFU_SEED`, for looking into it.
#[test]
fn one_seed() {
    if let Some(seed) = std::env::var("KEFU_SEED").ok().and_then(|seed| seed.parse().ok()) {
        let report = run(seed).unwrap_or_else(|violation| panic!("{violation}"));
        println!("{report:?}");
    }
}
