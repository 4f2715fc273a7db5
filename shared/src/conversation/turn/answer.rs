//! How a turn ends: one message in the log, whatever happened, and then the next question.

use super::super::{Conversation, Entry, Reply, RunningRecord, Step};
use super::{Attempt, Phase, Turn};
use crate::config::{self, RuleAction, Texts, When};
use crate::guard::Verdict;
use crate::provider::Usage;
use crate::rules::Question;
use crate::time::{Millis, Tick};
use crate::who::Who;
use kefu_proto::v1::{
    Body, Message, ProviderSource, RuleSource, body, event, message, owner_change::Reason,
    provider_source::Outcome,
};

/// The name of the answer that is given when nothing else can be.
const OFFER_PERSON: &str = "kefu.offer_person";

/// The name of what is said when the AI itself needs a person.
const NEEDS_PERSON: &str = "kefu.needs_person";

/// Why an answer is cut off where the visitor saw it.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Cut {
    Interrupted,
    Stopped,
}

impl Conversation {
    pub(super) fn complete(&mut self, tick: Tick, usage: Option<Usage>, step: &mut Step) {
        self.turns.end_attempt(tick.now, Verdict::Success, step);
        let Some(attempt) = self.turns.attempt() else { return };
        let (provider, conversation) = (attempt.provider.clone(), attempt.ids.conversation.clone());
        let channel = self.turns.open.as_ref().map(|turn| turn.asker.channel).unwrap_or_default();
        let unsure = self.is_unsure();
        self.log_attempt(tick, Outcome::Completed, usage, step);
        if let Some(conversation) = conversation {
            self.turns.remember(&provider, conversation, self.seq);
        }
        self.close_turn(tick.now, step);
        if unsure {
            self.handoff_for(tick, channel, Reason::Unsure, step);
        }
    }

    pub(super) fn interrupt(&mut self, tick: Tick, step: &mut Step) {
        self.turns.attempt_mut().into_iter().for_each(Attempt::release);
        if self.refuse_interrupted(tick, step) {
            return;
        }
        self.log_attempt(tick, Outcome::Interrupted, None, step);
        self.close_turn(tick.now, step);
    }

    /// The provider waits for results or for somebody's decision. The visitor decides where there
    /// is something to choose; else it is for a person, after what was said.
    pub(super) fn needs_somebody(&mut self, tick: Tick, usage: Option<Usage>, step: &mut Step) {
        let Some(attempt) = self.turns.attempt() else { return };
        let (visible, offers) = (attempt.visible, attempt.extras.offers());
        let turn = self.turns.open.as_ref();
        let channel = turn.map(|turn| turn.asker.channel).unwrap_or_default();
        let provider = attempt.provider.clone();
        if visible {
            self.complete(tick, usage, step);
        }
        if !visible {
            self.say_person_comes(tick, step);
        }
        if !(visible && offers) {
            // It goes on waiting there, and would answer nothing else.
            self.turns.forget(&provider);
            self.handoff_by_rule(tick, channel, step);
        }
    }

    fn say_person_comes(&mut self, tick: Tick, step: &mut Step) {
        self.turns.end_attempt(tick.now, Verdict::Success, step);
        let body = offering(self.texts().handoff_asked.clone(), Vec::new());
        let source = message::Source::Rule(RuleSource { name: NEEDS_PERSON.into() });
        self.log_body(tick, body, source, step);
        self.close_turn(tick.now, step);
    }

    fn log_attempt(&mut self, tick: Tick, outcome: Outcome, usage: Option<Usage>, step: &mut Step) {
        let Some(attempt) = self.turns.attempt() else { return };
        let text = attempt.text.clone();
        let mut source = source(attempt.provider.clone(), outcome, usage);
        source.extras = attempt.extras.wire();
        self.log_answer(tick, text, source, step);
    }

    /// The visitor or an agent wants no more of an answer.
    pub(in super::super) fn stop(&mut self, tick: Tick, turn: u32, step: &mut Step) -> Reply {
        if self.turns.is_anywhere() && self.turns.record.turn == turn {
            self.cut_off(tick, Cut::Stopped, step);
        }
        Reply::Done
    }

    /// Ends the turn under way with what was shown of it. A taken-over turn that showed nothing
    /// leaves nothing; a stopped one leaves an empty answer, so that nobody waits for it.
    pub(in super::super) fn cut_off(&mut self, tick: Tick, cut: Cut, step: &mut Step) {
        let Some(turn) = &self.turns.open else { return self.cut_off_elsewhere(tick, cut, step) };
        let (provider, text) = match &turn.phase {
            Phase::Attempting(attempt) => {
                (attempt.provider.clone(), attempt.shown_text().to_owned())
            }
            Phase::Recovering { dead, .. } => (dead.provider.clone(), dead.text.clone()),
            Phase::Gathering | Phase::Pausing { .. } | Phase::Admitting(_) => {
                (String::new(), String::new())
            }
        };
        self.turns.abandon(tick.now, Verdict::Neutral, step);
        self.log_cut(tick, provider, text, cut, step);
        self.end_cut(tick.now, cut, step);
    }

    pub(super) fn log_cut(
        &mut self,
        tick: Tick,
        provider: String,
        text: String,
        cut: Cut,
        step: &mut Step,
    ) {
        let outcome = match cut {
            Cut::Interrupted => Outcome::Interrupted,
            Cut::Stopped => Outcome::Stopped,
        };
        let waits = matches!(cut, Cut::Stopped) && !self.turns.is_drafting();
        if !text.is_empty() || waits {
            self.log_answer(tick, text, source(provider, outcome, None), step);
        } else {
            // With the event that cut it off.
            self.keep_trace(tick.now, None);
        }
    }

    pub(super) fn end_cut(&mut self, now: Millis, cut: Cut, step: &mut Step) {
        match cut {
            Cut::Stopped => self.close_turn(now, step),
            Cut::Interrupted => {
                self.turns.open = None;
                self.turns.forget_questions(self.seq, step);
            }
        }
    }

    /// A process died after visible text: what was saved of it is the answer.
    pub(super) fn recover(&mut self, tick: Tick, step: &mut Step) {
        let Some(turn) = &mut self.turns.open else { return };
        let Phase::Recovering { dead, .. } = &turn.phase else { return };
        let RunningRecord { provider, through, text, .. } = &**dead;
        let (dead, through, text) = (dead.clone(), *through, text.clone());
        let source = source(provider.clone(), Outcome::Interrupted, None);
        // What came later was not asked.
        let mut waiting: Vec<_> =
            turn.question.extract_if(.., |asked: &mut super::Asked| asked.seq > through).collect();
        waiting.append(&mut turn.next);
        turn.next = waiting;
        step.tally.recoveries += 1;
        self.charge_for_dead(tick.now, &dead, step);
        self.log_answer(tick, text, source, step);
        self.turns.record.answered = through;
        self.next_turn(tick.now, step);
    }

    /// No provider answers: a rule does, and where none matches a person is offered.
    pub(super) fn fall_back(&mut self, tick: Tick, step: &mut Step) {
        if self.is_for_agents_only() {
            self.turns.drafts();
        }
        if !self.answer_by_rule(tick, When::Fallback, step) {
            self.offer_person(tick, step);
        }
    }

    /// Whether a rule answered.
    pub(super) fn answer_by_rule(&mut self, tick: Tick, when: When, step: &mut Step) -> bool {
        let Some(turn) = &self.turns.open else { return false };
        let Some(live) = turn.live() else { return false };
        let locale = turn.asker.locale.as_deref().unwrap_or(&live.config.locale);
        let text = turn.text();
        let question = Question { text: &text, locale, now: tick.now };
        let Some(answer) = live.rules.answer(when, &question) else { return false };
        let texts = config::texts(locale);
        let reply = answer.reply.unwrap_or(&texts.handoff_asked).to_owned();
        let body =
            offering(reply, answer.quick_replies.iter().map(|label| reply_of(label)).collect());
        let (name, action) = (answer.name.to_owned(), answer.action);
        let channel = turn.asker.channel;
        self.log_body(tick, body, message::Source::Rule(RuleSource { name }), step);
        self.close_turn(tick.now, step);
        if action == Some(RuleAction::Handoff) {
            self.handoff_by_rule(tick, channel, step);
        }
        true
    }

    /// A text of the program's own is the answer.
    pub(super) fn answer_so(&mut self, tick: Tick, text: String, name: &str, step: &mut Step) {
        let source = message::Source::Rule(RuleSource { name: name.into() });
        self.log_body(tick, offering(text, Vec::new()), source, step);
        self.close_turn(tick.now, step);
    }

    /// A person is asked for in the visitor's place.
    pub(super) fn call_person(&mut self, tick: Tick, name: &str, step: &mut Step) {
        self.call_person_for(tick, name, Reason::Rule, step);
    }

    /// The same for another reason.
    pub(super) fn call_person_for(
        &mut self,
        tick: Tick,
        name: &str,
        reason: Reason,
        step: &mut Step,
    ) {
        let Some(turn) = &self.turns.open else { return };
        let channel = turn.asker.channel;
        self.answer_so(tick, self.texts().handoff_asked.clone(), name, step);
        self.handoff_for(tick, channel, reason, step);
    }

    /// In the asker's language, or else in the site's.
    pub(super) fn texts(&self) -> &'static Texts {
        let turn = self.turns.open.as_ref();
        let site = turn.and_then(Turn::live).map(|live| live.config.locale.as_str());
        let asker = turn.and_then(|turn| turn.asker.locale.as_deref());
        config::texts(asker.or(site).unwrap_or_default())
    }

    fn offer_person(&mut self, tick: Tick, step: &mut Step) {
        let Some(turn) = &self.turns.open else { return };
        if turn.is_drafting() {
            // The visitor waits for one.
            return self.close_turn(tick.now, step);
        }
        let texts = self.texts();
        let person = body::QuickReply {
            label: texts.ask_person.clone(),
            send: String::new(),
            action: body::quick_reply::Action::Handoff.into(),
        };
        let body = offering(texts.offer_person.clone(), vec![person]);
        let source = message::Source::Rule(RuleSource { name: OFFER_PERSON.into() });
        self.log_body(tick, body, source, step);
        self.close_turn(tick.now, step);
    }

    fn log_answer(&mut self, tick: Tick, text: String, source: ProviderSource, step: &mut Step) {
        let body = Body { kind: Some(body::Kind::Text(body::Text { text })) };
        self.log_body(tick, body, message::Source::Provider(source), step);
    }

    /// The turn's end.
    fn log_body(&mut self, tick: Tick, body: Body, source: message::Source, step: &mut Step) {
        self.keep_trace(tick.now, Some(&source));
        self.say(tick, body, source, step);
    }

    pub(super) fn say(&mut self, tick: Tick, body: Body, source: message::Source, step: &mut Step) {
        let turn = self.turns.open.as_ref();
        let channel = turn.map(|turn| turn.asker.channel).unwrap_or_default();
        let drafting = turn.is_some_and(Turn::is_drafting);
        let message = Message {
            author: Some(Who::bot().author()),
            body: Some(body),
            key: None,
            turn: Some(self.turns.record.turn),
            attempt: Some(self.turns.record.attempt),
            source: Some(source),
            draft: None,
            approved_by: None,
        };
        let kind =
            if drafting { event::Kind::Draft(message) } else { event::Kind::Message(message) };
        self.append(tick, Entry { channel, kind, sender: None, counts: false }, step);
    }

    pub(super) fn close_turn(&mut self, now: Millis, step: &mut Step) {
        if let Some(turn) = &mut self.turns.open {
            let record = &mut self.turns.record;
            turn.counted(&mut record.signs);
            // Whoever took the turn over may not have the messages any more.
            let asked = record.running.as_ref().map_or(0, |running| running.through);
            record.answered = record.answered.max(turn.through()).max(asked);
        }
        self.next_turn(now, step);
    }

    fn next_turn(&mut self, now: Millis, step: &mut Step) {
        self.turns.record.running = None;
        self.turns.write(step);
        if let Some(turn) = self.turns.open.take()
            && !turn.next.is_empty()
        {
            let mut next = Turn::new(turn.next, turn.asker);
            next.since = next.since.max(now);
            self.turns.open_turn(next);
        }
    }
}

fn source(name: String, outcome: Outcome, usage: Option<Usage>) -> ProviderSource {
    ProviderSource { name, outcome: outcome.into(), usage: usage.map(Into::into), extras: None }
}

pub(super) fn offering(text: String, replies: Vec<body::QuickReply>) -> Body {
    let kind = if replies.is_empty() {
        body::Kind::Text(body::Text { text })
    } else {
        body::Kind::QuickReplies(body::QuickReplies { text, replies })
    };
    Body { kind: Some(kind) }
}

fn reply_of(label: &str) -> body::QuickReply {
    body::QuickReply { label: label.into(), ..body::QuickReply::default() }
}
