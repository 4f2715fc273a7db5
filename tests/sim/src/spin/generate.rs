//! The plan and the instances that a seed stands for.

use super::Shape;
use crate::chance::Chance;
use crate::plan::{Deed, Fate, Item, Manner, Plan, Point, Seat, Wish};
use kefu_shared::who::Role;

/// What is planned is over by then.
const SPAN: u64 = 60_000;

impl Plan {
    /// The plan of a seed for several instances, and what these are like.
    pub fn shared(seed: u64) -> (Self, Shape) {
        let mut chance = Chance::of(seed, &[7]);
        let processes = if chance.once_in(3) { 3 } else { 2 };
        let shape = Shape { processes, bus: !chance.once_in(3), ..Shape::default() };
        let mut seats = vec![Seat::visitor(0), Seat::visitor(0), Seat::agent(0, "Ming")];
        if chance.once_in(2) {
            seats.push(Seat::agent(0, "Lan"));
        }
        let origin = (format!("KEFU_SEED={seed}"), "--test shared one_seed");
        let mut plan = Self { origin, ..Self::bare(seed, seats) };
        for seat in 0..plan.seats.len() {
            people(&mut chance, &mut plan, seat);
        }
        for _ in 0..chance.below(8) {
            burst(&mut chance, &mut plan);
        }
        faults(&mut chance, &mut plan, processes);
        (plan.drafting_sometimes(&mut chance, SPAN), shape)
    }
}

fn put(plan: &mut Plan, at: u64, deed: Deed) {
    plan.items.push(Item { id: plan.items.len(), at, deed });
}

/// Adds up to `most` of what `deed` makes.
fn some(plan: &mut Plan, chance: &mut Chance, most: u64, deed: impl Fn(&mut Chance) -> Deed) {
    for _ in 0..chance.below(most + 1) {
        let (deed, at) = (deed(chance), chance.below(SPAN));
        put(plan, at, deed);
    }
}

fn people(chance: &mut Chance, plan: &mut Plan, seat: usize) {
    let at = chance.below(500);
    put(plan, at, Deed::Arrive { seat });
    let visitor = plan.seats[seat].who.role == Role::Visitor;
    for _ in 0..chance.between(2, 8) {
        let deed = if visitor { visitors(chance, seat) } else { agents(chance, seat) };
        let at = chance.below(SPAN);
        put(plan, at, deed);
        if chance.once_in(3) {
            let deed = Deed::Say { seat: 0, text: "and" };
            put(plan, at + chance.below(2_000), deed);
        }
    }
}

/// Everybody does something within a moment.
fn burst(chance: &mut Chance, plan: &mut Plan) {
    let at = chance.below(SPAN);
    for seat in 0..plan.seats.len() {
        let visitor = plan.seats[seat].who.role == Role::Visitor;
        let deed = if visitor { visitors(chance, seat) } else { agents(chance, seat) };
        put(plan, at + chance.below(12), deed);
    }
}

fn visitors(chance: &mut Chance, seat: usize) -> Deed {
    match chance.below(16) {
        0 => Deed::Cut { seat },
        1 => Deed::Leave { seat, away: chance.between(1_000, 20_000) },
        2 => Deed::Read { seat, all: true },
        3 => Deed::Stop { seat },
        4 => Deed::Ask { seat, wish: Wish::Handoff },
        5 => Deed::Ask { seat, wish: Wish::Rate },
        6 => Deed::Say { seat, text: "a human please" },
        7 => Deed::Say { seat, text: "refund" },
        _ => Deed::Say { seat, text: "hello" },
    }
}

fn agents(chance: &mut Chance, seat: usize) -> Deed {
    let with_term = chance.once_in(4);
    match chance.below(16) {
        0 => Deed::Cut { seat },
        1 => Deed::Leave { seat, away: chance.between(1_000, 20_000) },
        2 | 3 => Deed::Read { seat, all: true },
        4 | 5 => Deed::Say { seat, text: "I see" },
        6..=8 => Deed::Ask { seat, wish: Wish::Take { with_term } },
        9..=12 => Deed::Ask { seat, wish: Wish::Release { with_term } },
        13 => Deed::Ask { seat, wish: Wish::Resolve },
        14 => Deed::Ask { seat, wish: Wish::Reopen },
        _ => Deed::Ask { seat, wish: Wish::Note },
    }
}

fn faults(chance: &mut Chance, plan: &mut Plan, processes: usize) {
    let pick = move |chance: &mut Chance| chance.index(processes);
    some(plan, chance, 3, |chance| Deed::Kill {
        process: pick(chance),
        away: chance.between(1, 8_000),
    });
    some(plan, chance, 4, |chance| {
        let by = if chance.once_in(2) {
            chance.between(100, 3_000)
        } else {
            chance.between(5_000, 15_000)
        };
        Deed::Stall { process: pick(chance), by }
    });
    some(plan, chance, 3, |chance| {
        let point = match chance.below(3) {
            0 => Point::BeforeCommit,
            _ => Point::AfterActs(chance.index(4)),
        };
        Deed::Doom { skip: chance.index(8), point }
    });
    some(plan, chance, 2, |chance| Deed::Fault {
        skip: chance.index(6),
        stored: chance.once_in(2),
    });
    some(plan, chance, 2, |chance| Deed::Poll { process: pick(chance) });
    some(plan, chance, 4, |chance| Deed::Expect { room: 0, manner: manner(chance) });
    some(plan, chance, 3, |chance| Deed::Tell { room: 0, fate: fate(chance) });
    if chance.once_in(6) {
        some(plan, chance, 1, |chance| Deed::LoseSite { room: 0, hangs: chance.once_in(2) });
    }
    if chance.once_in(4) {
        some(plan, chance, 1, |_| Deed::Crash);
    }
    if chance.once_in(3) {
        some(plan, chance, 3, |chance| {
            let by = *chance.pick(&[-30_000, -30_000, -3_000, 8_000, 30_000]);
            Deed::Skew { process: pick(chance), by }
        });
    }
}

fn manner(chance: &mut Chance) -> Manner {
    match chance.below(10) {
        0 => Manner::Empty,
        1 => Manner::Unreachable,
        2 => Manner::Refuses(503),
        3 => Manner::Resets,
        4 => Manner::Stalls,
        5 => Manner::Hangs,
        _ => Manner::Pauses,
    }
}

fn fate(chance: &mut Chance) -> Fate {
    match chance.below(3) {
        0 => Fate::Lost,
        1 => Fate::AnswerLost,
        _ => Fate::Late(chance.between(1_000, 30_000)),
    }
}
