//! The world: virtual time, the process that dies, the network that breaks, and what happens next.

use crate::chance::Chance;
use crate::client::{Client, letter};
use crate::disk::{Disk, is_visitors};
use crate::invariant::Violation;
use crate::provider::{self, Said};
use crate::site;
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{
    Event, HandoffRequest, OwnerRequest, Read, Stop, channel, client_frame, event,
};
use kefu_shared::conversation::{
    Act, AttemptId, Audience, ConnId, Conversation, Input, OwnerRecord, Prepared, Request, Step,
    Stream, Write,
};
use kefu_shared::site::Live;
use kefu_shared::time::{Millis, Tick};
use kefu_shared::view;
use kefu_shared::who::{Role, Who};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

/// How long clients do things and the world breaks; afterwards it comes to rest.
const STORM: u64 = 90_000;
/// The end of everything.
const REST: u64 = 400_000;
/// The turn budget.
const BUDGET: u64 = 15_000;
/// Calls to providers that one turn may cost, crashes included.
const CALLS_MOST: usize = 3;

/// What happened in a world.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Things that happened.
    pub events: u64,
    /// Events in the log.
    pub logged: u32,
    /// Messages that were acknowledged.
    pub acknowledged: usize,
    /// Times that the process died.
    pub crashes: u32,
    /// Calls to providers.
    pub calls: u32,
    /// A hash of everything that happened, in order.
    pub trace: u64,
}

/// What happens next.
#[derive(Clone, Debug)]
enum Happening {
    /// A client does something.
    Whim { client: usize },
    /// A client connects.
    Connect { client: usize },
    /// A frame reaches the server.
    Up { client: usize, conn: ConnId, frame: client_frame::Frame },
    /// A frame reaches a client.
    Down { client: usize, conn: ConnId, frame: Box<Frame> },
    /// A client's watchdog finds its stream dead.
    Watchdog { client: usize, conn: ConnId },
    /// A provider says something.
    Provider { life: u32, attempt: AttemptId, said: Said },
    /// The site was read, or could not be.
    Site { life: u32, turn: u32, before: u32 },
    /// A timer of the process.
    Timer { life: u32 },
    /// The alarm of the platform.
    Alarm { life: u32, number: u32 },
    /// The desk, or the lack of it, answers.
    Told { life: u32, seq: u32 },
    /// The process dies.
    Crash,
    /// The object leaves memory for a while.
    Sleep,
}

/// One world.
pub struct World {
    seed: u64,
    chance: Chance,
    now: u64,
    order: u64,
    next: BTreeMap<(u64, u64), Happening>,
    live: Option<Arc<Live>>,
    disk: Disk,
    /// The process's memory; `None` while nobody woke it.
    conversation: Option<Conversation>,
    /// Which life of the process this is.
    life: u32,
    streams: BTreeMap<ConnId, (usize, Stream)>,
    conns: ConnId,
    clients: Vec<Client>,
    keys: u32,
    call: Option<AttemptId>,
    calls: BTreeMap<u32, usize>,
    attempts: BTreeSet<AttemptId>,
    /// Turns of which something was shown.
    shown: BTreeSet<u32>,
    /// The visitor's message that waits, since when, and in which life.
    waiting: Option<(u64, u32)>,
    /// An answer is being shown; whether a question came meanwhile.
    showing: Option<bool>,
    alarm: Option<u32>,
    alarms: u32,
    crash_in: Option<usize>,
    /// When the last frame to each stream arrives: streams keep their order.
    arrival: BTreeMap<ConnId, u64>,
    report: Report,
    hasher: DefaultHasher,
    trace: VecDeque<String>,
    violation: Option<String>,
}

impl World {
    /// The world of a seed, at its beginning.
    pub fn new(seed: u64) -> Self {
        let mut world = Self {
            seed,
            chance: Chance::new(seed),
            now: 1_700_000_000_000,
            order: 0,
            next: BTreeMap::new(),
            live: site::live(),
            disk: Disk::default(),
            conversation: None,
            life: 0,
            streams: BTreeMap::new(),
            conns: 0,
            clients: vec![
                Client::new(Who::visitor("v")),
                Client::new(Who::visitor("v")),
                Client::new(Who::agent("ming", "Ming")),
            ],
            keys: 0,
            call: None,
            calls: BTreeMap::new(),
            attempts: BTreeSet::new(),
            shown: BTreeSet::new(),
            waiting: None,
            showing: None,
            alarm: None,
            alarms: 0,
            crash_in: None,
            arrival: BTreeMap::new(),
            report: Report::default(),
            hasher: DefaultHasher::new(),
            trace: VecDeque::new(),
            violation: None,
        };
        world.begin();
        world
    }

    /// Lets everything happen.
    ///
    /// # Errors
    /// The first thing that did not hold.
    pub fn run(mut self) -> Result<Report, Violation> {
        while let Some(((at, _), happening)) = self.next.pop_first() {
            self.now = at;
            self.report.events += 1;
            self.note(&format!("{happening:?}"));
            self.happen(happening);
            if let Some(what) = self.violation.take() {
                return Err(self.violation_of(what));
            }
        }
        self.at_rest().map_err(|what| self.violation_of(what))?;
        self.report.logged = self.disk.seq();
        self.report.acknowledged =
            self.clients.iter().map(|client| client.acknowledged.len()).sum();
        self.report.trace = self.hasher.finish();
        Ok(self.report)
    }

    fn begin(&mut self) {
        let start = self.now;
        for client in 0..self.clients.len() {
            let at = self.chance.below(500);
            self.later(at, Happening::Connect { client });
            for _ in 0..self.chance.between(4, 14) {
                let at = self.chance.below(STORM);
                self.later(at, Happening::Whim { client });
            }
        }
        for _ in 0..self.chance.below(6) {
            let at = self.chance.below(STORM);
            self.later(at, Happening::Crash);
        }
        for _ in 0..self.chance.below(4) {
            let at = self.chance.below(STORM);
            self.later(at, Happening::Sleep);
        }
        debug_assert_eq!(self.now, start);
    }

    fn later(&mut self, delay: u64, happening: Happening) {
        self.order += 1;
        self.next.insert((self.now + delay, self.order), happening);
    }

    fn storms(&self) -> bool {
        self.now < 1_700_000_000_000 + STORM
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Whim { client } => self.whim(client),
            Happening::Connect { client } => self.connect(client),
            Happening::Up { client, conn, frame } => self.up(client, conn, frame),
            Happening::Down { client, conn, frame } => self.down(client, conn, &frame),
            Happening::Watchdog { client, conn } => self.watchdog(client, conn),
            Happening::Provider { life, attempt, said } => self.provider(life, attempt, said),
            Happening::Site { life, turn, before } => self.site(life, turn, before),
            Happening::Timer { life } if life == self.life => self.give(Input::Woke),
            Happening::Timer { .. } => {}
            Happening::Alarm { life, number } => {
                if self.alarm == Some(number) {
                    self.alarm = None;
                    // One that a dead process left behind may.
                    let idle = life == self.life
                        && self.conversation.as_ref().is_some_and(|it| it.deadline().is_none());
                    if idle {
                        self.violation = Some("an alarm wakes an idle conversation".into());
                        return;
                    }
                    self.give(Input::Alarmed);
                }
            }
            Happening::Told { life, seq } if life == self.life => {
                let lost = self.chance.once_in(5);
                self.give(if lost { Input::NotTold { seq } } else { Input::Told { seq } });
            }
            Happening::Told { .. } => {}
            Happening::Crash => self.crash(),
            Happening::Sleep => self.sleep(),
        }
    }

    // What clients do.

    fn whim(&mut self, client: usize) {
        if self.clients[client].who.role == Role::Agent {
            return self.agents_whim(client);
        }
        let whim = self.chance.below(20);
        let frame = match whim {
            0 => return self.cut(client),
            1 => return self.clients[client].half_open = self.clients[client].conn.is_some(),
            2 => client_frame::Frame::Read(Read { seq: self.disk.seq() }),
            3 => client_frame::Frame::Stop(Stop { turn: self.turn_guess() }),
            4 => {
                let key = self.key();
                let asked = HandoffRequest { key, reason: String::new() };
                let who = self.clients[client].who.clone();
                return self.request(who, Request::Handoff(asked));
            }
            _ => {
                let key = self.key();
                let text = *self.chance.pick(&["hello", "refund please", "why? 😀", "a human"]);
                let text = if text == "a human" && !self.chance.once_in(6) { "hm" } else { text };
                self.clients[client].outbox.push_back((key.clone(), text.into()));
                client_frame::Frame::Send(letter(&key, text))
            }
        };
        self.send_up(client, frame);
    }

    fn agents_whim(&mut self, client: usize) {
        let who = self.clients[client].who.clone();
        let owner = OwnerRequest { key: None, term: None };
        match self.chance.below(8) {
            0 => self.cut(client),
            1 | 2 => self.request(who, Request::Take(owner)),
            3 | 4 => self.request(who, Request::Release(owner)),
            5 => self.request(who, Request::Resolve(owner)),
            _ if self.disk.is_owned_by_a_person() => {
                let key = self.key();
                self.clients[client].outbox.push_back((key.clone(), "Ming here".into()));
                self.send_up(client, client_frame::Frame::Send(letter(&key, "Ming here")));
            }
            _ => {}
        }
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        format!("k{}", self.keys)
    }

    fn turn_guess(&mut self) -> u32 {
        self.call.map_or(1, |call| call.turn)
    }

    fn request(&mut self, who: Who, request: Request) {
        self.give(Input::Requested { who, channel: channel::Type::Web, request });
    }

    // The network.

    fn connect(&mut self, client: usize) {
        if self.clients[client].conn.is_some() {
            return;
        }
        self.conns += 1;
        let conn = self.conns;
        let who = self.clients[client].who.clone();
        let expires = Millis(self.now) + Duration::from_secs(86_400);
        let stream = Stream { who, channel: channel::Type::Web, expires };
        let cursor = self.clients[client].cursor();
        self.clients[client].connected(conn);
        self.streams.insert(conn, (client, stream.clone()));
        self.arrival.insert(conn, self.now);
        self.give(Input::Attached { conn, stream, cursor });
        for send in self.clients[client].unsent() {
            self.send_up(client, client_frame::Frame::Send(send));
        }
    }

    fn send_up(&mut self, client: usize, frame: client_frame::Frame) {
        let Some(conn) = self.clients[client].conn else { return };
        let at = self.in_order(conn);
        self.order += 1;
        self.next.insert((at, self.order), Happening::Up { client, conn, frame });
    }

    fn up(&mut self, client: usize, conn: ConnId, frame: client_frame::Frame) {
        let alive = self.streams.contains_key(&conn) && !self.clients[client].half_open;
        if alive {
            self.give(Input::Framed { conn, frame });
        }
    }

    fn down(&mut self, client: usize, conn: ConnId, frame: &Frame) {
        let reader = &mut self.clients[client];
        if reader.conn != Some(conn) || reader.half_open {
            if reader.conn == Some(conn) {
                let wait = self.chance.between(1_000, 20_000);
                self.later(wait, Happening::Watchdog { client, conn });
            }
            return;
        }
        if let Err(what) = reader.take(frame) {
            self.violation = Some(format!("client {client}: {what}"));
        }
    }

    fn watchdog(&mut self, client: usize, conn: ConnId) {
        if self.clients[client].conn == Some(conn) && self.clients[client].half_open {
            self.cut(client);
        }
    }

    /// A stream breaks, and both ends notice.
    fn cut(&mut self, client: usize) {
        let Some(conn) = self.clients[client].conn else { return };
        self.clients[client].disconnected();
        if self.streams.remove(&conn).is_some() {
            self.give(Input::Detached { conn });
        }
        let wait = self.chance.between(50, 3_000);
        self.later(wait, Happening::Connect { client });
    }

    fn in_order(&mut self, conn: ConnId) -> u64 {
        let delay = if self.chance.once_in(20) {
            self.chance.between(100, 2_000)
        } else {
            self.chance.between(1, 40)
        };
        let arrival = self.arrival.entry(conn).or_default();
        *arrival = (self.now + delay).max(*arrival);
        *arrival
    }

    // The process.

    fn give(&mut self, input: Input) {
        if self.conversation.is_none() {
            self.wake();
        }
        let Some(mut conversation) = self.conversation.take() else { return };
        let prior = conversation.lookup(&input).and_then(|sender| self.disk.by_sender(&sender));
        let tick = Tick { now: Millis(self.now), entropy: self.chance.entropy() };
        let step = conversation.step(tick, input, prior.as_ref());
        let deadline = conversation.deadline();
        self.conversation = Some(conversation);
        self.carry_out(step);
        if let Some((at, _)) = deadline {
            let life = self.life;
            self.later(at.0.saturating_sub(self.now), Happening::Timer { life });
        }
    }

    fn wake(&mut self) {
        let mut snapshot = self.disk.snapshot(Millis(self.now));
        let streams = self.streams.iter().map(|(conn, (_, stream))| (*conn, stream.clone()));
        snapshot.streams = streams.collect();
        let conversation = Conversation::resume(snapshot, 3);
        if let Some((at, _)) = conversation.deadline() {
            let life = self.life;
            self.later(at.0.saturating_sub(self.now), Happening::Timer { life });
        }
        self.conversation = Some(conversation);
    }

    /// Stores, then acts; the process may die before, after, and between any two acts.
    fn carry_out(&mut self, step: Step) {
        let doomed = self.storms() && self.chance.once_in(150);
        if doomed && self.chance.once_in(3) {
            return self.crash();
        }
        if let Err(what) = self.disk.commit(&step.writes) {
            self.violation = Some(format!("the storage refuses: {what}"));
            return;
        }
        for write in &step.writes {
            if let Write::Alarm(at) = write {
                self.set_alarm(*at);
            }
        }
        if doomed {
            self.crash_in =
                Some(usize::try_from(self.chance.below(step.acts.len() as u64 + 1)).unwrap_or(0));
        }
        for act in step.acts {
            if self.crash_in == Some(0) {
                break;
            }
            self.crash_in = self.crash_in.map(|left| left - 1);
            self.act(act);
        }
        if self.crash_in.take().is_some() {
            self.crash();
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Send { to, frame } => self.send_down(to, &frame),
            Act::Replay { conn, after, upto } => self.replay(conn, after, upto),
            Act::Close { conn, .. } => {
                if let Some((client, _)) = self.streams.remove(&conn) {
                    self.clients[client].disconnected();
                    self.later(100, Happening::Connect { client });
                }
            }
            Act::Prepare { turn, before } => {
                let (life, delay) = (self.life, self.chance.between(0, 30));
                self.later(delay, Happening::Site { life, turn, before });
            }
            Act::Call { attempt, .. } => self.call(attempt),
            Act::Abort { attempt } => {
                if self.call == Some(attempt) && !self.chance.once_in(4) {
                    self.call = None;
                }
            }
            Act::Tell { summary, .. } => {
                let (life, delay) = (self.life, self.chance.between(1, 100));
                self.later(delay, Happening::Told { life, seq: summary.seq });
            }
        }
    }

    fn set_alarm(&mut self, at: Option<Millis>) {
        let Some(at) = at else {
            self.alarm = None;
            return;
        };
        self.alarms += 1;
        let number = self.alarms;
        self.alarm = Some(number);
        let late = if self.chance.once_in(5) { 2_000 } else { 0 };
        let delay = at.0.saturating_sub(self.now) + late;
        self.later(delay, Happening::Alarm { life: self.life, number });
    }

    fn send_down(&mut self, to: Audience, frame: &Frame) {
        match frame {
            Frame::Event(event) if self.disk.event(event.seq).is_none() => {
                self.violation = Some(format!("seq {} is sent and not stored", event.seq));
            }
            Frame::Delta(_) | Frame::Replace(_) if self.disk.is_owned_by_a_person() => {
                self.violation = Some("the machine is shown while a person owns".into());
            }
            Frame::Delta(delta) => {
                self.shown.insert(delta.turn);
                self.answered();
                self.showing.get_or_insert(false);
            }
            Frame::Event(event) => self.clock(event),
            Frame::Hello(_)
            | Frame::Ack(_)
            | Frame::Replace(_)
            | Frame::Typing(_)
            | Frame::Presence(_)
            | Frame::Read(_)
            | Frame::Error(_)
            | Frame::Pong(_)
            | Frame::Inbox(_) => {}
        }
        let hears: Vec<ConnId> = self
            .streams
            .iter()
            .filter(|(conn, (_, stream))| hears(to, **conn, stream.who.role))
            .map(|(conn, _)| *conn)
            .collect();
        for conn in hears {
            self.deliver(conn, frame.clone());
        }
    }

    /// Questions start the clock, answers and owners stop it.
    fn clock(&mut self, event: &Event) {
        match &event.kind {
            Some(event::Kind::Message(message)) if is_visitors(message) => {
                let machine =
                    self.disk.head.as_ref().is_none_or(|head| head.owner == OwnerRecord::Bot);
                match &mut self.showing {
                    Some(asked) => *asked = true,
                    None if machine => {
                        self.waiting.get_or_insert((self.now, self.life));
                    }
                    None => {}
                }
            }
            Some(event::Kind::Message(_)) => {
                self.answered();
                // What was asked during the answer waits from its end.
                if self.showing.take() == Some(true) {
                    self.waiting = Some((self.now, self.life));
                }
            }
            Some(event::Kind::Owner(_) | event::Kind::Closed(_)) => {
                self.answered();
                self.showing = None;
            }
            _ => {}
        }
    }

    fn answered(&mut self) {
        if let Some((since, life)) = self.waiting.take()
            && life == self.life
            && self.now - since > BUDGET
        {
            self.violation = Some(format!("a question waited {} ms", self.now - since));
        }
    }

    fn deliver(&mut self, conn: ConnId, frame: Frame) {
        let Some((client, _)) = self.streams.get(&conn) else { return };
        let client = *client;
        let at = self.in_order(conn);
        self.order += 1;
        self.next
            .insert((at, self.order), Happening::Down { client, conn, frame: Box::new(frame) });
    }

    fn replay(&mut self, conn: ConnId, after: u32, upto: u32) {
        let Some(role) = self.streams.get(&conn).map(|(_, stream)| stream.who.role) else { return };
        for seq in after + 1..=upto {
            if let Some(event) = self.disk.event(seq) {
                self.deliver(conn, Frame::Event(view::of(&event, role).into_owned()));
            }
        }
    }

    fn call(&mut self, attempt: AttemptId) {
        self.report.calls += 1;
        let calls = self.calls.entry(attempt.turn).or_default();
        *calls += 1;
        // A new message before visible text asks again.
        let messages = self.disk.seq() as usize;
        if *calls > CALLS_MOST + messages {
            self.violation = Some(format!("turn {} costs {calls} calls", attempt.turn));
        }
        if !self.attempts.insert(attempt) {
            self.violation = Some(format!("{attempt:?} is called twice"));
        }
        if self.shown.contains(&attempt.turn) {
            self.violation = Some(format!("turn {} was shown and is asked again", attempt.turn));
        }
        self.call = Some(attempt);
        let life = self.life;
        for (delay, said) in provider::script(&mut self.chance, Millis(self.now), attempt.attempt) {
            self.later(delay, Happening::Provider { life, attempt, said });
        }
    }

    fn provider(&mut self, life: u32, attempt: AttemptId, said: Said) {
        // A dead process hears nothing; a call that was not dropped in time may still be heard.
        if life != self.life || self.call != Some(attempt) && !self.chance.once_in(10) {
            return;
        }
        self.give(match said {
            Said::Head(head) => Input::Responded { attempt, head },
            Said::Bytes(bytes) => Input::Received { attempt, bytes },
            Said::End(how) => Input::Ended { attempt, how },
            Said::Unreachable(failure) => Input::Failed { attempt, failure },
        });
    }

    fn site(&mut self, life: u32, turn: u32, before: u32) {
        if life == self.life {
            let site = self.live.clone().filter(|_| !self.chance.once_in(30));
            let rounds = self.disk.rounds(before);
            self.give(Input::Prepared { turn, prepared: Prepared { site, rounds } });
        }
    }

    /// The process dies: its memory, its calls and its streams are gone.
    fn crash(&mut self) {
        self.report.crashes += 1;
        self.life += 1;
        self.conversation = None;
        self.call = None;
        self.showing = None;
        self.waiting = None;
        self.crash_in = None;
        let streams = std::mem::take(&mut self.streams);
        for (_, (client, _)) in streams {
            self.clients[client].disconnected();
            let wait = self.chance.between(50, 4_000);
            self.later(wait, Happening::Connect { client });
        }
    }

    /// Memory is let go while nothing is under way; streams stay.
    fn sleep(&mut self) {
        let idle = self.conversation.as_ref().is_some_and(|it| it.deadline().is_none());
        if idle {
            self.conversation = None;
        }
    }

    // What must hold at the end.

    fn at_rest(&mut self) -> Result<(), String> {
        self.disk.check()?;
        if self.now > 1_700_000_000_000 + REST {
            return Err("the world does not come to rest".into());
        }
        if let Some((_, reason)) = self.conversation.as_ref().and_then(Conversation::deadline) {
            return Err(format!("{reason:?} is left to do"));
        }
        if self.alarm.is_some() {
            return Err("an alarm is left".into());
        }
        self.check_screens()?;
        self.check_answers()
    }

    fn check_screens(&self) -> Result<(), String> {
        let log = self.disk.events();
        for (number, client) in self.clients.iter().enumerate() {
            if client.half_open || client.conn.is_none() {
                continue;
            }
            if !client.outbox.is_empty() {
                return Err(format!("client {number} still has {:?}", client.outbox));
            }
            for (key, seq) in &client.acknowledged {
                let stored = self.disk.by_sender(&client.who.sender(key)).map(|event| event.seq);
                if stored != Some(*seq) {
                    return Err(format!(
                        "{key} was acknowledged as {seq} and is stored as {stored:?}"
                    ));
                }
            }
            let seen: Vec<_> = client.screen.values().cloned().collect();
            let due: Vec<_> =
                log.iter().map(|event| view::of(event, client.who.role).into_owned()).collect();
            if seen != due {
                return Err(format!(
                    "client {number} shows {} of {} events",
                    seen.len(),
                    due.len()
                ));
            }
        }
        Ok(())
    }

    /// While the machine owns, the last word is not a visitor's.
    fn check_answers(&self) -> Result<(), String> {
        use kefu_proto::v1::{author, event};
        let owned_by_bot = self.disk.head.as_ref().is_none_or(|head| {
            head.owner == kefu_shared::conversation::OwnerRecord::Bot && !head.closed
        });
        let events = self.disk.events();
        let waiting = events.iter().rev().find_map(|event| match &event.kind {
            Some(event::Kind::Message(message)) => {
                let role = message
                    .author
                    .as_ref()
                    .map_or(author::Role::Unspecified, kefu_proto::v1::Author::role);
                Some((role == author::Role::Visitor).then_some(event.seq))
            }
            Some(event::Kind::Owner(_)) => Some(None),
            _ => None,
        });
        match waiting.flatten() {
            Some(seq) if owned_by_bot => Err(format!("seq {seq} was never answered")),
            _ => Ok(()),
        }
    }

    fn note(&mut self, what: &str) {
        what.hash(&mut self.hasher);
        self.now.hash(&mut self.hasher);
        let mut line = format!("{} {what}", self.now - 1_700_000_000_000);
        if line.len() > 240 {
            line.truncate(line.floor_char_boundary(240));
        }
        self.trace.push_back(line);
        if self.trace.len() > 60 {
            self.trace.pop_front();
        }
    }

    fn violation_of(&self, what: String) -> Violation {
        Violation {
            seed: self.seed,
            at: self.now - 1_700_000_000_000,
            what,
            trace: self.trace.iter().cloned().collect(),
        }
    }
}

fn hears(to: Audience, conn: ConnId, role: Role) -> bool {
    match to {
        Audience::Conn(only) => conn == only,
        Audience::All => true,
        Audience::AllBut(but) => conn != but,
        Audience::Agents => role == Role::Agent,
        Audience::Visitors => role == Role::Visitor,
    }
}
