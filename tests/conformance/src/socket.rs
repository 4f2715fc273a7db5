//! WebSockets, in both subprotocols. Frames are written and read as JSON, whatever goes over the
//! wire.

use crate::{Answer, Host, PATIENCE};
use futures_util::{SinkExt, StreamExt};
use kefu_proto::v1::{ClientFrame, ServerFrame};
use kefu_proto::{Encode, SUBPROTOCOL_JSON, SUBPROTOCOL_PROTO};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// The key of a message that says nothing.
const BARRIER: &str = "barrier";

/// How frames go over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Text frames.
    Json,
    /// Binary frames.
    Proto,
}

impl Framing {
    /// Both, for tests that hold for each.
    pub const BOTH: [Self; 2] = [Self::Json, Self::Proto];

    /// The subprotocol's name.
    pub fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => SUBPROTOCOL_JSON,
            Self::Proto => SUBPROTOCOL_PROTO,
        }
    }
}

/// A WebSocket that is to be opened.
#[derive(Clone, Debug)]
pub struct Dial {
    host: Host,
    path: String,
    query: String,
    offered: Vec<String>,
    headers: Vec<(&'static str, String)>,
}

impl Dial {
    /// Without a subprotocol and without a token.
    pub fn new(host: &Host, path: &str) -> Self {
        let (host, path) = (host.clone(), path.to_owned());
        Self { host, path, query: String::new(), offered: Vec::new(), headers: Vec::new() }
    }

    /// With one more subprotocol.
    #[must_use]
    pub fn offer(mut self, subprotocol: &str) -> Self {
        self.offered.push(subprotocol.to_owned());
        self
    }

    /// With a token as a browser sends it.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.offer(&format!("token.{token}"))
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// From a cursor.
    #[must_use]
    pub fn query(mut self, query: &str) -> Self {
        self.query = query.to_owned();
        self
    }

    /// Opens it; the host must agree to the subprotocol of `framing`.
    pub async fn open(self, framing: Framing) -> Socket {
        let (stream, agreed) = self.connect().await.unwrap_or_else(|answer| panic!("{answer:?}"));
        assert_eq!(agreed.as_deref(), Some(framing.subprotocol()));
        Socket { stream, framing }
    }

    /// The answer of a host that does not open it.
    pub async fn refused(self) -> Answer {
        match self.connect().await {
            Ok(_) => panic!("the socket was opened"),
            Err(answer) => answer,
        }
    }

    async fn connect(self) -> Result<(Stream, Option<String>), Answer> {
        let base = self.host.base().replacen("http", "ws", 1);
        let mut request =
            format!("{base}{}?{}", self.path, self.query).into_client_request().unwrap();
        let headers = request.headers_mut();
        if !self.offered.is_empty() {
            let offered = HeaderValue::from_str(&self.offered.join(", ")).unwrap();
            headers.insert("sec-websocket-protocol", offered);
        }
        for (name, value) in &self.headers {
            headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        match timeout(PATIENCE, connect_async(request)).await.expect("no handshake") {
            Ok((stream, response)) => {
                let agreed = response.headers().get("sec-websocket-protocol");
                Ok((stream, agreed.map(|agreed| agreed.to_str().unwrap().to_owned())))
            }
            // Its body is read over plain HTTP: the library does not wait for all of it.
            Err(Error::Http(_) | Error::Protocol(_)) => Err(self.as_request().await),
            Err(error) => panic!("{error}"),
        }
    }

    /// The same handshake, for its refusal.
    async fn as_request(&self) -> Answer {
        let path = format!("{}?{}", self.path, self.query);
        let mut request = self
            .host
            .request(Method::GET, &path)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        if !self.offered.is_empty() {
            request = request.header("sec-websocket-protocol", self.offered.join(", "));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        Answer::of(request).await
    }
}

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// An open WebSocket.
#[derive(Debug)]
pub struct Socket {
    stream: Stream,
    framing: Framing,
}

impl Socket {
    /// Sends a `ClientFrame`.
    pub async fn send(&mut self, frame: &Value) {
        let message = match self.framing {
            Framing::Json => Message::text(frame.to_string()),
            Framing::Proto => {
                let frame: ClientFrame = serde_json::from_value(frame.clone()).unwrap();
                Message::binary(frame.encode_to_vec())
            }
        };
        self.send_raw(message).await;
    }

    /// Sends a frame as it is.
    pub async fn send_raw(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// The next message as it came.
    pub async fn raw(&mut self) -> Message {
        let next = timeout(PATIENCE, self.stream.next()).await.expect("no frame comes");
        next.expect("the socket ended").unwrap()
    }

    /// The next `ServerFrame`.
    pub async fn next(&mut self) -> Value {
        let raw = self.raw().await;
        match (&raw, self.framing) {
            (Message::Text(text), Framing::Json) => serde_json::from_str(text).unwrap(),
            (Message::Binary(bytes), Framing::Proto) => {
                let frame = ServerFrame::decode(bytes.as_ref()).unwrap();
                serde_json::to_value(frame).unwrap()
            }
            _ => panic!("not a frame of {}: {raw:?}", self.framing.subprotocol()),
        }
    }

    /// What the next frame says, which must be of that kind. What the queue tells comes when it
    /// comes: it is left out unless it is what is expected.
    pub async fn expect(&mut self, kind: &str) -> Value {
        let mut frame = self.next().await;
        while kind != "queued" && frame.get("queued").is_some() {
            frame = self.next().await;
        }
        assert!(frame.get(kind).is_some(), "{kind} is expected: {frame}");
        frame[kind].take()
    }

    /// What the next frame of that kind says; others are skipped.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let mut frame = self.next().await;
            if frame.get(kind).is_some() {
                return frame[kind].take();
            }
        }
    }

    /// The next events of the log, up to the one with that seq.
    pub async fn events_to(&mut self, last: u64) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.until("event").await;
            let seq = event["seq"].as_u64().unwrap();
            events.push(event);
            if seq >= last {
                return events;
            }
        }
    }

    /// Everything that the host has sent to this socket so far, as far as it was not read. What
    /// the desk tells of the queue is left out: it comes when it comes.
    pub async fn drained(&mut self) -> Vec<Value> {
        // Frames are answered in order: what this refusal comes after was sent before.
        self.send(&json!({"send": {"key": BARRIER}})).await;
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await;
            if frame["error"]["key"] == BARRIER {
                return frames;
            }
            if frame.get("queued").is_none() {
                frames.push(frame);
            }
        }
    }

    /// The close code, once the host has closed it.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            if let Message::Close(frame) = self.raw().await {
                return frame.expect("a close without a code").code.into();
            }
        }
    }

    /// Closes it from this side and waits until the host has answered.
    pub async fn close(mut self) {
        self.stream.close(None).await.unwrap();
        let rest = async { while let Some(Ok(_)) = self.stream.next().await {} };
        timeout(PATIENCE, rest).await.expect("the host does not answer the close");
    }
}
