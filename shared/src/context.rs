//! What a stateless provider is told of the conversation so far: the newest 20 rounds, kept in
//! one cache an isolate, since all its conversations share one memory.
//!
//! A round is a question (all the visitor's messages up to the answer) and its answer, by AI or
//! by a person. What rules and the desk itself said is not counted.

use crate::config::defaults;
use crate::provider::Round;
use kefu_proto::v1::{Author, Body, Event, Message, author, body, event, message};
use lru::LruCache;
use std::collections::VecDeque;

/// The most of one conversation that is kept, in bytes of text.
const CONTEXT_BYTES: usize = 48 * 1024;

/// The rounds of one conversation.
#[derive(Clone, Debug, Default)]
pub struct Context {
    rounds: VecDeque<Entry>,
    upto: u32,
    bytes: usize,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    /// The visitor's messages, each with its seq.
    asked: Vec<(u32, String)>,
    answer: String,
    /// The answer's last message.
    answered: u32,
}

impl Entry {
    /// The round without what was asked from `seq` on, which may have come while the answer was
    /// being written; `None` if nothing was asked sooner, or nothing is answered.
    fn before(&self, seq: u32) -> Option<Round> {
        let sooner = self.asked.iter().filter(|(at, _)| *at < seq);
        let asked: Vec<_> = sooner.map(|(_, text)| text.as_str()).collect();
        (!asked.is_empty() && !self.answer.is_empty()).then(|| Round {
            question: asked.join("\n"),
            answer: self.answer.clone(),
            seq: self.answered,
        })
    }

    fn bytes(&self) -> usize {
        self.asked.iter().map(|(_, text)| text.len()).sum::<usize>() + self.answer.len()
    }
}

impl Context {
    /// The context of a log, given its newest events, oldest first.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut context = Self::default();
        for event in events {
            context.fold(event);
        }
        context
    }

    /// Takes in an event; one that was taken in before changes nothing.
    pub fn fold(&mut self, event: &Event) {
        if event.seq <= self.upto {
            return;
        }
        self.upto = event.seq;
        if let Some(event::Kind::Message(message)) = &event.kind {
            self.fold_message(event.seq, message);
        }
    }

    /// The newest event that was taken in.
    pub fn upto(&self) -> u32 {
        self.upto
    }

    /// The answered rounds that began before `seq`, oldest first, at most `limit` of them.
    pub fn before(&self, seq: u32, limit: u32) -> Vec<Round> {
        let limit = limit.min(defaults::ROUNDS) as usize;
        let answered = self.rounds.iter().filter_map(|entry| entry.before(seq));
        let mut rounds: Vec<Round> = answered.collect();
        rounds.drain(..rounds.len().saturating_sub(limit));
        rounds
    }

    fn fold_message(&mut self, seq: u32, message: &Message) {
        let Some(text) = message.body.as_ref().map(plain).filter(|text| !text.is_empty()) else {
            return;
        };
        let role = message.author.as_ref().map_or(author::Role::Unspecified, Author::role);
        match role {
            author::Role::Visitor => self.ask(seq, &text),
            author::Role::Agent => self.answer(seq, &text),
            author::Role::Bot if !from_rule(message) => self.answer(seq, &text),
            author::Role::Bot | author::Role::System | author::Role::Unspecified => {}
        }
        self.trim();
    }

    fn ask(&mut self, seq: u32, text: &str) {
        self.bytes += text.len();
        let asked = (seq, text.to_owned());
        match self.rounds.back_mut().filter(|entry| entry.answer.is_empty()) {
            Some(entry) => entry.asked.push(asked),
            None => self.rounds.push_back(Entry { asked: vec![asked], ..Entry::default() }),
        }
    }

    fn answer(&mut self, seq: u32, text: &str) {
        if let Some(entry) = self.rounds.back_mut() {
            entry.answered = seq;
            let before = entry.answer.len();
            append(&mut entry.answer, text);
            self.bytes += entry.answer.len() - before;
        }
    }

    fn trim(&mut self) {
        // One more than the limit: the newest may be the question that is being asked.
        while self.rounds.len() > 1
            && (self.rounds.len() > defaults::ROUNDS as usize + 1 || self.bytes > CONTEXT_BYTES)
        {
            if let Some(oldest) = self.rounds.pop_front() {
                self.bytes -= oldest.bytes();
            }
        }
    }
}

fn from_rule(message: &Message) -> bool {
    matches!(message.source, Some(message::Source::Rule(_)))
}

fn append(text: &mut String, more: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(more);
}

/// A message as words: what a model or a rule can read of it.
pub fn plain(body: &Body) -> String {
    match &body.kind {
        Some(body::Kind::Text(text)) => text.text.clone(),
        Some(body::Kind::Image(image)) => format!("[image] {}", image.alt).trim_end().into(),
        Some(body::Kind::File(file)) => format!("[file] {}", file.name),
        Some(body::Kind::Location(place)) => {
            format!("[location] {} {}", place.label, place.address).trim_end().into()
        }
        Some(body::Kind::Card(card)) => format!("{}\n{}", card.title, card.text).trim().into(),
        Some(body::Kind::QuickReplies(quick)) => quick.text.clone(),
        Some(body::Kind::Form(form)) => form
            .values
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect::<Vec<_>>()
            .join("\n"),
        Some(body::Kind::Note(_) | body::Kind::System(_)) | None => String::new(),
    }
}

/// Which context: the hash of visitor and channel, as conversation ids already are.
pub type ContextKey = String;

/// The contexts of an isolate's conversations: least recently used ones leave when their bytes
/// pass the budget.
#[derive(Debug)]
pub struct Contexts {
    kept: LruCache<ContextKey, Context>,
    bytes: usize,
    budget: usize,
}

impl Contexts {
    /// An empty cache of at most `budget` bytes of text.
    pub fn new(budget: usize) -> Self {
        Self { kept: LruCache::unbounded(), bytes: 0, budget }
    }

    /// The context of a conversation, if it is kept and has everything up to `upto`.
    pub fn get(&mut self, key: &str, upto: u32) -> Option<&Context> {
        self.kept.get(key).filter(|context| context.upto >= upto)
    }

    /// Takes in an event of a conversation whose context is kept; others are read when asked.
    pub fn fold(&mut self, key: &str, event: &Event) {
        let Some(context) = self.kept.peek_mut(key) else { return };
        if context.upto.checked_add(1) != Some(event.seq) {
            // Something was missed: what is kept is not the log any more.
            self.remove(key);
            return;
        }
        self.bytes -= context.bytes;
        context.fold(event);
        self.bytes += context.bytes;
        self.evict();
    }

    /// Keeps a context.
    pub fn put(&mut self, key: ContextKey, context: Context) {
        self.remove(&key);
        self.bytes += context.bytes;
        self.kept.put(key, context);
        self.evict();
    }

    /// Bytes of text that are kept.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn remove(&mut self, key: &str) {
        if let Some(context) = self.kept.pop(key) {
            self.bytes -= context.bytes;
        }
    }

    fn evict(&mut self) {
        while self.bytes > self.budget {
            let Some((_, context)) = self.kept.pop_lru() else { return };
            self.bytes -= context.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::who::Who;
    use kefu_proto::v1::{ProviderSource, RuleSource};

    fn said(seq: u32, who: &Who, text: &str, source: Option<message::Source>) -> Event {
        let body = Body { kind: Some(body::Kind::Text(body::Text { text: text.into() })) };
        let message =
            Message { author: Some(who.author()), body: Some(body), source, ..Message::default() };
        Event { seq, kind: Some(event::Kind::Message(message)), ..Event::default() }
    }

    fn provider() -> Option<message::Source> {
        Some(message::Source::Provider(ProviderSource::default()))
    }

    fn rule() -> Option<message::Source> {
        Some(message::Source::Rule(RuleSource::default()))
    }

    fn rounds(count: u32, text: &str) -> Vec<Event> {
        (0..count)
            .flat_map(|round| {
                [
                    said(round * 2 + 1, &Who::visitor("v"), &format!("q{round}{text}"), None),
                    said(round * 2 + 2, &Who::bot(), &format!("a{round}{text}"), provider()),
                ]
            })
            .collect()
    }

    #[test]
    fn messages_up_to_an_answer_are_one_round_and_rules_do_not_count() {
        let visitor = Who::visitor("v");
        let events = [
            said(1, &visitor, "hi", None),
            said(2, &visitor, "refund?", None),
            said(3, &Who::bot(), "by rule", rule()),
            said(4, &Who::bot(), "by AI", provider()),
            said(5, &Who::agent("a", "Ming"), "by Ming", None),
            said(6, &visitor, "thanks", None),
        ];
        let rounds = Context::of(&events).before(6, 20);
        assert_eq!(rounds.len(), 1);
        assert_eq!(rounds[0].question, "hi\nrefund?");
        assert_eq!(rounds[0].answer, "by AI\nby Ming");
    }

    #[test]
    fn a_question_asked_while_an_answer_was_written_is_not_part_of_what_came_before() {
        let visitor = Who::visitor("v");
        let events = [
            said(1, &visitor, "one", None),
            said(2, &visitor, "two", None),
            said(3, &Who::bot(), "about one", provider()),
        ];
        let rounds = Context::of(&events).before(2, 20);
        assert_eq!(rounds.len(), 1);
        assert_eq!((rounds[0].question.as_str(), rounds[0].answer.as_str()), ("one", "about one"));
    }

    #[test]
    fn the_oldest_of_more_than_twenty_rounds_leave_first() {
        let context = Context::of(&rounds(30, ""));
        let kept = context.before(61, 20);
        assert_eq!(kept.len(), 20);
        assert_eq!(kept[0].question, "q10");
        assert_eq!(context.before(61, 5)[0].question, "q25");
        assert_eq!(context.before(57, 20).last().map(|round| round.question.as_str()), Some("q27"));
    }

    #[test]
    fn an_event_is_taken_in_once_and_a_missed_one_makes_the_cache_forget() {
        let events = rounds(2, "");
        let mut contexts = Contexts::new(1_000);
        contexts.put("c".into(), Context::of(&events[..2]));
        contexts.fold("c", &events[2]);
        assert!(contexts.get("c", 3).is_some());
        contexts.fold("c", &said(5, &Who::visitor("v"), "gap", None));
        assert!(contexts.get("c", 0).is_none());
        assert_eq!(contexts.bytes(), 0);
    }

    #[test]
    fn a_round_of_many_small_answers_leaves_as_many_bytes_as_it_brought() {
        let mut events = vec![said(1, &Who::visitor("v"), "q", None)];
        events.extend((2..500).map(|seq| said(seq, &Who::bot(), "a", provider())));
        let mut context = Context::of(&events);
        for (seq, event) in (500..).zip(rounds(25, "")) {
            context.fold(&Event { seq, ..event });
        }
        let kept: usize = context.rounds.iter().map(Entry::bytes).sum();
        assert_eq!(context.bytes, kept);
    }

    #[test]
    fn the_cache_never_keeps_more_bytes_than_its_budget() {
        let mut contexts = Contexts::new(10_000);
        for conversation in 0..50 {
            contexts.put(format!("c{conversation}"), Context::of(&rounds(10, &"x".repeat(50))));
            assert!(contexts.bytes() <= 10_000);
        }
        assert!(contexts.get("c49", 0).is_some());
        assert!(contexts.get("c0", 0).is_none());
        contexts.put("big".into(), Context::of(&rounds(20, &"y".repeat(20_000))));
        assert!(contexts.bytes() <= 10_000);
    }
}
