//! A sliding window of permits that were leased: conservative, in slots.
//!
//! A permit may be used at any moment of its lease, so it counts as used at the end of the slot in
//! which the lease ends. No window then holds more than the declared count, and a slot and a lease
//! are short enough for more than nine tenths of the count to be usable.

use super::{FRESH_FOR, Unused};
use crate::config::Rate;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Slots in a window.
const SLOTS: u32 = 60;
/// Leases in a window.
const LEASES: u32 = 20;

/// (end of the slot, permits), oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Window(VecDeque<(Millis, u32)>);

impl Window {
    /// How many permits are left, else when there is one again.
    pub(super) fn room(&mut self, rate: Rate, now: Millis) -> Result<u32, Millis> {
        let left = rate.count.saturating_sub(self.charged(rate, now));
        let first = self.0.front().map_or(now, |(end, _)| *end + rate.window);
        if left == 0 { Err(first) } else { Ok(left) }
    }

    /// How many permits count right now.
    pub(super) fn charged(&mut self, rate: Rate, now: Millis) -> u32 {
        // A clock that went back leaves slots in the future: they count from now on.
        let newest = now + life(rate) + slot(rate);
        self.0.iter_mut().for_each(|(end, _)| *end = newest.min(*end));
        self.0.retain(|(end, _)| now < *end + rate.window);
        self.0.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Leases `count` permits; they are good until the moment that comes back.
    pub(super) fn charge(&mut self, rate: Rate, now: Millis, count: u32) -> Millis {
        let until = now + life(rate);
        if count == 0 {
            return until;
        }
        let end = end_of_slot(rate, until);
        match self.0.iter_mut().find(|(slot, _)| *slot == end) {
            Some((_, charged)) => *charged = charged.saturating_add(count),
            None => self.0.push_back((end, count)),
        }
        until
    }

    /// Permits that were never used do not count.
    pub(super) fn refund(&mut self, rate: Rate, unused: Unused) {
        let end = end_of_slot(rate, unused.until);
        if let Some((_, charged)) = self.0.iter_mut().find(|(slot, _)| *slot == end) {
            *charged = charged.saturating_sub(unused.count);
        }
    }
}

/// How long a permit is good.
fn life(rate: Rate) -> Duration {
    (rate.window / LEASES).min(FRESH_FOR)
}

fn slot(rate: Rate) -> Duration {
    (rate.window / SLOTS).max(Duration::from_millis(1))
}

fn end_of_slot(rate: Rate, at: Millis) -> Millis {
    let width = u64::try_from(slot(rate).as_millis()).unwrap_or(1).max(1);
    Millis((at.0 / width + 1).saturating_mul(width))
}
