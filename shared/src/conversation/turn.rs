//! Turns: a question, the tries at answering it, and what to say when none succeeds.
//!
//! A question is all the messages that come close together. Rules that are asked first may answer
//! it, then providers in order, then the other rules, and at last a person is offered; one of
//! them does within the turn budget. Before any visible text a failed try passes to the next
//! provider; after it, the text is kept as `INTERRUPTED`. Bytes of an attempt that is not the
//! current one are ignored, whatever they say.

use super::snapshot::{Head, RunningRecord, TurnRecord};
use super::step::{Step, Write};
use crate::provider::{Remedy, Round};
use crate::site::Live;
use crate::time::Millis;
use crate::upload;
use kefu_proto::v1::provider_source::Outcome;
use kefu_proto::v1::{Event, author, channel, event, message};
use lease::Elsewhere;
use std::collections::BTreeSet;
use std::sync::Arc;

mod admission;
mod advance;
mod answer;
mod attempt;
mod bill;
mod conduct;
mod drafting;
mod extras;
mod lease;
mod memory;
mod protect;
mod question;
mod relay;
mod signs;
mod stream;
mod trace;

pub use admission::{Admission, Admitted};
pub(super) use answer::Cut;
pub(super) use attempt::Attempt;
pub use lease::{Lease, Tenure};
use signs::Signs;
pub(crate) use signs::phrases;

/// Which call to a provider: everything that is reported of it names this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttemptId {
    /// The turn's number in its conversation.
    pub turn: u32,
    /// The attempt's, rising over the turn.
    pub attempt: u32,
}

/// What a turn needs from outside the conversation.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The site as it stands; absent when it cannot be had.
    pub site: Option<Arc<Live>>,
    /// The rounds before the question, oldest first.
    pub rounds: Vec<Round>,
    /// Whether an agent is there, where the site's modes ask for it.
    pub on_duty: bool,
}

/// A visitor's message that waits for an answer.
#[derive(Clone, Debug)]
struct Asked {
    seq: u32,
    at: Millis,
    text: String,
    /// The id of the stored file that it is.
    file: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    record: TurnRecord,
    open: Option<Turn>,
    /// Who this is, where several processes may have the conversation.
    holder: Option<u64>,
    /// Who gave the newest whole answer, and in which session.
    good: Option<(String, u32)>,
    /// The turn is in another process's memory.
    elsewhere: Option<Elsewhere>,
    /// What was heard of its answer from there.
    heard: relay::Heard,
    /// How the turn that just ended was answered.
    traces: trace::Traces,
}

#[derive(Clone, Debug)]
struct Turn {
    question: Vec<Asked>,
    /// From when the turn's budget counts: the question's first message, or the end of the answer
    /// during which it came.
    since: Millis,
    /// When the question began, or began again.
    gathering_since: Millis,
    /// Messages that came after visible text: the next turn.
    next: Vec<Asked>,
    asker: Asker,
    /// Providers' failed tries.
    failures: u32,
    /// Who failed last, until somebody is asked again.
    failed: Option<String>,
    /// Providers that are not asked again in this turn.
    tried: BTreeSet<String>,
    /// What is asked differently after a failure that named it.
    remedy: Option<Remedy>,
    /// Since when a provider's own conversation is waited for.
    busy_since: Option<Millis>,
    preparation: Preparation,
    /// Its attempts, as an admin sees them.
    tries: Vec<trace::Try>,
    /// Those before them, of processes that died.
    died: String,
    /// What speaks for calling a person, once the question is whole.
    signs: Option<Signs>,
    /// Whether agents alone see its answer, until one of them approves it.
    drafting: bool,
    phase: Phase,
}

/// For whom a turn answers.
#[derive(Clone, Debug, Default)]
struct Asker {
    visitor: String,
    locale: Option<String>,
    channel: channel::Type,
}

#[derive(Clone, Debug)]
enum Preparation {
    Needed,
    Asked,
    Here(Prepared),
}

#[derive(Clone, Debug)]
enum Phase {
    /// Further messages may belong to the question.
    Gathering,
    /// The same provider is asked once more, after a moment.
    Pausing { until: Millis },
    /// The guards of the providers are asked who may be.
    Admitting(admission::Asking),
    /// A provider is asked.
    Attempting(Box<Attempt>),
    /// A process died after some of the answer was visible. What was saved of it is the answer, as
    /// soon as the site is here, or `by` then without it.
    Recovering { dead: Box<RunningRecord>, by: Millis },
}

impl Turns {
    pub(super) fn resume(
        record: TurnRecord,
        recent: &[(Event, Option<String>)],
        head: &Head,
        tenure: Option<Tenure>,
    ) -> Self {
        let mut turns = Self { record, ..Self::default() };
        let events = recent.iter().map(|(event, _)| event);
        events.clone().for_each(|event| turns.learn_good(event));
        let question = turns.unanswered(events.clone().filter_map(asked));
        if head.ai_may_speak() && !head.closed {
            turns.settle(question, asker(events), tenure);
        } else {
            turns.holder = tenure.map(|tenure| tenure.holder);
        }
        turns
    }

    /// Takes note of who answers well.
    pub(super) fn learn_good(&mut self, event: &Event) {
        if let Some(provider) = answered_by(event) {
            self.good = Some((provider.to_owned(), event.session()));
        }
    }

    /// A turn that nobody has in memory is opened here.
    fn reopen(&mut self, question: Vec<Asked>, asker: Asker) {
        self.drop_foreign_lease();
        match self.record.running.clone() {
            // The turn that was under way, under its own number.
            Some(running) => self.open = Some(Turn::recovered(question, running, asker)),
            None if question.is_empty() => {}
            None => self.open_turn(Turn::new(question, asker)),
        }
    }

    /// The turn that is being answered visibly or not, for whoever joins.
    pub(super) fn under_way(&self) -> Option<u32> {
        let here = self.attempt().map(|attempt| attempt.id.turn);
        let running = self.elsewhere.as_ref().and(self.record.running.as_ref());
        here.or_else(|| running.map(|_| self.record.turn))
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether a turn is under way, here or in another process.
    fn is_anywhere(&self) -> bool {
        self.open.is_some() || self.elsewhere.is_some()
    }

    /// The version under which the record is stored next.
    pub(super) fn next_version(&mut self) -> u32 {
        self.record.version += 1;
        self.record.version
    }

    /// Nothing up to `seq` waits for an answer any more.
    pub(super) fn forget_questions(&mut self, seq: u32, step: &mut Step) {
        self.record.answered = seq;
        self.record.running = None;
        self.record.signs.clear();
        self.leave();
        self.write(step);
    }

    fn write(&self, step: &mut Step) {
        step.write(Write::Turn(self.record.clone()));
    }

    fn attempt(&self) -> Option<&Attempt> {
        match self.open.as_ref().map(|turn| &turn.phase) {
            Some(Phase::Attempting(attempt)) => Some(attempt),
            _ => None,
        }
    }

    fn attempt_mut(&mut self) -> Option<&mut Attempt> {
        match self.open.as_mut().map(|turn| &mut turn.phase) {
            Some(Phase::Attempting(attempt)) => Some(attempt),
            _ => None,
        }
    }

    fn current(&mut self, id: AttemptId) -> Option<&mut Attempt> {
        self.attempt_mut().filter(|attempt| attempt.id == id)
    }

    fn unanswered(&self, asked: impl Iterator<Item = Asked>) -> Vec<Asked> {
        asked.filter(|asked| asked.seq > self.record.answered).collect()
    }
}

impl Turn {
    fn new(question: Vec<Asked>, asker: Asker) -> Self {
        let since = question.first().map_or(Millis(0), |asked| asked.at);
        Self {
            since,
            gathering_since: since,
            question,
            next: Vec::new(),
            asker,
            failures: 0,
            failed: None,
            tried: BTreeSet::new(),
            remedy: None,
            busy_since: None,
            preparation: Preparation::Needed,
            tries: Vec::new(),
            died: String::new(),
            signs: None,
            drafting: false,
            phase: Phase::Gathering,
        }
    }

    fn recovered(question: Vec<Asked>, running: RunningRecord, asker: Asker) -> Self {
        let mut turn = Self::new(question, asker);
        // The death counts as a failure, so that a try that kills its process is not for ever.
        turn.failures = running.failures + 1;
        turn.drafting = running.draft;
        turn.died.clone_from(&running.tries);
        if !running.text.is_empty() {
            turn.phase = Phase::Recovering { dead: Box::new(running), by: Millis(0) };
        }
        turn
    }

    /// The ids of the question's stored files.
    fn files(&self) -> Vec<String> {
        self.question.iter().filter_map(|asked| asked.file.clone()).collect()
    }

    /// The site, once it is here.
    fn live(&self) -> Option<&Arc<Live>> {
        self.prepared().map(|(live, _)| live)
    }

    /// The same, and whether an agent is there.
    fn prepared(&self) -> Option<(&Arc<Live>, bool)> {
        match &self.preparation {
            Preparation::Here(prepared) => Some((prepared.site.as_ref()?, prepared.on_duty)),
            Preparation::Needed | Preparation::Asked => None,
        }
    }

    fn first_seq(&self) -> u32 {
        self.question.first().map_or(0, |asked| asked.seq)
    }

    fn through(&self) -> u32 {
        self.question.last().map_or(0, |asked| asked.seq)
    }

    fn text(&self) -> String {
        self.question.iter().map(|asked| asked.text.as_str()).collect::<Vec<_>>().join("\n")
    }
}

/// The provider whose whole answer it is.
fn answered_by(event: &Event) -> Option<&str> {
    let Some(event::Kind::Message(message)) = &event.kind else { return None };
    let Some(message::Source::Provider(source)) = &message.source else { return None };
    (source.outcome() == Outcome::Completed).then_some(source.name.as_str())
}

fn asked(event: &Event) -> Option<Asked> {
    let Some(event::Kind::Message(message)) = &event.kind else { return None };
    let by_visitor =
        message.author.as_ref().is_some_and(|author| author.role() == author::Role::Visitor);
    by_visitor.then(|| Asked {
        seq: event.seq,
        at: Millis(u64::try_from(event.ts.unwrap_or(0)).unwrap_or(0) / 1_000_000),
        text: message.body.as_ref().map(crate::context::plain).unwrap_or_default(),
        file: message.body.as_ref().and_then(upload::id_in).map(str::to_owned),
    })
}

fn asker<'a>(events: impl DoubleEndedIterator<Item = &'a Event>) -> Asker {
    let newest = events.rev().find_map(|event| match &event.kind {
        Some(event::Kind::Message(message)) => {
            let author = message.author.as_ref()?;
            (author.role() == author::Role::Visitor).then(|| (author.id.clone(), event.channel()))
        }
        _ => None,
    });
    let (visitor, channel) = newest.unwrap_or_default();
    Asker { visitor, locale: None, channel }
}
