//! NATS as a bus: one connection and one subscription an instance, fan-out in memory.
//!
//! It is opened by whoever first has something to tell or to hear, and closed when nobody waits
//! here any more and nothing was said for a while: an instance that is done must be able to end.
//! While the server is away the database is polled, and nothing is kept for it; when it is back
//! everything is looked at once, because nobody knows what was said meanwhile.

use crate::spin::bus::polling;
use crate::spin::deployment::{known, variable};
use crate::spin::entropy::{self, sleep};
use crate::spin::rooms;
use crate::spin::tasks::spawn;
use futures::future::{Either, select};
use kefu_shared::nats::{self, Op, PING, PONG, Server};
use kefu_shared::news::{self, News};
use kefu_shared::time::Millis;
use socket::{Incoming, Outgoing, Socket};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Poll, Waker};
use std::time::Duration;

mod lost;
mod socket;

use lost::Lost;

/// Where the operator says the server is.
const VARIABLE: &str = "KEFU_NATS";
/// How long a server may take to let somebody in.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a connection stays when something was said and nobody waits here.
const LINGER: Duration = Duration::from_secs(4);
/// Bytes that wait to be sent; what comes on top is told by its rows.
const WAITING_MOST: usize = 1024 * 1024;
/// How often a server is asked whether it is still there; silence for twice as long means no.
const BEAT: Duration = Duration::from_secs(10);

/// How it stands with the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nobody needs it, or it was not tried yet.
    #[default]
    Idle,
    /// It is there: nothing is missed.
    Up,
    /// It is not there.
    Away,
}

thread_local! {
    static STATE: Cell<State> = const { Cell::new(State::Idle) };
    static RUNNING: Cell<bool> = const { Cell::new(false) };
    static SUBJECT: RefCell<Option<String>> = const { RefCell::new(None) };
    /// What is to be sent.
    static WAITING: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static WRITER: RefCell<Option<Waker>> = const { RefCell::new(None) };
    static SAID_AT: Cell<Millis> = const { Cell::new(Millis(0)) };
    static HEARD_AT: Cell<Millis> = const { Cell::new(Millis(0)) };
}

/// Tells the others. Whether they may hear it: what they do not hear they find in the database.
pub(super) fn publish(news: &News) -> bool {
    let Some(subject) = subject() else { return false };
    SAID_AT.set(entropy::now());
    start();
    if STATE.get() == State::Away || WAITING.with_borrow(Vec::len) > WAITING_MOST {
        return false;
    }
    // What is said before the connection is there is said as soon as it is.
    let said = nats::publish(&subject, news.to_json().as_bytes());
    said.inspect(|bytes| send(bytes)).is_some()
}

/// Whether everything that others do is heard.
pub(super) fn is_up() -> bool {
    STATE.get() == State::Up
}

/// Connects, if the operator declares a server.
pub(super) fn start() {
    if let Some(subject) = subject()
        && !RUNNING.replace(true)
    {
        spawn(keep(subject));
    }
}

fn subject() -> Option<String> {
    if let Some(subject) = SUBJECT.with_borrow(Clone::clone) {
        return Some(subject);
    }
    variable(VARIABLE)?;
    let subject = format!("kefu.{}.news", known()?.deployment.keys.bus());
    SUBJECT.set(Some(subject.clone()));
    Some(subject)
}

fn is_wanted() -> bool {
    rooms::is_attended() || entropy::now().since(SAID_AT.get()) < LINGER
}

/// Keeps a connection for as long as it is wanted.
async fn keep(subject: String) {
    let mut failures = 0;
    while is_wanted() {
        let Err(lost) = connection(&subject).await else { break };
        failures = if is_up() { 0 } else { failures + 1 };
        went(&lost);
        sleep(news::pause(failures, entropy::tick().entropy)).await;
    }
    if is_up() {
        STATE.set(State::Idle);
        polling::hurry();
    }
    RUNNING.set(false);
}

/// Told once, however often it is tried.
fn went(lost: &Lost) {
    WAITING.with_borrow_mut(Vec::clear);
    if STATE.replace(State::Away) != State::Away {
        eprintln!("nats: {lost}; the database is polled until it is back");
        polling::hurry();
    }
}

fn came() {
    if STATE.replace(State::Up) == State::Away {
        eprintln!("nats: it is back");
    }
    // What was said before the subscription was taken.
    polling::hurry();
}

/// One connection, until nobody wants it, or it is lost.
async fn connection(subject: &str) -> Result<(), Lost> {
    let server = Server::parse(&variable(VARIABLE).unwrap_or_default()).map_err(Lost::Address)?;
    let opening = pin!(Socket::open(&server));
    let (incoming, mut outgoing, _socket) = match select(opening, pin!(sleep(PATIENCE))).await {
        Either::Left((opened, _)) => opened.map_err(Lost::Refused)?,
        Either::Right(_) => return Err(Lost::Silent),
    };
    HEARD_AT.set(entropy::now());
    let greeting = format!("{}{}{PING}", server.connect("kefu"), nats::subscribe(subject));
    outgoing.write(greeting.into_bytes()).await.ok_or(Lost::Ended)?;
    let hearing = pin!(hear(incoming));
    let writing = pin!(write(outgoing));
    let watching = pin!(watch());
    match select(hearing, select(writing, watching)).await {
        Either::Left((ended, _)) => ended,
        Either::Right((either, _)) => either.factor_first().0,
    }
}

async fn hear(mut incoming: Incoming) -> Result<(), Lost> {
    let mut reader = nats::Reader::default();
    loop {
        let bytes = incoming.read().await.ok_or(Lost::Ended)?;
        HEARD_AT.set(entropy::now());
        for op in reader.push(&bytes).map_err(Lost::Protocol)? {
            match op {
                Op::Ping => send(PONG.as_bytes()),
                // It has taken the subscription: from here on nothing is missed.
                Op::Pong if !is_up() => came(),
                Op::Message { payload, .. } => {
                    if let Some(news) = News::from_json(&payload) {
                        super::hear(news);
                    }
                }
                Op::Error(what) => return Err(Lost::Refused(what)),
                Op::Info | Op::Pong | Op::Ok => {}
            }
        }
    }
}

async fn write(mut outgoing: Outgoing) -> Result<(), Lost> {
    loop {
        something_waits().await;
        outgoing.write(WAITING.take()).await.ok_or(Lost::Ended)?;
    }
}

/// Ends when a server says nothing although it is asked, and when nobody needs it any more.
async fn watch() -> Result<(), Lost> {
    let mut asked = entropy::now();
    loop {
        sleep(LINGER).await;
        let now = entropy::now();
        if !is_wanted() {
            return Ok(());
        }
        if now.since(HEARD_AT.get()) > 2 * BEAT {
            return Err(Lost::Silent);
        }
        if now.since(asked) >= BEAT {
            asked = now;
            send(PING.as_bytes());
        }
    }
}

fn send(bytes: &[u8]) {
    WAITING.with_borrow_mut(|waiting| waiting.extend_from_slice(bytes));
    if let Some(writer) = WRITER.take() {
        writer.wake();
    }
}

async fn something_waits() {
    poll_fn(|context| {
        if WAITING.with_borrow(Vec::is_empty) {
            WRITER.set(Some(context.waker().clone()));
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}
