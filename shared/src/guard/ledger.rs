//! What AI cost today: questions, tokens and money, against what is declared.

use crate::config::{Budget, Price};
use crate::provider::Usage;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3_600);
/// Tokens that a price is for.
const PRICED: u64 = 1_000_000;

/// What was spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spent {
    /// Attempts at an answer.
    pub turns: u32,
    /// Tokens, as the providers count them.
    pub tokens: u64,
    /// Millionths of the money that prices are in.
    pub cost: u64,
}

impl Spent {
    /// One attempt.
    pub fn of(usage: Option<&Usage>, price: Option<&Price>) -> Self {
        let cost = |tokens: u64, micros: u64| tokens.saturating_mul(micros) / PRICED;
        let priced = usage.zip(price).map(|(usage, price)| {
            cost(usage.input, price.input).saturating_add(cost(usage.output, price.output))
        });
        Self { turns: 1, tokens: usage.map_or(0, |usage| usage.total), cost: priced.unwrap_or(0) }
    }

    /// Whether one more would be over what is declared.
    pub fn is_over(&self, budget: &Budget) -> bool {
        budget.turns.is_some_and(|most| self.turns >= most)
            || budget.tokens.is_some_and(|most| self.tokens >= most)
            || budget.cost.is_some_and(|most| self.cost >= most)
    }

    fn add(&mut self, more: &Self) {
        self.turns = self.turns.saturating_add(more.turns);
        self.tokens = self.tokens.saturating_add(more.tokens);
        self.cost = self.cost.saturating_add(more.cost);
    }
}

/// What was spent on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ledger {
    /// Days since 1970, on the site's clock.
    day: u64,
    spent: Spent,
}

impl Ledger {
    /// Adds to today's.
    pub fn add(&mut self, now: Millis, utc_offset: i16, more: &Spent) {
        self.spent = self.today(now, utc_offset);
        self.day = day(now, utc_offset);
        self.spent.add(more);
    }

    /// What was spent today.
    pub fn today(&self, now: Millis, utc_offset: i16) -> Spent {
        if self.day == day(now, utc_offset) { self.spent } else { Spent::default() }
    }

    /// Whether nothing was ever spent.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// When tomorrow begins on a clock that many minutes east of Greenwich.
pub fn tomorrow(now: Millis, utc_offset: i16) -> Millis {
    let begins = Duration::from_secs((day(now, utc_offset) + 1) * DAY.as_secs());
    let offset = Duration::from_secs(u64::from(utc_offset.unsigned_abs()) * 60);
    let utc = Millis(0) + begins;
    if utc_offset >= 0 { utc - offset } else { utc + offset }
}

fn day(now: Millis, utc_offset: i16) -> u64 {
    let local = now.0.saturating_add_signed(i64::from(utc_offset) * 60_000);
    Duration::from_millis(local).as_secs() / DAY.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2027-01-15 07:59:59 UTC, a second before four in the afternoon in Shanghai.
    const NOW: Millis = Millis(1_799_999_999_000);
    const SHANGHAI: i16 = 480;

    #[test]
    fn a_day_ends_at_midnight_of_the_sites_clock() {
        let midnight = tomorrow(NOW, SHANGHAI);
        assert_eq!(midnight.since(NOW), Duration::from_secs(8 * 3_600 + 1));
        let mut ledger = Ledger::default();
        ledger.add(NOW, SHANGHAI, &Spent { turns: 3, tokens: 100, cost: 5 });
        let before = midnight - Duration::from_millis(1);
        assert_eq!(ledger.today(before, SHANGHAI).turns, 3);
        assert_eq!(ledger.today(midnight, SHANGHAI), Spent::default());
    }

    #[test]
    fn a_price_is_for_a_million_tokens() {
        let usage = Usage { input: 2_000, output: 500, total: 2_500 };
        // 0.80 and 2.00.
        let price = Price { input: 800_000, output: 2_000_000 };
        let spent = Spent::of(Some(&usage), Some(&price));
        assert_eq!((spent.turns, spent.tokens, spent.cost), (1, 2_500, 1_600 + 1_000));
    }

    #[test]
    fn any_of_the_three_limits_is_one() {
        let spent = Spent { turns: 10, tokens: 1_000, cost: 50 };
        let budget = |turns, tokens, cost| Budget { turns, tokens, cost };
        assert!(spent.is_over(&budget(Some(10), None, None)));
        assert!(spent.is_over(&budget(None, Some(1_000), None)));
        assert!(spent.is_over(&budget(None, None, Some(50))));
        assert!(!spent.is_over(&budget(Some(11), Some(1_001), Some(51))));
        assert!(!spent.is_over(&Budget::default()));
    }
}
