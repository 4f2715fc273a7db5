//! Providers' guards: the truth about each, and what a process has of them for a moment.

use crate::happening::Happening;
use crate::invariant::Held;
use crate::world::World;
use kefu_shared::conversation::{Admission, Admitted, AttemptId, Input};
use kefu_shared::guard::{
    Admitting, Ask, Candidate, Copies, Decision, Grant, Guard, Key, Report, Terms,
};
use std::collections::BTreeMap;

/// One in so many questions to a guard is lost.
const LOST_ONE_IN: u64 = 40;

/// The guards of the site's providers.
#[derive(Default)]
pub(crate) struct Guards {
    truth: BTreeMap<String, Guard>,
    /// The process's: they die with it.
    pub(crate) copies: Copies,
}

impl World<'_> {
    /// Finds out which provider may be asked; that takes a moment.
    pub(crate) fn admit(
        &mut self,
        room: usize,
        number: u32,
        attempt: AttemptId,
        candidates: Vec<Candidate>,
    ) {
        let delay = self.rooms[room].entropy.between(0, 30);
        let mut admitting = Admitting::new("sim", None, candidates);
        let admitted = self.decide(room, &mut admitting);
        let admission = Admission { admitted, skips: admitting.into_skips() };
        if let Some((instance, _)) = self.rooms[room].instance(number) {
            instance.admitting += 1;
            self.clock.later(delay, Happening::Admitted { room, number, attempt, admission });
        }
    }

    pub(crate) fn admitted(
        &mut self,
        (room, number): (usize, u32),
        attempt: AttemptId,
        admission: Admission,
    ) -> Held {
        let instance = self.rooms[room].instance(number);
        let Some((instance, _)) = instance.filter(|(it, _)| it.admitting > 0) else {
            return Ok(());
        };
        instance.admitting -= 1;
        self.give(room, number, Input::Admitted { attempt, admission })?;
        Ok(())
    }

    /// A guard hears how an attempt ended, or does not.
    pub(crate) fn report_attempt(
        &mut self,
        room: usize,
        provider: String,
        terms: Terms,
        report: Report,
    ) {
        let key = Key { site: "sim".into(), provider };
        let ask = self.guards.copies.report(&key, terms, report);
        if let Some(grant) = self.ask_guard(room, &key, &ask) {
            self.guards.copies.told(self.clock.wall(), key, grant);
        }
    }

    fn decide(&mut self, room: usize, admitting: &mut Admitting) -> Option<Admitted> {
        loop {
            match self.guards.copies.next(self.clock.wall(), admitting) {
                Decision::Ask { key, ask } => {
                    if let Some(grant) = self.ask_guard(room, &key, &ask) {
                        self.guards.copies.granted(self.clock.wall(), key, grant);
                    }
                }
                Decision::Go { provider, pass } => return Some(Admitted { provider, pass }),
                Decision::Nobody => return None,
            }
        }
    }

    fn ask_guard(&mut self, room: usize, key: &Key, ask: &Ask) -> Option<Grant> {
        if self.rooms[room].entropy.once_in(LOST_ONE_IN) {
            return None;
        }
        let guard = self.guards.truth.entry(key.provider.clone()).or_default();
        Some(guard.take(self.clock.wall(), ask))
    }
}
