//! What carries frames: a WebSocket, or where a host has none, server-sent events and POSTs.

use crate::down::Down;
use crate::events::Events;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

type Socket = WebSocketStream<TcpStream>;

const PING: &str = r#"{"ping":{}}"#;
/// The status of a host that has no WebSockets.
const NO_SOCKETS: u16 = 426;

/// How frames are carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Via {
    /// By a WebSocket.
    #[default]
    Socket,
    /// By server-sent events, and by POSTs the other way.
    Events,
}

/// A connection of either kind.
pub(crate) enum Carrier {
    Socket(Box<Socket>),
    Events(Events),
}

/// What arrived.
pub(crate) enum Heard {
    Frame(Value),
    /// A sign of life that says nothing else.
    Life,
}

/// Why there is no connection.
pub(crate) enum Refused {
    /// The host does not speak that.
    NotSpoken,
    Down(Down),
}

/// Where to connect to, and with what.
pub(crate) struct Door {
    pub(crate) port: u16,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) token: String,
}

impl Carrier {
    pub(crate) async fn connect(via: Via, door: Door) -> Result<Self, Refused> {
        match via {
            Via::Socket => Ok(Self::Socket(Box::new(socket(door).await?))),
            Via::Events => Events::open(door).await.map(Self::Events).map_err(Refused::Down),
        }
    }

    /// What arrives next. It may be dropped while it waits.
    pub(crate) async fn next(&mut self) -> Result<Heard, Down> {
        match self {
            Self::Socket(socket) => match socket.next().await {
                Some(Ok(message)) => heard(&message),
                Some(Err(error)) => Err(Down::cut(error.to_string())),
                None => Err(Down::cut("ended")),
            },
            Self::Events(events) => events.next().await,
        }
    }

    /// Sends frames; `path` is where to go on from, for a stream that has to be opened again.
    pub(crate) async fn send(
        &mut self,
        frames: Vec<Value>,
        path: impl FnOnce() -> String,
    ) -> Result<(), Down> {
        match self {
            Self::Socket(socket) => {
                let sent = async {
                    for frame in frames {
                        socket.feed(Message::text(frame.to_string())).await?;
                    }
                    socket.flush().await
                };
                sent.await.map_err(|error: Error| Down::cut(error.to_string()))
            }
            Self::Events(events) => events.send(frames, path).await,
        }
    }

    /// Asks for a sign of life, where that can be asked for.
    pub(crate) async fn ping(&mut self) -> Result<(), Down> {
        let Self::Socket(socket) = self else { return Ok(()) };
        socket.send(Message::text(PING)).await.map_err(|error| Down::cut(error.to_string()))
    }
}

async fn socket(door: Door) -> Result<Socket, Refused> {
    let cut = |error: std::io::Error| Refused::Down(Down::cut(error.to_string()));
    let stream = TcpStream::connect(("127.0.0.1", door.port)).await.map_err(cut)?;
    // A client that is slow to acknowledge packets would make the server wait.
    let _ = stream.set_nodelay(true);
    let url = format!("ws://127.0.0.1:{}{}", door.port, door.path);
    let mut request = url.into_client_request().expect("a request");
    let protocols = format!("kefu.v1.json, token.{}", door.token).parse().expect("a header");
    request.headers_mut().insert("sec-websocket-protocol", protocols);
    match client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) if response.status() == NO_SOCKETS => Err(Refused::NotSpoken),
        Err(error) => Err(Refused::Down(Down::refused(&error))),
    }
}

fn heard(message: &Message) -> Result<Heard, Down> {
    match message {
        Message::Text(text) => frame(text),
        Message::Close(frame) => Err(Down::closed(frame.as_ref())),
        Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {
            Ok(Heard::Life)
        }
    }
}

/// A frame from its JSON.
pub(crate) fn frame(text: &str) -> Result<Heard, Down> {
    serde_json::from_str(text).map(Heard::Frame).map_err(|_| Down::cut("a frame that is not JSON"))
}
