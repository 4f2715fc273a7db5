//! Every script of up to six inputs, and a death at every point of it: before the commit, after
//! it, and between any two acts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::{lives, number};
use kefu_sim::{Deed, Manner, Plan, Point, Seat, Wish};

/// The longest script.
const INPUTS_MOST: usize = 6;
/// Between two inputs: shorter than an answer takes.
const PAUSE: u64 = 450;

const VISITOR: usize = 0;
const AGENT: usize = 1;

/// What a script is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Letter {
    Say,
    Stop,
    Take,
    Release,
    Resolve,
}

const ALPHABET: [Letter; 5] =
    [Letter::Say, Letter::Stop, Letter::Take, Letter::Release, Letter::Resolve];

impl Letter {
    fn deed(self) -> Deed {
        let with_term = false;
        match self {
            Self::Say => Deed::Say { seat: VISITOR, text: "hello" },
            Self::Stop => Deed::Stop { seat: VISITOR },
            Self::Take => Deed::Ask { seat: AGENT, wish: Wish::Take { with_term } },
            Self::Release => Deed::Ask { seat: AGENT, wish: Wish::Release { with_term } },
            Self::Resolve => Deed::Ask { seat: AGENT, wish: Wish::Resolve },
        }
    }

    /// Whether it does anything after these.
    fn matters_after(self, script: &[Letter]) -> bool {
        let last = |among: &[Self]| script.iter().rev().find(|it| among.contains(it)).copied();
        let owner = last(&[Self::Take, Self::Release, Self::Resolve]);
        match self {
            Self::Say => true,
            // Only what is asked of the machine can be stopped.
            Self::Stop => owner != Some(Self::Take) && script.last() == Some(&Self::Say),
            Self::Take => owner != Some(Self::Take),
            Self::Release => owner == Some(Self::Take),
            Self::Resolve => last(&[Self::Say, Self::Resolve]) == Some(Self::Say),
        }
    }
}

/// Every script of that length in which each input matters.
fn scripts(length: usize) -> Vec<Vec<Letter>> {
    (1..length).fold(vec![vec![Letter::Say]], |shorter, _| {
        let longer = shorter.iter().flat_map(|script| {
            let letters = ALPHABET.iter().filter(|letter| letter.matters_after(script));
            letters.map(|letter| [script.as_slice(), &[*letter]].concat())
        });
        longer.collect()
    })
}

fn plan(script: &[Letter]) -> Plan {
    let mut plan = Plan::bare(0, vec![Seat::visitor(0), Seat::agent(0, "Ming")])
        .from_test(String::new(), "--test crashes")
        .at(0, Deed::Arrive { seat: VISITOR })
        .at(1, Deed::Arrive { seat: AGENT })
        .at(1, Deed::OpenList { console: 0 });
    for _ in script {
        plan = plan.at(2, Deed::Expect { room: 0, manner: Manner::Briefly });
    }
    for (letter, number) in script.iter().zip(1..) {
        plan = plan.at(number * PAUSE, letter.deed());
    }
    plan
}

/// Every point at which a process that goes through a plan can die, given the acts of its steps.
fn points(steps: &[usize]) -> impl Iterator<Item = (usize, Point)> {
    steps.iter().enumerate().flat_map(|(step, acts)| {
        let after = (0..=*acts).map(Point::AfterActs);
        after.chain([Point::BeforeCommit]).map(move |point| (step, point))
    })
}

/// How many worlds a script makes.
fn die_everywhere(script: &[Letter]) -> usize {
    let alive = plan(script);
    let steps = lives(&alive).steps;
    let deaths = points(&steps).map(|(skip, point)| {
        lives(&alive.clone().at(0, Deed::Doom { skip, point }));
    });
    deaths.count()
}

#[test]
fn whatever_the_script_and_wherever_the_process_dies_every_promise_is_kept() {
    let longest = number("KEFU_INPUTS").map_or(INPUTS_MOST, |inputs| inputs.try_into().unwrap());
    for length in 1..=longest {
        let scripts = scripts(length);
        let worlds: usize = scripts.iter().map(|script| die_everywhere(script)).sum();
        println!("{} scripts of {length} inputs, {worlds} deaths", scripts.len());
    }
}
