//! An exact sliding window: no window of the declared length holds more than the declared count.

use crate::config::Rate;
use crate::time::Millis;
use std::collections::VecDeque;

/// The moments of what was let through, oldest first; never more than the rate's count.
#[derive(Clone, Debug, Default)]
pub struct SlidingWindow {
    taken: VecDeque<Millis>,
}

impl SlidingWindow {
    /// Continues from the moments of earlier ones, oldest first.
    pub fn resume(taken: impl IntoIterator<Item = Millis>) -> Self {
        Self { taken: taken.into_iter().collect() }
    }

    /// When the next one is allowed: `Ok` for at once, else the moment.
    pub fn check(&mut self, rate: Rate, now: Millis) -> Result<(), Millis> {
        while self.taken.front().is_some_and(|&first| first + rate.window <= now) {
            self.taken.pop_front();
        }
        let count = usize::try_from(rate.count).unwrap_or(usize::MAX);
        if self.taken.len() < count {
            return Ok(());
        }
        // The count may have been lowered: wait until enough of them have left.
        let index = self.taken.len() - count;
        Err(self.taken.get(index).map_or(now, |&moment| moment + rate.window))
    }

    /// Counts one that was let through.
    pub fn take(&mut self, now: Millis) {
        self.taken.push_back(now);
    }

    /// The newest one does not count after all.
    pub fn pardon(&mut self) {
        self.taken.pop_back();
    }

    /// Whether nothing of it counts any more.
    pub fn is_idle(&self, rate: Rate, now: Millis) -> bool {
        self.taken.back().is_none_or(|&last| last + rate.window <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const RATE: Rate = Rate { count: 3, window: Duration::from_secs(60) };

    #[test]
    fn no_window_holds_more_than_the_count_also_across_a_minutes_border() {
        let mut window = SlidingWindow::default();
        let mut passed = Vec::new();
        for second in 0..300 {
            let now = Millis(second * 1_000);
            if window.check(RATE, now).is_ok() {
                window.take(now);
                passed.push(now);
            }
        }
        for (index, &start) in passed.iter().enumerate() {
            let within = passed[index..].iter().filter(|&&at| at < start + RATE.window).count();
            assert!(within <= 3, "{within} from {start:?}");
        }
        assert_eq!(passed.len(), 15, "and all of it is used");
    }

    #[test]
    fn a_refusal_says_when_the_next_one_is_allowed() {
        let mut window = SlidingWindow::resume([Millis(0), Millis(10_000), Millis(20_000)]);
        assert_eq!(window.check(RATE, Millis(30_000)), Err(Millis(60_000)));
        assert_eq!(window.check(RATE, Millis(60_000)), Ok(()));
    }
}
