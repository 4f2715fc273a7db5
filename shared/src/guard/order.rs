//! What is said to a guard where it is kept, and what it answers.

use super::{Ask, Grant, Guard, Spent, Standing, Terms};
use crate::config::Provider;
use crate::problem::{Code, Refusal};
use crate::provider::{Class, Failure};
use crate::time::Millis;
use kefu_proto::v1::ProviderState;
use kefu_proto::v1::provider_state::{LastFailure, Limit, Spending, Standing as Wire};
use serde::{Deserialize, Serialize};

/// What is said to a guard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Hear of attempts, and let some through.
    Take(Ask),
    /// Say how the provider stands.
    Look(Terms),
    /// Charge an attempt that an operator makes, whatever the breaker says.
    Try(Terms),
}

/// What a guard answers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// To [`Order::Take`].
    Granted(Grant),
    /// To [`Order::Try`]: whether the rate has room, else when it has.
    Tried(Result<(), Millis>),
    /// To [`Order::Look`].
    Seen(View),
}

/// How a provider stands, for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// Whether it is asked.
    pub standing: Standing,
    /// Counted failures in a row.
    pub streak: u32,
    /// The last failure that counted, and when.
    pub failed: Option<(Class, Millis)>,
    /// Attempts that count towards the declared rate.
    pub charged: u32,
    /// What was spent today.
    pub spent: Spent,
}

impl Outcome {
    /// Whether an operator's attempt may be sent.
    pub fn admits_trial(&self, now: Millis) -> Result<(), Refusal> {
        let Self::Tried(Err(until)) = self else { return Ok(()) };
        let detail = "the provider's declared rate is used up: this would be one more";
        Err(Refusal::new(Code::RateLimited, detail).retry_after(until.since(now)))
    }
}

impl View {
    /// As the contract writes it: of a provider whose guard may be out of reach, and that may be
    /// configured so that it cannot be asked.
    pub fn wire(view: Option<Self>, provider: &Provider, fault: Option<&Failure>) -> ProviderState {
        let standing = match (fault, view) {
            (Some(_), _) => Wire::Misconfigured,
            (None, None) => Wire::Unknown,
            (None, Some(view)) => view.standing.wire(),
        };
        let until = view.filter(|_| fault.is_none()).and_then(|view| view.standing.until());
        let used = view.map_or(0, |view| view.charged);
        ProviderState {
            name: provider.name.clone(),
            r#type: provider.kind.name().to_owned(),
            standing: standing.into(),
            until: until.map(Millis::nanos),
            failures: view.map_or(0, |view| view.streak),
            last_failure: view.and_then(|view| view.failed).map(|(class, at)| LastFailure {
                class: class.as_str().to_owned(),
                at: at.nanos(),
            }),
            limit: provider.rate_limit.map(|rate| Limit {
                count: rate.count,
                window_ms: u32::try_from(rate.window.as_millis()).unwrap_or(u32::MAX),
                used,
            }),
            today: view.map(|view| view.spent.wire()),
            fault: fault.map(|fault| fault.message.clone()),
        }
    }
}

impl Spent {
    fn wire(self) -> Spending {
        let Self { turns, tokens, cost } = self;
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        Spending { attempts: turns, tokens: number(tokens), cost_micros: number(cost) }
    }
}

impl Standing {
    pub(super) fn wire(self) -> Wire {
        match self {
            Self::Closed => Wire::Closed,
            Self::Open { .. } => Wire::Open,
            Self::Paused { .. } => Wire::Paused,
            Self::Limited { .. } => Wire::Limited,
            Self::Probing { .. } => Wire::Probing,
            Self::Spent { .. } => Wire::Spent,
        }
    }
}

/// Between hosts' parts and in rows all of it is JSON.
macro_rules! json {
    ($type:ty) => {
        impl $type {
            /// As JSON.
            pub fn to_json(&self) -> String {
                serde_json::to_string(self).unwrap_or_default()
            }

            /// From JSON; none if it is no such thing.
            pub fn from_json(text: &str) -> Option<Self> {
                serde_json::from_str(text).ok()
            }
        }
    };
}

json!(Order);
json!(Outcome);
json!(Guard);

impl Order {
    /// What the site declares of the provider.
    pub fn terms(&self) -> &Terms {
        match self {
            Self::Take(ask) => &ask.terms,
            Self::Look(terms) | Self::Try(terms) => terms,
        }
    }
}

impl Guard {
    /// Carries out an order. What comes back is given away only once the guard is stored, if it
    /// [must be](Guard::must_store).
    pub fn carry_out(&mut self, now: Millis, order: &Order) -> Outcome {
        match order {
            Order::Take(ask) => Outcome::Granted(self.take(now, ask)),
            Order::Try(terms) => Outcome::Tried(self.charge_one(now, terms)),
            Order::Look(terms) => Outcome::Seen(View {
                standing: self.standing(terms, now),
                streak: self.streak(),
                failed: self.failed,
                charged: self.charged(terms, now),
                spent: self.spent(terms, now),
            }),
        }
    }
}
