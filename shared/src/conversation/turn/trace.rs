//! How a question is answered: noted as it happens, kept in the row of the event that ends the turn,
//! and forgotten when the site wants it no longer.

use super::super::{Conversation, Step, Write};
use super::bill::Bill;
use super::{AttemptId, Turn, Turns};
use crate::failover;
use crate::guard::{Skip, Why};
use crate::privacy::Outgoing;
use crate::provider::Failure;
use crate::time::Millis;
use crate::trace::BEGINS;
use kefu_proto::v1::message;
use std::time::Duration;

/// Bytes of the question, and of the rounds before it, that are kept.
const QUESTION_MOST: usize = 8 * 1024;
const ROUNDS_MOST: usize = 32 * 1024;
/// What is said of how an answer ended where it is none of a provider.
const UNSPECIFIED: &str = "UNSPECIFIED";
/// The class of an attempt whose process died before it was over.
const CRASHED: &str = "crashed";
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

/// An attempt of a trace.
#[derive(Clone, Debug, Default)]
pub(super) struct Try {
    attempt: u32,
    pub(super) provider: String,
    skips: Vec<(String, String)>,
    queued_ms: u32,
    pub(super) sent_ms: Option<u32>,
    pub(super) head_ms: Option<u32>,
    pub(super) first_token_ms: Option<u32>,
    end_ms: Option<u32>,
    pub(super) remembered: bool,
    class: Option<&'static str>,
    code: Option<String>,
    bill: Bill,
}

impl Turn {
    fn ms(&self, now: Millis) -> u32 {
        u32::try_from(now.since(self.since).as_millis()).unwrap_or(u32::MAX)
    }

    /// The guards are asked, or nobody is.
    pub(super) fn queued(&mut self, now: Millis, id: AttemptId, over: Vec<(String, String)>) {
        let (attempt, queued_ms) = (id.attempt, self.ms(now));
        if self.tries.len() < TRIES_MOST {
            self.tries.push(Try { attempt, queued_ms, ..Try::default() });
            self.pass_over(over.into_iter());
        }
    }

    fn pass_over(&mut self, over: impl Iterator<Item = (String, String)>) {
        if let Some(newest) = self.tries.last_mut() {
            newest.skips.extend(over);
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

    pub(super) fn note_end(&mut self, now: Millis, bill: &Bill) {
        self.note(now, |attempt, ms| (attempt.end_ms, attempt.bill) = (Some(ms), *bill));
    }

    /// Its attempts as they are told if this process dies now: the newest was cut off by that.
    fn bequest(&self, bill: Bill) -> String {
        let mut json = Json(self.died.clone());
        if let Some((newest, before)) = self.tries.split_last() {
            before.iter().for_each(|attempt| json.attempt(attempt));
            json.attempt(&Try { class: Some(CRASHED), bill, ..newest.clone() });
        }
        json.0
    }
}

pub(super) fn why(skip: &Skip) -> &'static str {
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
        let mut json = Json(BEGINS.to_owned());
        json.0.push_str(&turn.since.nanos().to_string());
        json.0.push('"');
        json.number("turn", self.turns.record.turn.into());
        json.number("seq", (self.seq + 1).into());
        json.number("endMs", turn.ms(now).into());
        json.text("answeredBy", answered_by);
        json.text("outcome", outcome);
        let sent = turn.tries.iter().any(|attempt| attempt.sent_ms.is_some());
        let sent = sent || !turn.died.is_empty();
        let rounds = failover::fitting(&asking, &live.config);
        let outgoing = live.privacy.outgoing(self.turns.names(), rounds, &asking.question);
        let outgoing = outgoing.ok().filter(|_| sent);
        json.sent(outgoing.as_ref());
        json.open("attempts", '[');
        json.0.push_str(&turn.died);
        turn.tries.iter().for_each(|attempt| json.attempt(attempt));
        json.0.push_str("]}");
        self.turns.traces.next = Some(Next { trace: json.0, now, keep });
    }
}

/// A `kefu.v1.TurnTrace` in its JSON mapping, written by hand: derived code for what is only written
/// weighs more than all the rest of this file.
struct Json(String);

impl Json {
    fn key(&mut self, key: &str) {
        self.comma();
        self.0.push('"');
        self.0.push_str(key);
        self.0.push_str("\":");
    }

    fn comma(&mut self) {
        if !self.0.is_empty() && !self.0.ends_with(['{', '[']) {
            self.0.push(',');
        }
    }

    fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        self.0.push_str(&serde_json::to_string(value).unwrap_or_default());
    }

    fn number(&mut self, key: &str, value: u64) {
        self.key(key);
        self.0.push_str(&value.to_string());
    }

    fn moment(&mut self, key: &str, value: Option<u32>) {
        if let Some(value) = value {
            self.number(key, value.into());
        }
    }

    fn open(&mut self, key: &str, with: char) {
        self.key(key);
        self.0.push(with);
    }

    /// An entry of a list with two texts.
    fn pair(&mut self, keys: [&str; 2], values: [&str; 2]) {
        self.comma();
        self.0.push('{');
        keys.iter().zip(values).for_each(|(key, value)| self.text(key, value));
        self.0.push('}');
    }

    /// What was sent, the oldest rounds left out where there is too much.
    fn sent(&mut self, outgoing: Option<&Outgoing<'_>>) {
        let question = outgoing.map_or("", |outgoing| &outgoing.question);
        let end = question.floor_char_boundary(QUESTION_MOST);
        self.text("question", question.get(..end).unwrap_or_default());
        let rounds = outgoing.map_or(&[][..], |outgoing| &outgoing.rounds);
        let (mut left, mut first) = (ROUNDS_MOST, rounds.len());
        for round in rounds.iter().rev() {
            let length = round.question.len() + round.answer.len();
            let Some(rest) = left.checked_sub(length) else { break };
            (left, first) = (rest, first - 1);
        }
        self.open("rounds", '[');
        for round in rounds.iter().skip(first) {
            self.pair(["question", "answer"], [&round.question, &round.answer]);
        }
        self.0.push(']');
        self.number("roundsLeftOut", first as u64);
        self.open("masks", '[');
        for (name, count) in outgoing.map(Outgoing::masks).unwrap_or_default() {
            self.comma();
            self.0.push('{');
            self.text("name", name);
            self.number("count", count.into());
            self.0.push('}');
        }
        self.0.push(']');
    }

    fn attempt(&mut self, attempt: &Try) {
        self.comma();
        self.0.push('{');
        self.number("attempt", attempt.attempt.into());
        self.text("provider", &attempt.provider);
        self.open("skips", '[');
        for (provider, why) in &attempt.skips {
            self.pair(["provider", "why"], [provider, why]);
        }
        self.0.push(']');
        for (key, moment) in [
            ("queuedMs", Some(attempt.queued_ms)),
            ("sentMs", attempt.sent_ms),
            ("headMs", attempt.head_ms),
            ("firstTokenMs", attempt.first_token_ms),
            ("endMs", attempt.end_ms),
        ] {
            self.moment(key, moment);
        }
        self.key("remembered");
        self.0.push_str(if attempt.remembered { "true" } else { "false" });
        attempt.class.iter().for_each(|class| self.text("class", class));
        attempt.code.iter().for_each(|code| self.text("code", code));
        if let Some(usage) = &attempt.bill.usage {
            self.open("usage", '{');
            self.number("input", usage.input);
            self.number("output", usage.output);
            self.number("total", usage.total);
            if attempt.bill.estimated {
                self.key("estimated");
                self.0.push_str("true");
            }
            self.0.push('}');
        }
        // 64 bits are a text in JSON.
        self.text("costMicros", &attempt.bill.spent.cost.to_string());
        self.0.push('}');
    }
}

impl Turns {
    /// What is stored of the attempt under way is read only once its process has died.
    pub(super) fn bequeath(&mut self) {
        let (Some(turn), Some(attempt)) = (&self.open, self.attempt()) else { return };
        let bill = attempt.bill(turn.failures == 0);
        let keeps = turn.live().is_some_and(|live| !live.config.ai.keep_traces.is_zero());
        let tries = if keeps { turn.bequest(bill) } else { String::new() };
        if let Some(running) = &mut self.record.running {
            (running.tries, running.spent) = (tries, bill.spent);
        }
    }

    /// Something became of the newest attempt.
    pub(super) fn note(&mut self, now: Millis, note: impl FnOnce(&mut Try, u32)) {
        if let Some(turn) = &mut self.open {
            turn.note(now, note);
        }
    }

    /// What is kept with the event of that seq.
    pub(in super::super) fn take_trace(&mut self, seq: u32) -> Option<String> {
        let Next { trace, now, keep } = self.traces.next.take()?;
        let mut traced = read_marks(&self.record.traced);
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
        self.record.traced = write_marks(&traced);
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

/// Since when (Unix milliseconds), from which event on, traces are kept, the oldest first.
fn read_marks(text: &str) -> Vec<(u64, u32)> {
    let mark = |mark: &str| {
        let (at, seq) = mark.split_once('.')?;
        Some((at.parse().ok()?, seq.parse().ok()?))
    };
    text.split(' ').filter_map(mark).collect()
}

fn write_marks(marks: &[(u64, u32)]) -> String {
    let marks: Vec<_> = marks.iter().map(|(at, seq)| format!("{at}.{seq}")).collect();
    marks.join(" ")
}
