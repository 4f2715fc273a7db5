//! A conversation as an inbox shows it.

use super::Conversation;
use crate::context::plain;
use kefu_proto::v1::{Author, Event, InboxEntry, Message, author, event, inbox_entry::Preview};

/// The longest preview, in characters.
const PREVIEW_MOST: usize = 160;

/// What of a summary only the events tell.
#[derive(Clone, Debug, Default)]
pub(super) struct Summary {
    visitor: Option<Author>,
    last: Option<Preview>,
    channel: i32,
    ts: i64,
    waiting_since: Option<i64>,
}

impl Summary {
    pub(super) fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut summary = Self::default();
        for event in events {
            summary.fold(event);
        }
        summary
    }

    pub(super) fn fold(&mut self, event: &Event) {
        self.ts = event.ts.unwrap_or(self.ts);
        self.channel = event.channel.unwrap_or(self.channel);
        match &event.kind {
            Some(event::Kind::Message(message)) => self.fold_message(event, message),
            Some(event::Kind::Owner(change)) => self.learn_visitor(change.by.as_ref()),
            Some(event::Kind::Closed(_)) => self.waiting_since = None,
            _ => {}
        }
    }

    fn fold_message(&mut self, event: &Event, message: &Message) {
        let text = message.body.as_ref().map(plain).unwrap_or_default();
        let text = text.chars().take(PREVIEW_MOST).collect();
        let author = message.author.clone();
        self.last = Some(Preview { author: author.clone(), text, seq: event.seq });
        if author.as_ref().is_some_and(is_visitor) {
            self.visitor = author;
            self.waiting_since = self.waiting_since.or(event.ts);
        } else {
            self.waiting_since = None;
        }
    }

    /// A visitor may ask for a person before saying anything.
    fn learn_visitor(&mut self, by: Option<&Author>) {
        if let Some(visitor) = by.filter(|by| is_visitor(by)) {
            self.visitor = Some(visitor.clone());
        }
    }
}

impl Conversation {
    /// What the desk is told. The conversation's own id is the host's to add.
    pub fn summary(&self) -> InboxEntry {
        let Summary { visitor, last, channel, ts, waiting_since } = self.summary.clone();
        InboxEntry {
            conversation: String::new(),
            epoch: self.head.epoch,
            seq: self.seq,
            session: self.session,
            channel,
            owner: Some(self.head.owner.wire()),
            term: self.head.term,
            closed: self.head.closed,
            visitor,
            last,
            ts,
            waiting_since,
            revision: 0,
            queued_since: None,
        }
    }
}

fn is_visitor(author: &Author) -> bool {
    author.role() == author::Role::Visitor
}
