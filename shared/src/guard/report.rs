//! How an attempt ended, as far as the provider's guard is concerned.

use super::{Spent, Terms};
use crate::provider::{Class, Failure};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What let an attempt through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The life of the breaker; none when its state could not be had: nothing is counted then.
    pub generation: Option<u32>,
    /// Whether the attempt is the probe of a half-open breaker.
    pub probe: bool,
}

/// What holds of an attempt that was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// What the site declares of the provider.
    pub terms: Terms,
    /// What let it through.
    pub ticket: Ticket,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What let it through.
    pub ticket: Ticket,
    /// How it went.
    pub verdict: Verdict,
    /// Which kind of failure it was, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// What it cost.
    #[serde(default)]
    pub spent: Spent,
}

/// What an attempt says of its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The answer came to its logical end.
    Success,
    /// It failed in a way that may come again.
    Failure,
    /// It is refused until somebody acts: credentials, money, set-up.
    Refused,
    /// It asked to be left alone.
    Limited {
        /// For so many milliseconds.
        pause_ms: u64,
    },
    /// It says nothing: the visitor left, or the request was wrong.
    Neutral,
}

impl Report {
    /// The failure that counts against the provider, if it was one: by its breaker, or as a wait
    /// that it asked for.
    pub(super) fn counted(&self) -> Option<Class> {
        match self.verdict {
            Verdict::Failure | Verdict::Refused | Verdict::Limited { .. } => self.class,
            Verdict::Success | Verdict::Neutral => None,
        }
    }
}

impl Verdict {
    /// What a failed attempt says.
    pub fn of(failure: &Failure) -> Self {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        match failure.pause() {
            Some(pause) => Self::Limited { pause_ms: millis(pause) },
            None if failure.opens_breaker() && failure.counts_for_breaker() => Self::Refused,
            None if failure.counts_for_breaker() => Self::Failure,
            None => Self::Neutral,
        }
    }
}
