//! What became of the messages: counted by key and by seq, timed from when each was due.

use hdrhistogram::{CreationError, Histogram};
use std::time::{Duration, Instant};

/// In microseconds.
pub(crate) type Latencies = Histogram<u64>;

/// The longest latency that is told from longer ones, in microseconds.
const LONGEST: u64 = 120_000_000;
/// Digits that are exact.
const DIGITS: u8 = 3;

/// The counts of one measurement.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Messages that were due between them count towards figures; all count towards delivery.
    from: Instant,
    until: Instant,
    pub(crate) sent: u64,
    pub(crate) done: u64,
    /// Done while the measurement ran.
    pub(crate) done_in_time: u64,
    pub(crate) last_done: Instant,
    pub(crate) faults: Faults,
    pub(crate) acked: Latencies,
    pub(crate) seen: Latencies,
}

/// What must not happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    /// Messages that were not acknowledged, or not seen, in the end.
    pub(crate) lost: u64,
    /// Acknowledged as duplicates, or a seq that had been seen.
    pub(crate) repeated: u64,
    /// Seqs that were skipped when their successor came.
    pub(crate) skipped: u64,
    /// Error frames, and sockets that ended.
    pub(crate) errors: u64,
}

impl Faults {
    pub(crate) fn add(&mut self, other: Self) {
        self.lost += other.lost;
        self.repeated += other.repeated;
        self.skipped += other.skipped;
        self.errors += other.errors;
    }
}

impl Tally {
    /// Of a measurement that takes `length`.
    ///
    /// # Errors
    /// Never: bound and digits are constants that the library takes.
    pub(crate) fn new(from: Instant, length: Duration) -> Result<Self, CreationError> {
        Ok(Self {
            from,
            until: from + length,
            sent: 0,
            done: 0,
            done_in_time: 0,
            last_done: from,
            faults: Faults::default(),
            acked: Latencies::new_with_max(LONGEST, DIGITS)?,
            seen: Latencies::new_with_max(LONGEST, DIGITS)?,
        })
    }

    pub(crate) fn note_acked(&mut self, due: Instant, now: Instant) {
        if self.counts(due) {
            record(&mut self.acked, now - due);
        }
    }

    pub(crate) fn note_seen(&mut self, due: Instant, now: Instant) {
        if self.counts(due) {
            record(&mut self.seen, now - due);
        }
    }

    pub(crate) fn note_done(&mut self, now: Instant) {
        self.done += 1;
        self.last_done = now;
        if self.counts(now) {
            self.done_in_time += 1;
        }
    }

    fn counts(&self, at: Instant) -> bool {
        self.from <= at && at < self.until
    }
}

fn record(latencies: &mut Latencies, latency: Duration) {
    latencies.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_due_while_the_measurement_runs_makes_figures() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut tally = Tally::new(now + second, second).unwrap();
        for (due, counted) in [(0, 0), (1, 1), (2, 1), (5, 1)] {
            let due = now + due * second;
            tally.note_acked(due, due + 3 * second);
            assert_eq!(tally.acked.len(), counted);
        }
        let found = tally.acked.value_at_quantile(0.5);
        assert!((2_999_000..3_003_000).contains(&found), "{found} µs");
    }
}
