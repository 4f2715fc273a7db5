//! When a change is told, and what of it.

use super::super::{Ask, Report, Spent, Terms, Ticket, Verdict};
use super::*;
use crate::config::Budget;

const UNTIL: Millis = Millis(31_000);
const NOW: Millis = Millis(1_000);

fn told_of(class: Option<Class>) -> Order {
    let terms = Terms {
        rate: None,
        threshold: 5,
        cooldown_ms: 30_000,
        probe_ms: 60_000,
        budget: Budget::default(),
        utc_offset: 0,
        priced: false,
        revision: 1,
    };
    let (ticket, spent) = (Ticket::default(), Spent::default());
    let failed = Report { ticket, verdict: Verdict::Failure, class, spent };
    let passed = Report { verdict: Verdict::Success, class: None, ..failed };
    Order::Take(Ask { terms, want: 0, unused: Vec::new(), reports: vec![failed, passed] })
}

fn changed(before: Standing, after: Standing) -> Option<ProviderChange> {
    let key = Key { site: "s".into(), provider: "p".into() };
    change(NOW, &key, &told_of(Some(Class::Timeout)), before, after)
}

#[test]
fn a_breaker_that_opens_is_told_with_its_end_and_its_cause() {
    let told = changed(Standing::Closed, Standing::Open { until: UNTIL }).unwrap();
    assert_eq!(told.name, "p");
    assert_eq!(told.standing().as_str_name(), "OPEN");
    assert_eq!((told.until, told.ts), (Some(UNTIL.nanos()), NOW.nanos()));
    assert_eq!(told.class.as_deref(), Some("timeout"));
}

#[test]
fn what_closes_or_probes_has_no_cause() {
    let open = Standing::Open { until: NOW };
    let probing = Standing::Probing { until: UNTIL };
    for (before, after, name) in [(open, probing, "PROBING"), (probing, Standing::Closed, "CLOSED")]
    {
        let told = changed(before, after).unwrap();
        assert_eq!((told.standing().as_str_name(), told.class), (name, None));
    }
}

#[test]
fn rates_pauses_and_budgets_are_no_change_of_the_breaker() {
    let until = UNTIL;
    for other in
        [Standing::Limited { until }, Standing::Paused { until }, Standing::Spent { until }]
    {
        assert_eq!(changed(Standing::Closed, other), None);
        assert_eq!(changed(other, Standing::Closed), None);
        assert!(changed(other, Standing::Open { until }).is_some());
    }
}

#[test]
fn the_guard_of_a_whole_site_has_no_breaker_to_tell_of() {
    let open = Standing::Open { until: UNTIL };
    let key = Key::of_site("s");
    assert_eq!(change(NOW, &key, &told_of(None), Standing::Closed, open), None);
}

#[test]
fn a_failure_that_the_breaker_does_not_count_is_not_its_cause() {
    let open = Standing::Open { until: UNTIL };
    let key = Key { site: "s".into(), provider: "p".into() };
    let told = change(NOW, &key, &told_of(Some(Class::ContentFilter)), Standing::Closed, open);
    assert_eq!(told.unwrap().class, None);
}
