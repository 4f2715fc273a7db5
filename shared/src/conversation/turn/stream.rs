//! An answer while it comes: shown at once, coalesced, saved now and then, joined late.

use super::super::{Audience, ConnId, Conversation, Step};
use super::{Attempt, AttemptId};
use crate::provider::{BodyEnd, Class, Ending, Failure, Outcome, Reading, Usage};
use crate::text::{from_utf16_offset, utf16_len};
use crate::time::{Millis, Tick};
use kefu_proto::v1::{Delta, Replace, server_frame::Frame};

impl Conversation {
    pub(in super::super) fn received(
        &mut self,
        tick: Tick,
        id: AttemptId,
        bytes: &[u8],
        step: &mut Step,
    ) {
        let Some(attempt) = self.turns.current(id) else {
            step.tally.late += 1;
            return;
        };
        let readings = attempt.read(tick.now, bytes);
        self.take_readings(tick, id, readings, step);
    }

    pub(in super::super) fn ended(
        &mut self,
        tick: Tick,
        id: AttemptId,
        how: BodyEnd,
        step: &mut Step,
    ) {
        let Some(attempt) = self.turns.current(id) else { return };
        let Some(reader) = &mut attempt.reader else {
            return self.attempt_failed(tick, &Failure::unreachable(), step);
        };
        let mut readings = Vec::new();
        reader.finish(how, &mut readings);
        self.take_readings(tick, id, readings, step);
    }

    fn take_readings(
        &mut self,
        tick: Tick,
        id: AttemptId,
        readings: Vec<Reading>,
        step: &mut Step,
    ) {
        for reading in readings {
            let Some(attempt) = self.turns.current(id) else { return };
            attempt.weigh(&reading);
            match reading {
                Reading::Text(text) => self.text_came(tick.now, &text, step),
                Reading::Replace(text) => self.text_replaced(tick.now, &text, step),
                Reading::Ended(ending) => self.answer_ended(tick, ending, step),
                beside @ (Reading::Reasoning(_)
                | Reading::Progress
                | Reading::Suggestion(_)
                | Reading::Citation(_)
                | Reading::File(_)
                | Reading::Ids(_)) => {
                    if let Some(attempt) = self.turns.attempt_mut()
                        && let Some(beside) = attempt.restored(beside)
                    {
                        attempt.take_beside(beside);
                    }
                }
            }
            self.refuse_answer(tick, step);
        }
        self.flush_if_due(tick.now, step);
    }

    fn text_came(&mut self, now: Millis, text: &str, step: &mut Step) {
        let Some(attempt) = self.turns.attempt_mut() else { return };
        let text = attempt.restorer.feed(text);
        if text.is_empty() {
            return;
        }
        attempt.text.push_str(&text);
        attempt.waits_since.get_or_insert(now);
        if !attempt.visible {
            attempt.visible = true;
            attempt.first_at = Some(now);
            self.turns.note(now, |attempt, ms| attempt.first_token_ms = Some(ms));
            // Durable before it shows: from here on no other provider may answer.
            self.save(now, step);
            self.flush(now, step);
        }
    }

    fn text_replaced(&mut self, now: Millis, text: &str, step: &mut Step) {
        let Some(attempt) = self.turns.attempt_mut() else { return };
        attempt.restorer.restart();
        let text = attempt.restorer.feed(text);
        attempt.visible |= !text.is_empty();
        attempt.text = text;
        attempt.shown =
            super::attempt::Shown { bytes: attempt.text.len(), units: utf16_len(&attempt.text) };
        (attempt.shown_at, attempt.waits_since) = (now, None);
        if attempt.visible {
            attempt.first_at.get_or_insert(now);
            let frame = replace(attempt.id, attempt.text.clone());
            self.turns.note(now, |attempt, ms| _ = attempt.first_token_ms.get_or_insert(ms));
            self.save(now, step);
            step.send(self.turns.audience(), frame);
        }
    }

    fn answer_ended(&mut self, tick: Tick, ending: Ending, step: &mut Step) {
        if matches!(ending.outcome, Outcome::Completed | Outcome::RequiresAction) {
            self.turns.attempt_mut().into_iter().for_each(Attempt::release);
            if self.refuse_ended(tick, step) {
                return;
            }
        }
        let visible = self.turns.attempt().is_some_and(|attempt| attempt.visible);
        match ending.outcome {
            Outcome::Completed if visible => self.complete(tick, ending.usage, step),
            Outcome::Completed => {
                self.attempt_failed(tick, &Failure::new(Class::Protocol, "empty_answer"), step);
            }
            Outcome::RequiresAction => self.needs_somebody(tick, ending.usage, step),
            // Nobody asked for it here: what is stopped here is not read to its end.
            Outcome::Cancelled => {
                self.attempt_failed(tick, &Failure::new(Class::Upstream, "cancelled"), step);
            }
            Outcome::Truncated(failure) | Outcome::Failed(failure) => {
                let failure = match self.turns.attempt() {
                    Some(attempt) => attempt.understood(failure),
                    None => failure,
                };
                self.attempt_failed(tick, &failure, step);
            }
        }
    }

    /// Shows what came since the last frame.
    pub(in super::super) fn flush(&mut self, now: Millis, step: &mut Step) {
        self.flush_to(Audience::All, now, step);
    }

    /// The same, to some.
    pub(in super::super) fn flush_to(&mut self, to: Audience, now: Millis, step: &mut Step) {
        let to = match (self.turns.audience(), to) {
            (Audience::Agents, Audience::All) => Audience::Agents,
            // It comes with what is shown next.
            (Audience::Agents, _) => return,
            _ => to,
        };
        let Some(attempt) = self.turns.attempt_mut() else { return };
        let text = attempt.text.get(attempt.shown.bytes..).unwrap_or_default().to_owned();
        if text.is_empty() {
            return;
        }
        let offset = attempt.shown.units;
        attempt.shown.units += utf16_len(&text);
        attempt.shown.bytes = attempt.text.len();
        (attempt.shown_at, attempt.waits_since) = (now, None);
        step.send(to, delta(attempt.id, offset, text));
    }

    fn flush_if_due(&mut self, now: Millis, step: &mut Step) {
        if self.turns.attempt().is_some_and(|attempt| attempt.flushes(now)) {
            self.flush(now, step);
        }
    }

    /// Keeps what came, for the case that this process dies.
    pub(super) fn save(&mut self, now: Millis, step: &mut Step) {
        let Some(attempt) = self.turns.attempt_mut() else { return };
        attempt.saved = attempt.text.len();
        attempt.saved_at = now;
        let text = attempt.text.clone();
        if let Some(running) = &mut self.turns.record.running {
            running.text = text;
        }
        self.turns.bequeath();
        self.turns.write(step);
    }

    /// Brings a stream into an answer that is being written: from `(turn, offset)` when that is
    /// what its reader has, else whole.
    pub(in super::super) fn join_answer(
        &mut self,
        conn: ConnId,
        has: Option<(u32, u32)>,
        step: &mut Step,
    ) {
        if self.turns.is_drafting() && !self.is_agents(conn) {
            return;
        }
        let Some(attempt) = self.turns.attempt().filter(|attempt| attempt.visible) else {
            if let Some(frame) = self.turns.joined_elsewhere() {
                step.send(Audience::Conn(conn), frame);
            }
            return;
        };
        let shown = attempt.shown_text();
        let frame = match has.filter(|(turn, _)| *turn == attempt.id.turn) {
            Some((_, offset)) => {
                let (offset, rest) = from_utf16_offset(shown, offset);
                delta(attempt.id, offset, rest.to_owned())
            }
            None => replace(attempt.id, shown.to_owned()),
        };
        step.send(Audience::Conn(conn), frame);
    }
}

pub(super) fn delta(id: AttemptId, offset: u32, text: String) -> Frame {
    Frame::Delta(Delta { turn: id.turn, attempt: id.attempt, offset, text })
}

pub(super) fn replace(id: AttemptId, text: String) -> Frame {
    Frame::Replace(Replace { turn: id.turn, attempt: id.attempt, text })
}

impl From<Usage> for kefu_proto::v1::Usage {
    fn from(usage: Usage) -> Self {
        let tokens = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            input: tokens(usage.input),
            output: tokens(usage.output),
            total: tokens(usage.total),
            estimated: None,
        }
    }
}
