//! Keeps one live connection through everything, one try at a time.

use crate::backoff::Backoff;
use crate::down::{Down, Then};
use crate::pace::Pace;
use crate::watchdog::{Wants, Watchdog};
use futures_util::{SinkExt, StreamExt};
use kefu_turns::PATIENCE;
use serde_json::Value;
use std::sync::Arc;
use std::time::Instant;
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

type Socket = WebSocketStream<TcpStream>;

const PING: &str = r#"{"ping":{}}"#;

/// Whom a line serves: a state machine that the line gives frames to and takes frames from.
pub trait Party: Send + Sync + 'static {
    /// Path and query to connect to, which tell the cursor.
    fn door(&self) -> String;
    /// What it shows at the door.
    fn token(&self) -> &str;
    /// Takes a frame; false when the connection is to be given up.
    fn receive(&mut self, frame: &Value, now: Instant) -> bool;
    /// What is to be sent now.
    fn due(&mut self, now: Instant) -> Vec<Value>;
    /// When the connection is to be given up, unless something comes before.
    fn gives_up(&self, pace: &Pace) -> Option<Instant>;
    /// When something becomes due.
    fn wakes(&self, now: Instant) -> Option<Instant>;
    /// The connection is gone.
    fn cut(&mut self);
}

/// How a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is making a connection, or waits before it tries again.
    Connecting,
    /// It has been greeted.
    Online,
    /// It will not try any more.
    Stopped,
}

/// A party, and how its line is.
#[derive(Debug)]
pub struct Held<P> {
    /// Whom the line serves.
    pub party: P,
    /// How it is.
    pub status: Status,
    /// How often it was greeted at a new connection.
    pub greeted: u32,
    /// Why its connections ended.
    pub downs: Vec<String>,
}

/// A line, kept until it is dropped.
#[derive(Debug)]
pub struct Line<P: Party> {
    held: Arc<watch::Sender<Held<P>>>,
    nudge: Arc<Notify>,
    task: JoinHandle<()>,
}

impl<P: Party> Line<P> {
    /// Connects to a port of this machine, and again whenever the connection ends.
    pub fn keep(party: P, port: u16, pace: Pace) -> Self {
        let held = Held { party, status: Status::Connecting, greeted: 0, downs: Vec::new() };
        let held = Arc::new(watch::Sender::new(held));
        let nudge = Arc::new(Notify::new());
        let keeper = Keeper { held: Arc::clone(&held), nudge: Arc::clone(&nudge), port, pace };
        Self { held, nudge, task: tokio::spawn(keeper.run()) }
    }

    /// Looks at the party.
    pub fn look<T>(&self, at: impl FnOnce(&Held<P>) -> T) -> T {
        at(&self.held.borrow())
    }

    /// Lets the party do something, and sends what that makes due.
    pub fn act<T>(&self, act: impl FnOnce(&mut P) -> T) -> T {
        let mut done = None;
        self.held.send_modify(|held| done = Some(act(&mut held.party)));
        self.nudge.notify_one();
        done.expect("send_modify runs what it is given")
    }

    /// Waits until it is so.
    ///
    /// # Panics
    /// When it is not so within [`PATIENCE`].
    pub async fn until(&self, what: &str, is_so: impl Fn(&Held<P>) -> bool) {
        if timeout(PATIENCE, self.until_ever(is_so)).await.is_err() {
            let held = self.held.borrow();
            panic!("not within {PATIENCE:?}: {what}; {:?} after {:?}", held.status, held.downs);
        }
    }

    /// Waits until it is so, however long that takes.
    pub async fn until_ever(&self, is_so: impl Fn(&Held<P>) -> bool) {
        // The sender lives as long as this does.
        let _ = self.held.subscribe().wait_for(|held| is_so(held)).await;
    }
}

impl<P: Party> Drop for Line<P> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Keeper<P> {
    held: Arc<watch::Sender<Held<P>>>,
    nudge: Arc<Notify>,
    port: u16,
    pace: Pace,
}

impl<P: Party> Keeper<P> {
    async fn run(self) {
        let mut backoff = Backoff::new(self.pace);
        loop {
            let down = match timeout(self.pace.hello, self.connect()).await {
                Ok(Ok(socket)) => self.serve(socket, &mut backoff).await,
                Ok(Err(down)) => down,
                Err(_) => Down::cut("no connection in time"),
            };
            let stops = down.then == Then::Stop;
            self.note(&down);
            if stops {
                return;
            }
            sleep(backoff.next(Instant::now()).max(down.retry_after)).await;
        }
    }

    async fn connect(&self) -> Result<Socket, Down> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await;
        let stream = stream.map_err(|error| Down::cut(error.to_string()))?;
        // A client that is slow to acknowledge packets would make the server wait.
        let _ = stream.set_nodelay(true);
        let (door, token) = {
            let held = self.held.borrow();
            (held.party.door(), held.party.token().to_owned())
        };
        let url = format!("ws://127.0.0.1:{}{door}", self.port);
        let mut request = url.into_client_request().expect("a request");
        let protocols = format!("kefu.v1.json, token.{token}").parse().expect("a header");
        request.headers_mut().insert("sec-websocket-protocol", protocols);
        let (socket, _) =
            client_async(request, stream).await.map_err(|error| Down::refused(&error))?;
        Ok(socket)
    }

    /// Reads and writes until the connection ends.
    async fn serve(&self, mut socket: Socket, backoff: &mut Backoff) -> Down {
        let mut watchdog = Watchdog::new(self.pace, Instant::now());
        loop {
            let next = tokio::select! {
                message = socket.next() => match message {
                    Some(Ok(message)) => self.hear(&message, &mut watchdog, backoff),
                    Some(Err(error)) => Err(Down::cut(error.to_string())),
                    None => Err(Down::cut("ended")),
                },
                () = self.nudge.notified() => Ok(self.due()),
                () = sleep_until(self.next_look(&watchdog).into()) => self.watch(&mut watchdog),
            };
            let sent = match next {
                Ok(frames) => self.send(&mut socket, frames).await,
                Err(down) => Err(down),
            };
            if let Err(down) = sent {
                return down;
            }
        }
    }

    fn hear(
        &self,
        message: &Message,
        watchdog: &mut Watchdog,
        backoff: &mut Backoff,
    ) -> Result<Vec<String>, Down> {
        let now = Instant::now();
        watchdog.life(now);
        let text = match message {
            Message::Text(text) => text,
            Message::Close(frame) => return Err(Down::closed(frame.as_ref())),
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {
                return Ok(Vec::new());
            }
        };
        let Ok(frame) = serde_json::from_str::<Value>(text) else {
            return Err(Down::cut("a frame that is not JSON"));
        };
        let mut sound = true;
        self.held.send_modify(|held| {
            if frame.get("hello").is_some() && held.status != Status::Online {
                backoff.opened(now);
                held.status = Status::Online;
                held.greeted += 1;
            }
            sound = held.party.receive(&frame, now);
        });
        if sound { Ok(self.due()) } else { Err(Down::cut("a hole that stays")) }
    }

    fn due(&self) -> Vec<String> {
        let mut frames = Vec::new();
        self.held.send_if_modified(|held| {
            frames = held.party.due(Instant::now());
            !frames.is_empty()
        });
        frames.iter().map(Value::to_string).collect()
    }

    /// When there is something to do although nothing comes.
    fn next_look(&self, watchdog: &Watchdog) -> Instant {
        let held = self.held.borrow();
        let times = [held.party.gives_up(&self.pace), held.party.wakes(Instant::now())];
        times.into_iter().flatten().fold(watchdog.at, Instant::min)
    }

    fn watch(&self, watchdog: &mut Watchdog) -> Result<Vec<String>, Down> {
        let now = Instant::now();
        if self.held.borrow().party.gives_up(&self.pace).is_some_and(|at| at <= now) {
            return Err(Down::cut("no answer in time"));
        }
        let mut frames = self.due();
        if watchdog.at <= now {
            match watchdog.wants(now) {
                Wants::Ping => frames.push(PING.into()),
                Wants::Cut => return Err(Down::cut("no sign of life")),
            }
        }
        Ok(frames)
    }

    async fn send(&self, socket: &mut Socket, frames: Vec<String>) -> Result<(), Down> {
        if frames.is_empty() {
            return Ok(());
        }
        let all = async {
            for frame in frames {
                socket.feed(Message::text(frame)).await?;
            }
            socket.flush().await
        };
        match timeout(self.pace.patience, all).await {
            Ok(sent) => sent.map_err(|error| Down::cut(error.to_string())),
            Err(_) => Err(Down::cut("nothing more can be sent")),
        }
    }

    fn note(&self, down: &Down) {
        self.held.send_modify(|held| {
            let stops = down.then == Then::Stop;
            held.status = if stops { Status::Stopped } else { Status::Connecting };
            held.downs.push(down.why.clone());
            held.party.cut();
        });
    }
}
