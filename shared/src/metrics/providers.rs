//! What happened between turns and providers, a row of counters for each provider of a site.

use super::{Histogram, Page};
use crate::conversation::{Ended, Fact, What};
use crate::guard::{Key, Standing};

/// Providers with a row of their own; all others share one.
const ROWS_MOST: usize = 200;
/// The provider's name in the row of those others, which has no site.
const OTHER: &str = "other";

/// Upper bounds of both histograms, in seconds.
const BOUNDS: [f64; 8] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 60.0];

const REQUESTS: &str = "kefu_provider_requests_total";
const CONTEXT: &str = "kefu_provider_context_total";
const OUTCOMES: &str = "kefu_provider_outcomes_total";
const FAILOVERS: &str = "kefu_provider_failovers_total";
const SKIPPED: &str = "kefu_provider_skipped_total";
const TOKENS: &str = "kefu_provider_tokens_total";
const COST: &str = "kefu_provider_cost_micros_total";
const CHANGES: &str = "kefu_provider_breaker_changes_total";
const BREAKER: &str = "kefu_provider_breaker";

/// Each with its label, if it has one, and what it counts.
const FAMILIES: [(&str, &str, &str); 8] = [
    (REQUESTS, "", "Questions sent"),
    (CONTEXT, "from", "What providers knew of the conversation when asked"),
    (OUTCOMES, "outcome", "How attempts ended"),
    (FAILOVERS, "", "Failures that passed a question on to another provider"),
    (SKIPPED, "why", "Times that a provider was not asked"),
    (TOKENS, "kind", "Tokens, as providers count them"),
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
    site: String,
    provider: String,
    /// Of which family, with which value of its label, how many. Both are of a fixed few.
    counts: Vec<(&'static str, &'static str, u64)>,
    /// 0 closed, 1 probing, 2 open; none until a guard was heard.
    breaker: Option<u64>,
    first_text: Histogram<8>,
    whole: Histogram<8>,
}

impl Providers {
    pub(super) fn learn(&mut self, site: &str, fact: &Fact) {
        let row = self.row(site, &fact.provider);
        match &fact.what {
            What::Asked { context } => {
                row.add(REQUESTS, "", 1);
                row.add(CONTEXT, context, 1);
            }
            What::Skipped { why } => row.add(SKIPPED, why, 1),
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
        row.breaker = (!row.provider.is_empty()).then_some(state);
    }

    fn row(&mut self, site: &str, provider: &str) -> &mut Row {
        let Self { rows, other } = self;
        let mut at = rows.iter().position(|row| row.site == site && row.provider == provider);
        if at.is_none() && rows.len() < ROWS_MOST {
            at = Some(rows.len());
            rows.push(Row { site: site.into(), provider: provider.into(), ..Row::default() });
        }
        at.and_then(|at| rows.get_mut(at)).unwrap_or(other)
    }

    pub(super) fn write(&self, page: &mut Page) {
        let named = self.rows.iter().map(|row| (labels(&row.site, &row.provider), row));
        let rows: Vec<_> = named.chain([(labels("", OTHER), &self.other)]).collect();
        for (family, label, help) in FAMILIES {
            page.head(family, "counter", help);
            for (labels, row) in &rows {
                row.write(page, labels, family, label);
            }
        }
        page.head(BREAKER, "gauge", "Circuit breakers as last seen: 0 closed, 1 probing, 2 open");
        for (labels, row) in &rows {
            row.breaker.into_iter().for_each(|state| page.sample(BREAKER, labels, state));
        }
        let first_text = |row: &Row| row.first_text.clone();
        let name = "kefu_provider_first_text_seconds";
        latency(page, &rows, name, "From a question sent to its first text", first_text);
        let whole = |row: &Row| row.whole.clone();
        let name = "kefu_provider_answer_seconds";
        latency(page, &rows, name, "From a question sent to the end of a whole answer", whole);
    }
}

fn latency(
    page: &mut Page,
    rows: &[(String, &Row)],
    name: &str,
    help: &str,
    of: fn(&Row) -> Histogram<8>,
) {
    page.head(name, "histogram", help);
    for (labels, row) in rows {
        let values = of(row);
        if values.count > 0 {
            page.classes(name, labels, &values, &BOUNDS);
        }
    }
}

impl Row {
    fn ended(&mut self, ended: &Ended) {
        self.add(OUTCOMES, ended.outcome, 1);
        self.add(TOKENS, "input", ended.input);
        self.add(TOKENS, "output", ended.output);
        self.add(COST, "", ended.cost);
        if let Some(first) = ended.first_text {
            self.first_text.observe(first.as_secs_f64(), &BOUNDS);
        }
        if ended.outcome == "ok" {
            self.whole.observe(ended.took.as_secs_f64(), &BOUNDS);
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
            let own =
                if label.is_empty() { String::new() } else { format!(",{label}=\"{value}\"") };
            page.sample(family, &[labels, &own].concat(), *count);
        }
    }
}

fn labels(site: &str, provider: &str) -> String {
    let mut labels = String::new();
    for (label, value) in [(",site=\"", site), (",provider=\"", provider)] {
        labels.push_str(label);
        escape(value, &mut labels);
        labels.push('"');
    }
    labels
}

/// The breaker alone: whatever else stands against a provider, it is closed.
fn breaker(standing: Standing) -> (u64, &'static str) {
    match standing {
        Standing::Open { .. } => (2, "open"),
        Standing::Probing { .. } => (1, "probing"),
        Standing::Closed
        | Standing::Paused { .. }
        | Standing::Limited { .. }
        | Standing::Spent { .. } => (0, "closed"),
    }
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
