//! An agent's list: what an inbox screen shows, and the gateway stream that it comes over. It
//! keeps the newest revision as its cursor.

use crate::chance::{Chance, kind};
use crate::happening::Happening;
use crate::invariant::{Held, Invariant};
use crate::network::Pace;
use crate::world::World;
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{Hello, Inbox, InboxEntry};
use kefu_shared::conversation::{ConnId, Cursor};
use kefu_shared::desk::{Input, Stream};
use std::collections::BTreeMap;
use std::time::Duration;

const TOKEN: Duration = Duration::from_secs(86_400);

#[derive(Debug, Default)]
pub(crate) struct Console {
    pub(crate) conn: Option<ConnId>,
    pub(crate) arrived: bool,
    pub(crate) away_until: u64,
    streams: u64,
    heard_hello: bool,
    epoch: Option<u32>,
    revision: u32,
    pub(crate) entries: BTreeMap<String, InboxEntry>,
}

/// A gateway stream.
#[derive(Debug)]
pub(crate) struct Wire {
    console: usize,
    open: bool,
    down: Pace,
}

impl Console {
    fn take(&mut self, frame: &Frame) -> Held {
        let begun = self.heard_hello || matches!(frame, Frame::Hello(_));
        Invariant::Inbox.holds(begun, || "a gateway does not begin with hello".into())?;
        match frame {
            Frame::Hello(hello) => self.hello(hello),
            Frame::Inbox(page) => self.show(page),
            _ => Ok(()),
        }
    }

    fn hello(&mut self, hello: &Hello) -> Held {
        self.heard_hello = true;
        self.epoch = Some(hello.epoch);
        if !hello.recovered {
            self.entries.clear();
            self.revision = 0;
        }
        Invariant::Inbox.holds(hello.after == self.revision, || {
            format!("changes follow {} for a cursor of {}", hello.after, self.revision)
        })
    }

    fn show(&mut self, page: &Inbox) -> Held {
        for entry in &page.entries {
            Invariant::ShownOnce.holds(entry.revision > self.revision, || {
                format!("revision {} is sent again after {}", entry.revision, self.revision)
            })?;
            let known = self.entries.insert(entry.conversation.clone(), entry.clone());
            let rises = known.is_none_or(|it| (it.epoch, it.seq) < (entry.epoch, entry.seq));
            Invariant::Inbox.holds(rises, || format!("{} falls", entry.conversation))?;
        }
        for id in &page.removed {
            self.entries.remove(id);
        }
        self.revision = self.revision.max(page.revision);
        Ok(())
    }
}

impl World<'_> {
    pub(crate) fn open_console(&mut self, number: usize) -> Held {
        let console = &mut self.consoles[number];
        let is_here = console.arrived && console.away_until <= self.clock.now();
        if console.conn.is_some() || !is_here {
            return Ok(());
        }
        self.conns += 1;
        let conn = self.conns;
        console.conn = Some(conn);
        console.streams += 1;
        console.heard_hello = false;
        let cursor = Cursor { epoch: console.epoch, seq: console.revision };
        let thing = [kind::GATEWAY, number as u64, console.streams];
        let down = Pace::of(Chance::of(self.plan.seed, &thing));
        self.wires.insert(conn, Wire { console: number, open: true, down });
        let stream = Stream { session: session(number), expires: self.clock.wall() + TOKEN };
        self.office.streams.insert(conn, stream.clone());
        self.give_desk(Input::Attached { conn, stream, cursor })?;
        Ok(())
    }

    pub(crate) fn send_console(&mut self, conn: ConnId, frame: Frame) {
        let Some(wire) = self.wires.get_mut(&conn) else { return };
        let at = wire.down.arrival(self.clock.now());
        self.clock.at(at, Happening::Listed { conn, frame: Box::new(frame) });
    }

    pub(crate) fn listed(&mut self, conn: ConnId, frame: &Frame) -> Held {
        let Some(wire) = self.wires.get(&conn).filter(|wire| wire.open) else { return Ok(()) };
        self.consoles[wire.console].take(frame)
    }

    /// The stream breaks: the console notices now, the desk later.
    pub(crate) fn cut_console(&mut self, number: usize, away: u64) {
        let Some(conn) = self.consoles[number].conn.take() else { return };
        let Some(wire) = self.wires.get_mut(&conn) else { return };
        wire.open = false;
        let (noticed, back) = (wire.down.moment(0, 5_000), wire.down.moment(50, 3_000));
        self.clock.later(noticed, Happening::ConsoleHangup { conn });
        self.clock.later(away + back, Happening::Console { number });
    }

    pub(crate) fn console_hangup(&mut self, conn: ConnId) -> Held {
        if self.office.streams.remove(&conn).is_some() {
            self.give_desk(Input::Detached { conn })?;
        }
        Ok(())
    }

    /// The desk ends a stream: the console learns it after what was sent before.
    pub(crate) fn end_console(&mut self, conn: ConnId) {
        let Some(wire) = self.wires.get_mut(&conn) else { return };
        let at = wire.down.arrival(self.clock.now());
        self.clock.at(at, Happening::ConsoleClosed { conn });
    }

    pub(crate) fn console_closed(&mut self, conn: ConnId) {
        let Some(wire) = self.wires.get_mut(&conn).filter(|wire| wire.open) else { return };
        wire.open = false;
        let (number, back) = (wire.console, wire.down.moment(50, 4_000));
        self.consoles[number].conn = None;
        self.clock.later(back, Happening::Console { number });
    }

    /// I9: every list is the inbox.
    pub(crate) fn consoles_at_rest(&self) -> Held {
        for (number, console) in self.consoles.iter().enumerate() {
            let right = !console.arrived || console.entries == self.office.disk.entries;
            Invariant::Inbox.holds(right, || {
                let shown: Vec<_> =
                    console.entries.values().map(|it| (it.seq, it.revision)).collect();
                format!("console {number} shows {shown:?} of {:?}", self.office.disk.entries)
            })?;
        }
        Ok(())
    }
}

/// The session under which a console is logged in.
pub(crate) fn session(number: usize) -> String {
    format!("s{number}")
}
