//! Finds connections that look open and are dead.

use crate::pace::Pace;
use std::time::Instant;

/// What a watchdog wants when its time has come.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    /// A sign of life.
    Ping,
    /// The connection ended.
    Cut,
}

/// Any frame is life; pings that stay unanswered are death.
#[derive(Debug)]
pub(crate) struct Watchdog {
    pace: Pace,
    misses: u32,
    /// Whether it can be asked for a sign of life.
    asks: bool,
    /// When it is to be asked next.
    pub(crate) at: Instant,
    greeted: bool,
}

impl Watchdog {
    pub(crate) fn new(pace: Pace, asks: bool, now: Instant) -> Self {
        Self { pace, misses: 0, asks, at: now + pace.hello, greeted: false }
    }

    /// Notes that something arrived.
    pub(crate) fn life(&mut self, now: Instant) {
        self.misses = 0;
        if !self.asks {
            self.greeted = true;
            self.at = now + self.pace.quiet;
        } else if !self.greeted {
            self.greeted = true;
            self.at = now + self.pace.ping_every;
        }
    }

    /// What is to be done at `at`.
    pub(crate) fn wants(&mut self, now: Instant) -> Wants {
        if !self.greeted || !self.asks || self.misses >= self.pace.misses {
            return Wants::Cut;
        }
        self.misses += 1;
        self.at = now + self.pace.ping_every;
        Wants::Ping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_never_says_hello_is_cut() {
        let now = Instant::now();
        let mut watchdog = Watchdog::new(Pace::CLIENT, true, now);
        assert_eq!(watchdog.at, now + Pace::CLIENT.hello);
        assert_eq!(watchdog.wants(watchdog.at), Wants::Cut);
    }

    #[test]
    fn a_connection_that_cannot_be_asked_is_dead_after_a_long_silence() {
        let now = Instant::now();
        let mut watchdog = Watchdog::new(Pace::CLIENT, false, now);
        watchdog.life(now);
        assert_eq!(watchdog.at, now + Pace::CLIENT.quiet);
        assert_eq!(watchdog.wants(watchdog.at), Wants::Cut);
    }

    #[test]
    fn a_connection_is_dead_after_two_pings_without_any_answer() {
        let now = Instant::now();
        let mut watchdog = Watchdog::new(Pace::CLIENT, true, now);
        watchdog.life(now);
        assert_eq!(watchdog.wants(now), Wants::Ping);
        watchdog.life(now);
        let asked: Vec<_> = (0..3).map(|_| watchdog.wants(now)).collect();
        assert_eq!(asked, [Wants::Ping, Wants::Ping, Wants::Cut]);
    }
}
