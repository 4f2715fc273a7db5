//! What somebody sees of a conversation, as the contract tells a client to show it.

use crate::invariant::{Held, Invariant};
use crate::model;
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{Author, Delta, Event, Hello, Message, Owner, ReadMark, event, owner};
use kefu_shared::conversation::Cursor;
use kefu_shared::text::utf16_len;
use kefu_shared::who::Role;
use std::collections::BTreeMap;

#[derive(Debug)]
pub(crate) struct Screen {
    role: Role,
    /// Whether the AI drafts, and agents approve.
    drafts: bool,
    pub(crate) heard_hello: bool,
    pub(crate) epoch: Option<u32>,
    /// The seq before the first event on it.
    pub(crate) after: u32,
    pub(crate) events: Vec<Event>,
    pub(crate) owner: owner::Kind,
    pub(crate) term: u32,
    /// By role and id.
    pub(crate) marks: BTreeMap<(i32, String), u32>,
    /// The answer under way: turn, attempt, text.
    answer: Option<(u32, u32, String)>,
    /// How often it asked for what it lacks over a stream that went on, without an answer yet.
    asked_again: u32,
    /// Up to here events may come once more because of that: they are on the screen.
    known_upto: u32,
    /// Something is missing: it asks for it.
    pub(crate) found_gap: bool,
    /// How often it was thrown away and loaded anew.
    pub(crate) reloads: u32,
}

impl Screen {
    pub(crate) fn new(role: Role, drafts: bool) -> Self {
        Self {
            role,
            drafts,
            heard_hello: false,
            epoch: None,
            after: 0,
            events: Vec::new(),
            owner: owner::Kind::Bot,
            term: 0,
            marks: BTreeMap::new(),
            answer: None,
            asked_again: 0,
            known_upto: 0,
            found_gap: false,
            reloads: 0,
        }
    }

    /// The newest seq on it.
    pub(crate) fn last(&self) -> u32 {
        self.events.last().map_or(self.after, |event| event.seq)
    }

    /// The seq of the newest draft on it; 0 where there is none.
    pub(crate) fn newest_draft(&self) -> u32 {
        let is_draft = |event: &&Event| matches!(event.kind, Some(event::Kind::Draft(_)));
        self.events.iter().rev().find(is_draft).map_or(0, |event| event.seq)
    }

    pub(crate) fn cursor(&self) -> Cursor {
        Cursor { epoch: self.epoch, seq: self.last() }
    }

    /// There is nothing to show any more.
    pub(crate) fn forget(&mut self) {
        *self = Self::new(self.role, self.drafts);
    }

    pub(crate) fn connected(&mut self) {
        self.heard_hello = false;
        self.answer = None;
        self.asked_again = 0;
        self.known_upto = 0;
    }

    /// The cursor, to be sent over a stream that goes on: some of what follows may come twice.
    pub(crate) fn asks_again(&mut self) -> Cursor {
        self.asked_again += 1;
        self.cursor()
    }

    /// The turn and the offset of what it has of the answer under way.
    pub(crate) fn offset(&self) -> Option<(u32, u32)> {
        self.answer.as_ref().map(|(turn, _, text)| (*turn, utf16_len(text)))
    }

    /// Takes a frame in.
    pub(crate) fn take(&mut self, frame: &Frame) -> Held {
        let begun = self.heard_hello || matches!(frame, Frame::Hello(_));
        Invariant::Screen.holds(begun, || "a stream does not begin with hello".into())?;
        match frame {
            Frame::Hello(hello) => self.hello(hello),
            Frame::Event(event) => self.show(event),
            Frame::Delta(delta) => self.assemble(delta),
            Frame::Replace(replace) => {
                self.machine_may_speak()?;
                self.answer = Some((replace.turn, replace.attempt, replace.text.clone()));
                Ok(())
            }
            Frame::Read(mark) => {
                self.mark(mark);
                Ok(())
            }
            Frame::Ack(_)
            | Frame::Error(_)
            | Frame::Typing(_)
            | Frame::Presence(_)
            | Frame::Inbox(_)
            | Frame::Queued(_)
            | Frame::Provider(_)
            | Frame::Pong(_) => Ok(()),
        }
    }

    fn hello(&mut self, hello: &Hello) -> Held {
        self.heard_hello = true;
        if self.epoch != Some(hello.epoch) {
            self.marks.clear();
        }
        self.epoch = Some(hello.epoch);
        if !hello.recovered {
            self.reloads += 1;
            self.events.clear();
            self.known_upto = 0;
        }
        if self.events.is_empty() {
            self.after = hello.after;
        }
        hello.marks.iter().for_each(|mark| self.mark(mark));
        self.owner = hello.owner.as_ref().map(Owner::kind).unwrap_or_default();
        self.term = hello.term;
        let (after, last) = (hello.after, self.last());
        let again = self.asked_again > 0 && after < last;
        self.asked_again = self.asked_again.saturating_sub(1);
        self.known_upto = if again { last } else { 0 };
        Invariant::Screen
            .holds(again || after == last, || format!("events follow {after} for {last}"))
    }

    fn show(&mut self, event: &Event) -> Held {
        let last = self.last();
        if event.seq <= self.known_upto {
            return Ok(());
        }
        Invariant::ShownOnce
            .holds(event.seq > last, || format!("seq {} is sent again after {last}", event.seq))?;
        if event.seq > last + 1 {
            self.found_gap = self.asked_again == 0;
            return Ok(());
        }
        match &event.kind {
            Some(event::Kind::Owner(change)) => {
                self.owner = change.owner.as_ref().map(Owner::kind).unwrap_or_default();
                self.term = change.term;
                self.answer = None;
            }
            Some(event::Kind::Message(said)) => {
                self.is_approved(event.seq, said)?;
                // What was drafted may be sent while more is being written.
                if said.draft.is_none() {
                    self.settle(said)?;
                }
            }
            Some(event::Kind::Draft(said)) => {
                self.only_agents_see(|| format!("the draft of seq {}", event.seq))?;
                self.settle(said)?;
            }
            Some(event::Kind::Note(_) | event::Kind::Tagged(_)) => {
                Invariant::Privacy.holds(self.role == Role::Agent, || {
                    format!("a visitor reads what agents tell each other in seq {}", event.seq)
                })?;
            }
            _ => {}
        }
        self.events.push(event.clone());
        Ok(())
    }

    /// What was shown while it came must be how the stored answer begins, if that is whole.
    fn settle(&mut self, said: &Message) -> Held {
        let Some((turn, attempt, text, whole)) = model::answer(said) else { return Ok(()) };
        let Some((shown_turn, shown_attempt, shown)) = self.answer.take() else { return Ok(()) };
        let right = !whole || (shown_turn, shown_attempt) != (turn, attempt);
        Invariant::Attempts
            .holds(right || text.starts_with(&shown), || format!("`{shown}` was shown of `{text}`"))
    }

    fn assemble(&mut self, delta: &Delta) -> Held {
        self.machine_may_speak()?;
        let id = (delta.turn, delta.attempt);
        let known = self.answer.as_ref().map(|(turn, attempt, _)| (*turn, *attempt));
        Invariant::Attempts.holds(known.is_none_or(|known| known <= id), || {
            format!("a delta of {id:?} after {known:?}")
        })?;
        if known != Some(id) {
            self.answer = Some((delta.turn, delta.attempt, String::new()));
        }
        let Some((_, _, text)) = &mut self.answer else { return Ok(()) };
        let length = utf16_len(text);
        if delta.offset == length {
            text.push_str(&delta.text);
        }
        Invariant::Screen.holds(delta.offset <= length, || {
            format!("a delta at {} of an answer that has {length}", delta.offset)
        })
    }

    /// Where the AI drafts no text of it reaches a visitor that no agent approved.
    fn is_approved(&self, seq: u32, said: &Message) -> Held {
        if self.drafts && model::has_ais_text(said) && said.approved_by.is_none() {
            return self.only_agents_see(|| format!("the answer of seq {seq}"));
        }
        Ok(())
    }

    fn only_agents_see(&self, what: impl Fn() -> String) -> Held {
        Invariant::Approved
            .holds(self.role == Role::Agent, || format!("{} is shown to a visitor", what()))
    }

    /// Unless a person owns, as far as is known; while something is missing nothing is.
    fn machine_may_speak(&self) -> Held {
        let by_owner = match self.drafts {
            true => self.owner != owner::Kind::Agent,
            false => self.owner == owner::Kind::Bot,
        };
        if self.drafts {
            self.only_agents_see(|| "what the AI is writing".into())?;
        }
        let may = by_owner || self.asked_again > 0;
        Invariant::Silence.holds(may, || {
            format!("the machine is shown to somebody who sees that {:?} owns", self.owner)
        })
    }

    /// The higher seq wins.
    fn mark(&mut self, mark: &ReadMark) {
        if let Some(author) = &mark.author {
            let known = self.marks.entry(key(author)).or_default();
            *known = (*known).max(mark.seq);
        }
    }
}

/// What tells a participant from others.
pub(crate) fn key(author: &Author) -> (i32, String) {
    (author.role, author.id.clone())
}
