//! Keeps one live connection through everything, one try at a time.

use crate::backoff::Backoff;
use crate::carrier::{Carrier, Door, Heard, Refused, Via};
use crate::down::{Down, Then};
use crate::pace::Pace;
use crate::watchdog::{Wants, Watchdog};
use kefu_turns::PATIENCE;
use serde_json::Value;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, sleep_until, timeout};

/// Whom a line serves: a state machine that the line gives frames to and takes frames from.
pub trait Party: Send + Sync + 'static {
    /// Path and query to connect to, which tell the cursor.
    fn door(&mut self, via: Via) -> String;
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
        let mut via = Via::default();
        loop {
            let connected = timeout(self.pace.hello, Carrier::connect(via, self.door(via))).await;
            let down = match connected {
                Ok(Ok(carrier)) => self.serve(carrier, via, &mut backoff).await,
                // The other way is tried at once.
                Ok(Err(Refused::NotSpoken)) if via == Via::Socket => {
                    via = Via::Events;
                    continue;
                }
                Ok(Err(Refused::NotSpoken)) => Down::cut("nothing is spoken"),
                Ok(Err(Refused::Down(down))) => down,
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

    fn door(&self, via: Via) -> Door {
        let (mut path, mut token) = Default::default();
        self.held.send_if_modified(|held| {
            (path, token) = (held.party.door(via), held.party.token().to_owned());
            false
        });
        Door { port: self.port, path, token }
    }

    /// Reads and writes until the connection ends.
    async fn serve(&self, mut carrier: Carrier, via: Via, backoff: &mut Backoff) -> Down {
        let mut watchdog = Watchdog::new(self.pace, via == Via::Socket, Instant::now());
        loop {
            let next = tokio::select! {
                heard = carrier.next() => match heard {
                    Ok(heard) => self.hear(&heard, &mut watchdog, backoff),
                    Err(down) => Err(down),
                },
                () = self.nudge.notified() => Ok(self.due()),
                () = sleep_until(self.next_look(&watchdog).into()) => {
                    self.watch(&mut watchdog, &mut carrier).await
                }
            };
            let sent = match next {
                Ok(frames) => self.send(&mut carrier, via, frames).await,
                Err(down) => Err(down),
            };
            if let Err(down) = sent {
                return down;
            }
        }
    }

    fn hear(
        &self,
        heard: &Heard,
        watchdog: &mut Watchdog,
        backoff: &mut Backoff,
    ) -> Result<Vec<Value>, Down> {
        let now = Instant::now();
        watchdog.life(now);
        let Heard::Frame(frame) = heard else { return Ok(Vec::new()) };
        let mut sound = true;
        self.held.send_modify(|held| {
            if frame.get("hello").is_some() && held.status != Status::Online {
                backoff.opened(now);
                held.status = Status::Online;
                held.greeted += 1;
            }
            sound = held.party.receive(frame, now);
        });
        if sound { Ok(self.due()) } else { Err(Down::cut("a hole that stays")) }
    }

    fn due(&self) -> Vec<Value> {
        let mut frames = Vec::new();
        self.held.send_if_modified(|held| {
            frames = held.party.due(Instant::now());
            !frames.is_empty()
        });
        frames
    }

    /// When there is something to do although nothing comes.
    fn next_look(&self, watchdog: &Watchdog) -> Instant {
        let held = self.held.borrow();
        let times = [held.party.gives_up(&self.pace), held.party.wakes(Instant::now())];
        times.into_iter().flatten().fold(watchdog.at, Instant::min)
    }

    async fn watch(
        &self,
        watchdog: &mut Watchdog,
        carrier: &mut Carrier,
    ) -> Result<Vec<Value>, Down> {
        let now = Instant::now();
        if self.held.borrow().party.gives_up(&self.pace).is_some_and(|at| at <= now) {
            return Err(Down::cut("no answer in time"));
        }
        let frames = self.due();
        if watchdog.at <= now {
            match watchdog.wants(now) {
                Wants::Ping => self.patiently(carrier.ping()).await?,
                Wants::Cut => return Err(Down::cut("no sign of life")),
            }
        }
        Ok(frames)
    }

    async fn send(&self, carrier: &mut Carrier, via: Via, frames: Vec<Value>) -> Result<(), Down> {
        if frames.is_empty() {
            return Ok(());
        }
        self.patiently(carrier.send(frames, || self.door(via).path)).await
    }

    async fn patiently(&self, work: impl Future<Output = Result<(), Down>>) -> Result<(), Down> {
        match timeout(self.pace.patience, work).await {
            Ok(done) => done,
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
