//! An agent's client: the inbox, and any number of conversations on one stream.

use crate::carrier::Via;
use crate::conversation::Conversation;
use crate::line::{Line, Party};
use crate::pace::Pace;
use kefu_turns::Agent;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Instant;

/// An agent's client.
pub type Console = Line<Gateway>;

/// What an agent's client holds.
#[derive(Debug, Default)]
pub struct Gateway {
    /// Entries of the inbox by conversation.
    pub inbox: BTreeMap<String, Value>,
    /// The conversations that are open.
    pub conversations: BTreeMap<String, Conversation>,
    /// How often the inbox was lost and loaded again.
    pub afresh: u32,
    token: String,
    /// The inbox's cursor.
    epoch: u64,
    revision: u64,
    live: bool,
    written: u32,
    /// Frames that open and leave conversations.
    also: Vec<Value>,
    /// How it is connected.
    via: Via,
}

impl Gateway {
    /// Opens a conversation, now and on every connection to come.
    pub fn open(&mut self, id: &str) {
        if !self.conversations.contains_key(id) {
            self.conversations.insert(id.to_owned(), Conversation::default());
            if self.live {
                self.resume(id, Instant::now());
            }
        }
    }

    /// Leaves a conversation; gives what was held of it.
    pub fn leave(&mut self, id: &str) -> Option<Conversation> {
        let left = self.conversations.remove(id);
        if left.is_some() && self.live {
            self.also.push(json!({ "conversation": id, "leave": {} }));
        }
        left
    }

    /// Writes a message in a conversation that is open; gives its key.
    ///
    /// # Panics
    /// When it is not open.
    pub fn say(&mut self, id: &str, text: &str) -> String {
        self.written += 1;
        let key = format!("a{}", self.written);
        self.conversations.get_mut(id).expect("an open conversation").say(&key, text);
        key
    }

    /// Whether all conversations show everything that was told of, and nothing is left to send.
    pub fn is_settled(&self) -> bool {
        self.is_caught_up() && self.conversations.values().all(|it| it.outbox.is_empty())
    }

    /// Whether all conversations show everything that was told of.
    pub fn is_caught_up(&self) -> bool {
        self.live && self.conversations.values().all(Conversation::is_caught_up)
    }

    fn greet(&mut self, hello: &Value, now: Instant) {
        self.live = true;
        if hello["recovered"] != true {
            self.afresh += 1;
            self.inbox.clear();
            self.revision = 0;
        }
        self.epoch = hello["epoch"].as_u64().unwrap_or(0);
        if self.via == Via::Events {
            // The request named them.
            return self.conversations.values_mut().for_each(|it| it.opening(now));
        }
        let open: Vec<_> = self.conversations.keys().cloned().collect();
        for id in open {
            self.resume(&id, now);
        }
    }

    fn resume(&mut self, id: &str, now: Instant) {
        let Some(conversation) = self.conversations.get_mut(id) else { return };
        conversation.opening(now);
        let cursor = named(conversation);
        self.also.push(json!({ "conversation": id, "resume": cursor }));
    }

    fn fold(&mut self, inbox: &Value) {
        let age = |entry: &Value| (entry["epoch"].as_u64(), entry["seq"].as_u64());
        for entry in inbox["entries"].as_array().into_iter().flatten() {
            let id = entry["conversation"].as_str().unwrap_or_default();
            if self.inbox.get(id).is_none_or(|held| age(held) <= age(entry)) {
                self.inbox.insert(id.to_owned(), entry.clone());
            }
        }
        for id in inbox["removed"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.inbox.remove(id);
        }
        self.revision = self.revision.max(inbox["revision"].as_u64().unwrap_or(0));
    }
}

/// A conversation's cursor; that of one that was never seen is the beginning.
fn named(conversation: &Conversation) -> Value {
    let mut cursor = conversation.cursor();
    if cursor["epoch"] == 0 {
        cursor["epoch"] = 1.into();
    }
    cursor
}

impl Party for Gateway {
    fn door(&mut self, via: Via) -> String {
        self.via = via;
        let mut query = match self.epoch {
            0 => Vec::new(),
            epoch => vec![format!("after={}&epoch={epoch}", self.revision)],
        };
        if via == Via::Socket {
            return format!("/v1/agent/ws?{}", query.join("&"));
        }
        for (id, conversation) in &self.conversations {
            let cursor = named(conversation);
            query.push(format!("open={id}:{}.{}", cursor["epoch"], cursor["seq"]));
        }
        format!("/v1/agent/events?{}", query.join("&"))
    }

    fn token(&self) -> &str {
        &self.token
    }

    fn receive(&mut self, frame: &Value, now: Instant) -> bool {
        let id = frame["conversation"].as_str().unwrap_or_default();
        if let Some(conversation) = self.conversations.get_mut(id) {
            return conversation.receive(frame, now);
        }
        if id.is_empty() {
            match (frame.get("hello"), frame.get("inbox")) {
                (Some(hello), _) => self.greet(hello, now),
                (None, Some(inbox)) => self.fold(inbox),
                (None, None) => {}
            }
        }
        true
    }

    fn due(&mut self, now: Instant) -> Vec<Value> {
        let mut frames = std::mem::take(&mut self.also);
        for (id, conversation) in &mut self.conversations {
            for mut frame in conversation.due(now) {
                frame["conversation"] = id.as_str().into();
                frames.push(frame);
            }
        }
        frames
    }

    fn gives_up(&self, pace: &Pace) -> Option<Instant> {
        self.conversations.values().filter_map(|it| it.gives_up(pace.patience)).min()
    }

    fn wakes(&self, now: Instant) -> Option<Instant> {
        self.conversations.values().filter_map(|it| it.wakes(now)).min()
    }

    fn cut(&mut self) {
        self.live = false;
        self.also.clear();
        self.conversations.values_mut().for_each(Conversation::cut);
    }
}

impl Line<Gateway> {
    /// Opens an agent's gateway at a port of this machine.
    pub fn enter(agent: &Agent, port: u16, pace: Pace) -> Self {
        let gateway = Gateway { token: agent.token().to_owned(), ..Gateway::default() };
        Self::keep(gateway, port, pace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inbox(seq: u64, revision: u64) -> Value {
        let entry = json!({ "conversation": "c", "epoch": 1, "seq": seq });
        json!({ "conversation": "", "inbox": { "entries": [entry], "revision": revision } })
    }

    #[test]
    fn on_every_connection_what_is_open_is_resumed_at_its_cursor() {
        let now = Instant::now();
        let mut gateway = Gateway::default();
        gateway.open("c");
        assert!(gateway.due(now).is_empty(), "there is no connection");
        let hello = json!({ "conversation": "", "hello": { "epoch": 1, "recovered": true } });
        for seq in [0, 1] {
            gateway.receive(&hello, now);
            let resume = json!({ "conversation": "c", "resume": { "epoch": 1, "seq": seq } });
            assert_eq!(gateway.due(now), [resume]);
            let hello = json!({ "epoch": 1, "seq": 1, "after": seq, "recovered": true });
            gateway.receive(&json!({ "conversation": "c", "hello": hello }), now);
            gateway.receive(&json!({ "conversation": "c", "event": { "seq": 1 } }), now);
            assert!(gateway.is_settled());
            gateway.cut();
        }
    }

    #[test]
    fn the_newer_entry_stays_whatever_comes_first_and_the_cursor_only_rises() {
        let now = Instant::now();
        let mut gateway = Gateway { epoch: 1, ..Gateway::default() };
        gateway.receive(&inbox(7, 42), now);
        gateway.receive(&inbox(5, 41), now);
        assert_eq!(gateway.inbox["c"]["seq"], 7);
        assert_eq!(gateway.door(Via::Socket), "/v1/agent/ws?after=42&epoch=1");
        let removed = json!({ "removed": ["c"], "revision": 43 });
        gateway.receive(&json!({ "conversation": "", "inbox": removed }), now);
        assert!(gateway.inbox.is_empty());
    }
}
