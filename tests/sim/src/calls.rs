//! What a process waits for: providers, the site, and the platform's alarm.

use crate::chance::{Chance, kind};
use crate::happening::Happening;
use crate::invariant::{Held, Invariant};
use crate::plan::Manner;
use crate::process::Given;
use crate::provider::{self, Said};
use crate::site;
use crate::world::World;
use kefu_shared::context::Context;
use kefu_shared::conversation::{AttemptId, Input, Prepared};
use kefu_shared::provider::Round;
use kefu_shared::time::Millis;

/// Events that are read to find the rounds of a context.
const CONTEXT_EVENTS: usize = 120;
/// When the platform rings again after an alarm that failed.
const ALARM_RETRY: u64 = 2_000;
/// How long a site object may take to say that it cannot be read.
const SITE_HANGS: u64 = 40_000;

impl World<'_> {
    /// Asks for the site and the rounds before a question.
    pub(crate) fn prepare(&mut self, room: usize, number: u32, turn: u32, before: u32) {
        let here = &mut self.rooms[room];
        let lost = here.site_lost.take();
        let delay = if lost == Some(true) { SITE_HANGS } else { here.entropy.between(0, 30) };
        if let Some((instance, _)) = here.instance(number) {
            instance.preparing += 1;
            let lost = lost.is_some();
            self.clock.later(delay, Happening::Site { room, number, turn, before, lost });
        }
    }

    pub(crate) fn site(
        &mut self,
        (room, number): (usize, u32),
        turn: u32,
        before: u32,
        lost: bool,
    ) -> Held {
        let instance = self.rooms[room].instance(number);
        let Some((instance, _)) = instance.filter(|(it, _)| it.preparing > 0) else {
            return Ok(());
        };
        instance.preparing -= 1;
        let site = site::live(self.plan.drafts).filter(|_| !lost);
        let rounds = if turn == 0 { Vec::new() } else { self.rounds(room, number, before)? };
        let prepared = Prepared { site, rounds, on_duty: false };
        self.give(room, number, Input::Prepared { turn, prepared })?;
        Ok(())
    }

    /// The rounds before an event: from the process's cache, else from the log. Both are the same.
    fn rounds(&mut self, room: usize, number: u32, before: u32) -> Held<Vec<Round>> {
        let here = &self.rooms[room];
        let fresh = Context::of(here.disk.newest(CONTEXT_EVENTS));
        let right = fresh.before(before, 20);
        if here.current.number != number {
            return Ok(right);
        }
        let key = room.to_string();
        let Some(kept) = self.contexts.get(&key, here.disk.seq()) else {
            self.contexts.put(key, fresh);
            return Ok(right);
        };
        let rounds = kept.before(before, 20);
        let whole = here.disk.seq() as usize <= CONTEXT_EVENTS;
        Invariant::Bounded
            .holds(!whole || rounds == right, || format!("{rounds:?} are kept of {right:?}"))?;
        Ok(rounds)
    }

    /// Sends a request to a provider; it goes as the plan says.
    pub(crate) fn call(&mut self, room: usize, number: u32, attempt: AttemptId) -> Held {
        self.report.calls += 1;
        let parts = [kind::CALL, room as u64, attempt.turn.into(), attempt.attempt.into()];
        let mut chance = Chance::of(self.plan.seed, &parts);
        let manner = self.rooms[room].manners.pop_front().unwrap_or(Manner::Answers);
        let tag = format!("{room}.{}.{}", attempt.turn, attempt.attempt);
        let script = provider::script(&mut chance, manner, self.clock.wall(), &tag);
        self.rooms[room].ledger.called(attempt, script.text)?;
        if let Some((instance, _)) = self.rooms[room].instance(number) {
            instance.call = Some(attempt);
        }
        // Some go on talking when nobody wants to hear them any more.
        let deaf = chance.once_in(3);
        for (delay, said) in script.said {
            self.clock.later(delay, Happening::Provider { room, number, attempt, deaf, said });
        }
        Ok(())
    }

    pub(crate) fn abort(&mut self, room: usize, number: u32, attempt: AttemptId) {
        if let Some((instance, _)) = self.rooms[room].instance(number) {
            instance.call.take_if(|call| *call == attempt);
        }
    }

    pub(crate) fn provider(
        &mut self,
        (room, number): (usize, u32),
        attempt: AttemptId,
        deaf: bool,
        said: Said,
    ) -> Held {
        let Some((instance, _)) = self.rooms[room].instance(number) else { return Ok(()) };
        if instance.call != Some(attempt) && !(deaf && instance.is_awake()) {
            return Ok(());
        }
        let input = match said {
            Said::Head(head) => Input::Responded { attempt, head },
            Said::Bytes(bytes) => Input::Received { attempt, bytes },
            Said::End(how) => Input::Ended { attempt, how },
            Said::Unreachable(failure) => Input::Failed { attempt, failure },
        };
        self.give(room, number, input)?;
        Ok(())
    }

    /// Sets the alarm, or clears it.
    pub(crate) fn set_alarm(&mut self, room: usize, by: u32, at: Option<Millis>) {
        let delay = at.map(|at| self.clock.until(at));
        let alarm = &mut self.rooms[room].alarm;
        alarm.by = by;
        alarm.count += 1;
        let number = alarm.count;
        alarm.set = delay.map(|_| number);
        if let Some(delay) = delay {
            let late = alarm.late;
            self.clock.later(delay + late, Happening::Alarm { room, number });
        }
    }

    pub(crate) fn alarm(&mut self, room: usize, number: u32) -> Held {
        let alarm = &mut self.rooms[room].alarm;
        if alarm.set != Some(number) {
            return Ok(());
        }
        alarm.set = None;
        if std::mem::take(&mut alarm.twice) {
            self.clock.later(1, Happening::Ring { room });
        }
        self.no_idle_alarm(room)?;
        if !matches!(self.ring(room)?, Given::Done(_)) {
            // It rings again until it is heard.
            self.rooms[room].alarm.set.get_or_insert(number);
            self.clock.later(ALARM_RETRY, Happening::Alarm { room, number });
        }
        Ok(())
    }

    /// An alarm that is not the one that is set: whoever hears it believes that it was.
    pub(crate) fn ring_once_more(&mut self, room: usize) -> Held {
        self.rooms[room].alarm.by = 0;
        self.ring(room).map(drop)
    }

    /// Gives the alarm to the instance that is used.
    fn ring(&mut self, room: usize) -> Held<Given> {
        let number = self.rooms[room].current.number;
        self.give(room, number, Input::Alarmed)
    }

    /// An alarm that wakes an object with nothing to do costs money; one that a dead process left
    /// behind may.
    fn no_idle_alarm(&self, room: usize) -> Held {
        let here = &self.rooms[room];
        let current = here.alarm.by == here.current.number;
        let idle = current && here.current.is_awake() && here.is_idle();
        Invariant::Rest.holds(!idle, || "an alarm wakes an idle conversation".into())
    }
}
