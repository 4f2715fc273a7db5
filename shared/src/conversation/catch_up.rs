//! What another process wrote, taken in: where several may have a conversation, each learns from
//! the storage what the others did, as facts.

use super::turn::Tenure;
use super::{Audience, Conversation, Head, Step, TurnRecord};
use crate::guard::Verdict;
use crate::time::Millis;
use crate::view;
use kefu_proto::v1::{Event, InboxEntry, ReadMark, server_frame::Frame};

/// What is stored and was not known.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// The events after the newest known one, oldest first, with their senders and, on what a
    /// visitor says, when.
    pub events: Vec<(Event, Option<String>, Option<Millis>)>,
    /// The head, if it is newer.
    pub head: Option<Head>,
    /// The record of turns, if it is newer.
    pub turn: Option<TurnRecord>,
    /// All marks.
    pub marks: Vec<(String, u32)>,
    /// What the desk knows, if there is something new or to be told.
    pub told: Option<InboxEntry>,
}

/// What a process knows of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The newest event.
    pub seq: u32,
    /// The version of the head.
    pub head: u32,
    /// The version of the record of turns.
    pub turn: u32,
    /// Whether it has something to tell the desk, unless somebody else did.
    pub tells: bool,
}

impl Conversation {
    /// Takes in what others wrote. The step has no writes: its acts concern those who are here.
    pub fn catch_up(&mut self, tenure: Tenure, news: News) -> Step {
        let mut step = Step::default();
        if let Some(head) = news.head.filter(|head| head.version > self.head.version) {
            self.head = head;
        }
        let events: Vec<_> =
            news.events.into_iter().filter(|(event, ..)| event.seq > self.seq).collect();
        for (event, sender, spoke) in &events {
            self.learn(event, sender.as_deref(), *spoke, &mut step);
        }
        let speaks = self.ai_may_speak() && !self.head.closed;
        let events = events.iter().map(|(event, ..)| event);
        self.turns.catch_up(events, news.turn, speaks, tenure, &mut step);
        self.learn_marks(news.marks, &mut step);
        self.learn_told(news.told.as_ref());
        step
    }

    /// What has to be loaded to catch up: what is newer.
    pub fn known(&self) -> Known {
        Known {
            seq: self.seq,
            head: self.head.version,
            turn: self.turns.version(),
            tells: self.has_to_tell(),
        }
    }

    fn learn(
        &mut self,
        event: &Event,
        sender: Option<&str>,
        spoke: Option<Millis>,
        step: &mut Step,
    ) {
        self.seq = event.seq;
        self.session = event.session.unwrap_or(self.session);
        self.msg_ids.follow(event.msg_id.unwrap_or(0));
        if let Some(sender) = sender {
            self.senders.learn(sender);
        }
        if let Some(at) = spoke {
            self.window.take(at);
        }
        self.summary.fold(event);
        self.turns.learn_good(event);
        self.said.fold(event);
        self.drafts.fold(event);
        show(event, step);
    }

    fn learn_marks(&mut self, marks: Vec<(String, u32)>, step: &mut Step) {
        for (who, seq) in marks {
            if self.marks.get(&who).copied().unwrap_or(0) >= seq {
                continue;
            }
            if let Some(author) = crate::who::author_of_tag(&who) {
                let mark = ReadMark { author: Some(author), seq };
                step.send(Audience::All, Frame::Read(mark));
            }
            self.marks.insert(who, seq);
        }
    }
}

impl super::Turns {
    /// The turn as it stands by what others wrote: it may have got a message, or an end.
    fn catch_up<'a>(
        &mut self,
        events: impl DoubleEndedIterator<Item = &'a Event> + Clone,
        record: Option<TurnRecord>,
        speaks: bool,
        tenure: Tenure,
        step: &mut Step,
    ) {
        match record.filter(|record| record.version > self.version()) {
            Some(record) => {
                self.abandon(tenure.now, Verdict::Neutral, step);
                self.follow(record, events, speaks, tenure);
                self.show_elsewhere(step);
            }
            None => self.came_elsewhere(events),
        }
    }
}

/// Shows an event to everybody who may see it.
pub(super) fn show(event: &Event, step: &mut Step) {
    if view::is_internal(event) {
        step.send(Audience::Agents, Frame::Event(event.clone()));
        step.send(Audience::Visitors, Frame::Event(view::hidden(event.seq)));
    } else {
        step.send(Audience::All, Frame::Event(event.clone()));
    }
}
