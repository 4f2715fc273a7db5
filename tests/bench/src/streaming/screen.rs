//! What a visitor sees of the answers, over a socket or, where the host has none, over events.

use super::source::TOKEN;
use crate::kefu::Visitor;
use crate::room::{self, Socket};
use anyhow::{Result, ensure};
use futures_util::StreamExt;
use kefu_test_host::Running;
use reqwest::{Client, Response};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;
use tokio_tungstenite::tungstenite::Message;

/// The screen of one visitor.
#[derive(Default)]
pub(crate) struct Screen {
    text: RefCell<String>,
    /// The answer as it was logged.
    logged: RefCell<String>,
    /// When each token was whole.
    moments: RefCell<Vec<Instant>>,
    frames: Cell<u64>,
}

/// The parts of a server's frame that are looked at.
#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    #[serde(borrow)]
    event: Option<Event<'a>>,
    #[serde(borrow)]
    replace: Option<Text<'a>>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    offset: usize,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    message: Option<Said<'a>>,
}

#[derive(Deserialize)]
struct Said<'a> {
    author: Author,
    #[serde(borrow)]
    body: Body<'a>,
}

#[derive(Deserialize)]
struct Author {
    role: String,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Text<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

impl Screen {
    /// Opens a visitor's stream and keeps reading it.
    ///
    /// # Errors
    /// When it is refused.
    pub(crate) async fn open(running: &Running, visitor: &Visitor) -> Result<Rc<Self>> {
        let screen = Rc::<Self>::default();
        if let Running::Workerd(workerd) = running {
            let (socket, _) = room::connect(workerd.port(), &visitor.door()).await?;
            tokio::task::spawn_local(screen.clone().watch(socket));
        } else {
            let get = Client::new().get(running.url() + &visitor.path("events?after=0"));
            let get = get.bearer_auth(&visitor.token).header("accept", "text/event-stream");
            let response = get.send().await?;
            ensure!(response.status() == 200, "events: {}", response.status());
            tokio::task::spawn_local(screen.clone().hear(response));
        }
        Ok(screen)
    }

    pub(crate) fn clear(&self) {
        self.text.borrow_mut().clear();
        self.logged.borrow_mut().clear();
        self.moments.borrow_mut().clear();
        self.frames.set(0);
    }

    /// Whether an answer was shown, and then logged, as it was written.
    pub(crate) fn shows(&self, written: &str) -> bool {
        let written = written.trim_end();
        let is_it = |text: &RefCell<String>| text.borrow().trim_end() == written;
        is_it(&self.text) && is_it(&self.logged)
    }

    /// Of the tokens that were shown, what the provider's clock said when it wrote them, in µs, and
    /// when they were shown.
    pub(crate) fn tokens(&self) -> Vec<(u64, Instant)> {
        let (text, moments) = (self.text.borrow(), self.moments.borrow());
        let written = text
            .as_bytes()
            .chunks(TOKEN)
            .filter_map(|token| std::str::from_utf8(token).ok()?.trim_end().parse().ok());
        written.zip(moments.iter().copied()).collect()
    }

    /// Frames with text.
    pub(crate) fn frames(&self) -> u64 {
        self.frames.get()
    }

    async fn watch(self: Rc<Self>, mut socket: Socket) {
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Text(text) = message {
                self.show(&text);
            }
        }
        eprintln!("a socket ended");
    }

    async fn hear(self: Rc<Self>, mut response: Response) {
        let mut bytes = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            bytes.extend_from_slice(&chunk);
            while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = bytes.drain(..=end).collect();
                let line = String::from_utf8_lossy(&line);
                line.strip_prefix("data:").into_iter().for_each(|data| self.show(data));
            }
        }
        eprintln!("a stream ended");
    }

    fn show(&self, frame: &str) {
        let now = Instant::now();
        match serde_json::from_str::<Frame<'_>>(frame) {
            Ok(Frame { delta: Some(delta), .. }) => self.put(delta.offset, &delta.text, now),
            Ok(Frame { replace: Some(all), .. }) => {
                self.text.borrow_mut().clear();
                self.put(0, &all.text, now);
            }
            Ok(Frame { event: Some(Event { message: Some(said) }), .. }) => self.said(said, now),
            Ok(Frame { error: None, .. }) => {}
            Ok(_) | Err(_) => eprintln!("an unexpected frame: {frame}"),
        }
    }

    /// What does not follow what is shown shows as an answer that is not whole.
    fn put(&self, offset: usize, more: &str, now: Instant) {
        let mut text = self.text.borrow_mut();
        if offset == text.len() {
            text.push_str(more);
        }
        // The last blank may be left out.
        let tokens = (text.len() + 1) / TOKEN;
        self.frames.set(self.frames.get() + 1);
        self.moments.borrow_mut().resize(tokens, now);
    }

    /// The event shows what no frame showed before: it comes at once, and not after 25 ms.
    fn said(&self, said: Said<'_>, now: Instant) {
        if let (Some(Text { text: all }), "BOT") = (said.body.text, said.author.role.as_str()) {
            let shown = self.text.borrow().len();
            self.put(shown, all.get(shown..).unwrap_or_default(), now);
            *self.logged.borrow_mut() = all.into_owned();
        }
    }
}
