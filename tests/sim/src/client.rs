//! A client as the contract describes it: an outbox with keys, a cursor, and a screen.

use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{Event, Send, event, message, provider_source::Outcome, send};
use kefu_shared::conversation::{ConnId, Cursor};
use kefu_shared::who::Who;
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) who: Who,
    pub(crate) conn: Option<ConnId>,
    /// Whether the stream is alive; a half-open one looks so and is not.
    pub(crate) half_open: bool,
    epoch: Option<u32>,
    last: u32,
    heard_hello: bool,
    pub(crate) screen: BTreeMap<u32, Event>,
    pub(crate) outbox: VecDeque<(String, String)>,
    pub(crate) acknowledged: BTreeMap<String, u32>,
    pub(crate) refused: u32,
    /// The answer under way: turn, attempt, text.
    answer: Option<(u32, u32, String)>,
    replaced: bool,
}

impl Client {
    pub(crate) fn new(who: Who) -> Self {
        Self {
            who,
            conn: None,
            half_open: false,
            epoch: None,
            last: 0,
            heard_hello: false,
            screen: BTreeMap::new(),
            outbox: VecDeque::new(),
            acknowledged: BTreeMap::new(),
            refused: 0,
            answer: None,
            replaced: false,
        }
    }

    pub(crate) fn cursor(&self) -> Cursor {
        Cursor { epoch: self.epoch, seq: self.last }
    }

    pub(crate) fn connected(&mut self, conn: ConnId) {
        self.conn = Some(conn);
        self.half_open = false;
        self.heard_hello = false;
    }

    pub(crate) fn disconnected(&mut self) {
        self.conn = None;
        self.answer = None;
    }

    /// Everything that was not acknowledged, in order.
    pub(crate) fn unsent(&self) -> Vec<Send> {
        self.outbox.iter().map(|(key, text)| letter(key, text)).collect()
    }

    /// Takes a frame in; tells what does not hold.
    pub(crate) fn take(&mut self, frame: &Frame) -> Result<(), String> {
        if !self.heard_hello && !matches!(frame, Frame::Hello(_)) {
            return Err("a stream does not begin with hello".into());
        }
        match frame {
            Frame::Hello(hello) => {
                self.heard_hello = true;
                self.epoch = Some(hello.epoch);
                if !hello.recovered {
                    self.screen.clear();
                }
                if !hello.recovered || self.last == 0 {
                    self.last = hello.after;
                }
                if hello.after != self.last {
                    return Err(format!(
                        "events follow {} for a cursor of {}",
                        hello.after, self.last
                    ));
                }
            }
            Frame::Event(event) => self.show(event)?,
            Frame::Ack(ack) => {
                self.outbox.retain(|(key, _)| *key != ack.key);
                let before = self.acknowledged.insert(ack.key.clone(), ack.seq);
                if before.is_some_and(|seq| seq != ack.seq) {
                    return Err(format!("two places for the key {}", ack.key));
                }
            }
            Frame::Error(error) => {
                if let Some(key) = &error.key {
                    self.outbox.retain(|(known, _)| known != key);
                    self.refused += 1;
                }
            }
            Frame::Delta(delta) => {
                self.assemble(delta.turn, delta.attempt, delta.offset, &delta.text)?
            }
            Frame::Replace(replace) => {
                self.replaced = true;
                self.answer = Some((replace.turn, replace.attempt, replace.text.clone()));
            }
            Frame::Typing(_)
            | Frame::Presence(_)
            | Frame::Read(_)
            | Frame::Pong(_)
            | Frame::Inbox(_) => {}
        }
        Ok(())
    }

    fn show(&mut self, event: &Event) -> Result<(), String> {
        if event.seq <= self.last {
            return Err(format!("seq {} is sent again after {}", event.seq, self.last));
        }
        if event.seq != self.last + 1 {
            return Err(format!("seq {} is sent after {}: a gap", event.seq, self.last));
        }
        self.last = event.seq;
        if let Some(event::Kind::Message(said)) = &event.kind
            && let Some(turn) = said.turn
        {
            self.settle(turn, said)?;
        }
        if self.screen.insert(event.seq, event.clone()).is_some() {
            return Err(format!("seq {} is shown twice", event.seq));
        }
        Ok(())
    }

    /// What was shown while it came must be how the whole answer begins.
    fn settle(&mut self, turn: u32, said: &kefu_proto::v1::Message) -> Result<(), String> {
        let Some((shown_turn, attempt, text)) = self.answer.take() else { return Ok(()) };
        let whole = said.body.as_ref().map(kefu_shared::context::plain).unwrap_or_default();
        let completed = matches!(&said.source, Some(message::Source::Provider(source)) if source.outcome() == Outcome::Completed);
        if shown_turn == turn
            && said.attempt == Some(attempt)
            && completed
            && !whole.starts_with(&text)
        {
            return Err(format!("`{text}` was shown of `{whole}`"));
        }
        Ok(())
    }

    fn assemble(&mut self, turn: u32, attempt: u32, offset: u32, text: &str) -> Result<(), String> {
        let same = self.answer.as_ref().is_some_and(|(t, a, _)| (*t, *a) == (turn, attempt));
        if !same {
            if self.answer.as_ref().is_some_and(|(t, a, _)| (*t, *a) > (turn, attempt)) {
                return Err("a delta of an older attempt".into());
            }
            self.answer = Some((turn, attempt, String::new()));
        }
        let Some((_, _, known)) = &mut self.answer else { return Ok(()) };
        let length = kefu_shared::text::utf16_len(known);
        if offset > length {
            return Err(format!("a delta at {offset} of an answer that has {length}"));
        }
        if offset == length {
            known.push_str(text);
        }
        Ok(())
    }
}

pub(crate) fn letter(key: &str, text: &str) -> Send {
    Send { key: key.into(), content: Some(send::Content::Text(text.into())) }
}
