//! The plan that a seed stands for.

use super::{CALM, Deed, Fate, Item, Manner, Plan, Point, Seat, Wish};
use crate::chance::Chance;
use kefu_shared::who::Role;

const HOUR: i64 = 3_600_000;

pub(super) fn plan(seed: u64) -> Plan {
    let mut chance = Chance::new(seed);
    let mut plan = Plan::bare(seed, seats(&mut chance));
    for seat in 0..plan.seats.len() {
        people(&mut chance, &mut plan, seat);
    }
    for room in 0..plan.rooms() {
        providers(&mut chance, &mut plan, room);
        storage(&mut chance, &mut plan, room);
    }
    process(&mut chance, &mut plan);
    desk(&mut chance, &mut plan);
    if chance.once_in(12) {
        let by = *chance.pick(&[-HOUR, 24 * HOUR, -1_000, -HOUR]);
        add(&mut plan, &mut chance, Deed::Jump { by });
    }
    plan.drafting_sometimes(&mut chance, CALM)
}

/// One to three visitors, some with two tabs, and up to two agents with each of them.
fn seats(chance: &mut Chance) -> Vec<Seat> {
    let mut seats = Vec::new();
    for room in 0..usize::try_from(chance.between(1, 3)).unwrap_or(1) {
        seats.push(Seat::visitor(room));
        if chance.once_in(2) {
            seats.push(Seat::visitor(room));
        }
        if !chance.once_in(4) {
            seats.push(Seat::agent(room, "Ming"));
        }
        if chance.once_in(2) {
            seats.push(Seat::agent(room, "Lan"));
        }
    }
    seats
}

fn add(plan: &mut Plan, chance: &mut Chance, deed: Deed) {
    let at = chance.below(CALM);
    plan.items.push(Item { id: plan.items.len(), at, deed });
}

/// Adds up to `most` of what `deed` makes.
fn some(plan: &mut Plan, chance: &mut Chance, most: u64, deed: impl Fn(&mut Chance) -> Deed) {
    for _ in 0..chance.below(most + 1) {
        let deed = deed(chance);
        add(plan, chance, deed);
    }
}

fn people(chance: &mut Chance, plan: &mut Plan, seat: usize) {
    let late = if chance.once_in(4) { CALM / 2 } else { 500 };
    let at = chance.below(late);
    plan.items.push(Item { id: plan.items.len(), at, deed: Deed::Arrive { seat } });
    let visitor = plan.seats[seat].who.role == Role::Visitor;
    let (act, least, most): (fn(&mut Chance, usize) -> Deed, _, _) =
        if visitor { (visitors, 4, 12) } else { (agents, 2, 8) };
    for _ in 0..chance.between(least, most) {
        let deed = act(chance, seat);
        add(plan, chance, deed);
    }
    // Somebody who writes and writes.
    if visitor && chance.once_in(30) {
        for _ in 0..80 {
            add(plan, chance, Deed::Say { seat, text: "and" });
        }
    }
}

fn visitors(chance: &mut Chance, seat: usize) -> Deed {
    match chance.below(24) {
        0..=2 => network(chance, seat),
        3 | 4 => Deed::Read { seat, all: !chance.once_in(3) },
        5 => Deed::Type { seat },
        6 | 7 => Deed::Stop { seat },
        8 => Deed::Resume { seat },
        9 => Deed::Ask { seat, wish: Wish::Handoff },
        10 => Deed::Ask { seat, wish: Wish::Rate },
        11 | 12 => Deed::Repeat { seat },
        13 => Deed::Say { seat, text: "a human" },
        14 | 15 => Deed::Say { seat, text: "refund please" },
        16..=18 => Deed::Say { seat, text: "why? 😀" },
        _ => Deed::Say { seat, text: "hello" },
    }
}

fn agents(chance: &mut Chance, seat: usize) -> Deed {
    let with_term = chance.once_in(3);
    let wish = match chance.below(16) {
        0 | 1 => return network(chance, seat),
        2 => return Deed::Read { seat, all: !chance.once_in(3) },
        3 => return Deed::Type { seat },
        4..=6 => return Deed::Say { seat, text: "I see" },
        7..=9 => Wish::Take { with_term },
        10..=12 => Wish::Release { with_term },
        13 => Wish::Resolve,
        14 => Wish::Reopen,
        _ => Wish::Note,
    };
    Deed::Ask { seat, wish }
}

fn network(chance: &mut Chance, seat: usize) -> Deed {
    match chance.below(4) {
        0 => Deed::Cut { seat },
        1 => Deed::HalfOpen { seat },
        2 => Deed::Lag { seat, by: chance.between(200, 3_000) },
        _ => Deed::Leave { seat, away: chance.between(1_000, 80_000) },
    }
}

fn providers(chance: &mut Chance, plan: &mut Plan, room: usize) {
    some(plan, chance, 6, |chance| Deed::Expect { room, manner: manner(chance) });
    some(plan, chance, 1, |chance| Deed::LoseSite { room, hangs: chance.once_in(2) });
    if chance.once_in(3) {
        outage(chance, plan, room);
    }
}

/// Nobody answers for a while, and the visitor goes on asking.
fn outage(chance: &mut Chance, plan: &mut Plan, room: usize) {
    let visitor = plan.seats.iter().position(|seat| seat.room == room).unwrap_or(0);
    let begin = chance.below(CALM / 2);
    let manner = *chance.pick(&[Manner::Hangs, Manner::OnlyHead, Manner::OnlyHead]);
    let mut add = |at, deed| plan.items.push(Item { id: plan.items.len(), at, deed });
    for _ in 0..4 {
        add(begin, Deed::Expect { room, manner });
    }
    add(begin, Deed::Say { seat: visitor, text: "hello" });
    for _ in 0..chance.below(3) {
        let at = begin + chance.between(500, 15_200);
        add(at, Deed::Say { seat: visitor, text: "hello?" });
    }
}

fn manner(chance: &mut Chance) -> Manner {
    match chance.below(12) {
        0 => Manner::Empty,
        1 => Manner::Hangs,
        2 => Manner::Unreachable,
        3 | 4 => Manner::Refuses(*chance.pick(&[401, 429, 500, 503])),
        5 => Manner::OnlyHead,
        6 => Manner::Resets,
        7 => Manner::Errs,
        8 => Manner::Garbles,
        9 => Manner::Stalls,
        _ => Manner::Pauses,
    }
}

fn storage(chance: &mut Chance, plan: &mut Plan, room: usize) {
    if chance.once_in(2) {
        some(plan, chance, 2, |chance| Deed::Refuse { room, skip: chance.index(6) });
    }
    if chance.once_in(3) {
        some(plan, chance, 2, |_| Deed::Split { room });
    }
    if chance.once_in(3) {
        some(plan, chance, 2, |_| Deed::Deploy { room });
    }
    if chance.once_in(8) {
        let (first, second) = (chance.below(CALM), chance.below(CALM));
        for (at, deed) in [
            (first.min(second), Deed::Backup { room }),
            (first.max(second), Deed::Restore { room }),
        ] {
            plan.items.push(Item { id: plan.items.len(), at, deed });
        }
    }
    some(plan, chance, 1, |_| Deed::RingTwice { room });
    some(plan, chance, 1, |chance| Deed::RingLate { room, by: chance.between(500, 20_000) });
    some(plan, chance, 1, |_| Deed::Ring { room });
}

fn desk(chance: &mut Chance, plan: &mut Plan) {
    for console in 0..plan.consoles {
        let at = chance.below(CALM / 4);
        let deed = Deed::OpenList { console };
        plan.items.push(Item { id: plan.items.len(), at, deed });
        some(plan, chance, 2, |chance| Deed::CutList { console, away: chance.below(20_000) });
    }
    for room in 0..plan.rooms() {
        some(plan, chance, 4, |chance| Deed::Tell { room, fate: fate(chance) });
    }
    some(plan, chance, 2, |_| Deed::ResetDesk);
    some(plan, chance, 2, |_| Deed::SleepDesk);
    some(plan, chance, 1, |chance| Deed::RefuseDesk { skip: chance.index(4) });
}

fn fate(chance: &mut Chance) -> Fate {
    match chance.below(4) {
        0 => Fate::Lost,
        1 => Fate::AnswerLost,
        2 => Fate::Twice,
        _ => Fate::Late(chance.between(1_000, 30_000)),
    }
}

fn process(chance: &mut Chance, plan: &mut Plan) {
    some(plan, chance, 3, |_| Deed::Crash);
    some(plan, chance, 4, |chance| {
        let point = match chance.below(3) {
            0 => Point::BeforeCommit,
            _ => Point::AfterActs(chance.index(4)),
        };
        Deed::Doom { skip: chance.index(8), point }
    });
    if chance.once_in(4) {
        add(plan, chance, Deed::Drowse);
    }
    for room in 0..plan.rooms() {
        some(plan, chance, 2, |_| Deed::Hibernate { room });
    }
}
