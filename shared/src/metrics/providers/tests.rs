use super::*;
use crate::metrics::{Isolate, Metrics};
use crate::time::Millis;
use std::time::Duration;

const UNTIL: Millis = Millis(1);

fn key(provider: &str) -> Key {
    Key { site: "s".into(), provider: provider.into() }
}

fn fact(provider: &str, what: What) -> Fact {
    Fact { provider: provider.into(), what }
}

fn ended(outcome: &'static str, first: Option<u64>, took: u64) -> What {
    What::Ended(Ended {
        outcome,
        first_text: first.map(Duration::from_millis),
        took: Duration::from_millis(took),
        input: 20,
        output: 10,
        estimated: false,
        cost: 7,
    })
}

fn page(metrics: &Metrics) -> String {
    metrics.write(&Isolate { id: "x".into(), ..Isolate::default() })
}

#[track_caller]
fn has(text: &str, family: &str, labels: &str, value: u64) {
    let line = format!("{family}{{isolate=\"x\",{labels}}} {value}");
    assert!(text.lines().any(|written| written == line), "{line} is not in\n{text}");
}

#[test]
fn what_happens_with_a_provider_is_counted_in_its_row() {
    let mut metrics = Metrics::default();
    let asked = What::Asked { context: "memory" };
    for (provider, what) in [
        ("p", asked.clone()),
        ("p", What::Asked { context: "rounds" }),
        ("p", ended("ok", Some(400), 3_000)),
        ("p", ended("timeout", None, 8_000)),
        ("p", What::FailedOver),
        ("q", asked),
        ("q", What::Skipped { why: "limited" }),
        ("", What::OverBudget),
    ] {
        metrics.providers.learn("s", &fact(provider, what));
    }
    let text = page(&metrics);
    let p = |more: &str| format!("site=\"s\",provider=\"p\"{more}");
    for (family, more, value) in [
        ("requests_total", "", 2),
        ("context_total", ",from=\"memory\"", 1),
        ("context_total", ",from=\"rounds\"", 1),
        ("outcomes_total", ",outcome=\"ok\"", 1),
        ("outcomes_total", ",outcome=\"timeout\"", 1),
        ("failovers_total", "", 1),
        ("tokens_total", ",kind=\"input\"", 40),
        ("tokens_total", ",kind=\"output\"", 20),
        ("cost_micros_total", "", 14),
        ("first_text_seconds_bucket", ",le=\"0.25\"", 0),
        ("first_text_seconds_bucket", ",le=\"0.5\"", 1),
        ("first_text_seconds_count", "", 1),
        ("answer_seconds_bucket", ",le=\"2\"", 0),
        ("answer_seconds_bucket", ",le=\"4\"", 1),
        ("answer_seconds_count", "", 1),
    ] {
        has(&text, &format!("kefu_provider_{family}"), &p(more), value);
    }
    has(&text, SKIPS, "site=\"s\",provider=\"q\",why=\"limited\"", 1);
    has(&text, OVER_BUDGET, "site=\"s\",provider=\"\"", 1);
}

#[test]
fn a_breakers_state_and_its_changes_are_told_and_a_full_rate_is_none() {
    let (closed, open) = (Standing::Closed, Standing::Open { until: UNTIL });
    let (probing, limited) =
        (Standing::Probing { until: UNTIL }, Standing::Limited { until: UNTIL });
    for (before, after, changed, state, counted) in [
        (closed, closed, false, 0, None),
        (closed, open, true, 2, Some("open")),
        (open, probing, true, 1, Some("probing")),
        (probing, closed, true, 0, Some("closed")),
        (closed, limited, true, 0, None),
        (limited, open, true, 2, Some("open")),
    ] {
        let mut metrics = Metrics::default();
        assert_eq!(metrics.stands(&key("p"), before, after), changed, "{before:?} {after:?}");
        let text = page(&metrics);
        has(&text, BREAKER, "site=\"s\",provider=\"p\"", state);
        let changes: Vec<_> =
            text.lines().filter(|line| line.starts_with("kefu_provider_breaker_ch")).collect();
        assert_eq!(changes.len(), usize::from(counted.is_some()), "{changes:?}");
        if let Some(to) = counted {
            has(&text, CHANGES, &format!("site=\"s\",provider=\"p\",to=\"{to}\""), 1);
        }
    }
    let mut metrics = Metrics::default();
    assert!(metrics.stands(&key(""), closed, Standing::Spent { until: UNTIL }));
    assert!(!page(&metrics).contains("site=\"s\""), "a site's own guard has no breaker");
}

#[test]
fn two_hundred_providers_have_a_row_and_the_rest_share_one() {
    let mut metrics = Metrics::default();
    for number in 0..ROWS_MOST + 3 {
        let provider = format!("p{number}");
        metrics.providers.learn("s", &fact(&provider, What::Asked { context: "none" }));
        metrics.stands(&key(&provider), Standing::Closed, Standing::Open { until: UNTIL });
    }
    metrics.providers.learn("s", &fact("p0", What::FailedOver));
    let text = page(&metrics);
    let lines = |name: &str| text.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!(lines("kefu_provider_requests_total{"), ROWS_MOST + 1);
    assert_eq!(lines("kefu_provider_breaker{"), ROWS_MOST, "the rest have no one state");
    has(&text, REQUESTS, "site=\"\",provider=\"other\"", 3);
    has(&text, FAILOVERS, "site=\"s\",provider=\"p0\"", 1);
}

#[test]
fn names_cannot_break_out_of_their_labels() {
    let mut metrics = Metrics::default();
    let what = What::Asked { context: "none" };
    metrics.providers.learn("s", &fact("a\"b\\c\nd客", what));
    has(&page(&metrics), REQUESTS, r#"site="s",provider="a\"b\\c\nd客""#, 1);
}
