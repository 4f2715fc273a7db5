//! Visitors and agents: a stream at one instance, and requests that come to any, one after the
//! other, each again under its key until there is an answer.

use super::happening::Happening;
use super::job::{Job, Work};
use super::world::World;
use crate::chance::{Chance, kind};
use crate::client::Client;
use crate::errand;
use crate::invariant::{Held, Invariant};
use crate::network::Pace;
use crate::plan::{Deed, Plan, Seat};
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{Read, Stop, channel};
use kefu_shared::conversation::{ConnId, Input, Reply, Request, Stream};
use kefu_shared::view;
use kefu_shared::who::Role;
use std::collections::VecDeque;
use std::time::Duration;

/// How long a token is good for.
const TOKEN: Duration = Duration::from_secs(86_400);
/// When a request without an answer is made again.
const ASK_AGAIN: u64 = 4_000;
/// When agents find a conversation that begins.
const OPENED_AFTER: u64 = 400;

pub(super) struct Person {
    pub(super) client: Client,
    /// What it asks for, in order, by number.
    pub(super) waiting: VecDeque<(usize, Request)>,
    /// How often it asked.
    tries: u32,
    /// Where the newest of its messages is.
    said: u32,
    /// Everything that it read over this life of its screen.
    pub(super) chance: Chance,
}

/// A stream from an instance to a client.
pub(super) struct Link {
    pub(super) seat: usize,
    who: usize,
    pub(super) holder: u64,
    open: bool,
    down: Pace,
}

impl Person {
    pub(super) fn new(plan: &Plan, number: usize, seat: &Seat) -> Self {
        Self {
            client: Client::new(seat, plan.drafts),
            waiting: VecDeque::new(),
            tries: 0,
            said: 0,
            chance: Chance::of(plan.seed, &[kind::LINK, number as u64]),
        }
    }
}

impl World<'_> {
    /// An instance that is there, by chance or as the shape says.
    fn somewhere(&mut self, seat: usize) -> usize {
        let all = self.processes.len();
        let first =
            if self.shape.pinned { seat % all } else { self.people[seat].chance.index(all) };
        let alive = |who: &usize| self.processes[*who].is_alive();
        (first..first + all).map(|who| who % all).find(alive).unwrap_or(first)
    }

    pub(super) fn connect(&mut self, seat: usize) {
        let now = self.clock.now();
        let client = &mut self.people[seat].client;
        let is_here = client.arrived && client.away_until <= now;
        if client.conn.is_some() || !is_here {
            return;
        }
        if client.who.role == Role::Agent && self.storage.disk.seq() == 0 {
            // There is no such conversation; the inbox tells when there is.
            client.screen.forget();
            return;
        }
        let who = self.somewhere(seat);
        self.conns += 1;
        let conn = self.conns;
        let person = &mut self.people[seat];
        person.client.connected(conn);
        let delay = person.chance.between(1, 40);
        let thing = [kind::LINK, seat as u64, person.client.streams];
        let down = Pace::of(Chance::of(self.plan.seed, &thing));
        let holder = self.processes[who].holder;
        self.links.insert(conn, Link { seat, who, holder, open: true, down });
        self.clock.later(delay, Happening::Open { conn });
    }

    pub(super) fn open(&mut self, conn: ConnId) {
        let Some(link) = self.links.get(&conn) else { return };
        let (seat, who, holder) = (link.seat, link.who, link.holder);
        if self.processes[who].holder != holder || holder == 0 {
            return self.end_stream(conn);
        }
        let client = &self.people[seat].client;
        let (reader, cursor) = (client.who.clone(), client.screen.cursor());
        let expires = self.wall(who) + TOKEN;
        let stream = Stream { who: reader, channel: channel::Type::Web, expires };
        self.give(who, Job::new(Work::Attach { conn, stream, cursor }));
    }

    pub(super) fn send_down(&mut self, conn: ConnId, frame: Frame) {
        let Some(link) = self.links.get_mut(&conn) else { return };
        let at = link.down.arrival(self.clock.now());
        self.clock.at(at, Happening::Down { conn, frame: Box::new(frame) });
    }

    pub(super) fn down(&mut self, conn: ConnId, frame: &Frame) -> Held {
        let Some(link) = self.links.get(&conn).filter(|link| link.open) else { return Ok(()) };
        let client = &mut self.people[link.seat].client;
        if client.conn != Some(conn) {
            return Ok(());
        }
        let seat = link.seat;
        client.take(frame).map_err(|broken| broken.at(format!("client {seat}, stream {conn}")))?;
        Invariant::Screen
            .holds(!client.screen.found_gap, || format!("a gap before {frame:?} on {conn}"))?;
        if let Frame::Event(event) = frame {
            let due = self.storage.disk.event(event.seq).map(|it| view::of(it, client.who.role));
            let right = due.is_some_and(|due| *due == *event);
            Invariant::Screen
                .holds(right, || format!("seq {} is shown and not in the log", event.seq))?;
        }
        Ok(())
    }

    /// An instance ends a stream: the client learns it after what was sent before.
    pub(super) fn end_stream(&mut self, conn: ConnId) {
        let Some(link) = self.links.get_mut(&conn) else { return };
        let at = link.down.arrival(self.clock.now());
        self.clock.at(at, Happening::Closed { conn });
    }

    pub(super) fn closed(&mut self, conn: ConnId) {
        let Some(link) = self.links.get_mut(&conn).filter(|link| link.open) else { return };
        link.open = false;
        let (seat, back) = (link.seat, link.down.moment(50, 3_000));
        if self.people[seat].client.conn == Some(conn) {
            self.people[seat].client.conn = None;
            self.clock.later(back, Happening::Connect { seat });
        }
    }

    /// A stream breaks: the client notices now, the instance when it writes.
    pub(super) fn cut(&mut self, seat: usize, away: u64) {
        let Some(conn) = self.people[seat].client.conn.take() else { return };
        let Some(link) = self.links.get_mut(&conn) else { return };
        link.open = false;
        let (noticed, back) = (link.down.moment(0, 15_000), link.down.moment(50, 3_000));
        self.clock.later(noticed, Happening::Hangup { conn });
        self.clock.later(away + back, Happening::Connect { seat });
    }

    pub(super) fn hangup(&mut self, conn: ConnId) {
        let Some(link) = self.links.get(&conn) else { return };
        let who = link.who;
        if self.processes[who].streams.remove(&conn).is_some() {
            self.apply(who, Input::Detached { conn });
        }
    }

    /// What somebody does at a screen.
    pub(super) fn at_a_screen(&mut self, id: usize, deed: &Deed) {
        match *deed {
            Deed::Say { seat, text } if self.people[seat].client.arrived => {
                let letter = self.people[seat].client.says(key(id), text);
                self.asks(seat, id, Request::Send(letter));
            }
            Deed::Read { seat, .. } => {
                let seq = self.people[seat].client.screen.last();
                self.asks(seat, id, Request::Read(Read { seq }));
            }
            Deed::Stop { seat } => {
                let turn = self.storage.disk.turn().turn;
                self.asks(seat, id, Request::Stop(Stop { turn }));
            }
            Deed::Ask { seat, wish } => {
                let request = errand::request(wish, key(id), &self.people[seat].client.screen);
                self.asks(seat, id, request);
            }
            _ => {}
        }
    }

    fn asks(&mut self, seat: usize, id: usize, request: Request) {
        let person = &mut self.people[seat];
        if !person.client.arrived {
            return;
        }
        person.waiting.push_back((id, request));
        if person.waiting.len() == 1 {
            self.ask_next(seat);
        }
    }

    fn ask_next(&mut self, seat: usize) {
        let person = &mut self.people[seat];
        person.tries += 1;
        if let Some((id, _)) = person.waiting.front() {
            let (id, number) = (*id, person.tries);
            self.ask(seat, id, number);
        }
    }

    /// Asks; and again, should no answer come.
    pub(super) fn ask(&mut self, seat: usize, id: usize, number: u32) {
        let person = &self.people[seat];
        if person.tries != number || person.waiting.front().is_none_or(|(next, _)| *next != id) {
            return;
        }
        let who = self.somewhere(seat);
        let person = &mut self.people[seat];
        person.tries += 1;
        let number = person.tries;
        let lost = !self.is_calm() && self.people[seat].chance.once_in(12);
        let delay = if self.shape.pinned { 0 } else { self.people[seat].chance.between(1, 40) };
        let holder = self.processes[who].holder;
        if !lost {
            self.clock.later(delay, Happening::Request { who, holder, seat, id, number });
        }
        self.clock.later(ASK_AGAIN, Happening::Ask { seat, id, number });
    }

    pub(super) fn request(&mut self, who: usize, seat: usize, id: usize, number: u32) {
        let person = &self.people[seat];
        let asked = person.waiting.iter().find(|(waiting, _)| *waiting == id);
        let Some((_, request)) = asked else { return };
        let (channel, request) = (channel::Type::Web, request.clone());
        let input = Input::Requested { who: person.client.who.clone(), channel, request };
        let mut job = Job::new(Work::Apply(input));
        job.asker = Some((seat, id, number));
        job.term = self.storage.disk.head().term;
        self.give(who, job);
    }

    /// An instance answers; the answer may be lost.
    pub(super) fn reply(&mut self, seat: usize, id: usize, number: u32, reply: Option<Reply>) {
        let lost = !self.is_calm() && self.people[seat].chance.once_in(10);
        if !lost {
            let delay = self.people[seat].chance.between(1, 40);
            let reply = Box::new(reply);
            self.clock.later(delay, Happening::Reply { seat, id, number, reply });
        }
    }

    pub(super) fn replied(
        &mut self,
        seat: usize,
        id: usize,
        number: u32,
        reply: Option<&Reply>,
    ) -> Held {
        if let Some(place) = reply.and_then(errand::place) {
            self.placed(seat, &key(id), place)?;
        }
        let person = &mut self.people[seat];
        let Some((_, request)) = person.waiting.front().filter(|(next, _)| *next == id) else {
            return Ok(());
        };
        if let (Request::Send(letter), Some(Reply::Sent(sent))) = (request, reply) {
            Invariant::Once.holds(sent.seq > person.said, || {
                format!("{} is at {} after {}", letter.key, sent.seq, person.said)
            })?;
            person.said = sent.seq;
            person.client.learn(&letter.key, sent.seq)?;
        }
        if errand::is_to_retry(reply) {
            if person.tries == number {
                self.clock.later(ASK_AGAIN / 4, Happening::Ask { seat, id, number });
            }
            return Ok(());
        }
        if let Some(Reply::Refused(_)) = reply {
            person.client.drop_letter(&key(id));
        }
        person.waiting.pop_front();
        self.ask_next(seat);
        Ok(())
    }

    /// What is acknowledged is stored, and the same key is answered the same each time.
    fn placed(&mut self, seat: usize, key: &str, seq: u32) -> Held {
        let sender = self.people[seat].client.who.sender(key);
        self.storage.disk.has(&sender, seq)?;
        let first = *self.places.entry(sender).or_insert(seq);
        Invariant::Once.holds(first == seq, || format!("{key} is at {first} and at {seq}"))
    }

    /// Agents who wait for a conversation to begin find it in their list.
    pub(super) fn tell_agents_of_a_beginning(&mut self) {
        for seat in 0..self.people.len() {
            self.clock.later(OPENED_AFTER, Happening::Connect { seat });
        }
    }
}

/// The key that an item of the plan is stored under.
fn key(id: usize) -> String {
    format!("k{id}")
}
