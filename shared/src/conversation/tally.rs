//! What an operator counts of a step, and the rest of the step does not show.

use std::time::Duration;

/// What an operator counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests that had been carried out before.
    pub duplicates: u32,
    /// Turns that a crash had cut off.
    pub recoveries: u32,
    /// Inputs of an attempt that is not the current one.
    pub late: u32,
    /// What happened between turns and providers, in order.
    pub facts: Vec<Fact>,
}

/// Something that happened between a turn and a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The provider's name; empty where it is the site that asks nobody.
    pub provider: String,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A question was sent.
    Asked {
        /// What the provider knows of the conversation: its own `memory`, the `rounds` that were
        /// sent along, or `none`.
        context: &'static str,
    },
    /// Its guard says that nothing may be sent.
    Skipped {
        /// Why, by its name in traces.
        why: &'static str,
    },
    /// No budget is left for the question.
    OverBudget,
    /// Its failure passed the question on to another provider.
    FailedOver,
    /// The attempt is over.
    Ended(Ended),
}

/// How an attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// `ok`, the class of its failure, or `dropped`: nobody wanted it any more.
    pub outcome: &'static str,
    /// From the request until its first text, if any came.
    pub first_text: Option<Duration>,
    /// From the request until its end.
    pub took: Duration,
    /// Tokens of what was sent.
    pub input: u64,
    /// Tokens of what came.
    pub output: u64,
    /// Whether the tokens are an estimate: the provider told none.
    pub estimated: bool,
    /// Millionths of the money that prices are in.
    pub cost: u64,
}

impl Tally {
    pub(super) fn note(&mut self, provider: &str, what: What) {
        self.facts.push(Fact { provider: provider.to_owned(), what });
    }
}
