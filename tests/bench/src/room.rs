//! A conversation as its clients see it: one socket that sends and one that reads along.

use crate::contender::Door;
use crate::tally::Tally;
use anyhow::{Context, Result};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// The measurement that is running, shared by all rooms.
pub(crate) type Shared = Rc<RefCell<Tally>>;
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// A conversation under load.
pub(crate) struct Room {
    number: usize,
    shows: bool,
    orders: UnboundedSender<Order>,
    next: Cell<u64>,
    under_way: RefCell<BTreeMap<u64, UnderWay>>,
    tally: RefCell<Shared>,
    /// Messages that follow by themselves, each as soon as an earlier one is done.
    to_follow: Cell<u64>,
}

struct Order {
    number: u64,
}

struct UnderWay {
    due: Instant,
    acked: bool,
    seen: bool,
}

/// The parts of a server's frame that are looked at.
#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow)]
    ack: Option<Ack<'a>>,
    #[serde(borrow)]
    event: Option<Event<'a>>,
    error: Option<IgnoredAny>,
    hello: Option<Hello>,
}

#[derive(Deserialize)]
struct Ack<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    duplicate: bool,
}

#[derive(Deserialize)]
struct Event<'a> {
    seq: u32,
    #[serde(borrow)]
    message: Option<Said<'a>>,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    key: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Hello {
    #[serde(default)]
    after: u32,
}

impl Room {
    /// Opens both sockets and keeps reading them in tasks of their own.
    ///
    /// # Errors
    /// When a socket is refused or does not say hello.
    pub(crate) async fn enter(
        number: usize,
        port: u16,
        door: &Door,
        shows: bool,
        tally: &Shared,
    ) -> Result<Rc<Self>> {
        let (sender, seq) = connect(port, door).await?;
        let (reader, same_seq) = connect(port, door).await?;
        let (orders, queue) = unbounded_channel();
        let room = Rc::new(Self {
            number,
            shows,
            orders,
            next: Cell::new(0),
            under_way: RefCell::default(),
            tally: RefCell::new(tally.clone()),
            to_follow: Cell::new(0),
        });
        tokio::task::spawn_local(room.clone().speak(sender, queue, seq));
        tokio::task::spawn_local(room.clone().listen(reader, same_seq));
        Ok(room)
    }

    /// Begins a measurement.
    pub(crate) fn begin(&self, tally: &Shared, to_follow: u64) {
        self.tally.replace(tally.clone());
        self.to_follow.set(to_follow);
        self.under_way.borrow_mut().clear();
    }

    /// Sends a message that is due at `due`, which may be past.
    pub(crate) fn say(&self, due: Instant) {
        let number = self.next.replace(self.next.get() + 1);
        let under_way = UnderWay { due, acked: false, seen: !self.shows };
        self.under_way.borrow_mut().insert(number, under_way);
        self.tally.borrow().borrow_mut().sent += 1;
        // Nobody takes it once the socket ended, which was counted.
        let _ = self.orders.send(Order { number });
    }

    /// Messages that are not done.
    pub(crate) fn waiting(&self) -> usize {
        self.under_way.borrow().len()
    }

    async fn speak(
        self: Rc<Self>,
        mut socket: Socket,
        mut queue: UnboundedReceiver<Order>,
        mut seq: u32,
    ) {
        loop {
            tokio::select! {
                Some(order) = queue.recv() => {
                    if socket.send(Message::Text(self.frame(order.number))).await.is_err() {
                        break;
                    }
                }
                frame = socket.next() => match frame {
                    Some(Ok(Message::Text(text))) => self.told(&text, &mut seq),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => break,
                },
            }
        }
        self.fault(|faults| faults.errors += 1);
    }

    async fn listen(self: Rc<Self>, mut socket: Socket, mut seq: u32) {
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Text(text) = message {
                self.shown(&text, &mut seq);
            }
        }
        self.fault(|faults| faults.errors += 1);
    }

    /// About a hundred bytes, with a key like a client's UUID.
    fn frame(&self, number: u64) -> Utf8Bytes {
        let key = self.key(number);
        format!(r#"{{"send":{{"key":"{key}","text":"请问订单什么时候发货? 谢谢"}}}}"#).into()
    }

    fn key(&self, number: u64) -> String {
        format!("{:08x}-0000-4000-8000-{number:012x}", self.number)
    }

    /// A frame to the sender.
    fn told(&self, text: &str, seq: &mut u32) {
        let Ok(frame) = serde_json::from_str::<Frame<'_>>(text) else {
            return self.fault(|faults| faults.errors += 1);
        };
        if frame.error.is_some() {
            self.fault(|faults| faults.errors += 1);
        }
        if let Some(event) = frame.event {
            self.in_order(event.seq, seq);
        }
        if let Some(ack) = frame.ack {
            if ack.duplicate {
                self.fault(|faults| faults.repeated += 1);
            }
            self.progress(&ack.key, |message, tally, now| {
                if !message.acked {
                    message.acked = true;
                    tally.note_acked(message.due, now);
                }
            });
        }
    }

    /// A frame to the second socket.
    fn shown(&self, text: &str, seq: &mut u32) {
        let frame = serde_json::from_str::<Frame<'_>>(text).ok();
        let Some(event) = frame.and_then(|frame| frame.event) else {
            return;
        };
        self.in_order(event.seq, seq);
        if let Some(key) = event.message.and_then(|said| said.key) {
            self.progress(&key, |message, tally, now| {
                if !message.seen {
                    message.seen = true;
                    tally.note_seen(message.due, now);
                }
            });
        }
    }

    fn in_order(&self, came: u32, last: &mut u32) {
        if came <= *last {
            self.fault(|faults| faults.repeated += 1);
        } else {
            let skipped = u64::from(came - *last - 1);
            self.fault(|faults| faults.skipped += skipped);
            *last = came;
        }
    }

    fn progress(&self, key: &str, note: impl FnOnce(&mut UnderWay, &mut Tally, Instant)) {
        let number = key.rsplit('-').next();
        let Some(number) = number.and_then(|digits| u64::from_str_radix(digits, 16).ok()) else {
            return;
        };
        let now = Instant::now();
        let mut under_way = self.under_way.borrow_mut();
        let Some(message) = under_way.get_mut(&number) else {
            return;
        };
        let tally = self.tally.borrow();
        note(message, &mut tally.borrow_mut(), now);
        if message.acked && message.seen {
            under_way.remove(&number);
            tally.borrow_mut().note_done(now);
            drop((under_way, tally));
            if let Some(left) = self.to_follow.get().checked_sub(1) {
                self.to_follow.set(left);
                self.say(now);
            }
        }
    }

    fn fault(&self, count: impl FnOnce(&mut crate::tally::Faults)) {
        count(&mut self.tally.borrow().borrow_mut().faults);
    }
}

/// Opens a socket and waits for its hello, which tells after which seq events follow.
pub(crate) async fn connect(port: u16, door: &Door) -> Result<(Socket, u32)> {
    let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
    tcp.set_nodelay(true)?;
    let mut request = format!("ws://127.0.0.1:{port}{}", door.path).into_client_request()?;
    let protocols = HeaderValue::from_str(&door.protocols)?;
    request.headers_mut().insert("sec-websocket-protocol", protocols);
    // A thousand sockets: small buffers are enough for small frames.
    let config = WebSocketConfig::default().read_buffer_size(4 * 1_024).write_buffer_size(0);
    let (mut socket, _) = client_async_with_config(request, tcp, Some(config))
        .await
        .context("a socket was refused")?;
    let first = socket.next().await.context("a socket ended at once")??;
    let frame: Frame<'_> = serde_json::from_str(first.to_text()?)?;
    let hello = frame.hello.context("the first frame is not a hello")?;
    Ok((socket, hello.after))
}
