//! NATS as a bus: one connection and one subscription an instance, fan-out in memory.
//!
//! It is opened by whoever first has something to tell or to hear, and again, with a growing pause,
//! whenever it is lost. While it is away the database is polled; when it is back everything is
//! looked at once, because nobody knows what was said meanwhile.

use crate::spin::bus::polling;
use crate::spin::deployment::{deployed, variable};
use crate::spin::entropy::{self, sleep};
use crate::spin::operator::tell_fault;
use crate::spin::rooms;
use crate::spin::tasks::spawn;
use futures::StreamExt;
use futures::channel::mpsc;
use futures::future::{Either, select};
use kefu_shared::nats::{self, Op, PING, PONG, Server};
use kefu_shared::news::News;
use spin_sdk::wasip3::sockets::types::{
    IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, TcpSocket,
};
use spin_sdk::wasip3::wit_stream;
use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;
use wit_bindgen::{StreamReader, StreamResult};

/// Where the operator says the server is.
const VARIABLE: &str = "KEFU_NATS";
/// What waits to be sent; what comes on top is lost, and found in the database.
const QUEUE: usize = 4_096;
/// Bytes that are read at once.
const PIECE: usize = 16 * 1024;
/// Before a lost connection is opened again: at first, and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));
/// How often the database is looked at while the bus works.
const SELDOM: Duration = Duration::from_secs(5);
/// How often a server is asked whether it is still there; silence for twice as long means no.
const BEAT: Duration = Duration::from_secs(10);

thread_local! {
    static OUT: RefCell<Option<mpsc::Sender<Vec<u8>>>> = const { RefCell::new(None) };
    static RUNNING: Cell<bool> = const { Cell::new(false) };
    static CONNECTED: Cell<bool> = const { Cell::new(false) };
    static HEARD: Cell<bool> = const { Cell::new(false) };
    static SUBJECT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Why there is no connection.
#[derive(Debug)]
enum Lost {
    Address(&'static str),
    Refused(String),
    Ended,
    Silent,
    Protocol(nats::Broken),
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(what) => write!(f, "kefu_nats: {what}"),
            Self::Refused(what) => {
                write!(f, "{what} (is it running, and is it in allowed_outbound_hosts?)")
            }
            Self::Ended => f.write_str("the server closed the connection"),
            Self::Silent => f.write_str("the server says nothing"),
            Self::Protocol(broken) => broken.fmt(f),
        }
    }
}

/// Whether the operator declares one.
pub(super) fn is_declared() -> bool {
    variable(VARIABLE).is_some()
}

/// Tells the others. What cannot be told is found in the database.
pub(super) fn publish(news: &News) {
    run();
    let subject = SUBJECT.with_borrow(Clone::clone);
    if subject.is_empty() {
        return;
    }
    if let Some(bytes) = nats::publish(&subject, news.to_json().as_bytes()) {
        OUT.with_borrow_mut(|out| out.as_mut().map(|out| out.try_send(bytes)));
    }
}

/// Sees to it that nobody who waits misses anything, whether the bus works or not.
pub(super) async fn listen() {
    run();
    polling::begin().await;
    while rooms::is_attended() {
        if CONNECTED.get() {
            sleep(SELDOM).await;
        } else {
            sleep(PAUSE.0).await;
        }
        polling::look().await;
    }
}

/// Keeps a connection from here on.
fn run() {
    if !RUNNING.replace(true) {
        spawn(keep());
    }
}

async fn keep() {
    let mut pause = PAUSE.0;
    let mut told = false;
    loop {
        let lost = connect().await;
        if CONNECTED.replace(false) {
            (pause, told) = (PAUSE.0, false);
        }
        OUT.set(None);
        if !told {
            eprintln!("nats: {lost}; the database is polled until it is back");
            told = true;
        }
        let chance = u64::try_from(entropy::tick().entropy >> 64).unwrap_or(0) % 1_000;
        let jitter = pause.mul_f64(chance as f64 / 1_000.0);
        sleep(pause / 2 + jitter).await;
        pause = pause.saturating_mul(2).min(PAUSE.1);
    }
}

/// Connects and hears until the connection is lost.
async fn connect() -> Lost {
    let server = match Server::parse(&variable(VARIABLE).unwrap_or_default()) {
        Ok(server) => server,
        Err(what) => return Lost::Address(what),
    };
    let Ok(deployed) = deployed().await else { return Lost::Address("the deployment is not set") };
    let subject = format!("kefu.{}.news", deployed.deployment.keys.bus());
    let socket = match open(&server).await {
        Ok(socket) => socket,
        Err(what) => return Lost::Refused(what),
    };
    let (mut to_server, outgoing) = wit_stream::new();
    let sent = socket.send(outgoing);
    let (incoming, _received) = socket.receive();
    let (out, mut queue) = mpsc::channel::<Vec<u8>>(QUEUE);
    let greeting = format!("{}{}{PING}", server.connect("kefu"), nats::subscribe(&subject));
    let writing = async move {
        to_server.write_all(greeting.into_bytes()).await;
        while let Some(bytes) = queue.next().await {
            if !to_server.write_all(bytes).await.is_empty() {
                return;
            }
        }
    };
    SUBJECT.set(subject);
    OUT.set(Some(out));
    spawn(writing);
    let hearing = pin!(hear(incoming));
    let watching = pin!(watch());
    let lost = match select(hearing, watching).await {
        Either::Left((lost, _)) | Either::Right((lost, _)) => lost,
    };
    drop(sent);
    lost
}

async fn open(server: &Server) -> Result<TcpSocket, String> {
    let (family, address) = match server.host {
        IpAddr::V4(host) => {
            let [a, b, c, d] = host.octets();
            let address = Ipv4SocketAddress { port: server.port, address: (a, b, c, d) };
            (IpAddressFamily::Ipv4, IpSocketAddress::Ipv4(address))
        }
        IpAddr::V6(host) => {
            let [a, b, c, d, e, f, g, h] = host.segments();
            let address = Ipv6SocketAddress {
                port: server.port,
                flow_info: 0,
                address: (a, b, c, d, e, f, g, h),
                scope_id: 0,
            };
            (IpAddressFamily::Ipv6, IpSocketAddress::Ipv6(address))
        }
    };
    let told = |code: spin_sdk::wasip3::sockets::types::ErrorCode| format!("{code:?}");
    let socket = TcpSocket::create(family).map_err(told)?;
    socket.connect(address).await.map_err(told)?;
    Ok(socket)
}

async fn hear(mut incoming: StreamReader<u8>) -> Lost {
    let mut reader = nats::Reader::default();
    loop {
        let (result, bytes) = incoming.read(Vec::with_capacity(PIECE)).await;
        match reader.push(&bytes) {
            Ok(ops) => {
                for op in ops {
                    if let Some(lost) = take(op).await {
                        return lost;
                    }
                }
            }
            Err(broken) => return Lost::Protocol(broken),
        }
        if !matches!(result, StreamResult::Complete(_)) {
            return Lost::Ended;
        }
    }
}

async fn take(op: Op) -> Option<Lost> {
    HEARD.set(true);
    match op {
        Op::Ping => say(PONG),
        Op::Pong if !CONNECTED.replace(true) => {
            // It has taken the subscription: from here on nothing is missed.
            eprintln!("nats: connected");
            polling::begin().await;
        }
        Op::Message { payload, .. } => {
            if let Some(news) = News::from_json(&payload)
                && let Err(fault) = super::hear(news).await
            {
                tell_fault("bus", &fault);
            }
        }
        Op::Error(what) => return Some(Lost::Refused(what)),
        Op::Info | Op::Pong | Op::Ok => {}
    }
    None
}

/// Ends when a server says nothing although it is asked.
async fn watch() -> Lost {
    loop {
        HEARD.set(false);
        say(PING);
        sleep(BEAT).await;
        if !HEARD.get() {
            return Lost::Silent;
        }
    }
}

fn say(text: &str) {
    OUT.with_borrow_mut(|out| out.as_mut().map(|out| out.try_send(text.as_bytes().to_vec())));
}
