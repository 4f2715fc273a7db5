//! One conversation in several instances over one database: seeds, and every order of a race.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::number;
use kefu_sim::spin::{self, Shape};
use kefu_sim::{Deed, Manner, Plan, Point, Report, Seat, Wish};
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
    assert!(u64::from(sum.refusals) * 2 > seeds, "two hardly ever write at once");
    assert!(u64::from(sum.splits) > seeds, "an instance hardly ever stalls");
}

#[test]
fn the_same_seed_of_shared_worlds_is_the_same_world_letter_for_letter() {
    for seed in 0..10 {
        let trace = || lives(seed).trace;
        assert_eq!(trace(), trace(), "violates I10-repeatable: seed {seed}");
    }
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

const VISITOR: usize = 0;
const AGENT: usize = 1;
/// Whoever reads beside the visitor, at the agent's instance.
const OTHER_TAB: usize = 3;
/// How many choices of who goes on are gone through in every combination, and how many orders of
/// one race at most.
const CHOICES: usize = 12;
const ORDERS: usize = 60;

/// Two instances: the visitor comes to one, an agent and the visitor's other tab to the other.
fn pinned() -> Shape {
    Shape { processes: 2, bus: true, pinned: true, order: None }
}

/// An answer, and two who do something at the same moment while it is expected or written.
fn race(at: u64, first: &Deed, second: &Deed) -> Plan {
    let seats =
        vec![Seat::visitor(0), Seat::agent(0, "Ming"), Seat::agent(0, "Lan"), Seat::visitor(0)];
    let origin = format!("{first:?} and {second:?} at {at}");
    let mut plan = Plan::bare(0, seats)
        .from_test(origin, "--test shared races")
        .at(0, Deed::Arrive { seat: VISITOR })
        .at(1, Deed::Arrive { seat: OTHER_TAB })
        .at(2, Deed::Arrive { seat: AGENT })
        .at(3, Deed::Say { seat: VISITOR, text: "hello" });
    for _ in 0..3 {
        plan = plan.at(3, Deed::Expect { room: 0, manner: Manner::Briefly });
    }
    plan.at(at, first.clone()).at(at, second.clone())
}

fn firsts() -> Vec<Deed> {
    vec![
        Deed::Say { seat: VISITOR, text: "and?" },
        Deed::Stop { seat: VISITOR },
        Deed::Ask { seat: VISITOR, wish: Wish::Handoff },
        Deed::Poll { process: 0 },
    ]
}

fn seconds() -> Vec<Deed> {
    let with_term = false;
    vec![
        Deed::Ask { seat: AGENT, wish: Wish::Take { with_term } },
        Deed::Ask { seat: AGENT, wish: Wish::Resolve },
        Deed::Say { seat: AGENT, text: "let me" },
        Deed::Say { seat: OTHER_TAB, text: "I also" },
        Deed::Poll { process: 1 },
        Deed::Stall { process: 0, by: 7_500 },
    ]
}

/// Before the question is whole, before the answer, in it, and after it.
const MOMENTS: [u64; 4] = [100, 800, 1_500, 6_000];

#[test]
fn races_of_two_instances_keep_every_promise_in_every_order_of_look_step_store_and_act() {
    let (mut races, mut orders) = (0, 0);
    for (first, second, at) in all_races() {
        let done =
            spin::every_order(&race(at, &first, &second), &pinned(), (CHOICES, ORDERS), |_| {});
        orders += done.unwrap_or_else(|violation| panic!("{violation}"));
        races += 1;
    }
    println!("{races} races in {orders} orders");
    assert!(orders > 10 * races, "two hardly ever go on at once");
}

#[test]
fn races_keep_every_promise_wherever_an_instance_dies() {
    let mut deaths = 0;
    for (first, second, at) in all_races() {
        let plan = race(at, &first, &second);
        let shape = Shape { order: Some(Vec::new()), ..pinned() };
        let alive = spin::check(&plan, &shape).unwrap_or_else(|violation| panic!("{violation}"));
        for (skip, acts) in alive.steps.iter().enumerate().step_by(STEPS_APART) {
            for point in [Point::BeforeCommit, Point::AfterActs(0), Point::AfterActs(acts / 2)] {
                let doomed = plan.clone().at(0, Deed::Doom { skip, point });
                let died = spin::check(&doomed, &shape);
                died.unwrap_or_else(|violation| panic!("{violation}"));
                deaths += 1;
            }
        }
    }
    println!("{deaths} deaths");
}

/// The one who answers dies right after the other rang for it, and then that one too, before the
/// lease is over; nobody is there any more who could come back.
#[test]
fn an_alarm_is_not_lost_between_two_who_die_one_after_the_other() {
    let mut plan =
        Plan::bare(0, vec![Seat::visitor(0)]).from_test(String::new(), "--test shared alarm");
    for _ in 0..4 {
        plan = plan.at(0, Deed::Expect { room: 0, manner: Manner::Hangs });
    }
    let plan = plan
        .at(1, Deed::Arrive { seat: VISITOR })
        .at(3, Deed::Say { seat: VISITOR, text: "hello" })
        .at(2_000, Deed::Leave { seat: VISITOR, away: 100_000 })
        .at(9_990, Deed::Stall { process: 0, by: 1_000 })
        .at(10_100, Deed::Poll { process: 1 })
        .at(10_110, Deed::Kill { process: 0, away: 500 })
        .at(11_200, Deed::Kill { process: 1, away: 500 })
        .at(120_000, Deed::Poll { process: 0 });
    spin::check(&plan, &pinned()).unwrap_or_else(|violation| panic!("{violation}"));
}

/// How many steps lie between two deaths that are tried.
const STEPS_APART: usize = 3;

fn all_races() -> Vec<(Deed, Deed, u64)> {
    let mut races = Vec::new();
    for first in firsts() {
        for second in seconds() {
            races.extend(MOMENTS.map(|at| (first.clone(), second.clone(), at)));
        }
    }
    races
}
