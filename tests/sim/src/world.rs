//! The world: what is in it, what happens next, and what must hold when it has come to rest.

use crate::agenda::Agenda;
use crate::chance::{Chance, kind};
use crate::client::Client;
use crate::console::{self, Console, Wire};
use crate::guards::Guards;
use crate::happening::Happening;
use crate::invariant::{Broken, Held, Invariant, Violation};
use crate::journal::Journal;
use crate::model;
use crate::network::Link;
use crate::office::Office;
use crate::plan::Plan;
use crate::process::Doom;
use crate::room::Room;
use crate::site::CONTEXTS_BUDGET;
use kefu_shared::context::Contexts;
use kefu_shared::conversation::ConnId;
use kefu_shared::desk::Session;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What happened in a world.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Things that happened.
    pub happenings: u64,
    /// Events in the logs.
    pub logged: u64,
    /// Messages that were acknowledged.
    pub acknowledged: usize,
    /// Times that the process died.
    pub crashes: u32,
    /// Times that two instances were alive.
    pub splits: u32,
    /// Transactions that the storage refused.
    pub refusals: u32,
    /// Calls to providers.
    pub calls: u32,
    /// Screens that were thrown away and loaded anew.
    pub reloads: u32,
    /// Answers that were cut off where they were shown.
    pub interrupted: usize,
    /// Drafts that agents sent.
    pub approvals: usize,
    /// How many acts each step had.
    pub steps: Vec<usize>,
    /// A hash of everything that happened, in order.
    pub trace: u64,
}

impl Report {
    /// Adds up what happened in another world; what is of one world only stays as it is.
    pub fn add(&mut self, other: &Self) {
        self.happenings += other.happenings;
        self.logged += other.logged;
        self.acknowledged += other.acknowledged;
        self.crashes += other.crashes;
        self.splits += other.splits;
        self.refusals += other.refusals;
        self.calls += other.calls;
        self.reloads += other.reloads;
        self.interrupted += other.interrupted;
        self.approvals += other.approvals;
    }
}

/// One world.
pub(crate) struct World<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) clock: Agenda<Happening>,
    pub(crate) rooms: Vec<Room>,
    pub(crate) clients: Vec<Client>,
    pub(crate) links: BTreeMap<ConnId, Link>,
    /// The desk, the agents' lists and the streams between them.
    pub(crate) office: Office,
    pub(crate) office_chance: Chance,
    pub(crate) consoles: Vec<Console>,
    pub(crate) wires: BTreeMap<ConnId, Wire>,
    /// Numbers given so far.
    pub(crate) conns: ConnId,
    pub(crate) instances: u32,
    pub(crate) timers: u32,
    /// What all conversations of the process share.
    pub(crate) contexts: Contexts,
    pub(crate) guards: Guards,
    pub(crate) doom: Option<Doom>,
    /// Whether objects sleep whenever they can.
    pub(crate) drowsy: bool,
    pub(crate) journal: Journal,
    pub(crate) report: Report,
}

/// Lets everything happen that is planned.
///
/// # Errors
/// The first thing that did not hold, with what led to it.
pub fn run(plan: &Plan) -> Result<Report, Box<Violation>> {
    let mut world = World::new(plan);
    let result = catch_unwind(AssertUnwindSafe(|| world.live()));
    let held = result.unwrap_or_else(|panic| Err(Invariant::Alive.broken(told(&*panic))));
    match held {
        Ok(()) => Ok(world.report),
        Err(broken) => Err(Box::new(world.violation(broken))),
    }
}

impl<'a> World<'a> {
    fn new(plan: &'a Plan) -> Self {
        let rooms = plan.rooms();
        let numbers = (0..rooms).zip(1..);
        let mut world = Self {
            plan,
            clock: Agenda::new(),
            rooms: numbers.map(|(room, number)| Room::new(plan.seed, room, number)).collect(),
            clients: plan.seats.iter().map(|seat| Client::new(seat, plan.drafts)).collect(),
            links: BTreeMap::new(),
            office: Office::default(),
            office_chance: Chance::of(plan.seed, &[kind::OFFICE]),
            consoles: (0..plan.consoles).map(|_| Console::default()).collect(),
            wires: BTreeMap::new(),
            conns: 0,
            instances: u32::try_from(rooms).unwrap_or(u32::MAX),
            timers: 0,
            contexts: Contexts::new(CONTEXTS_BUDGET),
            guards: Guards::default(),
            doom: None,
            drowsy: false,
            journal: Journal::default(),
            report: Report::default(),
        };
        for number in 0..plan.consoles {
            let since = world.clock.wall().0;
            let session = Session {
                id: console::session(number),
                agent: "ming".into(),
                since,
                here_until: 0,
            };
            world.office.disk.sessions.push(session);
        }
        for room in &mut world.rooms {
            room.patience.is_endless = !plan.keeps_time();
        }
        for (index, item) in plan.items.iter().enumerate() {
            world.clock.at(item.at, Happening::Planned { index });
        }
        world.clock.at(plan.calm_at(), Happening::Calm);
        world
    }

    fn live(&mut self) -> Held {
        while let Some(happening) = self.clock.pop() {
            self.journal.note(self.clock.now(), &happening);
            if let Some((at, deed)) = &self.plan.strike
                && self.journal.count() == *at
            {
                self.perform(usize::MAX, deed)?;
            }
            self.happen(happening)?;
            self.comes_to_rest()?;
        }
        self.at_rest()?;
        self.sum_up();
        Ok(())
    }

    /// Nothing breaks any more, and everybody comes back.
    pub(crate) fn calm(&mut self) {
        self.doom = None;
        for room in &mut self.rooms {
            room.refuse_in = None;
            room.site_lost = None;
            room.manners.clear();
            room.fates.clear();
        }
        self.office.refuse_in = None;
        for number in 0..self.consoles.len() {
            self.consoles[number].away_until = 0;
            self.clock.later(100, Happening::Console { number });
        }
        // Two lives of one conversation end with a reset: what one of them was not told is seen.
        for room in 0..self.rooms.len() {
            if !self.rooms[room].was_split {
                continue;
            }
            self.reset(room);
        }
        for seat in 0..self.clients.len() {
            let client = &mut self.clients[seat];
            client.away_until = 0;
            if client.arrived && client.conn.is_none() {
                self.clock.later(100, Happening::Connect { seat });
            }
        }
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.clock.now() >= self.plan.calm_at()
    }

    fn sum_up(&mut self) {
        let report = &mut self.report;
        report.happenings = self.journal.count();
        report.trace = self.journal.hash();
        for room in &self.rooms {
            report.logged += u64::from(room.disk.seq());
            report.interrupted += model::interrupted(room.disk.events());
            report.approvals += model::approvals(room.disk.events());
        }
        for client in &self.clients {
            let epoch = self.rooms[client.room].disk.head().epoch;
            report.acknowledged += client.acknowledged(epoch).count();
            report.reloads += client.screen.reloads;
        }
    }

    fn violation(&self, broken: Broken) -> Violation {
        let items = self.plan.items.iter();
        Violation {
            broken,
            origin: self.plan.origin.clone(),
            kept: self.plan.shrunk.then(|| items.clone().map(|item| item.id).collect()),
            at: self.clock.now(),
            items: items.map(|it| format!("{} at {}: {:?}", it.id, it.at, it.deed)).collect(),
            trace: self.journal.lines(),
        }
    }
}

/// What a panic says.
pub(crate) fn told(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
}
