//! The world of several instances: what is in it, and what happens next.

use super::happening::Happening;
use super::people::{Link, Person};
use super::process::Process;
use super::storage::Storage;
use crate::agenda::Agenda;
use crate::chance::{Chance, kind};
use crate::invariant::{Broken, Held, Invariant, Violation};
use crate::journal::Journal;
use crate::ledger::Ledger;
use crate::model;
use crate::patience::Patience;
use crate::plan::{Deed, Fate, Manner, Plan, Point};
use crate::process::Doom;
use crate::world::{Report, told};
use kefu_proto::v1::InboxEntry;
use kefu_shared::conversation::ConnId;
use kefu_shared::guard::Guard;
use kefu_shared::time::Millis;
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a host takes at most between an input and its commit, in milliseconds.
const SLACK: u64 = 9_000;

/// What the instances are like.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// How many there are.
    pub processes: usize,
    /// Whether there is a bus between them; else the database is looked at more often.
    pub bus: bool,
    /// Whether everybody always comes to the instance of the same number, as far as it goes.
    pub pinned: bool,
    /// Which of the instances that can go on does, again and again; where these end, the first.
    /// `None` leaves it to chance.
    pub order: Option<Vec<usize>>,
}

pub(super) struct World<'a> {
    pub(super) plan: &'a Plan,
    pub(super) shape: &'a Shape,
    pub(super) clock: Agenda<Happening>,
    pub(super) storage: Storage,
    pub(super) processes: Vec<Process>,
    pub(super) people: Vec<Person>,
    pub(super) links: BTreeMap<ConnId, Link>,
    pub(super) conns: ConnId,
    pub(super) holders: u64,
    /// Instances that can go on now, where that is not left to chance.
    pub(super) ready: Vec<usize>,
    /// How many could, at each choice.
    pub(super) choices: Vec<usize>,
    pub(super) guards: BTreeMap<String, Guard>,
    pub(super) inbox: Option<InboxEntry>,
    pub(super) manners: VecDeque<Manner>,
    pub(super) fates: VecDeque<Fate>,
    pub(super) site_lost: Option<bool>,
    pub(super) doom: Option<Doom>,
    /// Who dies in the step that is under way, and where.
    pub(super) doomed: Option<(usize, Point)>,
    pub(super) ledger: Ledger,
    pub(super) patience: Patience,
    /// Where each request was first answered to be.
    pub(super) places: BTreeMap<String, u32>,
    pub(super) chance: Chance,
    pub(super) journal: Journal,
    pub(super) report: Report,
}

/// Lets everything happen that is planned.
///
/// # Errors
/// The first thing that did not hold, with what led to it.
pub fn run(plan: &Plan, shape: &Shape) -> Result<Report, Box<Violation>> {
    run_choosing(plan, shape).0
}

/// The same, with how many instances could go on at each choice.
pub(super) fn run_choosing(
    plan: &Plan,
    shape: &Shape,
) -> (Result<Report, Box<Violation>>, Vec<usize>) {
    let mut world = World::new(plan, shape);
    let result = catch_unwind(AssertUnwindSafe(|| world.live()));
    let held = result.unwrap_or_else(|panic| Err(Invariant::Alive.broken(told(&*panic))));
    let choices = std::mem::take(&mut world.choices);
    match held {
        Ok(()) => (Ok(world.report), choices),
        Err(broken) => (Err(Box::new(world.violation(broken))), choices),
    }
}

impl<'a> World<'a> {
    fn new(plan: &'a Plan, shape: &'a Shape) -> Self {
        let people = plan.seats.iter().enumerate();
        let mut world = Self {
            plan,
            shape,
            clock: Agenda::new(),
            storage: Storage::default(),
            processes: (0..shape.processes).map(|_| Process::default()).collect(),
            people: people.map(|(number, seat)| Person::new(plan, number, seat)).collect(),
            links: BTreeMap::new(),
            conns: 0,
            holders: 0,
            ready: Vec::new(),
            choices: Vec::new(),
            guards: BTreeMap::new(),
            inbox: None,
            manners: VecDeque::new(),
            fates: VecDeque::new(),
            site_lost: None,
            doom: None,
            doomed: None,
            ledger: Ledger::default(),
            patience: Patience::with_slack(SLACK),
            places: BTreeMap::new(),
            chance: Chance::of(plan.seed, &[kind::ROOM]),
            journal: Journal::default(),
            report: Report::default(),
        };
        for who in 0..shape.processes {
            world.back(who);
            world.clock.at(1_000 * (who as u64 + 1), Happening::Polls { who });
        }
        for (index, item) in plan.items.iter().enumerate() {
            world.clock.at(item.at, Happening::Planned { index });
        }
        world.clock.at(plan.calm_at(), Happening::Calm);
        world
    }

    /// Whether the order of what instances do is chosen, and not left to chance.
    pub(super) fn chooses(&self) -> bool {
        self.shape.order.is_some()
    }

    /// The time, as an instance has it.
    pub(super) fn wall(&self, who: usize) -> Millis {
        Millis(self.clock.wall().0.saturating_add_signed(self.processes[who].skew))
    }

    fn live(&mut self) -> Held {
        loop {
            // What happens at the same time waits with what can go on.
            if !self.ready.is_empty() && self.clock.next_at() != Some(self.clock.now()) {
                let who = self.choose();
                self.journal.note(self.clock.now(), &("goes on", who));
                self.moment(who)?;
                continue;
            }
            let Some(happening) = self.clock.pop() else { break };
            if !matches!(happening, Happening::Listen { .. }) {
                self.journal.note(self.clock.now(), &happening);
            }
            self.happen(happening)?;
            self.comes_to_rest()?;
        }
        self.at_rest()?;
        self.sum_up();
        Ok(())
    }

    /// Who goes on, of those who can.
    fn choose(&mut self) -> usize {
        self.ready.sort_unstable();
        let could = self.ready.len();
        let mut choice = 0;
        if could > 1 {
            let order = self.shape.order.as_deref().unwrap_or_default();
            choice = order.get(self.choices.len()).copied().unwrap_or(0).min(could - 1);
            self.choices.push(could);
        }
        self.ready.remove(choice)
    }

    /// Carries out an item of the plan.
    pub(super) fn perform(&mut self, id: usize, deed: &Deed) {
        match *deed {
            Deed::Arrive { seat } => {
                self.people[seat].client.arrived = true;
                self.connect(seat);
            }
            Deed::Leave { seat, away } if self.people[seat].client.arrived => {
                self.people[seat].client.away_until = self.clock.now() + away;
                self.cut(seat, away);
            }
            Deed::Cut { seat } => self.cut(seat, 0),
            Deed::Crash => (0..self.processes.len()).for_each(|who| self.kill(who, 500)),
            Deed::Doom { skip, point } => self.doom = Some(Doom { skip, point }),
            Deed::Kill { process, away } => self.kill(process, away),
            Deed::Stall { process, by } => {
                self.patience.broke(self.clock.now() + by);
                self.report.splits += 1;
                self.processes[process].stalled_until = self.clock.now() + by;
            }
            Deed::Skew { process, by } => {
                self.patience.is_endless = true;
                self.processes[process].skew = by;
            }
            Deed::Poll { process } => self.poll(process),
            Deed::Fault { skip, stored } => self.storage.refuse = Some((skip, stored)),
            Deed::Expect { manner, .. } => self.manners.push_back(manner),
            Deed::LoseSite { hangs, .. } => self.site_lost = Some(hangs),
            Deed::Tell { fate, .. } => self.fates.push_back(fate),
            _ => self.at_a_screen(id, deed),
        }
    }

    /// Nothing breaks any more, and everybody comes back.
    pub(super) fn calm(&mut self) {
        (self.doom, self.doomed, self.storage.refuse, self.site_lost) = (None, None, None, None);
        self.manners.clear();
        self.fates.clear();
        for process in &mut self.processes {
            (process.stalled_until, process.skew) = (0, 0);
        }
        for seat in 0..self.people.len() {
            self.people[seat].client.away_until = 0;
            self.clock.later(100, Happening::Connect { seat });
        }
        for who in 0..self.processes.len() {
            self.clock.later(2_000, Happening::Back { who });
        }
    }

    pub(super) fn is_calm(&self) -> bool {
        self.clock.now() >= self.plan.calm_at()
    }

    fn sum_up(&mut self) {
        let report = &mut self.report;
        report.happenings = self.journal.count();
        report.trace = self.journal.hash();
        report.logged = u64::from(self.storage.disk.seq());
        report.interrupted = model::interrupted(self.storage.disk.events());
        report.approvals = model::approvals(self.storage.disk.events());
        for person in &self.people {
            report.acknowledged += person.client.acknowledged(1).count();
            report.reloads += person.client.screen.reloads;
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
