//! Which provider may be asked: what its guard allows, known before anything is sent.

use super::super::{Act, Conversation, Ended, Step, What};
use super::bill::Bill;
use super::trace::why;
use super::{Attempt, AttemptId, Phase, Turn};
use crate::config::OnLimit;
use crate::failover::{self, Preference};
use crate::guard::{Candidate, Pass, Report, Skip, Spent, Terms, Ticket, Verdict};
use crate::provider::Class;
use crate::site::Live;
use crate::time::{Millis, Tick};
use std::time::Duration;

/// How long guards are waited for before the turn goes on without their word.
const PATIENCE: Duration = Duration::from_secs(2);

/// The name of the answer to a question that no budget is left for.
const OVER_BUDGET: &str = "kefu.over_budget";
/// The name of the answer that tells that a person was asked for.
const CALL_PERSON: &str = "kefu.call_person";

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
        if self.is_visitor_over(tick.now) {
            return self.over_budget(tick, step);
        }
        let candidates = self.candidates();
        let Some(turn) = self.turns.open.as_mut().filter(|_| !candidates.is_empty()) else {
            return self.fall_back(tick, step);
        };
        self.turns.record.attempt += 1;
        let id = AttemptId { turn: self.turns.record.turn, attempt: self.turns.record.attempt };
        // A turn that was let in is not stopped between its attempts.
        let all = turn.live().filter(|_| turn.failures == 0);
        let all = all.and_then(|live| Terms::of_site(&live.config, live.revision));
        let over = turn.live().map(|live| failover::passed_over(live, &turn.tried, &candidates));
        turn.queued(tick.now, id, over.unwrap_or_default());
        let asking = Asking { id, since: tick.now, candidates: candidates.clone() };
        turn.phase = Phase::Admitting(asking);
        step.act(Act::Admit { attempt: id, all, candidates });
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
        if self.turns.admitting().is_none_or(|asking| asking.id != id) {
            // Nobody waits for it any more.
            admitted.iter().for_each(|admitted| admitted.give_back(step));
            return;
        }
        if skips.iter().any(Skip::is_site) {
            return self.over_budget(tick, step);
        }
        for skip in &skips {
            step.tally.note(&skip.provider, What::Skipped { why: why(skip) });
        }
        self.turns.open.iter_mut().for_each(|turn| turn.note_skips(&skips));
        self.turns.renew_names();
        let chosen = admitted.as_ref().and_then(|admitted| self.choose(tick, admitted));
        match chosen {
            Some(chosen) => self.begin_attempt(tick.now, id, chosen, step),
            None => self.fall_back(tick, step),
        }
    }

    /// No word of the guards: the first provider is asked that the site wants to be asked then.
    pub(super) fn not_admitted(&mut self, tick: Tick, step: &mut Step) {
        let Some(asking) = self.turns.admitting() else { return };
        let open = asking.candidates.iter().find(|candidate| candidate.fail_open);
        let admitted = open.map(|candidate| Admitted {
            provider: candidate.provider.clone(),
            pass: Pass { terms: candidate.terms, ticket: Ticket::default() },
        });
        let id = asking.id;
        self.admitted(tick, id, Admission { admitted, skips: Vec::new() }, step);
    }

    /// Whether the visitor's day has nothing left. A turn that was let in is not stopped between
    /// its attempts.
    fn is_visitor_over(&self, now: Millis) -> bool {
        let Some(turn) = self.turns.open.as_ref().filter(|turn| turn.failures == 0) else {
            return false;
        };
        turn.live().is_some_and(|live| {
            let budgets = &live.config.budgets;
            let spent = self.turns.record.spent.today(now, budgets.utc_offset);
            spent.is_over(&budgets.visitor)
        })
    }

    /// The day's budget is spent: what the site declares for that happens.
    fn over_budget(&mut self, tick: Tick, step: &mut Step) {
        let id = AttemptId { turn: self.turns.record.turn, attempt: self.turns.record.attempt };
        step.tally.note("", What::OverBudget);
        let site = (String::new(), "over_budget".to_owned());
        self.turns.open.iter_mut().for_each(|turn| turn.queued(tick.now, id, vec![site.clone()]));
        let live = self.turns.open.as_ref().and_then(Turn::live);
        match live.map(|live| live.config.budgets.on_limit.clone()).unwrap_or_default() {
            OnLimit::Rules => self.fall_back(tick, step),
            OnLimit::Person => self.call_person(tick, CALL_PERSON, step),
            OnLimit::Message(text) => self.answer_so(tick, text, OVER_BUDGET, step),
        }
    }

    fn preference<'a>(&'a self, turn: &'a Turn, live: &Live) -> Preference<'a> {
        let good = self.turns.good.as_ref().filter(|(_, session)| *session == self.session);
        Preference {
            visitor: &turn.asker.visitor,
            good: good.filter(|_| live.config.ai.sticky).map(|(provider, _)| provider.as_str()),
        }
    }

    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let Some(turn) = self.turns.open.as_ref() else { return Vec::new() };
        match turn.live() {
            Some(live) if turn.failures < turn.attempts_most() => {
                failover::candidates(live, &turn.tried, &self.preference(turn, live))
            }
            Some(_) | None => Vec::new(),
        }
    }
}

impl super::Turns {
    /// The attempt under way, if one is, is over: its call is dropped, its provider's guard hears
    /// how it went, and what it cost is noted.
    pub(in super::super) fn end_attempt(&mut self, now: Millis, verdict: Verdict, step: &mut Step) {
        let Some(turn) = &mut self.open else { return };
        let Phase::Attempting(attempt) = &turn.phase else { return };
        step.act(Act::Abort { attempt: attempt.id });
        let bill = attempt.bill(turn.failures == 0);
        step.tally.note(&attempt.provider, What::Ended(attempt.ended(now, verdict, &bill)));
        attempt.admitted.report(verdict, attempt.class, bill.spent, step);
        turn.note_end(now, &bill);
        self.charge(now, bill.spent, step);
    }
}

impl Attempt {
    /// How it went, for whoever counts.
    fn ended(&self, now: Millis, verdict: Verdict, bill: &Bill) -> Ended {
        let outcome = match (self.class, verdict) {
            (Some(class), _) => class.as_str(),
            (None, Verdict::Success) => "ok",
            (None, _) => "dropped",
        };
        // What was held back to its end came then.
        let first = self.first_at.or(self.visible.then_some(now));
        Ended {
            outcome,
            first_text: first.map(|at| at.since(self.sent_at)),
            took: now.since(self.sent_at),
            input: bill.usage.map_or(0, |usage| usage.input),
            output: bill.usage.map_or(0, |usage| usage.output),
            estimated: bill.estimated,
            cost: bill.spent.cost,
        }
    }
}

impl Admitted {
    fn report(&self, verdict: Verdict, class: Option<Class>, spent: Spent, step: &mut Step) {
        let Pass { terms, ticket } = self.pass;
        let report = Report { ticket, verdict, class, spent };
        step.act(Act::Report { provider: self.provider.clone(), terms, report });
    }

    /// It was not used; a probe's place is free again.
    fn give_back(&self, step: &mut Step) {
        if self.pass.ticket.probe {
            self.report(Verdict::Neutral, None, Spent::default(), step);
        }
    }
}

impl super::Turns {
    fn admitting(&self) -> Option<&Asking> {
        match self.open.as_ref().map(|turn| &turn.phase) {
            Some(Phase::Admitting(asking)) => Some(asking),
            _ => None,
        }
    }
}
