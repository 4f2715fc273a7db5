//! Virtual time: what happens next, and what the wall clock says meanwhile.

use kefu_shared::time::Millis;
use std::collections::BTreeMap;

/// When every world begins, Unix milliseconds.
const BEGINNING: u64 = 1_700_000_000_000;

/// Everything that is going to happen, by time and then by the order in which it was decided.
#[derive(Debug)]
pub(crate) struct Agenda<T> {
    /// Milliseconds since the beginning. Never falls: delays are counted in it.
    now: u64,
    /// What was added to the wall clock, which may jump.
    skew: i64,
    order: u64,
    next: BTreeMap<(u64, u64), T>,
}

impl<T> Agenda<T> {
    pub(crate) fn new() -> Self {
        Self { now: 0, skew: 0, order: 0, next: BTreeMap::new() }
    }

    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// What the process takes for the time.
    pub(crate) fn wall(&self) -> Millis {
        Millis((BEGINNING + self.now).saturating_add_signed(self.skew))
    }

    pub(crate) fn jump(&mut self, by: i64) {
        self.skew += by;
    }

    /// How long it is until the wall clock shows `at`, if it does not jump again.
    pub(crate) fn until(&self, at: Millis) -> u64 {
        at.0.saturating_sub(self.wall().0)
    }

    pub(crate) fn later(&mut self, delay: u64, what: T) {
        self.order += 1;
        self.next.insert((self.now + delay, self.order), what);
    }

    pub(crate) fn at(&mut self, moment: u64, what: T) {
        self.later(moment.saturating_sub(self.now), what);
    }

    /// When that is.
    pub(crate) fn next_at(&self) -> Option<u64> {
        self.next.first_key_value().map(|((at, _), _)| *at)
    }

    /// Goes on to what happens next.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let ((at, _), what) = self.next.pop_first()?;
        self.now = at;
        Some(what)
    }
}
