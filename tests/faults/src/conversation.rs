//! One conversation as a client holds it: a state machine without I/O. Frames go in, frames to be
//! sent come out.

use crate::outbox::Outbox;
use crate::screen::{Applied, Screen};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often the same hole is asked for on one connection.
const GAP_TRIES: u32 = 3;

/// One conversation as a client holds it.
#[derive(Debug, Default)]
pub struct Conversation {
    /// What is shown.
    pub screen: Screen,
    /// What is not shown yet.
    pub outbox: Outbox,
    /// What the server has acknowledged, and at which seq.
    pub acknowledged: BTreeMap<String, u64>,
    /// How often something was missing and asked for.
    pub gaps: u32,
    live: bool,
    ask: Option<Value>,
    asked: Option<Instant>,
    /// Where the last hole was, and how often it was asked for.
    hole: (Value, u32),
    /// Further frames to send, such as acts without an answer.
    also: Vec<Value>,
}

impl Conversation {
    /// One of which this is shown.
    pub(crate) fn of(screen: Screen) -> Self {
        Self { screen, ..Self::default() }
    }

    /// Writes a message.
    pub fn say(&mut self, key: &str, text: &str) {
        self.outbox.add(key, text);
    }

    /// Sends a frame, if there is a connection.
    pub fn send(&mut self, frame: Value) {
        if self.live {
            self.also.push(frame);
        }
    }

    /// Whether the connection stands and everything is shown that the server told of.
    pub fn is_caught_up(&self) -> bool {
        self.live && self.screen.is_complete()
    }

    /// The cursor, as `resume` carries it.
    pub(crate) fn cursor(&self) -> Value {
        json!({ "epoch": self.screen.epoch(), "seq": self.screen.last() })
    }

    /// It was asked for on a stream of several; its own hello comes next.
    pub(crate) fn opening(&mut self, now: Instant) {
        self.asked = Some(now);
    }

    /// The connection is gone.
    pub(crate) fn cut(&mut self) {
        self.live = false;
        self.ask = None;
        self.asked = None;
        self.hole = Default::default();
        self.also.clear();
        self.screen.cut();
        self.outbox.cut();
    }

    /// Takes a frame; false when the connection is to be given up.
    pub(crate) fn receive(&mut self, frame: &Value, now: Instant) -> bool {
        let mut sound = true;
        if let Some(hello) = frame.get("hello") {
            self.live = true;
            self.asked = None;
            self.screen.greet(hello);
        } else if let Some(event) = frame.get("event") {
            sound = self.take(event);
        } else if let Some(ack) = frame.get("ack") {
            let key = ack["key"].as_str().unwrap_or_default();
            let seq = ack["seq"].as_u64().unwrap_or(0);
            self.outbox.acked(key, seq);
            self.acknowledged.insert(key.to_owned(), seq);
        } else if let Some(delta) = frame.get("delta") {
            sound = self.piece(delta);
        } else if let Some(replace) = frame.get("replace") {
            self.screen.replace(replace);
        } else if let Some(error) = frame.get("error") {
            self.refused(error, now);
        }
        self.outbox.passed(self.screen.last());
        sound
    }

    /// What can be sent at this moment.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<Value> {
        if !self.live {
            return Vec::new();
        }
        let mut frames = std::mem::take(&mut self.also);
        if let Some(from) = self.ask.take() {
            self.asked = Some(now);
            frames.push(json!({ "resume": from }));
        }
        frames.extend(self.outbox.due(now));
        frames
    }

    /// When a live connection that owes us an answer is given up.
    pub(crate) fn gives_up(&self, patience: Duration) -> Option<Instant> {
        let since = [self.outbox.waiting_since(), self.asked];
        since.into_iter().flatten().min().map(|since| since + patience)
    }

    /// When something becomes due.
    pub(crate) fn wakes(&self, now: Instant) -> Option<Instant> {
        self.outbox.held_until(now).filter(|_| self.live)
    }

    fn take(&mut self, event: &Value) -> bool {
        match self.screen.take(event) {
            Applied::New => {
                let key = event["message"]["key"].as_str().unwrap_or_default();
                self.outbox.shown(key);
                true
            }
            Applied::Known => true,
            Applied::Gap => self.resume(self.cursor()),
        }
    }

    fn piece(&mut self, delta: &Value) -> bool {
        let Some((turn, offset)) = self.screen.piece(delta) else { return true };
        let mut from = self.cursor();
        from["turn"] = turn.into();
        from["offset"] = offset.into();
        self.resume(from)
    }

    /// Asks for what is missing, one question at a time; false when asking has not helped.
    fn resume(&mut self, from: Value) -> bool {
        if self.ask.is_some() || self.asked.is_some() {
            return true;
        }
        self.gaps += 1;
        let tries = if self.hole.0 == from { self.hole.1 + 1 } else { 1 };
        self.hole = (from.clone(), tries);
        self.ask = Some(from);
        tries <= GAP_TRIES
    }

    fn refused(&mut self, error: &Value, now: Instant) {
        let pause = Duration::from_millis(error["retryAfterMs"].as_u64().unwrap_or(1_000));
        self.outbox.refused(error["key"].as_str().unwrap_or_default(), pause, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello() -> Value {
        json!({ "hello": { "epoch": 1, "after": 0, "seq": 0, "recovered": true } })
    }

    fn event(seq: u64, key: &str) -> Value {
        json!({ "event": { "seq": seq, "message": { "key": key } } })
    }

    #[test]
    fn nothing_is_sent_before_hello_and_everything_after_it() {
        let now = Instant::now();
        let mut conversation = Conversation::default();
        conversation.say("a", "hi");
        assert!(conversation.due(now).is_empty());
        conversation.receive(&hello(), now);
        assert_eq!(conversation.due(now).len(), 1);
        assert_eq!(conversation.gives_up(Duration::ZERO), Some(now));
        conversation.receive(&event(1, "a"), now);
        assert!(conversation.outbox.is_empty() && conversation.is_caught_up());
        assert_eq!(conversation.gives_up(Duration::ZERO), None);
    }

    #[test]
    fn a_hole_is_asked_for_once_at_a_time_and_three_times_at_most() {
        let now = Instant::now();
        let mut conversation = Conversation::default();
        conversation.receive(&hello(), now);
        for _ in 0..3 {
            assert!(conversation.receive(&event(2, "b"), now));
            assert_eq!(conversation.due(now), [json!({ "resume": { "epoch": 1, "seq": 0 } })]);
            assert!(conversation.receive(&event(3, "c"), now));
            assert!(conversation.due(now).is_empty(), "it waits for the answer");
            conversation.receive(&hello(), now);
        }
        assert!(!conversation.receive(&event(2, "b"), now));
    }
}
