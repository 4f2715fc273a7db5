//! What happened between turns and providers, a row of counters for each provider of a site.

use super::{Histogram, Page};
use crate::conversation::{Ended, Fact, What};
use crate::guard::{Key, Standing};

/// Providers with a row of their own; all others share one.
const ROWS_MOST: usize = 200;
/// The labels of those others, which have no site.
const OTHER: &str = ",site=\"\",provider=\"other\"";

/// Upper bounds of both histograms, in seconds.
const BOUNDS: [f64; 8] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 60.0];

const REQUESTS: &str = "kefu_provider_requests_total";
const CONTEXT: &str = "kefu_provider_context_total";
const OUTCOMES: &str = "kefu_provider_outcomes_total";
const FAILOVERS: &str = "kefu_provider_failovers_total";
const SKIPS: &str = "kefu_provider_skips_total";
const OVER_BUDGET: &str = "kefu_over_budget_total";
const TOKENS: &str = "kefu_provider_tokens_total";
const COST: &str = "kefu_provider_cost_micros_total";
const CHANGES: &str = "kefu_provider_breaker_changes_total";
const BREAKER: &str = "kefu_provider_breaker";

/// Histograms, each with what it tells.
const LATENCIES: [(&str, &str); 2] = [
    ("kefu_provider_first_text_seconds", "From a question sent to its first text"),
    ("kefu_provider_answer_seconds", "From a question sent to the end of a whole answer"),
];

/// Counters, each with its label, if it has one, and what it counts.
const FAMILIES: [(&str, &str, &str); 9] = [
    (REQUESTS, "", "Questions sent"),
    (CONTEXT, "from", "What providers knew of the conversation when asked"),
    (OUTCOMES, "outcome", "How attempts ended"),
    (FAILOVERS, "", "Failures that passed a question on to another provider"),
    (SKIPS, "why", "Times that a provider was passed over"),
    (OVER_BUDGET, "", "Questions that no budget was left for"),
    (TOKENS, "kind", "Tokens, as providers count them or as estimated"),
    (COST, "", "Cost by the declared prices, in millionths"),
    (CHANGES, "to", "Changes of the circuit breaker"),
];

#[derive(Clone, Debug, Default)]
pub(super) struct Providers {
    rows: Vec<Row>,
    other: Row,
}

#[derive(Clone, Debug, Default)]
struct Row {
    /// The site's id and the provider's name, as they are written.
    labels: String,
    /// Of which family, with which value of its label, how many. Both are of a fixed few.
    counts: Vec<(&'static str, &'static str, u64)>,
    /// 0 closed, 1 probing, 2 open; none until a guard was heard.
    breaker: Option<u64>,
    /// As [`LATENCIES`] names them.
    latencies: [Histogram<8>; 2],
}

impl Providers {
    pub(super) fn learn(&mut self, site: &str, fact: &Fact) {
        let row = self.row(site, &fact.provider);
        match &fact.what {
            What::Asked { context } => {
                row.add(REQUESTS, "", 1);
                row.add(CONTEXT, context, 1);
            }
            What::Skipped { why } => row.add(SKIPS, why, 1),
            What::OverBudget => row.add(OVER_BUDGET, "", 1),
            What::FailedOver => row.add(FAILOVERS, "", 1),
            What::Ended(ended) => row.ended(ended),
        }
    }

    pub(super) fn stands(&mut self, key: &Key, before: Standing, after: Standing) {
        if key.provider.is_empty() {
            // The site's own guard has no breaker.
            return;
        }
        let row = self.row(&key.site, &key.provider);
        let ((_, was), (state, is)) = (breaker(before), breaker(after));
        if was != is {
            row.add(CHANGES, is, 1);
        }
        // The others have no one state.
        row.breaker = (!row.labels.is_empty()).then_some(state);
    }

    fn row(&mut self, site: &str, provider: &str) -> &mut Row {
        let labels = labels(site, provider);
        let Self { rows, other } = self;
        let mut at = rows.iter().position(|row| row.labels == labels);
        if at.is_none() && rows.len() < ROWS_MOST {
            at = Some(rows.len());
            rows.push(Row { labels, ..Row::default() });
        }
        at.and_then(|at| rows.get_mut(at)).unwrap_or(other)
    }

    pub(super) fn write(&self, page: &mut Page) {
        for (family, label, help) in FAMILIES {
            page.head(family, "counter", help);
            self.each(|row, labels| row.write(page, labels, family, label));
        }
        page.head(BREAKER, "gauge", "Circuit breakers as last seen: 0 closed, 1 probing, 2 open");
        self.each(|row, labels| {
            row.breaker.into_iter().for_each(|state| page.sample(BREAKER, labels, state));
        });
        for (at, (name, help)) in LATENCIES.iter().enumerate() {
            page.head(name, "histogram", help);
            self.each(|row, labels| {
                if let Some(values) = row.latencies.get(at).filter(|values| values.count > 0) {
                    page.classes(name, labels, values, &BOUNDS);
                }
            });
        }
    }

    /// Every row with its labels.
    fn each(&self, mut with: impl FnMut(&Row, &str)) {
        self.rows.iter().for_each(|row| with(row, &row.labels));
        with(&self.other, OTHER);
    }
}

impl Row {
    fn ended(&mut self, ended: &Ended) {
        self.add(OUTCOMES, ended.outcome, 1);
        let kinds = match ended.estimated {
            true => ["input_estimated", "output_estimated"],
            false => ["input", "output"],
        };
        kinds.iter().zip([ended.input, ended.output]).for_each(|(kind, count)| {
            self.add(TOKENS, kind, count);
        });
        self.add(COST, "", ended.cost);
        let whole = (ended.outcome == "ok").then_some(ended.took);
        for (values, took) in self.latencies.iter_mut().zip([ended.first_text, whole]) {
            if let Some(took) = took {
                values.observe(took.as_secs_f64(), &BOUNDS);
            }
        }
    }

    fn add(&mut self, family: &'static str, value: &'static str, more: u64) {
        let same = |count: &&mut (&str, &str, u64)| (count.0, count.1) == (family, value);
        match self.counts.iter_mut().find(same) {
            Some((.., count)) => *count = count.saturating_add(more),
            None if more == 0 => {}
            None => self.counts.push((family, value, more)),
        }
    }

    fn write(&self, page: &mut Page, labels: &str, family: &str, label: &str) {
        for (_, value, count) in self.counts.iter().filter(|(of, ..)| *of == family) {
            let mut labels = labels.to_owned();
            if !label.is_empty() {
                push(label, value, &mut labels);
            }
            page.sample(family, &labels, *count);
        }
    }
}

fn labels(site: &str, provider: &str) -> String {
    let mut labels = String::new();
    push("site", site, &mut labels);
    push("provider", provider, &mut labels);
    labels
}

fn push(label: &str, value: &str, labels: &mut String) {
    [",", label, "=\""].iter().for_each(|part| labels.push_str(part));
    escape(value, labels);
    labels.push('"');
}

fn breaker(standing: Standing) -> (u64, &'static str) {
    let breaker = standing.breaker();
    let state = match breaker {
        Standing::Open { .. } => 2,
        Standing::Probing { .. } => 1,
        Standing::Closed
        | Standing::Paused { .. }
        | Standing::Limited { .. }
        | Standing::Spent { .. } => 0,
    };
    (state, breaker.name())
}

/// As a label's value is written.
fn escape(value: &str, into: &mut String) {
    for char in value.chars() {
        match char {
            '\n' => into.push_str("\\n"),
            '"' | '\\' => into.extend(['\\', char]),
            char => into.push(char),
        }
    }
}

#[cfg(test)]
mod tests;
