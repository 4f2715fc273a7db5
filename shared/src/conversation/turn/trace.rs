//! How a question is answered: noted as it happens, kept in the row of the event that ends the turn,
//! and forgotten when the site wants it no longer.

use super::super::{Conversation, Step, Write};
use super::{AttemptId, Turn, Turns};
use crate::failover;
use crate::guard::{Skip, Why};
use crate::privacy::Outgoing;
use crate::provider::{Failure, Usage};
use crate::time::Millis;
use kefu_proto::v1::{Usage as Tokens, message};
use serde::Serialize;
use std::time::Duration;

/// Bytes of the question, and of the rounds before it, that are kept.
const QUESTION_MOST: usize = 8 * 1024;
const ROUNDS_MOST: usize = 32 * 1024;
/// What is said of how an answer ended where it is none of a provider.
const UNSPECIFIED: &str = "UNSPECIFIED";
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
    trace: String,
    now: Millis,
    keep: Duration,
}

/// A `kefu.v1.TurnTrace` in its JSON mapping: here it is only written.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Trace<'a> {
    /// First: [`crate::trace`] looks for it there.
    ts: String,
    turn: u32,
    seq: u32,
    end_ms: u32,
    answered_by: &'a str,
    outcome: &'static str,
    question: &'a str,
    rounds: Vec<Told<'a>>,
    rounds_left_out: usize,
    masks: Vec<Mask<'a>>,
    attempts: &'a [Try],
}

#[derive(Serialize)]
struct Told<'a> {
    question: &'a str,
    answer: &'a str,
}

#[derive(Serialize)]
struct Mask<'a> {
    name: &'a str,
    count: u32,
}

/// An attempt of a [`Trace`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Try {
    attempt: u32,
    pub(super) provider: String,
    skips: Vec<PassedOver>,
    queued_ms: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sent_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) head_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_token_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_ms: Option<u32>,
    pub(super) remembered: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Tokens>,
    cost_micros: String,
}

#[derive(Clone, Debug, Serialize)]
struct PassedOver {
    provider: String,
    why: String,
}

impl Turn {
    fn ms(&self, now: Millis) -> u32 {
        u32::try_from(now.since(self.since).as_millis()).unwrap_or(u32::MAX)
    }

    /// The guards are asked, or nobody is.
    pub(super) fn queued(&mut self, now: Millis, id: AttemptId, over: Vec<(String, String)>) {
        let (attempt, queued_ms) = (id.attempt, self.ms(now));
        let cost_micros = "0".to_owned();
        if self.tries.len() < TRIES_MOST {
            self.tries.push(Try { attempt, queued_ms, cost_micros, ..Try::default() });
            self.pass_over(over.into_iter());
        }
    }

    fn pass_over(&mut self, over: impl Iterator<Item = (String, String)>) {
        if let Some(newest) = self.tries.last_mut() {
            newest.skips.extend(over.map(|(provider, why)| PassedOver { provider, why }));
        }
    }

    /// Something became of the newest attempt.
    pub(super) fn note(&mut self, now: Millis, note: impl FnOnce(&mut Try, u32)) {
        let ms = self.ms(now);
        if let Some(newest) = self.tries.last_mut() {
            note(newest, ms);
        }
    }

    pub(super) fn note_skips(&mut self, skips: &[Skip]) {
        self.pass_over(skips.iter().map(|skip| (skip.provider.clone(), why(skip).to_owned())));
    }

    pub(super) fn note_failure(&mut self, now: Millis, failure: &Failure) {
        self.note(now, |attempt, _| {
            (attempt.class, attempt.code) = (Some(failure.class.as_str()), failure.code.clone());
        });
    }

    pub(super) fn note_end(&mut self, now: Millis, usage: Option<&Usage>, cost: u64) {
        self.note(now, |attempt, ms| {
            attempt.end_ms = Some(ms);
            attempt.usage = usage.copied().map(Into::into);
            attempt.cost_micros = cost.to_string();
        });
    }
}

fn why(skip: &Skip) -> &'static str {
    match skip.why {
        Why::Standing(standing) => standing.name(),
        Why::Unknown => "unknown",
        Why::Misconfigured => "misconfigured",
    }
}

impl Conversation {
    /// The turn ends: how it was answered is kept with the event that comes next in this step.
    pub(super) fn keep_trace(&mut self, now: Millis, source: Option<&message::Source>) {
        let Some((turn, asking)) = self.turns.asking(0) else { return };
        let Some(live) = turn.live() else { return };
        let keep = live.config.ai.keep_traces;
        let (answered_by, outcome) = match source {
            Some(message::Source::Provider(source)) => {
                (source.name.as_str(), source.outcome().as_str_name())
            }
            Some(message::Source::Rule(rule)) => (rule.name.as_str(), UNSPECIFIED),
            Some(message::Source::Flow(_)) | None => ("", UNSPECIFIED),
        };
        let mut trace = Trace {
            ts: turn.since.nanos().to_string(),
            turn: self.turns.record.turn,
            seq: self.seq + 1,
            end_ms: turn.ms(now),
            answered_by,
            outcome,
            attempts: &turn.tries,
            ..Trace::default()
        };
        let sent = turn.tries.iter().any(|attempt| attempt.sent_ms.is_some());
        let rounds = failover::fitting(&asking, &live.config);
        let outgoing = live.privacy.outgoing(rounds, &asking.question).ok().filter(|_| sent);
        if let Some(outgoing) = &outgoing {
            trace.sent(outgoing);
        }
        let trace = serde_json::to_string(&trace).unwrap_or_default();
        self.turns.traces.next = Some(Next { trace, now, keep });
    }
}

impl<'a> Trace<'a> {
    /// What was sent, the oldest rounds left out where there is too much.
    fn sent(&mut self, outgoing: &'a Outgoing<'_>) {
        let end = outgoing.question.floor_char_boundary(QUESTION_MOST);
        self.question = outgoing.question.get(..end).unwrap_or_default();
        let (mut left, mut first) = (ROUNDS_MOST, outgoing.rounds.len());
        for round in outgoing.rounds.iter().rev() {
            let Some(rest) = left.checked_sub(round.question.len() + round.answer.len()) else {
                break;
            };
            (left, first) = (rest, first - 1);
        }
        self.rounds_left_out = first;
        let told = outgoing.rounds.iter().skip(first);
        self.rounds.extend(told.map(|it| Told { question: &it.question, answer: &it.answer }));
        let masks = outgoing.masks().into_iter();
        self.masks.extend(masks.map(|(name, count)| Mask { name, count }));
    }
}

impl Turns {
    /// Something became of the newest attempt.
    pub(super) fn note(&mut self, now: Millis, note: impl FnOnce(&mut Try, u32)) {
        if let Some(turn) = &mut self.open {
            turn.note(now, note);
        }
    }

    /// What is kept with the event of that seq.
    pub(in super::super) fn take_trace(&mut self, seq: u32) -> Option<String> {
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
        (!keep.is_zero()).then_some(trace)
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
