//! How long to wait before the next try: full jitter over a doubling range.

use crate::pace::Pace;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(crate) struct Backoff {
    pace: Pace,
    failures: u32,
    opened: Option<Instant>,
}

impl Backoff {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, failures: 0, opened: None }
    }

    /// Notes that a connection stands.
    pub(crate) fn opened(&mut self, now: Instant) {
        self.opened = Some(now);
    }

    /// The wait after a connection ended, or failed to begin.
    pub(crate) fn next(&mut self, now: Instant) -> Duration {
        let lived = self.opened.take().map(|opened| now.duration_since(opened));
        if lived.is_some_and(|lived| lived >= self.pace.stable) {
            self.failures = 0;
        }
        let (base, cap) = self.pace.backoff;
        let range = base.saturating_mul(1 << self.failures.min(16)).min(cap);
        self.failures += 1;
        range.mul_f64(chance())
    }
}

/// From 0 to 1: the standard library seeds each of its hashers afresh.
fn chance() -> f64 {
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_doubles_up_to_a_cap_and_a_stable_connection_makes_it_short_again() {
        let now = Instant::now();
        let mut backoff = Backoff::new(Pace::CLIENT);
        for failures in 0..10 {
            let most = Duration::from_millis(500 * (1 << failures)).min(Duration::from_secs(30));
            assert!(backoff.next(now) <= most);
        }
        backoff.opened(now);
        backoff.next(now + Pace::CLIENT.stable);
        assert_eq!(backoff.failures, 1);
    }
}
