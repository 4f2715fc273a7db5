//! Which provider may be asked: what its guard allows, known before anything is sent.

use super::super::{Act, Conversation, Step};
use super::attempt::Attempt;
use super::{AttemptId, Phase, Turn};
use crate::failover::{self, Preference};
use crate::guard::{Candidate, Pass, Report, Skip, Ticket, Verdict};
use crate::site::Live;
use crate::time::{Millis, Tick};
use std::time::Duration;

/// How long guards are waited for before the turn goes on without their word.
const PATIENCE: Duration = Duration::from_secs(1);

/// A provider that may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Its name.
    pub provider: String,
    /// What lets the attempt through.
    pub pass: Pass,
}

/// What came of asking the guards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// Who may be asked; nobody when all are skipped.
    pub admitted: Option<Admitted>,
    /// Those before it, each with the reason.
    pub skips: Vec<Skip>,
}

/// The guards are asked.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    id: AttemptId,
    since: Millis,
    candidates: Vec<Candidate>,
}

impl Asking {
    pub(super) fn waits_until(&self) -> Millis {
        self.since + PATIENCE
    }
}

impl Conversation {
    /// Asks the guards of the providers that are left, or answers without any.
    pub(super) fn next_attempt(&mut self, tick: Tick, step: &mut Step) {
        let candidates = self.candidates();
        let Some(turn) = self.turns.open.as_mut().filter(|_| !candidates.is_empty()) else {
            return self.fall_back(tick, step);
        };
        self.turns.record.attempt += 1;
        let id = AttemptId { turn: self.turns.record.turn, attempt: self.turns.record.attempt };
        let asking = Asking { id, since: tick.now, candidates: candidates.clone() };
        turn.phase = Phase::Admitting(asking);
        step.act(Act::Admit { attempt: id, candidates });
    }

    /// The guards have answered.
    pub(in super::super) fn admitted(
        &mut self,
        tick: Tick,
        id: AttemptId,
        admission: Admission,
        step: &mut Step,
    ) {
        let Admission { admitted, skips } = admission;
        if self.turns.asking().is_none_or(|asking| asking.id != id) {
            // Nobody waits for it any more.
            admitted.iter().for_each(|admitted| admitted.give_back(step));
            return;
        }
        step.tally.skips += u32::try_from(skips.len()).unwrap_or(u32::MAX);
        let chosen = admitted.as_ref().and_then(|admitted| self.choose(tick, admitted));
        match chosen {
            Some(chosen) => self.begin_attempt(tick.now, id, chosen, step),
            None => self.fall_back(tick, step),
        }
    }

    /// No word of the guards: the first provider is asked that the site wants to be asked then.
    pub(super) fn not_admitted(&mut self, tick: Tick, step: &mut Step) {
        let Some(asking) = self.turns.asking() else { return };
        let open = asking.candidates.iter().find(|candidate| candidate.fail_open);
        let admitted = open.map(|candidate| Admitted {
            provider: candidate.provider.clone(),
            pass: Pass { terms: candidate.terms, ticket: Ticket::default() },
        });
        let id = asking.id;
        self.admitted(tick, id, Admission { admitted, skips: Vec::new() }, step);
    }

    fn preference<'a>(&'a self, turn: &'a Turn, live: &Live) -> Preference<'a> {
        let good = self.turns.good.as_ref().filter(|(_, session)| *session == self.session);
        Preference {
            visitor: &turn.asker.visitor,
            good: good.filter(|_| live.config.ai.sticky).map(|(provider, _)| provider.as_str()),
        }
    }

    fn candidates(&self) -> Vec<Candidate> {
        let Some(turn) = self.turns.open.as_ref() else { return Vec::new() };
        match turn.live() {
            Some(live) if turn.failures < turn.attempts_most() => {
                failover::candidates(live, &turn.tried, &self.preference(turn, live))
            }
            Some(_) | None => Vec::new(),
        }
    }
}

impl Attempt {
    /// The attempt is over: its call is dropped, and its provider's guard hears how it went.
    pub(in super::super) fn end(&self, verdict: Verdict, step: &mut Step) {
        step.act(Act::Abort { attempt: self.id });
        self.admitted.report(verdict, step);
    }
}

impl Admitted {
    fn report(&self, verdict: Verdict, step: &mut Step) {
        let Pass { terms, ticket } = self.pass;
        if ticket.generation.is_some() {
            let report = Report { ticket, verdict };
            step.act(Act::Report { provider: self.provider.clone(), terms, report });
        }
    }

    /// It was not used; a probe's place is free again.
    fn give_back(&self, step: &mut Step) {
        if self.pass.ticket.probe {
            self.report(Verdict::Neutral, step);
        }
    }
}

impl super::Turns {
    fn asking(&self) -> Option<&Asking> {
        match self.open.as_ref().map(|turn| &turn.phase) {
            Some(Phase::Admitting(asking)) => Some(asking),
            _ => None,
        }
    }
}
