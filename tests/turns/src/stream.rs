//! What a client hears of its conversation, frame by frame.

use crate::screen::Screen;
use crate::soon;
use crate::visitor::Visitor;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use reqwest::Response;
use serde_json::{Value, json};
use std::time::Instant;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{
    UnboundedReceiver, UnboundedSender, WeakUnboundedSender, unbounded_channel,
};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response as Handshake;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A stream of a conversation, over either transport, and the screen that it keeps.
#[derive(Debug)]
pub struct Stream {
    frames: UnboundedReceiver<(Instant, Value)>,
    way: Way,
    /// What its reader sees.
    pub screen: Screen,
    /// When each frame came, and the frame.
    pub heard: Vec<(Instant, Value)>,
    /// How many of them came up to the last question, or the last answer that was asked for.
    answered: usize,
}

/// The way back to the host.
#[derive(Debug)]
enum Way {
    Socket(Box<SplitSink<Socket, Message>>),
    /// By POSTs; what comes of a message is heard as on a socket, for as long as the host is.
    Posts(Visitor, WeakUnboundedSender<(Instant, Value)>),
    None,
}

impl Stream {
    pub(crate) fn of_socket(socket: Socket) -> Self {
        let (sink, mut source) = socket.split();
        let (heard, frames) = unbounded_channel();
        tokio::spawn(async move {
            while let Some(Ok(message)) = source.next().await {
                if let Message::Text(text) = message {
                    hear(&heard, text.as_str());
                }
            }
        });
        Self::new(frames, Way::Socket(Box::new(sink)))
    }

    /// One that also takes frames, as where a host has no sockets.
    pub(crate) fn of_events_and_posts(response: Response, visitor: &Visitor) -> Self {
        let (heard, frames) = unbounded_channel();
        let way = Way::Posts(visitor.clone(), heard.downgrade());
        Self::read(response, heard);
        Self::new(frames, way)
    }

    pub(crate) fn of_events(response: Response) -> Self {
        let (heard, frames) = unbounded_channel();
        Self::read(response, heard);
        Self::new(frames, Way::None)
    }

    fn read(mut response: Response, heard: UnboundedSender<(Instant, Value)>) {
        tokio::spawn(async move {
            let mut bytes = Vec::new();
            while let Ok(Some(chunk)) = response.chunk().await {
                bytes.extend_from_slice(&chunk);
                while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = bytes.drain(..=end).collect();
                    let line = String::from_utf8(line).expect("UTF-8");
                    line.strip_prefix("data:").into_iter().for_each(|data| hear(&heard, data));
                }
            }
        });
    }

    fn new(frames: UnboundedReceiver<(Instant, Value)>, way: Way) -> Self {
        Self { frames, way, screen: Screen::default(), heard: Vec::new(), answered: 0 }
    }

    /// Sends a frame.
    ///
    /// # Panics
    /// When the socket is closed, or the stream has no way back.
    pub async fn send(&mut self, frame: &Value) {
        match &mut self.way {
            Way::Socket(sink) => {
                sink.send(Message::text(frame.to_string())).await.expect("an open socket");
            }
            Way::Posts(visitor, heard) => post(visitor, heard, frame).await,
            Way::None => panic!("the stream has no way back"),
        }
    }

    /// Sends a message and waits until it is acknowledged; gives its seq.
    pub async fn say(&mut self, key: &str, text: &str) -> u64 {
        self.answered = self.heard.len();
        self.send(&json!({ "send": { "key": key, "text": text } })).await;
        let ack = self.until("ack", |frame| frame["ack"]["key"] == key).await;
        ack["ack"]["seq"].as_u64().expect("a seq")
    }

    /// The next frame that is of this kind and as wanted; those before it are shown too.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn until(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let what = format!("a frame `{kind}`");
        loop {
            let next = soon(&what, self.frames.recv()).await;
            let (at, frame) = next.unwrap_or_else(|| panic!("closed before {what}"));
            self.screen.show(&frame);
            self.heard.push((at, frame.clone()));
            if frame.get(kind).is_some() && wanted(&frame) {
                return frame;
            }
        }
    }

    /// The bot's next message, as it is logged: the first after the last question or answer. Where
    /// messages are posted, it may come before the acknowledgement of its question.
    pub async fn answer(&mut self) -> Value {
        let by_bot = |frame: &Value| frame["event"]["message"]["author"]["role"] == "BOT";
        let mut unseen = self.heard.iter().enumerate().skip(self.answered);
        let known = unseen.find(|(_, (_, frame))| by_bot(frame));
        let known = known.map(|(number, (_, frame))| (number + 1, frame.clone()));
        let frame = match known {
            Some((number, frame)) => {
                self.answered = number;
                frame
            }
            None => {
                let frame = self.until("event", by_bot).await;
                self.answered = self.heard.len();
                frame
            }
        };
        frame["event"].clone()
    }

    /// Reads on until this much of an answer shows.
    pub async fn shows(&mut self, text: &str) {
        while !self.screen.answer().starts_with(text) {
            self.until_any().await;
        }
    }

    /// The answer's frames that came so far, with the moments.
    pub fn deltas(&self) -> Vec<(Instant, Value)> {
        let delta = |(at, frame): &(Instant, Value)| Some((*at, frame.get("delta")?.clone()));
        self.heard.iter().filter_map(delta).collect()
    }

    /// Reads until the host is gone.
    pub async fn until_closed(&mut self) {
        while let Some((at, frame)) = soon("the end of a stream", self.frames.recv()).await {
            self.screen.show(&frame);
            self.heard.push((at, frame));
        }
    }

    async fn until_any(&mut self) {
        let next = soon("a frame", self.frames.recv()).await;
        let (at, frame) = next.expect("an open stream");
        self.screen.show(&frame);
        self.heard.push((at, frame));
    }
}

/// Asks for a socket of JSON frames.
pub(crate) async fn knock(url: &str, token: &str) -> Result<(Socket, Handshake), Error> {
    let mut request = url.into_client_request().expect("a request");
    let protocols = format!("kefu.v1.json, token.{token}");
    request.headers_mut().insert("sec-websocket-protocol", protocols.parse().expect("a header"));
    connect_async(request).await
}

/// Sends a frame as a POST; what comes of a message is the frame that a socket would bring.
async fn post(visitor: &Visitor, heard: &WeakUnboundedSender<(Instant, Value)>, frame: &Value) {
    let (kind, body) = frame.as_object().and_then(|it| it.iter().next()).expect("a frame");
    if kind != "send" {
        visitor.act(kind, body).await;
        return;
    }
    let (status, mut told) = visitor.act("messages", body).await;
    told["key"] = body["key"].clone();
    let told = json!({ if status == 202 { "ack" } else { "error" }: told });
    if let Some(heard) = heard.upgrade() {
        // Whoever listened may have heard enough.
        let _ = heard.send((Instant::now(), told));
    }
}

fn hear(heard: &UnboundedSender<(Instant, Value)>, data: &str) {
    let frame = serde_json::from_str(data).expect("a frame in JSON");
    // Whoever listened may have heard enough.
    let _ = heard.send((Instant::now(), frame));
}
