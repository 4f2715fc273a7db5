//! What is said to a guard where it is kept, and what it answers.

use super::{Ask, Grant, Guard, Standing, Terms};
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// What is said to a guard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Hear of attempts, and let some through.
    Take(Ask),
    /// Say how the provider stands.
    Look(Terms),
}

/// What a guard answers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// To [`Order::Take`].
    Granted(Grant),
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
    /// Attempts that count towards the declared rate.
    pub charged: u32,
}

impl Order {
    /// What the site declares of the provider.
    pub fn terms(&self) -> &Terms {
        match self {
            Self::Take(ask) => &ask.terms,
            Self::Look(terms) => terms,
        }
    }
}

impl Guard {
    /// Carries out an order. What comes back is given away only once the guard is stored, if it
    /// [must be](Guard::must_store).
    pub fn carry_out(&mut self, now: Millis, order: &Order) -> Outcome {
        match order {
            Order::Take(ask) => Outcome::Granted(self.take(now, ask)),
            Order::Look(terms) => Outcome::Seen(View {
                standing: self.standing(terms, now),
                streak: self.streak(),
                charged: self.charged(terms, now),
            }),
        }
    }
}
