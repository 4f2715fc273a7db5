//! Messages into the log: each sender's key once, whatever is retried.

use super::{Conversation, Entry, From, Reply, Step, key_reused, receipt};
use crate::context::plain;
use crate::problem::{Code, Refusal};
use crate::text::utf16_len;
use crate::time::{Millis, Tick};
use crate::who::Role;
use kefu_proto::v1::{Body, Event, Message, Note, Send, SendReply, body, event, send};

/// The longest text, in UTF-16 code units.
pub const TEXT_MOST: u32 = 16_384;
/// The longest key, in characters.
pub const KEY_MOST: usize = 128;

impl Conversation {
    pub(super) fn post(
        &mut self,
        tick: Tick,
        from: &From,
        send: Send,
        prior: Option<&Event>,
        step: &mut Step,
    ) -> Reply {
        let body = match content(send.content) {
            Ok(body) => body,
            Err(refusal) => return Reply::Refused(refusal),
        };
        if let Some(prior) = prior {
            return repeated(prior, &body);
        }
        if let Some(refusal) = refuse_key(&send.key).or_else(|| refuse_body(from.who.role, &body)) {
            return Reply::Refused(refusal);
        }
        if let Err(refusal) = self.may_speak(tick, from, step) {
            return Reply::Refused(refusal);
        }
        self.open_session(from.who.role, step);
        let event = self.append(tick, message(from, send.key, body), step);
        self.said(tick.now, from, &event);
        sent(&event, false)
    }

    pub(super) fn note(
        &mut self,
        tick: Tick,
        from: &From,
        key: &str,
        body: Body,
        prior: Option<&Event>,
        step: &mut Step,
    ) -> Reply {
        if let Some(prior) = prior {
            return repeated(prior, &body);
        }
        if let Some(refusal) = refuse_key(key).or_else(|| refuse_text(&plain_note(&body))) {
            return Reply::Refused(refusal);
        }
        let note =
            Note { author: Some(from.who.author()), body: Some(body), key: Some(key.into()) };
        let entry = Entry {
            channel: from.channel,
            kind: event::Kind::Note(note),
            sender: Some(from.who.sender(key)),
            counts: false,
        };
        sent(&self.append(tick, entry, step), false)
    }

    /// A visitor speaks within the declared rate; an agent owns what it speaks in.
    fn may_speak(&mut self, tick: Tick, from: &From, step: &mut Step) -> Result<(), Refusal> {
        match from.who.role {
            Role::Visitor => {
                let rate = self.head.policy.messages_per_visitor();
                self.window.check(rate, tick.now).map_err(|at| too_fast(tick.now, at))?;
                self.window.take(tick.now);
                Ok(())
            }
            Role::Agent => self.take_to_speak(tick, from, step),
            Role::Bot | Role::System => Ok(()),
        }
    }

    /// A message after the close begins the next session.
    fn open_session(&mut self, role: Role, step: &mut Step) {
        if self.head.closed && role == Role::Visitor {
            self.session += 1;
            self.head.closed = false;
            self.write_head(step);
        }
    }

    fn said(&mut self, now: Millis, from: &From, event: &Event) {
        let Some(event::Kind::Message(message)) = &event.kind else { return };
        if let (Role::Visitor, Some(body), true) =
            (from.who.role, &message.body, self.ai_may_speak())
        {
            self.question_came(now, event.seq, body, from);
        }
    }
}

fn message(from: &From, key: String, body: Body) -> Entry {
    let sender = Some(from.who.sender(&key));
    let message = Message {
        author: Some(from.who.author()),
        body: Some(body),
        key: Some(key),
        ..Message::default()
    };
    let counts = from.who.role == Role::Visitor;
    Entry { channel: from.channel, kind: event::Kind::Message(message), sender, counts }
}

fn sent(event: &Event, duplicate: bool) -> Reply {
    let (seq, msg_id) = receipt(event);
    Reply::Sent(SendReply { seq, msg_id, duplicate })
}

fn repeated(prior: &Event, body: &Body) -> Reply {
    let stored = match &prior.kind {
        Some(event::Kind::Message(message)) => message.body.as_ref(),
        Some(event::Kind::Note(note)) => note.body.as_ref(),
        _ => None,
    };
    if stored == Some(body) { sent(prior, true) } else { key_reused() }
}

fn too_fast(now: Millis, at: Millis) -> Refusal {
    Refusal::new(Code::RateLimited, "too many messages: wait a moment and send it again")
        .retry_at(now, at)
}

fn content(content: Option<send::Content>) -> Result<Body, Refusal> {
    match content {
        Some(send::Content::Text(text)) => {
            Ok(Body { kind: Some(body::Kind::Text(body::Text { text })) })
        }
        Some(send::Content::Body(body)) => Ok(body),
        None => Err(Refusal::new(Code::EmptyMessage, "give `text`, or a `body` of a known kind")),
    }
}

/// A key has 1 to [`KEY_MOST`] characters and no control characters.
pub(super) fn refuse_key(key: &str) -> Option<Refusal> {
    let good =
        !key.is_empty() && key.chars().count() <= KEY_MOST && !key.chars().any(char::is_control);
    (!good).then(|| {
        let detail =
            format!("`key` must have 1 to {KEY_MOST} characters and no control characters");
        Refusal::new(Code::BadKey, detail)
    })
}

fn refuse_body(role: Role, body: &Body) -> Option<Refusal> {
    let by_visitor = role == Role::Visitor;
    match &body.kind {
        Some(body::Kind::Text(text)) => refuse_text(&text.text),
        Some(
            body::Kind::Image(_)
            | body::Kind::File(_)
            | body::Kind::Location(_)
            | body::Kind::Form(_),
        ) => refuse_long(&plain(body)),
        Some(body::Kind::Card(_) | body::Kind::QuickReplies(_)) if !by_visitor => {
            refuse_long(&plain(body))
        }
        Some(
            body::Kind::Card(_)
            | body::Kind::QuickReplies(_)
            | body::Kind::Note(_)
            | body::Kind::System(_),
        ) => Some(Refusal::new(
            Code::BodyNotAllowed,
            "this kind of body may not be sent as a message",
        )),
        None => Some(Refusal::new(Code::EmptyMessage, "the body is of no kind known here")),
    }
}

pub(super) fn refuse_text(text: &str) -> Option<Refusal> {
    if text.trim().is_empty() {
        return Some(Refusal::new(Code::EmptyMessage, "the text is empty"));
    }
    refuse_long(text)
}

fn refuse_long(text: &str) -> Option<Refusal> {
    let length = utf16_len(text);
    (length > TEXT_MOST).then(|| {
        let detail = format!("a text has at most {TEXT_MOST} characters, this one has {length}");
        Refusal::new(Code::TextTooLong, detail)
    })
}

fn plain_note(body: &Body) -> String {
    match &body.kind {
        Some(body::Kind::Note(note)) => note.text.clone(),
        _ => plain(body),
    }
}
