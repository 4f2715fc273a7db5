//! An agent who is away for ten minutes of traffic, with the list and a conversation open, and
//! comes back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::lives;
use kefu_sim::{Chance, Deed, Plan, Seat};

const VISITOR: usize = 0;
const AGENT: usize = 1;
const AWAY: u64 = 600_000;

/// Something is said every three to six seconds while the agent is away; now and then something
/// breaks.
fn ten_minutes(seed: u64) -> Plan {
    let mut chance = Chance::of(seed, &[10]);
    let mut plan = Plan::bare(seed, vec![Seat::visitor(0), Seat::agent(0, "Ming")])
        .from_test(format!("KEFU_SEED={seed}"), "--test away")
        .at(0, Deed::Arrive { seat: VISITOR })
        .at(10, Deed::Arrive { seat: AGENT })
        .at(20, Deed::OpenList { console: 0 })
        .at(5_000, Deed::Leave { seat: AGENT, away: AWAY })
        .at(5_001, Deed::CutList { console: 0, away: AWAY });
    let mut at = 1_000;
    while at < AWAY {
        at += chance.between(3_000, 6_000);
        let deed = match chance.below(30) {
            0 => Deed::Crash,
            1 => Deed::Deploy { room: 0 },
            2 => Deed::Hibernate { room: 0 },
            _ => Deed::Say { seat: VISITOR, text: "hello" },
        };
        plan = plan.at(at, deed);
    }
    plan.at(AWAY + 60_000, Deed::Read { seat: AGENT, all: true })
}

#[test]
fn an_agent_away_for_ten_minutes_comes_back_to_the_servers_screen_with_nothing_twice_and_no_reload()
{
    for seed in 0..20 {
        let report = lives(&ten_minutes(seed));
        assert!(report.logged > 150, "{} events are hardly traffic", report.logged);
        assert_eq!(report.reloads, 0, "seed {seed}");
    }
}
