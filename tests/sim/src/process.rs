//! The process: steps, stores, then acts, as every host does; and dies at any point.

use crate::happening::Happening;
use crate::invariant::Held;
use crate::plan::Point;
use crate::world::World;
use kefu_proto::v1::server_frame::Frame;
use kefu_shared::conversation::{Act, Audience, ConnId, Input, Reply, Step};
use kefu_shared::time::Tick;
use kefu_shared::view;

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
        let acts = survived(fate, step.acts.len());
        step.acts.into_iter().take(acts).try_for_each(|act| self.act(room, number, act))?;
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

    fn act(&mut self, room: usize, number: u32, act: Act) -> Held {
        match act {
            Act::Send { to, frame } => self.send(room, number, to, &frame)?,
            Act::Replay { conn, after, upto } => self.replay(room, number, conn, after, upto),
            Act::Close { conn, .. } => self.close(room, number, conn),
            Act::Prepare { turn, before } => self.prepare(room, number, turn, before),
            Act::Admit { attempt, candidates, .. } => {
                self.admit(room, number, attempt, candidates);
            }
            Act::Report { provider, terms, report } => {
                self.report_attempt(room, provider, terms, report);
            }
            Act::Call { attempt, .. } => self.call(room, number, attempt)?,
            Act::Abort { attempt } => self.abort(room, number, attempt),
            // Nothing comes of it.
            Act::Cancel { .. } => {}
            Act::Tell { summary, .. } => self.tell(room, number, summary),
        }
        Ok(())
    }

    fn send(&mut self, room: usize, number: u32, to: Audience, frame: &Frame) -> Held {
        self.witness(room, number, frame)?;
        for conn in self.audience(room, number, to) {
            self.send_down(conn, frame.clone());
        }
        Ok(())
    }

    fn close(&mut self, room: usize, number: u32, conn: ConnId) {
        if let Some((instance, _)) = self.rooms[room].instance(number) {
            instance.streams.remove(&conn);
        }
        self.end_stream(conn);
    }

    fn audience(&mut self, room: usize, number: u32, to: Audience) -> Vec<ConnId> {
        let Some((instance, _)) = self.rooms[room].instance(number) else { return Vec::new() };
        let streams = instance.streams.iter();
        streams.filter(|(conn, it)| to.has(**conn, it.who.role)).map(|(conn, _)| *conn).collect()
    }

    fn replay(&mut self, room: usize, number: u32, conn: ConnId, after: u32, upto: u32) {
        let Some((instance, disk)) = self.rooms[room].instance(number) else { return };
        let Some(role) = instance.streams.get(&conn).map(|stream| stream.who.role) else { return };
        let events: Vec<_> = (after + 1..=upto)
            .filter_map(|seq| Some(view::of(disk.event(seq)?, role).into_owned()))
            .collect();
        for event in events {
            self.send_down(conn, Frame::Event(event));
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
        }
        let drowsy = self.drowsy;
        let instance = self.rooms[room].instance(number).map(|(instance, _)| instance);
        if let Some(idle) = instance.filter(|it| drowsy && it.under_way().is_none()) {
            idle.forget();
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
}

/// How many acts are carried out before the process dies, if it does.
pub(crate) fn survived(fate: Option<Point>, acts: usize) -> usize {
    match fate {
        Some(Point::AfterActs(survived)) => survived.min(acts),
        Some(Point::BeforeCommit) => 0,
        None => acts,
    }
}
