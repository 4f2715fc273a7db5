//! The network: streams that delay, break, and look alive when they are dead. Within a stream the
//! order stays; across streams nothing is promised.

use crate::chance::{Chance, kind};
use crate::happening::Happening;
use crate::invariant::{Held, Invariant};
use crate::process::Given;
use crate::world::World;
use kefu_proto::v1::{channel, client_frame, server_frame::Frame};
use kefu_shared::conversation::{ConnId, Input, Stream};
use kefu_shared::view;
use kefu_shared::who::Role;
use std::time::Duration;

/// How long a token is good for.
const TOKEN: Duration = Duration::from_secs(86_400);

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) seat: usize,
    /// The instance at its other end.
    instance: u32,
    /// The life of the log when it was opened.
    epoch: u32,
    /// Whether anything gets through.
    open: bool,
    pub(crate) up: Pace,
    pub(crate) down: Pace,
}

/// How long what is sent in one direction of a stream is on its way.
#[derive(Debug)]
pub(crate) struct Pace {
    chance: Chance,
    /// When the last frame arrives: what comes later does not overtake it.
    last: u64,
    /// By how much it is slower than usual.
    pub(crate) lag: u64,
}

impl Pace {
    pub(crate) fn of(chance: Chance) -> Self {
        Self { chance, last: 0, lag: 0 }
    }

    /// When something that is sent now arrives.
    pub(crate) fn arrival(&mut self, now: u64) -> u64 {
        let delay = if self.chance.once_in(20) {
            self.chance.between(100, 2_000)
        } else {
            self.chance.between(1, 40)
        };
        self.last = self.last.max(now + delay + self.lag);
        self.last
    }

    /// A moment that has to do with the stream and with nothing else.
    pub(crate) fn moment(&mut self, low: u64, high: u64) -> u64 {
        self.chance.between(low, high)
    }
}

impl World<'_> {
    pub(crate) fn connect(&mut self, seat: usize) -> Held {
        let client = &mut self.clients[seat];
        let is_here = client.arrived && client.away_until <= self.clock.now();
        if client.conn.is_some() || !is_here {
            return Ok(());
        }
        if client.who.role == Role::Agent && self.rooms[client.room].disk.seq() == 0 {
            // There is no such conversation; the inbox tells when there is.
            client.screen.forget();
            return Ok(());
        }
        let cursor = client.screen.cursor();
        let (conn, room, stream) = self.link(seat);
        let number = self.rooms[room].current.number;
        self.rooms[room].current.streams.insert(conn, stream.clone());
        self.give(room, number, Input::Attached { conn, stream, cursor })?;
        for send in self.clients[seat].unsent() {
            self.send_up(seat, client_frame::Frame::Send(send));
        }
        Ok(())
    }

    /// A new stream from a client to the instance that is used.
    fn link(&mut self, seat: usize) -> (ConnId, usize, Stream) {
        self.conns += 1;
        let conn = self.conns;
        let client = &mut self.clients[seat];
        client.connected(conn);
        let here = &self.rooms[client.room];
        let thing = [kind::LINK, seat as u64, client.streams];
        let pace = |way| Pace::of(Chance::of(self.plan.seed, &[&thing[..], &[way]].concat()));
        let link = Link {
            seat,
            instance: here.current.number,
            epoch: here.disk.head().epoch,
            open: true,
            up: pace(0),
            down: pace(1),
        };
        self.links.insert(conn, link);
        let expires = self.clock.wall() + TOKEN;
        (
            conn,
            client.room,
            Stream { who: client.who.clone(), channel: channel::Type::Web, expires },
        )
    }

    /// A client sends a frame, if it has a stream.
    pub(crate) fn send_up(&mut self, seat: usize, frame: client_frame::Frame) {
        let Some(conn) = self.clients[seat].conn else { return };
        let Some(link) = self.links.get_mut(&conn) else { return };
        let at = link.up.arrival(self.clock.now());
        self.clock.at(at, Happening::Up { conn, frame });
    }

    pub(crate) fn up(&mut self, conn: ConnId, frame: client_frame::Frame) -> Held {
        let Some(link) = self.links.get(&conn).filter(|link| link.open) else { return Ok(()) };
        let (room, number) = (self.clients[link.seat].room, link.instance);
        let reader = self.rooms[room].instance(number);
        if reader.is_some_and(|(instance, _)| instance.streams.contains_key(&conn)) {
            self.give(room, number, Input::Framed { conn, frame })?;
        }
        Ok(())
    }

    /// The process sends a frame to a stream.
    pub(crate) fn send_down(&mut self, conn: ConnId, frame: Frame) {
        let Some(link) = self.links.get_mut(&conn) else { return };
        let at = link.down.arrival(self.clock.now());
        self.clock.at(at, Happening::Down { conn, frame: Box::new(frame) });
    }

    pub(crate) fn down(&mut self, conn: ConnId, frame: &Frame) -> Held {
        let Some(link) = self.links.get(&conn).filter(|link| link.open) else { return Ok(()) };
        let client = &mut self.clients[link.seat];
        if client.conn != Some(conn) {
            return Ok(());
        }
        client.take(frame)?;
        let (seat, room) = (link.seat, client.room);
        let gap = std::mem::take(&mut client.screen.found_gap);
        self.is_in_log(conn, frame)?;
        if gap {
            Invariant::Screen
                .holds(self.rooms[room].was_split, || "a gap in what a stream brings".into())?;
            self.resume(seat);
        }
        Ok(())
    }

    /// What is shown is what the log has.
    fn is_in_log(&self, conn: ConnId, frame: &Frame) -> Held {
        let Some(link) = self.links.get(&conn) else { return Ok(()) };
        let client = &self.clients[link.seat];
        let disk = &self.rooms[client.room].disk;
        if let Frame::Event(event) = frame
            && disk.head().epoch == link.epoch
        {
            let due = disk.event(event.seq).map(|event| view::of(event, client.who.role));
            let right = due.is_some_and(|due| *due == *event);
            Invariant::Screen
                .holds(right, || format!("seq {} is shown and not in the log", event.seq))?;
        }
        Ok(())
    }

    /// A stream breaks: the client notices now and comes back, the process notices later.
    pub(crate) fn cut(&mut self, seat: usize, away: u64) {
        let Some(conn) = self.clients[seat].conn.take() else { return };
        let Some(link) = self.links.get_mut(&conn) else { return };
        link.open = false;
        let noticed = link.up.moment(0, 5_000);
        let back = away + link.up.moment(50, 3_000);
        self.clock.later(noticed, Happening::Hangup { conn });
        self.clock.later(back, Happening::Connect { seat });
    }

    /// A stream dies and looks alive, until the client misses its pongs.
    pub(crate) fn half_open(&mut self, seat: usize) {
        let Some(conn) = self.clients[seat].conn else { return };
        let Some(link) = self.links.get_mut(&conn) else { return };
        link.open = false;
        let missed = link.up.moment(1_000, 20_000);
        self.clock.later(missed, Happening::Watchdog { conn });
    }

    pub(crate) fn watchdog(&mut self, conn: ConnId) {
        if let Some(seat) = self.links.get(&conn).map(|link| link.seat)
            && self.clients[seat].conn == Some(conn)
        {
            self.cut(seat, 0);
        }
    }

    /// The process notices that a stream is over.
    pub(crate) fn hangup(&mut self, conn: ConnId) -> Held {
        let Some(link) = self.links.get(&conn) else { return Ok(()) };
        let (room, number) = (self.clients[link.seat].room, link.instance);
        let Some((instance, _)) = self.rooms[room].instance(number) else { return Ok(()) };
        if instance.streams.remove(&conn).is_some() {
            self.give(room, number, Input::Detached { conn })?;
        }
        Ok(())
    }

    /// The process ends a stream: the client learns it after what was sent before.
    pub(crate) fn end_stream(&mut self, conn: ConnId) {
        let Some(link) = self.links.get_mut(&conn) else { return };
        let at = link.down.arrival(self.clock.now());
        self.clock.at(at, Happening::Closed { conn });
    }

    pub(crate) fn closed(&mut self, conn: ConnId) {
        let Some(link) = self.links.get_mut(&conn).filter(|link| link.open) else { return };
        link.open = false;
        let (seat, back) = (link.seat, link.up.moment(50, 4_000));
        if self.clients[seat].conn == Some(conn) {
            self.clients[seat].conn = None;
            self.clock.later(back, Happening::Connect { seat });
        }
    }

    /// A request without a stream.
    pub(crate) fn request(
        &mut self,
        seat: usize,
        request: kefu_shared::conversation::Request,
    ) -> Held<Given> {
        let (room, who) = (self.clients[seat].room, self.clients[seat].who.clone());
        let number = self.rooms[room].current.number;
        let channel = channel::Type::Web;
        self.give(room, number, Input::Requested { who, channel, request })
    }
}
