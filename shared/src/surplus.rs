//! Whether an instance of the program is one too many.
//!
//! A host may begin an instance for each of many requests that come at once, and then give all of
//! them something to do for as long as something is to be done. Each has memory of its own: the more
//! there are, the more is read again, and the fewer writes go together. So those that are not needed
//! leave, the youngest first, and hand their streams over. The host is free to begin new ones when it
//! needs them, and how often anybody leaves is bounded: where many come at once again and again,
//! they stay.

use crate::time::Millis;
use std::time::Duration;

/// As many as stay however little they have to do.
pub const ENOUGH: u32 = 4;
/// As many as leave within [`LATELY`].
pub const LEAVE_MOST: u32 = 60;
/// What counts as just now, when it is about those who left.
pub const LATELY: Duration = Duration::from_secs(60);
/// Who was not seen for as long is gone.
pub const SEEN_FOR: Duration = Duration::from_secs(20);

/// What an instance that leaves has of streams it hands over to the others: it ends one after the
/// other, not too fast for those to whom their readers come, and none that only just began.
pub const STREAM_STAYS: Duration = Duration::from_secs(30);
/// Between two of them.
pub const PACE: Duration = Duration::from_millis(150);
/// Until it looks again, when it has none that may end.
pub const REST: Duration = Duration::from_secs(5);

/// How often is asked, by a young one and by an old one.
const EVERY_YOUNG: Duration = Duration::from_secs(2);
const EVERY: Duration = Duration::from_secs(8);
const YOUNG: Duration = Duration::from_secs(10);

/// How much an instance has to do.
#[derive(Clone, Debug, Default)]
pub struct Shift {
    under_way: u32,
    /// Since when something is under way without a pause.
    since: Millis,
    /// The first request's beginning.
    begun: Option<Millis>,
    /// Since when it is counted, and how long something was under way.
    counted: Millis,
    busy: Duration,
}

/// The others, as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Others {
    /// Those that are there and began earlier.
    pub older: u32,
    /// Those that left lately.
    pub left: u32,
}

impl Shift {
    /// A request comes.
    pub fn begins(&mut self, now: Millis) {
        if self.begun.is_none() {
            (self.begun, self.counted) = (Some(now), now);
        }
        if self.under_way == 0 {
            self.since = now;
        }
        self.under_way += 1;
    }

    /// A request is answered.
    pub fn ends(&mut self, now: Millis) {
        self.under_way = self.under_way.saturating_sub(1);
        if self.under_way == 0 {
            self.busy += now.since(self.since);
        }
    }

    /// Since when it is there, once it is time to ask for the others.
    pub fn asks(&self, now: Millis) -> Option<Millis> {
        let begun = self.begun?;
        let every = if now.since(begun) < YOUNG { EVERY_YOUNG } else { EVERY };
        (now.since(self.counted) >= every).then_some(begun)
    }

    /// Whether it leaves: others are enough, and it has something to do for less than half the time.
    pub fn leaves(&mut self, now: Millis, others: Others) -> bool {
        let under_way = if self.under_way > 0 { now.since(self.since) } else { Duration::ZERO };
        let busy = std::mem::take(&mut self.busy) + under_way;
        let counted = now.since(std::mem::replace(&mut self.counted, now));
        (self.since, self.counted) = (now, now);
        others.older >= ENOUGH && others.left < LEAVE_MOST && busy * 2 < counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Millis = Millis(1_000_000);

    fn at(millis: u64) -> Millis {
        START + Duration::from_millis(millis)
    }

    /// One that was busy for so many of two seconds.
    fn busy(millis: u64) -> Shift {
        let mut shift = Shift::default();
        shift.begins(at(0));
        shift.ends(at(millis));
        shift
    }

    #[test]
    fn one_that_has_little_to_do_leaves_when_others_are_enough() {
        let cases = [
            (100, Others { older: ENOUGH, left: 0 }, true),
            (999, Others { older: ENOUGH, left: 0 }, true),
            (1_000, Others { older: ENOUGH, left: 0 }, false),
            (100, Others { older: ENOUGH - 1, left: 0 }, false),
            (100, Others { older: ENOUGH, left: LEAVE_MOST - 1 }, true),
            (100, Others { older: ENOUGH, left: LEAVE_MOST }, false),
        ];
        for (millis, others, leaves) in cases {
            assert_eq!(busy(millis).leaves(at(2_000), others), leaves, "{millis} {others:?}");
        }
    }

    #[test]
    fn requests_at_the_same_time_count_once_and_one_under_way_counts() {
        let mut shift = Shift::default();
        shift.begins(at(0));
        shift.begins(at(100));
        shift.ends(at(300));
        shift.ends(at(600));
        assert!(shift.clone().leaves(at(2_000), Others { older: ENOUGH, left: 0 }), "600 of 2,000");
        shift.begins(at(1_600));
        assert!(!shift.leaves(at(2_000), Others { older: ENOUGH, left: 0 }), "1,000 of 2,000");
    }

    #[test]
    fn a_young_one_asks_often_and_nobody_asks_before_the_first_request() {
        assert_eq!(Shift::default().asks(at(9_000)), None);
        let mut shift = busy(100);
        assert_eq!(shift.asks(at(1_999)), None);
        assert_eq!(shift.asks(at(2_000)), Some(at(0)));
        shift.leaves(at(9_999), Others::default());
        assert_eq!(shift.asks(at(12_000)), None, "it is no young one any more");
        assert_eq!(shift.asks(at(17_999)), Some(at(0)));
    }
}
