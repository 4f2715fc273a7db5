//! Somebody takes, gives back, stops or ends while an answer is written: between any two things
//! that happen, also where a second instance goes on that does not know. Not one byte of the
//! machine is stored or shown after the owner's event.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::{lives, number};
use kefu_sim::{Chance, Deed, Manner, Plan, Point, Report, Seat, Wish};

/// How many different answers are raced against.
const ANSWERS: u64 = 8;
/// How many races at least cut an answer off where it was shown.
const IN_MID_ANSWER: usize = 1_000;

const VISITOR: usize = 0;
const MING: usize = 2;
const LAN: usize = 3;

/// An answer that is being written for two tabs, with two agents watching.
fn answer(seed: u64) -> Plan {
    let mut chance = Chance::of(seed, &[99]);
    let seats =
        vec![Seat::visitor(0), Seat::visitor(0), Seat::agent(0, "Ming"), Seat::agent(0, "Lan")];
    let mut plan = Plan::bare(seed, seats).from_test(format!("KEFU_SEED={seed}"), "every_race");
    for seat in 0..4 {
        plan = plan.at(seat, Deed::Arrive { seat: usize::try_from(seat).unwrap() });
    }
    let manner = *chance.pick(&[Manner::Answers, Manner::Pauses, Manner::Stalls, Manner::Resets]);
    plan = plan.at(9, Deed::Expect { room: 0, manner });
    plan = plan.at(10, Deed::Say { seat: VISITOR, text: "hello" });
    if chance.once_in(3) {
        plan = plan.at(1_200, Deed::Say { seat: VISITOR, text: "and?" });
    }
    // Half of them with a second instance, or a death soon after.
    match chance.below(4) {
        0 => plan.at(chance.between(700, 1_500), Deed::Split { room: 0 }),
        1 => {
            let point = Point::AfterActs(chance.index(3));
            plan.at(chance.between(700, 1_500), Deed::Doom { skip: chance.index(20), point })
        }
        _ => plan,
    }
    .at(4_000, Deed::Ask { seat: MING, wish: Wish::Release { with_term: false } })
    .at(5_000, Deed::Say { seat: VISITOR, text: "hello again" })
}

/// What comes in the way.
fn strike(nth: u64) -> Deed {
    match nth % 7 {
        0 | 1 => Deed::Ask { seat: MING, wish: Wish::Take { with_term: false } },
        2 => Deed::Ask { seat: LAN, wish: Wish::Take { with_term: true } },
        3 => Deed::Ask { seat: VISITOR, wish: Wish::Handoff },
        4 => Deed::Ask { seat: MING, wish: Wish::Resolve },
        5 => Deed::Say { seat: MING, text: "let me" },
        _ => Deed::Stop { seat: VISITOR },
    }
}

fn race(seed: u64) -> Report {
    let plan = answer(seed);
    let mut sum = Report::default();
    for nth in 8..lives(&plan).happenings {
        // Seven kinds of strike at every point, over the seeds.
        sum.add(&lives(&plan.struck(nth, strike(nth + seed))));
    }
    sum
}

#[test]
fn not_a_byte_of_the_machine_after_the_owners_event_whenever_somebody_takes_over() {
    let mut sum = Report::default();
    for seed in 0..ANSWERS {
        sum.add(&race(seed));
    }
    println!("{sum:?}");
    assert!(sum.interrupted > IN_MID_ANSWER, "{} answers were cut off", sum.interrupted);
}

/// All races of `KEFU_SEED`.
#[test]
fn every_race() {
    if let Some(seed) = number("KEFU_SEED") {
        println!("{:?}", race(seed));
    }
}
