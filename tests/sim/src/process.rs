//! The process: steps, stores, then acts, as every host does; and dies at any point.

use crate::disk::Refused;
use crate::instance::Instance;
use crate::invariant::{Held, Invariant};
use crate::model;
use crate::plan::Point;
use crate::site::CONTEXTS_BUDGET;
use crate::world::{Happening, World};
use kefu_proto::v1::event;
use kefu_shared::context::Contexts;
use kefu_shared::conversation::{Act, AttemptId, Audience, ConnId, Input, Reply, Step, Write};
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::time::Tick;
use kefu_shared::view;
use kefu_shared::who::Role;

/// When agents find a conversation that begins.
const OPENED_AFTER: u64 = 400;

/// What came of an input.
#[derive(Debug)]
pub(crate) enum Given {
    /// It was stored and carried out.
    Done(Option<Reply>),
    /// The storage refused it: everybody comes back.
    Refused(Reply),
    /// The process died of it, or there is none.
    Lost,
}

/// A death to come: in the step after so many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doom {
    pub(crate) skip: usize,
    pub(crate) point: Point,
}

impl World<'_> {
    /// Gives an input to an instance and carries out what comes of it.
    pub(crate) fn give(&mut self, room: usize, number: u32, input: Input) -> Held<Given> {
        let tick = Tick { now: self.clock.wall(), entropy: self.rooms[room].entropy.entropy() };
        let Some((instance, disk)) = self.rooms[room].instance(number) else {
            return Ok(Given::Lost);
        };
        let step = instance.step(disk, tick, input);
        self.carry_out(room, number, step)
    }

    /// Stores, then acts; the process may die before, after, and between any two acts.
    fn carry_out(&mut self, room: usize, number: u32, step: Step) -> Held<Given> {
        let fate = self.fate(step.acts.len());
        if fate == Some(Point::BeforeCommit) {
            self.crash();
            return Ok(Given::Lost);
        }
        if let Err(refused) = self.commit(room, number, &step.writes)? {
            return Ok(Given::Refused(self.give_up(room, number, &refused)));
        }
        for (index, act) in step.acts.into_iter().enumerate() {
            if fate == Some(Point::AfterActs(index)) {
                break;
            }
            self.act(room, number, act)?;
        }
        if fate.is_some() {
            self.crash();
            return Ok(Given::Lost);
        }
        self.settle(room, number);
        Ok(Given::Done(step.reply))
    }

    /// Whether the process dies in this step, and where.
    pub(crate) fn fate(&mut self, acts: usize) -> Option<Point> {
        self.report.steps.push(acts);
        let doom = self.doom.as_mut()?;
        if doom.skip > 0 {
            doom.skip -= 1;
            return None;
        }
        self.doom.take().map(|doom| doom.point)
    }

    fn commit(&mut self, room: usize, number: u32, writes: &[Write]) -> Held<Result<(), Refused>> {
        if writes.is_empty() {
            return Ok(Ok(()));
        }
        let here = &mut self.rooms[room];
        match here.refuse_in.take() {
            Some(0) => return Ok(Err(Refused::Fault)),
            left => here.refuse_in = left.map(|left| left - 1),
        }
        let knows_all = here.is_up_to_date(number);
        if let Err(refused) = here.disk.commit(writes) {
            return if knows_all { Err(unexpected(&refused)) } else { Ok(Err(refused)) };
        }
        if let Some((instance, disk)) = here.instance(number) {
            instance.seen = if knows_all { disk.commits() } else { instance.seen };
        }
        self.committed(room, number, writes)?;
        Ok(Ok(()))
    }

    /// What is known of a conversation follows what is stored.
    fn committed(&mut self, room: usize, number: u32, writes: &[Write]) -> Held {
        let now = self.clock.now();
        for write in writes {
            if let Write::Alarm(at) = write {
                self.set_alarm(room, number, *at);
            }
        }
        let here = &mut self.rooms[room];
        for write in writes {
            let Write::Event { event, .. } = write else { continue };
            if here.current.number == number {
                self.contexts.fold(&room.to_string(), event);
            }
            here.patience.stored(now, event)?;
            if event.seq == 1 {
                for seat in 0..self.clients.len() {
                    // Agents who wait for the conversation to begin.
                    self.clock.later(OPENED_AFTER, Happening::Connect { seat });
                }
            }
            if matches!(event.kind, Some(event::Kind::Owner(_))) {
                here.ledger.owner_changed();
            }
            if let Some(event::Kind::Message(message)) = &event.kind {
                if model::is_visitors(message) {
                    here.ledger.asked();
                }
                if let Some((turn, attempt, text, whole)) = model::answer(message) {
                    here.ledger.stores(AttemptId { turn, attempt }, &text, whole)?;
                }
            }
        }
        let bytes = self.contexts.bytes();
        Invariant::Bounded
            .holds(bytes <= CONTEXTS_BUDGET, || format!("contexts have {bytes} bytes"))
    }

    fn act(&mut self, room: usize, number: u32, act: Act) -> Held {
        match act {
            Act::Send { to, frame } => {
                self.witness(room, number, &frame)?;
                for conn in self.audience(room, number, to) {
                    self.send_down(conn, frame.clone());
                }
                Ok(())
            }
            Act::Replay { conn, after, upto } => {
                self.replay(room, number, conn, after, upto);
                Ok(())
            }
            Act::Close { conn, .. } => {
                if let Some((instance, _)) = self.rooms[room].instance(number) {
                    instance.streams.remove(&conn);
                }
                self.end_stream(conn);
                Ok(())
            }
            Act::Prepare { turn, before } => {
                self.prepare(room, number, turn, before);
                Ok(())
            }
            Act::Call { attempt, .. } => self.call(room, number, attempt),
            Act::Abort { attempt } => {
                self.abort(room, number, attempt);
                Ok(())
            }
            Act::Tell { summary, .. } => {
                self.tell(room, number, summary);
                Ok(())
            }
        }
    }

    fn audience(&mut self, room: usize, number: u32, to: Audience) -> Vec<ConnId> {
        let Some((instance, _)) = self.rooms[room].instance(number) else { return Vec::new() };
        let hears = |conn: ConnId, role: Role| match to {
            Audience::Conn(only) => conn == only,
            Audience::All => true,
            Audience::AllBut(but) => conn != but,
            Audience::Agents => role == Role::Agent,
            Audience::Visitors => role == Role::Visitor,
        };
        let streams = instance.streams.iter();
        streams.filter(|(conn, it)| hears(**conn, it.who.role)).map(|(conn, _)| *conn).collect()
    }

    fn replay(&mut self, room: usize, number: u32, conn: ConnId, after: u32, upto: u32) {
        let Some((instance, disk)) = self.rooms[room].instance(number) else { return };
        let Some(role) = instance.streams.get(&conn).map(|stream| stream.who.role) else { return };
        let events: Vec<_> = (after + 1..=upto)
            .filter_map(|seq| Some(view::of(disk.event(seq)?, role).into_owned()))
            .collect();
        for event in events {
            self.send_down(conn, kefu_proto::v1::server_frame::Frame::Event(event));
        }
    }

    /// After a step: one timer for the earliest deadline, and sleep where that is the fashion.
    fn settle(&mut self, room: usize, number: u32) {
        let Some((instance, _)) = self.rooms[room].instance(number) else { return };
        let deadline = instance.deadline();
        if instance.timer.map(|(at, _)| at) != deadline {
            self.timers += 1;
            instance.timer = deadline.map(|at| (at, self.timers));
            if let Some((at, timer)) = instance.timer {
                let delay = self.clock.until(at);
                self.clock.later(delay, Happening::Timer { room, number, timer });
            }
        } else if self.drowsy && instance.under_way().is_none() {
            instance.forget();
        }
    }

    pub(crate) fn timer(&mut self, room: usize, number: u32, timer: u32) -> Held {
        let Some((instance, _)) = self.rooms[room].instance(number) else { return Ok(()) };
        if instance.timer.is_some_and(|(_, set)| set == timer) {
            instance.timer = None;
            self.give(room, number, Input::Woke)?;
        }
        Ok(())
    }

    /// A step that could not be stored did not happen: forget it, and let everybody come back.
    fn give_up(&mut self, room: usize, number: u32, refused: &Refused) -> Reply {
        self.journal.note(self.clock.now(), refused);
        self.report.refusals += 1;
        if self.rooms[room].current.number == number {
            let new = self.new_instance();
            let old = std::mem::replace(&mut self.rooms[room].current, new);
            self.lose(room, old);
        } else {
            self.demise(room, Some(number));
        }
        Reply::Refused(Refusal::new(Code::Unavailable, "send it again"))
    }

    /// The process dies: its memory, its calls and its streams are gone.
    pub(crate) fn crash(&mut self) {
        self.report.crashes += 1;
        self.contexts = Contexts::new(CONTEXTS_BUDGET);
        self.reset_desk();
        for room in 0..self.rooms.len() {
            self.reset(room);
        }
    }

    /// One object's memory, calls and streams are gone.
    pub(crate) fn reset(&mut self, room: usize) {
        self.demise(room, None);
        let new = self.new_instance();
        let old = std::mem::replace(&mut self.rooms[room].current, new);
        self.lose(room, old);
    }

    /// A second instance appears: the first one keeps its memory, its streams and its calls.
    pub(crate) fn split(&mut self, room: usize) {
        self.demise(room, None);
        let new = self.new_instance();
        let old = std::mem::replace(&mut self.rooms[room].current, new);
        let number = old.number;
        let here = &mut self.rooms[room];
        here.patience.broke(self.clock.now());
        let lives = here.entropy.between(1_000, 40_000);
        here.stale = Some(old);
        here.was_split = true;
        self.report.splits += 1;
        self.clock.later(lives, Happening::Demise { room, number });
    }

    /// The instance that was replaced dies at last.
    pub(crate) fn demise(&mut self, room: usize, number: Option<u32>) {
        let is_it = |stale: &mut Instance| number.is_none_or(|number| stale.number == number);
        if let Some(stale) = self.rooms[room].stale.take_if(is_it) {
            self.lose(room, stale);
        }
    }

    fn lose(&mut self, room: usize, instance: Instance) {
        self.rooms[room].patience.broke(self.clock.now());
        for conn in instance.streams.into_keys() {
            self.end_stream(conn);
        }
    }

    pub(crate) fn new_instance(&mut self) -> Instance {
        self.instances += 1;
        Instance::new(self.instances)
    }
}

/// The storage refuses what an instance that knows everything wants to store.
fn unexpected(refused: &Refused) -> crate::invariant::Broken {
    match refused {
        Refused::Sender(what) => Invariant::Once.broken(what),
        Refused::Seq(what) => Invariant::Dense.broken(what),
        Refused::State => Invariant::Dense.broken("a state that is not the next one"),
        Refused::Fault => Invariant::Dense.broken("a fault that nobody planned"),
    }
}
