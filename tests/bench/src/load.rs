//! The two ways of loading: as much as goes through, and at a given rate.

use crate::contender::Running;
use crate::machine;
use crate::room::{Room, Shared};
use crate::tally::{Faults, Latencies, Tally};
use anyhow::Result;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, sleep_until};

/// Before a paced measurement.
const WARM_UP: Duration = Duration::from_millis(500);
/// How long the last messages may take; what is not done then is lost.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the load is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// Closed loop: each conversation says so many messages, so many of them at once.
    Saturated { window: u64, each: u64 },
    /// Open loop: so many messages a second over all conversations, whatever comes back. Each is
    /// timed from when it was due, not from when it left (no coordinated omission).
    Paced { rate: u32 },
}

/// What a measurement found.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) sent: u64,
    pub(crate) done: u64,
    pub(crate) faults: Faults,
    /// Messages done a second, while it ran.
    pub(crate) rate: f64,
    pub(crate) acked: Latencies,
    pub(crate) seen: Latencies,
    /// Of the server, for a message that was done.
    pub(crate) processor_time: Duration,
    /// Of the server, at the end, in MB.
    pub(crate) resident: f64,
    /// Processor time of everything but server and load, as a share of the time that passed.
    pub(crate) others: f64,
    /// Processor time of the load, as a share of the time that passed.
    pub(crate) load: f64,
}

/// Opens the sockets of all conversations.
///
/// # Errors
/// When one cannot be opened.
pub(crate) async fn enter(running: &Running, shows: bool) -> Result<Vec<Rc<Room>>> {
    let idle = Rc::new(RefCell::new(Tally::new(Instant::now(), Duration::ZERO)?));
    let port = running.workerd.port();
    let mut rooms = Vec::new();
    for (number, door) in running.doors.iter().enumerate() {
        rooms.push(Room::enter(number, port, door, shows, &idle).await?);
    }
    Ok(rooms)
}

/// Makes the load, and waits for what is under way at its end.
///
/// # Errors
/// Never, in practice: see [`Tally::new`].
pub(crate) async fn measure(
    rooms: &[Rc<Room>],
    shape: Shape,
    length: Duration,
    pid: u32,
) -> Result<Outcome> {
    let outcome = match shape {
        Shape::Saturated { window, each } => saturate(rooms, window, each, pid).await?,
        Shape::Paced { rate } => paced(rooms, rate, length, pid).await?,
    };
    let lost = rooms.iter().map(|room| room.waiting() as u64).sum();
    Ok(Outcome {
        resident: machine::resident(pid),
        faults: Faults { lost, ..outcome.faults },
        ..outcome
    })
}

/// A given number of messages, timed until the last is done: replies come in waves, and a given
/// time would cut one of them.
async fn saturate(rooms: &[Rc<Room>], window: u64, each: u64, pid: u32) -> Result<Outcome> {
    let begun = Instant::now();
    let tally: Shared = Rc::new(RefCell::new(Tally::new(begun, PATIENCE)?));
    let before = Usage::so_far(pid);
    for room in rooms {
        room.begin(&tally, each.saturating_sub(window));
        (0..window).for_each(|_| room.say(begun));
    }
    wait_for_all(rooms).await;
    let used = Usage::so_far(pid).since(&before);
    let tally = tally.borrow();
    let length = tally.last_done.saturating_duration_since(begun);
    Ok(outcome(&tally, &used, length))
}

/// For a given time, after warming up.
async fn paced(rooms: &[Rc<Room>], rate: u32, length: Duration, pid: u32) -> Result<Outcome> {
    let from = Instant::now() + WARM_UP;
    let tally: Shared = Rc::new(RefCell::new(Tally::new(from, length)?));
    for room in rooms {
        room.begin(&tally, 0);
    }
    tokio::task::spawn_local(pace(rooms.to_vec(), rate, from + length));
    sleep_until(from.into()).await;
    let before = Usage::so_far(pid);
    sleep_until((from + length).into()).await;
    let used = Usage::so_far(pid).since(&before);
    wait_for_all(rooms).await;
    let tally = tally.borrow();
    Ok(outcome(&tally, &used, length))
}

/// Says what is due, in all rooms in turn. It asks for the time over and over, because a timer
/// of a millisecond would be seen in the latencies.
async fn pace(rooms: Vec<Rc<Room>>, rate: u32, until: Instant) {
    let begun = Instant::now();
    for (number, room) in (0_u64..).zip(rooms.iter().cycle()) {
        let due = begun + Duration::from_nanos(number * 1_000_000_000 / u64::from(rate.max(1)));
        if due >= until {
            return;
        }
        while Instant::now() < due {
            tokio::task::yield_now().await;
        }
        room.say(due);
        if number % 16 == 0 {
            // When late there is no waiting above, and what comes in must still be read.
            tokio::task::yield_now().await;
        }
    }
}

async fn wait_for_all(rooms: &[Rc<Room>]) {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE && rooms.iter().any(|room| room.waiting() > 0) {
        sleep(Duration::from_millis(2)).await;
    }
}

fn outcome(tally: &Tally, used: &Usage, length: Duration) -> Outcome {
    let done = u32::try_from(tally.done_in_time).unwrap_or(u32::MAX);
    let seconds = length.as_secs_f64().max(1e-3);
    let share = |time: Duration| time.as_secs_f64() / seconds;
    Outcome {
        sent: tally.sent,
        done: tally.done,
        faults: tally.faults,
        rate: f64::from(done) / seconds,
        acked: tally.acked.clone(),
        seen: tally.seen.clone(),
        processor_time: used.server / done.max(1),
        resident: 0.0,
        others: share(used.of_others()),
        load: share(used.load),
    }
}

/// Processor time that was used.
pub(crate) struct Usage {
    pub(crate) server: Duration,
    pub(crate) load: Duration,
    all: Duration,
}

impl Usage {
    pub(crate) fn so_far(server: u32) -> Self {
        Self {
            server: machine::processor_time(server),
            load: machine::processor_time(std::process::id()),
            all: machine::busy_time(),
        }
    }

    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            server: self.server.saturating_sub(earlier.server),
            load: self.load.saturating_sub(earlier.load),
            all: self.all.saturating_sub(earlier.all),
        }
    }

    pub(crate) fn of_others(&self) -> Duration {
        self.all.saturating_sub(self.server + self.load)
    }
}
