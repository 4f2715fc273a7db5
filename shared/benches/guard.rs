//! What a turn pays for breaker and rate where permits are at hand, and what its guard pays to
//! grant some and to hear of an end: `cargo xtask bench --guard`.
#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark reads clocks"
)]

use kefu_shared::config::Budget;
use kefu_shared::guard::{
    Admitting, Ask, Candidate, Copies, Decision, Guard, Key, Order, Outcome, Report, Spent, Terms,
    Ticket, Verdict,
};
use kefu_shared::time::Millis;
use std::hint::black_box;
use std::time::Instant;

const TURNS: u32 = 100_000;
const NOW: Millis = Millis(1_800_000_000_000);
const TERMS: Terms = Terms {
    rate: Some((1_000_000, 60_000)),
    threshold: 5,
    cooldown_ms: 30_000,
    probe_ms: 120_000,
    budget: Budget { turns: Some(1_000_000), tokens: None, cost: None },
    utc_offset: 480,
    priced: true,
    revision: 1,
};

fn each(what: &str, mut once: impl FnMut()) {
    let begun = Instant::now();
    (0..TURNS).for_each(|_| once());
    println!("{what}: {:?}", begun.elapsed() / TURNS);
}

/// A site with a budget, whose first provider is left alone.
fn admitting() -> Admitting {
    let candidate = |name: &str| Candidate { provider: name.into(), terms: TERMS, fail_open: true };
    Admitting::new("site", Some(TERMS), vec![candidate("first"), candidate("second")])
}

fn ask(want: u32) -> Ask {
    Ask { terms: TERMS, want, unused: vec![], reports: vec![] }
}

fn told(verdict: Verdict) -> Ask {
    let ticket = Ticket { generation: Some(0), probe: false };
    let report = Report { ticket, verdict, class: None, spent: Spent::default() };
    Ask { reports: vec![report], ..ask(0) }
}

fn main() {
    let mut copies = Copies::default();
    for (provider, verdict) in
        [("", Verdict::Success), ("first", Verdict::Refused), ("second", Verdict::Success)]
    {
        let mut guard = Guard::default();
        guard.take(NOW, &told(verdict));
        let grant = guard.take(NOW, &ask(1_000_000));
        copies.granted(NOW, Key { site: "site".into(), provider: provider.into() }, grant);
    }
    each("a turn is let through by permits at hand", || {
        let decision = copies.next(NOW, &mut admitting());
        assert!(matches!(black_box(decision), Decision::Go { .. }));
    });
    let mut guard = Guard::default();
    each("a guard grants permits", || {
        black_box(guard.take(NOW, &ask(1)));
    });
    each("a guard hears of an end, as text, and is stored", || {
        let order = Order::Take(told(Verdict::Success)).to_json();
        let outcome = guard.carry_out(NOW, &Order::from_json(&order).unwrap());
        black_box(guard.stored(&TERMS, true).to_json());
        assert!(Outcome::from_json(&outcome.to_json()).is_some());
    });
}
