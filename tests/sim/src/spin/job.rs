//! One thing that an instance does with the conversation, moment by moment: the same as
//! `durable/src/spin/room.rs` does, with everything that may come in between.

use super::happening::Happening;
use super::storage::Failed;
use super::world::World;
use crate::invariant::{Held, Invariant};
use crate::plan::Point;
use crate::process::{Doom, survived};
use kefu_shared::conversation::{
    ConnId, Conversation, Cursor, Input, Known, News, Reply, Snapshot, Step, Stream, TRIES, Tenure,
};
use kefu_shared::time::{Millis, Tick};

/// Something to do.
#[derive(Debug)]
pub(super) struct Job {
    work: Work,
    /// Who waits for the reply: seat, request, try.
    pub(super) asker: Option<(usize, usize, u32)>,
    phase: Phase,
    tries: u32,
    /// What others wrote beyond what was known, as whoever asks saw it on the way.
    glance: Option<(Known, News)>,
    /// The term that was stored when it began to wait: what is answered is not older.
    pub(super) term: u32,
    /// The alarms up to here are cleared afterwards.
    pub(super) clears: Option<Millis>,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "inputs are what is mostly given")]
pub(super) enum Work {
    /// Takes an input.
    Apply(Input),
    /// Opens a stream.
    Attach { conn: ConnId, stream: Stream, cursor: Cursor },
    /// Takes in what others wrote.
    Look,
}

#[derive(Debug)]
enum Phase {
    Begin,
    /// What others wrote is read, and taken in.
    Look,
    /// What is to be taken is taken, on a copy.
    Take,
    Store(Box<Step>),
    Act(Box<Step>),
    Clear,
}

impl Job {
    pub(super) fn new(work: Work) -> Self {
        Self {
            work,
            asker: None,
            phase: Phase::Begin,
            tries: 0,
            glance: None,
            term: 0,
            clears: None,
        }
    }

    fn is_hearsay(&self) -> bool {
        matches!(&self.work, Work::Apply(input) if input.is_hearsay())
    }
}

impl World<'_> {
    /// Gives an instance something to do, after what it has.
    pub(super) fn give(&mut self, who: usize, mut job: Job) {
        if job.asker.is_some() {
            job.glance = self.glance(who);
        }
        let process = &mut self.processes[who];
        if !process.is_alive() {
            return;
        }
        process.jobs.push_back(job);
        if process.jobs.len() == 1 {
            self.go_on(who);
        }
    }

    pub(super) fn apply(&mut self, who: usize, input: Input) {
        self.give(who, Job::new(Work::Apply(input)));
    }

    /// The next moment of what is under way comes soon.
    pub(super) fn go_on(&mut self, who: usize) {
        if self.chooses() {
            self.ready.push(who);
            return;
        }
        let delay = match self.chance.below(60) {
            0 => self.chance.between(50, 900),
            1..=20 => self.chance.between(1, 12),
            _ => 0,
        };
        let holder = self.processes[who].holder;
        self.clock.later(delay, Happening::Moment { who, holder });
    }

    /// One moment of what is under way in an instance.
    pub(super) fn moment(&mut self, who: usize) -> Held {
        let Some(mut job) = self.processes[who].jobs.pop_front() else { return Ok(()) };
        let holder = self.processes[who].holder;
        let done = self.next_phase(who, &mut job)?;
        if self.processes[who].holder != holder {
            return Ok(());
        }
        match done {
            None => {
                self.processes[who].jobs.push_front(job);
                self.go_on(who);
            }
            Some(result) => self.finish(who, &job, result),
        }
        Ok(())
    }

    fn next_phase(
        &mut self,
        who: usize,
        job: &mut Job,
    ) -> Held<Option<Result<Option<Reply>, Failed>>> {
        let phase = std::mem::replace(&mut job.phase, Phase::Begin);
        job.phase = match phase {
            Phase::Begin => match &job.work {
                Work::Apply(input) if !self.looks_first(who, input) => Phase::Take,
                Work::Apply(_) | Work::Attach { .. } | Work::Look => Phase::Look,
            },
            Phase::Look => {
                self.take_in(who, job.glance.take())?;
                match &job.work {
                    Work::Look => return Ok(Some(Ok(None))),
                    Work::Apply(_) | Work::Attach { .. } => Phase::Take,
                }
            }
            Phase::Take => match self.take(who, &job.work) {
                Some(step) => Phase::Store(Box::new(step)),
                None => return Ok(Some(Ok(None))),
            },
            Phase::Store(step) => {
                if self.dies_before(who, &step) {
                    return Ok(None);
                }
                match self.commit(who, &step.writes)? {
                    Ok(()) => {
                        self.stored(who, &step);
                        Phase::Act(step)
                    }
                    Err(Failed::Conflict) if job.tries < TRIES => {
                        job.tries += 1;
                        self.processes[who].state.undo();
                        Phase::Look
                    }
                    Err(failed) => return Ok(Some(Err(failed))),
                }
            }
            Phase::Act(mut step) => {
                if self.dies_after(who, &mut step)? {
                    return Ok(None);
                }
                let reply = self.carry_out(who, *step, job.is_hearsay())?;
                if let Some(Reply::Owner { term, duplicate: is_repeated, .. }) = reply {
                    Invariant::Acknowledged.holds(term >= job.term || is_repeated, || {
                        format!("{:?} is answered with term {term} of {}", job.asker, job.term)
                    })?;
                }
                if job.clears.is_none() {
                    return Ok(Some(Ok(reply)));
                }
                Phase::Clear
            }
            Phase::Clear => {
                self.clear_due(job.clears);
                return Ok(Some(Ok(None)));
            }
        };
        Ok(None)
    }

    fn looks_first(&self, who: usize, input: &Input) -> bool {
        self.processes[who].state.looks_first(self.wall(who), input)
    }

    /// What others wrote is known: events and states of one moment.
    fn take_in(&mut self, who: usize, glance: Option<(Known, News)>) -> Held {
        let tenure = Tenure { holder: self.processes[who].holder, now: self.wall(who) };
        let known = self.processes[who].state.log().map(Conversation::known);
        let still = glance.filter(|(then, _)| Some(*then) == known);
        let Some((_, news)) = still.or_else(|| self.glance(who)) else {
            let snapshot = self.storage.disk.snapshot(tenure.now);
            let snapshot = Snapshot { tenure: Some(tenure), told: self.inbox.clone(), ..snapshot };
            self.processes[who].state.load(snapshot, 3);
            return Ok(());
        };
        let step = self.processes[who].state.catch_up(tenure, news);
        self.act_here(who, step)
    }

    /// What is new on the disk, as one look gives it; none where nothing is in memory.
    fn glance(&self, who: usize) -> Option<(Known, News)> {
        let known = self.processes[who].state.log()?.known();
        let disk = &self.storage.disk;
        let events = disk.since(known.seq);
        let is_told = known.tells || !events.is_empty();
        let news = News {
            head: Some(disk.head()).filter(|head| head.version > known.head),
            turn: Some(disk.turn()).filter(|turn| turn.version > known.turn),
            marks: disk.marks().clone().into_iter().collect(),
            told: self.inbox.clone().filter(|_| is_told),
            events,
        };
        Some((known, news))
    }

    /// A step on a copy; none where a stream is not let in.
    fn take(&mut self, who: usize, work: &Work) -> Option<Step> {
        let input = match work {
            Work::Apply(input) => input.clone(),
            Work::Attach { conn, stream, cursor } => {
                let log = self.processes[who].state.log()?;
                if log.admits(stream.who.role).is_err() {
                    self.end_stream(*conn);
                    return None;
                }
                self.processes[who].streams.insert(*conn, stream.clone());
                Input::Attached { conn: *conn, stream: stream.clone(), cursor: *cursor }
            }
            Work::Look => return None,
        };
        let tick = Tick { now: self.wall(who), entropy: self.chance.entropy() };
        let state = &mut self.processes[who].state;
        let wanted = state.log().and_then(|log| log.lookup(&input));
        let prior = wanted.and_then(|sender| self.storage.disk.by_sender(&sender));
        state.step(tick, input, prior)
    }

    fn stored(&mut self, who: usize, step: &Step) {
        let process = &mut self.processes[who];
        process.state.stored();
        for write in &step.writes {
            if let kefu_shared::conversation::Write::Alarm(at) = write {
                process.alarm = *at;
            }
        }
    }

    /// Whether the instance dies with a step that is decided, and lost.
    fn dies_before(&mut self, who: usize, step: &Step) -> bool {
        self.report.steps.push(step.acts.len());
        if let Some(doom) = self.doom.take() {
            if doom.skip > 0 {
                self.doom = Some(Doom { skip: doom.skip - 1, ..doom });
            } else {
                self.doomed = Some((who, doom.point));
            }
        }
        let dies = self.doomed == Some((who, Point::BeforeCommit));
        if dies {
            self.die(who);
        }
        dies
    }

    /// Whether the instance dies after some of the acts.
    fn dies_after(&mut self, who: usize, step: &mut Step) -> Held<bool> {
        let Some((_, point)) = self.doomed.filter(|(doomed, _)| *doomed == who) else {
            return Ok(false);
        };
        step.acts.truncate(survived(Some(point), step.acts.len()));
        self.carry_out(who, std::mem::take(step), false)?;
        self.die(who);
        Ok(true)
    }

    /// What is under way is over, well or not; the next begins.
    fn finish(&mut self, who: usize, job: &Job, result: Result<Option<Reply>, Failed>) {
        let failed = result.is_err();
        if failed {
            self.give_up(who);
        }
        if let Some((seat, id, number)) = job.asker {
            self.reply(seat, id, number, result.ok().flatten());
        }
        self.arm(who);
        if self.processes[who].jobs.is_empty() {
            self.processes[who].release();
        } else {
            self.go_on(who);
        }
        if failed || matches!(job.work, Work::Attach { .. }) {
            self.attend(who);
        }
    }

    /// A step that could not be stored did not happen: forget it, and let everybody come back.
    fn give_up(&mut self, who: usize) {
        self.patience.broke(self.clock.now());
        let process = &mut self.processes[who];
        process.state.forget();
        process.call = None;
        for conn in std::mem::take(&mut process.streams).into_keys() {
            self.end_stream(conn);
        }
    }

    /// One timer, for the earliest deadline.
    pub(super) fn arm(&mut self, who: usize) {
        let process = &mut self.processes[who];
        let (set, number) = process.timer;
        let next = process.next();
        if set == next {
            return;
        }
        let number = number + 1;
        process.timer = (next, number);
        let Some(at) = next else { return };
        let (holder, delay) = (process.holder, at.0.saturating_sub(self.wall(who).0));
        self.clock.later(delay, Happening::Timer { who, holder, number });
    }

    pub(super) fn timer(&mut self, who: usize, number: u32) {
        let now = self.wall(who);
        let process = &mut self.processes[who];
        if process.timer.1 != number {
            return;
        }
        process.timer = (None, number);
        let alarmed = process.alarm.is_some_and(|at| at <= now);
        self.apply(who, if alarmed { Input::Alarmed } else { Input::Woke });
    }
}
