//! A visitor's client: one conversation on a socket of its own.

use crate::carrier::Via;
use crate::conversation::Conversation;
use crate::line::{Held, Line, Party};
use crate::pace::Pace;
use crate::screen::{Faults, Screen};
use kefu_turns::Visitor;
use serde_json::Value;
use std::ops::{Deref, DerefMut};
use std::time::Instant;

/// A visitor's client.
pub type Client = Line<Chat>;

/// What a visitor's client holds.
#[derive(Debug)]
pub struct Chat {
    conversation: Conversation,
    id: String,
    token: String,
    written: Vec<String>,
    /// How it is connected.
    via: Via,
}

impl Chat {
    /// Writes a message; gives its key.
    pub fn say(&mut self, text: &str) -> String {
        let key = format!("k{}", self.written.len() + 1);
        self.conversation.say(&key, text);
        self.written.push(key.clone());
        key
    }

    /// The keys of all messages, in the order in which they were written.
    pub fn written(&self) -> &[String] {
        &self.written
    }
}

impl Deref for Chat {
    type Target = Conversation;

    fn deref(&self) -> &Conversation {
        &self.conversation
    }
}

impl DerefMut for Chat {
    fn deref_mut(&mut self) -> &mut Conversation {
        &mut self.conversation
    }
}

impl Party for Chat {
    fn door(&mut self, via: Via) -> String {
        self.via = via;
        let screen = &self.conversation.screen;
        let epoch = match screen.epoch() {
            0 => String::new(),
            epoch => format!("&epoch={epoch}"),
        };
        let name = match via {
            Via::Socket => "ws",
            Via::Events => "events",
        };
        format!("/v1/conversations/{}/{name}?after={}{epoch}", self.id, screen.last())
    }

    fn token(&self) -> &str {
        &self.token
    }

    fn receive(&mut self, frame: &Value, now: Instant) -> bool {
        self.conversation.receive(frame, now)
    }

    fn due(&mut self, now: Instant) -> Vec<Value> {
        let mut frames = self.conversation.due(now);
        if self.via == Via::Events {
            // A POST goes to a conversation.
            frames.iter_mut().for_each(|frame| frame["conversation"] = self.id.as_str().into());
        }
        frames
    }

    fn gives_up(&self, pace: &Pace) -> Option<Instant> {
        self.conversation.gives_up(pace.patience)
    }

    fn wakes(&self, now: Instant) -> Option<Instant> {
        self.conversation.wakes(now)
    }

    fn cut(&mut self) {
        self.conversation.cut();
    }
}

impl Line<Chat> {
    /// Opens a visitor's conversation at a port of this machine.
    pub fn open(visitor: &Visitor, port: u16, pace: Pace) -> Self {
        Self::go_on(visitor, port, pace, Screen::default())
    }

    /// Goes on with what another client showed, or with less of it.
    pub fn go_on(visitor: &Visitor, port: u16, pace: Pace, screen: Screen) -> Self {
        let chat = Chat {
            conversation: Conversation::of(screen),
            id: visitor.conversation().to_owned(),
            token: visitor.token().to_owned(),
            written: Vec::new(),
            via: Via::default(),
        };
        Self::keep(chat, port, pace)
    }

    /// Writes a message; gives its key.
    pub fn say(&self, text: &str) -> String {
        self.act(|chat| chat.say(text))
    }

    /// Waits until the connection stands, everything is shown and nothing is left to be sent.
    pub async fn settled(&self) {
        self.until("everything is sent and shown", is_settled).await;
    }

    /// Waits for the bot's answer to the newest message; gives the event.
    pub async fn answered(&self) -> Value {
        self.until("an answer", |held| is_settled(held) && held.party.has_answer()).await;
        self.look(|held| held.party.screen.bot_said().cloned().expect("an answer"))
    }

    /// Waits until this much of an answer shows.
    pub async fn shows(&self, text: &str) {
        let shows = |held: &Held<Chat>| held.party.screen.answer().starts_with(text);
        self.until(&format!("an answer that begins with {text:?}"), shows).await;
    }

    /// Waits until it shows what the log has: what others say may take a moment to arrive.
    pub async fn shows_upto(&self, log: &[Value]) {
        let upto = log.len() as u64;
        self.until("the whole log", |held| held.party.screen.last() >= upto).await;
    }

    /// Compares the screen with the server.
    ///
    /// # Panics
    /// When the screen shows something else than the log, something twice, or AI text where a
    /// person was to answer, or when a message was not logged in the order of writing.
    pub async fn check(&self, visitor: &Visitor) {
        self.settled().await;
        let log = whole_log(visitor).await;
        self.shows_upto(&log).await;
        self.look(|held| {
            let screen = &held.party.screen;
            assert_eq!(screen.events, log[screen.base()..], "the screen is not the log");
            assert_eq!(screen.faults, Faults::default());
            assert_eq!(keys(&log), held.party.written, "after {:?}", held.downs);
        });
    }
}

/// A conversation's log, page by page.
///
/// # Panics
/// When it cannot be read, or a page does not go on where the last one ended.
pub async fn whole_log(visitor: &Visitor) -> Vec<Value> {
    let mut log = Vec::new();
    loop {
        let page = visitor.page(&format!("after={}", log.len())).await;
        let events = page["events"].as_array().expect("events");
        if events.is_empty() {
            return log;
        }
        assert_eq!(events[0]["seq"], log.len() as u64 + 1, "the log has a hole");
        log.extend_from_slice(events);
    }
}

impl Chat {
    /// Whether the visitor's last message was answered by the bot.
    fn has_answer(&self) -> bool {
        self.last_word().is_some_and(|role| role == "BOT")
    }

    /// Whether somebody answered the visitor's last message, or took it over.
    pub fn is_answered(&self) -> bool {
        self.last_word().is_none_or(|role| role != "VISITOR") || self.screen.has_person()
    }

    /// Who spoke last; an owner change speaks for itself.
    fn last_word(&self) -> Option<&str> {
        let mut newest = self.screen.events.iter().rev();
        newest.find_map(|event| {
            let role = event["message"]["author"]["role"].as_str();
            let role = role.or_else(|| event["owner"].is_object().then_some("OWNER"));
            role.filter(|role| *role != "SYSTEM")
        })
    }
}

fn is_settled(held: &Held<Chat>) -> bool {
    held.party.is_caught_up() && held.party.outbox.is_empty()
}

/// The keys of a log's messages.
fn keys(log: &[Value]) -> Vec<&str> {
    log.iter().filter_map(|event| event["message"]["key"].as_str()).collect()
}
