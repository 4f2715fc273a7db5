//! An answer that another process is writing, as it is heard from there before it is saved.
//!
//! What is heard may come before the record that it belongs to, twice, or with gaps: pieces are
//! joined where they fit, and spliced into what is saved. Readers here see text once and in order,
//! and never less than before.

use super::super::{Conversation, Step};
use super::stream::{delta, replace};
use super::{AttemptId, Turns};
use crate::text::{from_utf16_offset, utf16_len};
use kefu_proto::v1::server_frame::Frame;

/// What is kept of an answer that was heard, in bytes.
const MOST: usize = 1024 * 1024;

/// What was heard of an answer, and what of it readers here have seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    of: Option<AttemptId>,
    /// Where the heard text begins in the answer, in UTF-16 code units.
    start: u32,
    text: String,
    /// How much of the answer readers here have seen, in UTF-16 code units.
    shown: u32,
    /// Whether a reader has less than that: the next piece brings everything.
    behind: bool,
}

impl Heard {
    /// A piece at an offset.
    fn add(&mut self, id: AttemptId, offset: u32, text: &str) {
        self.turn_to(id);
        if self.text.len() + text.len() > MOST {
            return;
        }
        let end = self.start + utf16_len(&self.text);
        let fits_better = self.start > self.shown && offset <= self.shown;
        if offset > end || fits_better {
            // Something is missing: what is saved will have it.
            (self.start, self.text) = (offset, text.to_owned());
        } else if offset >= self.start {
            let (_, rest) = from_utf16_offset(text, end - offset);
            self.text.push_str(rest);
        }
    }

    /// The answer is to be this one. Nothing of it was shown here yet.
    fn replace(&mut self, id: AttemptId, text: &str) {
        self.turn_to(id);
        (self.start, self.text, self.shown) = (0, text.to_owned(), 0);
    }

    fn turn_to(&mut self, id: AttemptId) {
        if self.of != Some(id) {
            *self = Self { of: Some(id), ..Self::default() };
        }
    }

    /// What is known of an answer of which `saved` is saved.
    fn whole(&self, id: AttemptId, saved: &str) -> String {
        let units = utf16_len(saved);
        if self.of != Some(id) || self.start > units {
            return saved.to_owned();
        }
        let (_, after) = from_utf16_offset(saved, self.start);
        let before = saved.get(..saved.len() - after.len()).unwrap_or_default();
        let heard = format!("{before}{}", self.text);
        if utf16_len(&heard) >= units { heard } else { saved.to_owned() }
    }
}

impl Conversation {
    /// Another process that has the turn showed this to its readers.
    pub(in super::super) fn relayed(&mut self, frame: &Frame, step: &mut Step) {
        match frame {
            Frame::Delta(piece) => {
                let id = AttemptId { turn: piece.turn, attempt: piece.attempt };
                self.turns.heard.add(id, piece.offset, &piece.text);
                self.turns.show_elsewhere(step);
            }
            Frame::Replace(whole) => {
                let id = AttemptId { turn: whole.turn, attempt: whole.attempt };
                self.turns.heard.replace(id, &whole.text);
                if self.turns.running_elsewhere() == Some(id) {
                    self.turns.heard.shown = utf16_len(&whole.text);
                    step.send(self.turns.audience(), frame.clone());
                }
            }
            Frame::Hello(_)
            | Frame::Event(_)
            | Frame::Ack(_)
            | Frame::Typing(_)
            | Frame::Presence(_)
            | Frame::Read(_)
            | Frame::Error(_)
            | Frame::Pong(_)
            | Frame::Inbox(_)
            | Frame::Queued(_)
            | Frame::Provider(_) => {}
        }
    }
}

impl Turns {
    /// Shows readers here what they lack of another process's answer.
    pub(in super::super) fn show_elsewhere(&mut self, step: &mut Step) {
        let Some(id) = self.running_elsewhere() else { return };
        let whole = self.text_elsewhere();
        self.heard.turn_to(id);
        let (offset, rest) = from_utf16_offset(&whole, self.heard.shown);
        if rest.is_empty() {
            return;
        }
        let frame = if offset == 0 || std::mem::take(&mut self.heard.behind) {
            replace(id, whole.clone())
        } else {
            delta(id, offset, rest.to_owned())
        };
        self.heard.shown = utf16_len(&whole);
        step.send(self.audience(), frame);
    }

    /// The attempt that another process has under way.
    pub(super) fn running_elsewhere(&self) -> Option<AttemptId> {
        self.elsewhere.as_ref().and(self.record.running.as_ref())?;
        Some(AttemptId { turn: self.record.turn, attempt: self.record.attempt })
    }

    /// What is known of its text: saved or heard.
    pub(super) fn text_elsewhere(&self) -> String {
        let saved = self.record.running.as_ref().map_or("", |running| running.text.as_str());
        match self.running_elsewhere() {
            Some(id) => self.heard.whole(id, saved),
            None => saved.to_owned(),
        }
    }

    /// The frame that brings a new reader into it, as far as all others are.
    pub(super) fn joined_elsewhere(&mut self) -> Option<Frame> {
        let id = self.running_elsewhere()?;
        let whole = self.text_elsewhere();
        let shown = if self.heard.of == Some(id) { self.heard.shown } else { u32::MAX };
        // What was shown may have been heard before a gap, and is not saved yet.
        self.heard.behind |= self.heard.of == Some(id) && utf16_len(&whole) < shown;
        let (_, rest) = from_utf16_offset(&whole, shown);
        let shown = whole.get(..whole.len() - rest.len()).unwrap_or_default();
        (!shown.is_empty()).then(|| replace(id, shown.to_owned()))
    }
}
