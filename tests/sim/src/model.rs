//! The reference: what a log must be, and what each screen must show of it.

use crate::invariant::{Held, Invariant};
use kefu_proto::v1::{
    Event, InboxEntry, Message, Owner, author, event, message, owner, provider_source::Outcome,
};
use kefu_shared::conversation::Head;
use kefu_shared::view;
use kefu_shared::who::Role;
use std::collections::BTreeMap;

/// What a screen must show of a log from `after` on.
pub(crate) fn due(log: &[Event], after: u32, role: Role) -> Vec<Event> {
    let later = log.iter().filter(|event| event.seq > after);
    later.map(|event| view::of(event, role).into_owned()).collect()
}

pub(crate) fn is_visitors(message: &Message) -> bool {
    message.author.as_ref().is_some_and(|author| author.role() == author::Role::Visitor)
}

/// The text of an answer of AI, with its turn, its attempt and whether it is whole.
pub(crate) fn answer(message: &Message) -> Option<(u32, u32, String, bool)> {
    let Some(message::Source::Provider(source)) = &message.source else { return None };
    let text = message.body.as_ref().map(kefu_shared::context::plain).unwrap_or_default();
    let whole = source.outcome() == Outcome::Completed;
    Some((message.turn?, message.attempt?, text, whole))
}

/// Whether AI said any of it: what was stopped before any text has an empty one.
pub(crate) fn has_ais_text(message: &Message) -> bool {
    answer(message).is_some_and(|(_, _, text, _)| !text.is_empty())
}

/// How many answers were cut off where they were shown.
pub(crate) fn interrupted(log: &[Event]) -> usize {
    let cut = |event: &&Event| match &event.kind {
        Some(event::Kind::Message(message)) => answer(message).is_some_and(|(.., whole)| !whole),
        _ => false,
    };
    log.iter().filter(cut).count()
}

/// How many drafts agents sent.
pub(crate) fn approvals(log: &[Event]) -> usize {
    let sent = |event: &&Event| match &event.kind {
        Some(event::Kind::Message(message)) => message.draft.is_some(),
        _ => false,
    };
    log.iter().filter(sent).count()
}

/// The visitor's message that nobody answered although the machine owns the conversation.
pub(crate) fn unanswered(log: &[Event]) -> Option<u32> {
    let last = log.iter().rev().find_map(|event| match &event.kind {
        Some(event::Kind::Message(message)) => Some(is_visitors(message).then_some(event.seq)),
        Some(event::Kind::Owner(_) | event::Kind::Closed(_)) => Some(None),
        _ => None,
    });
    last.flatten()
}

/// How a conversation stands, as far as its log tells: what the inbox must have of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    at: (u32, u32),
    session: u32,
    owner: Option<Owner>,
    term: u32,
    closed: bool,
    visitor: Option<String>,
    last: Option<u32>,
}

impl Standing {
    /// Of a log and its head.
    pub(crate) fn of(log: &[Event], head: &Head) -> Self {
        let message = |event: &Event| match &event.kind {
            Some(event::Kind::Message(message)) => Some((event.seq, message.clone())),
            _ => None,
        };
        let visitors = |message: &Message| {
            is_visitors(message).then(|| Some(message.author.as_ref()?.id.clone()))
        };
        let messages: Vec<_> = log.iter().filter_map(message).collect();
        Self {
            at: (head.epoch, log.last().map_or(0, |event| event.seq)),
            session: log.last().and_then(|event| event.session).unwrap_or(0),
            owner: Some(head.owner.wire()),
            term: head.term,
            closed: head.closed,
            visitor: messages.iter().rev().find_map(|(_, message)| visitors(message)?),
            last: messages.last().map(|(seq, _)| *seq),
        }
    }

    /// Whether it is the one that is due. The inbox may know the visitor from an earlier life.
    pub(crate) fn is(&self, due: &Self) -> bool {
        let visitor = due.visitor.clone().or_else(|| self.visitor.clone());
        *self == Self { visitor, ..due.clone() }
    }

    /// Of what the desk was told.
    pub(crate) fn told(entry: &InboxEntry) -> Self {
        Self {
            at: (entry.epoch, entry.seq),
            session: entry.session,
            owner: entry.owner.clone(),
            term: entry.term,
            closed: entry.closed,
            visitor: entry.visitor.as_ref().map(|author| author.id.clone()),
            last: entry.last.as_ref().map(|last| last.seq),
        }
    }
}

/// A log, read from its beginning.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    seq: u32,
    msg_id: i64,
    term: u32,
    turn: u32,
    owner: owner::Kind,
    questions: u32,
    answers: u32,
    /// Whether the AI drafts, and what it drafted that was not sent yet.
    is_drafting: bool,
    drafts: BTreeMap<u32, Message>,
}

impl Reading {
    /// Whether a log keeps its promises.
    pub(crate) fn check(log: &[Event], is_drafting: bool) -> Held {
        let mut reading = Self { owner: owner::Kind::Bot, is_drafting, ..Self::default() };
        log.iter().try_for_each(|event| reading.take(event))
    }

    fn take(&mut self, event: &Event) -> Held {
        let seq = event.seq;
        let dense = seq == self.seq + 1;
        Invariant::Dense.holds(dense, || format!("seq {seq} stands after {}", self.seq))?;
        let rises = event.msg_id() > self.msg_id;
        Invariant::Dense.holds(rises, || format!("the id of seq {seq} does not rise"))?;
        (self.seq, self.msg_id) = (seq, event.msg_id());
        match &event.kind {
            Some(event::Kind::Owner(change)) => {
                let next = change.term == self.term + 1;
                Invariant::Dense
                    .holds(next, || format!("term {} after {}", change.term, self.term))?;
                self.term = change.term;
                self.owner =
                    change.owner.as_ref().map(kefu_proto::v1::Owner::kind).unwrap_or_default();
                // What was asked of one owner is not answered under the next.
                (self.questions, self.answers) = (0, 0);
                Ok(())
            }
            Some(event::Kind::Message(message)) => match message.draft {
                Some(draft) => self.approved(seq, draft, message),
                None => self.message(seq, message),
            },
            Some(event::Kind::Draft(draft)) => {
                self.drafts.insert(seq, draft.clone());
                let right = self.is_drafting && self.owner != owner::Kind::Agent;
                Invariant::Silence.holds(right, || format!("seq {seq} drafts for {:?}", self.owner))
            }
            _ => Ok(()),
        }
    }

    /// A draft is sent once, as it is, in an agent's name.
    fn approved(&mut self, seq: u32, draft: u32, message: &Message) -> Held {
        let drafted = self.drafts.remove(&draft);
        let by = message.approved_by.as_ref().map(kefu_proto::v1::Author::role);
        let right = drafted.is_some_and(|drafted| drafted.body == message.body)
            && by == Some(author::Role::Agent);
        Invariant::Approved
            .holds(right, || format!("seq {seq} sends what seq {draft} did not draft"))
    }

    fn message(&mut self, seq: u32, message: &Message) -> Held {
        let bare = self.is_drafting && has_ais_text(message);
        Invariant::Approved
            .holds(!bare, || format!("seq {seq} is an answer that nobody approved"))?;
        self.questions += u32::from(is_visitors(message));
        if message.source.is_none() {
            return Ok(());
        }
        self.answers += 1;
        Invariant::Silence.holds(self.owner == owner::Kind::Bot, || {
            format!("the machine speaks in seq {seq} of {:?}", self.owner)
        })?;
        Invariant::Attempts.holds(self.answers <= self.questions, || {
            format!("seq {seq} answers what was answered, or asked of another owner")
        })?;
        let turn = message.turn.unwrap_or_default();
        Invariant::Attempts.holds(turn > self.turn, || {
            format!("seq {seq} is of turn {turn}, after {}", self.turn)
        })?;
        self.turn = turn;
        Ok(())
    }
}
