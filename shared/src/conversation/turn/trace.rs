//! How a question is answered: noted as it happens, kept in the row of the event that ends the turn,
//! and forgotten when the site wants it no longer.

use super::super::{Conversation, Step, Write};
use super::{AttemptId, Turn, Turns};
use crate::failover;
use crate::guard::{Skip, Why};
use crate::privacy::Outgoing;
use crate::provider::{Failure, Usage};
use crate::time::Millis;
use kefu_proto::Encode;
use kefu_proto::v1::{TurnTrace, message, turn_trace};
use std::time::Duration;

/// Bytes of the question, and of the rounds before it, that are kept.
const QUESTION_MOST: usize = 8 * 1024;
const ROUNDS_MOST: usize = 32 * 1024;
/// Attempts that are noted: a question that comes in pieces may begin many.
const TRIES_MOST: usize = 20;
/// Traces are forgotten in such parts of the time that they are kept, and no smaller ones than the
/// least: each part is noted.
const PARTS: u32 = 30;
const PART_LEAST: Duration = Duration::from_secs(3_600);

/// What is kept with the next event, and forgotten with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Traces {
    next: Option<Next>,
    forget: Option<(u32, u32)>,
    marked: bool,
}

#[derive(Clone, Debug)]
struct Next {
    trace: TurnTrace,
    now: Millis,
    keep: Duration,
}

impl Turn {
    fn ms(&self, now: Millis) -> u32 {
        u32::try_from(now.since(self.since).as_millis()).unwrap_or(u32::MAX)
    }

    /// The guards are asked, or nobody is.
    pub(super) fn queued(&mut self, now: Millis, id: AttemptId, skips: Vec<turn_trace::Skip>) {
        let (attempt, queued_ms) = (id.attempt, self.ms(now));
        let queued = turn_trace::Attempt { attempt, queued_ms, skips, ..Default::default() };
        if self.tries.len() < TRIES_MOST {
            self.tries.push(queued);
        }
    }

    /// Something became of the newest attempt.
    pub(super) fn note(&mut self, now: Millis, note: impl FnOnce(&mut turn_trace::Attempt, u32)) {
        let ms = self.ms(now);
        if let Some(newest) = self.tries.last_mut() {
            note(newest, ms);
        }
    }

    pub(super) fn note_skips(&mut self, now: Millis, skips: &[Skip]) {
        self.note(now, |attempt, _| attempt.skips.extend(skips.iter().map(skip)));
    }

    pub(super) fn note_failure(&mut self, now: Millis, failure: &Failure) {
        self.note(now, |attempt, _| {
            attempt.class = Some(failure.class.as_str().to_owned());
            attempt.code = failure.code.clone();
        });
    }

    pub(super) fn note_end(&mut self, now: Millis, usage: Option<&Usage>, cost: u64) {
        self.note(now, |attempt, ms| {
            attempt.end_ms = Some(ms);
            attempt.usage = usage.copied().map(Into::into);
            attempt.cost_micros = i64::try_from(cost).unwrap_or(i64::MAX);
        });
    }
}

fn skip(skip: &Skip) -> turn_trace::Skip {
    let why = match skip.why {
        Why::Standing(standing) => standing.name(),
        Why::Unknown => "unknown",
        Why::Misconfigured => "misconfigured",
    };
    turn_trace::Skip { provider: skip.provider.clone(), why: why.to_owned() }
}

impl Conversation {
    /// The turn ends: how it was answered is kept with the event that comes next in this step.
    pub(super) fn keep_trace(&mut self, now: Millis, source: Option<&message::Source>) {
        let Some((turn, asking)) = self.turns.asking(0) else { return };
        let Some(live) = turn.live() else { return };
        let keep = live.config.ai.keep_traces;
        let mut trace = TurnTrace {
            turn: self.turns.record.turn,
            ts: turn.since.nanos(),
            end_ms: turn.ms(now),
            attempts: turn.tries.clone(),
            ..TurnTrace::default()
        };
        match source {
            Some(message::Source::Provider(source)) => {
                (trace.answered_by, trace.outcome) = (source.name.clone(), source.outcome);
            }
            Some(message::Source::Rule(rule)) => trace.answered_by.clone_from(&rule.name),
            Some(message::Source::Flow(_)) | None => {}
        }
        if turn.tries.iter().any(|attempt| attempt.sent_ms.is_some()) {
            let rounds = failover::fitting(&asking, &live.config);
            let outgoing = live.privacy.outgoing(rounds, &asking.question);
            outgoing.iter().for_each(|outgoing| sent(outgoing, &mut trace));
        }
        self.turns.traces.next = Some(Next { trace, now, keep });
    }
}

/// What was sent, the oldest rounds left out where there is too much.
fn sent(outgoing: &Outgoing<'_>, trace: &mut TurnTrace) {
    let end = outgoing.question.floor_char_boundary(QUESTION_MOST);
    trace.question = outgoing.question.get(..end).unwrap_or_default().to_owned();
    let mut left = ROUNDS_MOST;
    let kept = outgoing.rounds.iter().rev().take_while(|round| {
        let length = round.question.len() + round.answer.len();
        let fits = length <= left;
        left = left.saturating_sub(length);
        fits
    });
    let first = outgoing.rounds.len() - kept.count();
    trace.rounds_left_out = u32::try_from(first).unwrap_or(u32::MAX);
    trace.rounds = outgoing
        .rounds
        .iter()
        .skip(first)
        .map(|round| turn_trace::Round {
            question: round.question.clone(),
            answer: round.answer.clone(),
        })
        .collect();
    let mask = |(name, count): (&str, u32)| turn_trace::Mask { name: name.to_owned(), count };
    trace.masks = outgoing.masks().into_iter().map(mask).collect();
}

impl Turns {
    /// Something became of the newest attempt.
    pub(super) fn note(&mut self, now: Millis, note: impl FnOnce(&mut turn_trace::Attempt, u32)) {
        if let Some(turn) = &mut self.open {
            turn.note(now, note);
        }
    }

    /// What is kept with the event of that seq.
    pub(in super::super) fn take_trace(&mut self, seq: u32) -> Option<Vec<u8>> {
        let Next { trace, now, keep } = self.traces.next.take()?;
        let traced = &mut self.record.traced;
        let part = (keep / PARTS).max(PART_LEAST);
        if traced.last().is_none_or(|(at, _)| Millis(*at) + part <= now) {
            traced.push((now.0, seq));
            self.traces.marked = true;
        }
        let mut upto = None;
        // Everything of a part is over when its last may be; the newest part is not.
        while let [(at, _), (_, next), ..] = traced.as_slice()
            && Millis(*at) + part + keep <= now
        {
            upto = Some(next - 1);
            self.traces.forget.get_or_insert((traced.remove(0).1 - 1, 0));
        }
        if keep.is_zero() {
            upto = Some(seq - 1);
            self.traces.forget.get_or_insert((traced.first().map_or(0, |(_, first)| first - 1), 0));
            traced.clear();
        }
        if let (Some(forget), Some(upto)) = (&mut self.traces.forget, upto) {
            forget.1 = upto;
        }
        (!keep.is_zero()).then(|| TurnTrace { seq, ..trace }.encode_to_vec())
    }

    /// At a step's end: what was not kept with an event is not kept, and what is over is forgotten.
    pub(in super::super) fn forget_traces(&mut self, step: &mut Step) {
        let Traces { forget, marked, .. } = std::mem::take(&mut self.traces);
        if let Some((after, upto)) = forget.filter(|(after, upto)| after < upto) {
            step.write(Write::Forget { after, upto });
        }
        if marked {
            self.write(step);
        }
    }
}
