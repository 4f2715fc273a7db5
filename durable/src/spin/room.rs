//! One conversation in this instance: the only place that borrows its state, stores and sends.
//!
//! Look at what others wrote, step on a copy, store; who lost the race goes back to the copy,
//! looks again and steps again. Then act. Steps of one room never overlap.

use crate::Fault;
use crate::spin::calls::Calls;
use crate::spin::entropy::{self, sleep};
use crate::spin::operator::tell_fault;
use crate::spin::store::Kind;
use crate::spin::streams::{Sink, Streams};
use crate::spin::tasks::spawn;
use crate::spin::writer::commit;
use crate::spin::{bus, desks, guards, metrics, rooms, sites, store, tells};
use futures::lock::Mutex;
use kefu_proto::v1::InboxEntry;
use kefu_proto::v1::server_frame::Frame;
use kefu_shared::context::Context;
use kefu_shared::conversation::{
    Act, AttemptId, Audience, ConnId, Conversation, Cursor, Input, Known, News, Prepared, Reply,
    Shared, Step, TRIES, Write,
};
use kefu_shared::guard::{Candidate, Key, Report, Terms};
use kefu_shared::news::What;
use kefu_shared::problem::Refusal;
use kefu_shared::time::Millis;
use kefu_shared::view;
use kefu_shared::who::Role;
use kefu_shared::wire::Caller;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

mod hearing;

/// Events that are read to find the rounds of a context.
const CONTEXT_EVENTS: u32 = 120;
/// Storage refused: everybody comes back and brings what was not acknowledged.
const CLOSE_TRY_AGAIN: u16 = 4001;

/// What others wrote beyond what was known.
pub struct Glance {
    known: Known,
    news: News,
}

pub(crate) struct Room {
    log: String,
    site: String,
    id: String,
    state: RefCell<Shared>,
    pub(crate) streams: Streams,
    calls: Calls,
    alone: Mutex<()>,
    /// Steps that are under way or wait.
    busy: Cell<u32>,
    alarm: Cell<Option<Millis>>,
    /// When the newest timer rings, and its number.
    timer: Cell<(Option<Millis>, u64)>,
    /// What others told and was not taken in yet, and whether somebody is at it.
    heard: RefCell<VecDeque<What>>,
    hearing: Cell<bool>,
}

impl Room {
    pub(crate) fn new(log: &str) -> Self {
        let (site, id) = log.split_once('/').unwrap_or_default();
        Self {
            log: log.to_owned(),
            site: site.to_owned(),
            id: id.to_owned(),
            state: RefCell::default(),
            streams: Streams::new(id),
            calls: Calls::default(),
            alone: Mutex::new(()),
            busy: Cell::new(0),
            alarm: Cell::new(None),
            timer: Cell::new((None, 0)),
            heard: RefCell::default(),
            hearing: Cell::new(false),
        }
    }

    pub(crate) fn log(&self) -> &str {
        &self.log
    }

    /// Its site, and which of its conversations this is.
    pub(crate) fn place(&self) -> (&str, &str) {
        (&self.site, &self.id)
    }

    /// Whether nothing is under way: it can be let go of.
    pub(crate) fn is_idle(&self) -> bool {
        self.busy.get() == 0
            && !self.hearing.get()
            && self.streams.is_empty()
            && self.next().is_none()
    }

    /// Whether somebody waits for what others do: a reader, or a turn.
    pub(crate) fn waits(&self) -> bool {
        !self.streams.is_empty() || self.is_calling_anybody()
    }

    /// Whether an answer is on its way here.
    pub(crate) fn is_calling_anybody(&self) -> bool {
        self.calls.is_any_under_way()
    }

    /// Gives an input to the conversation and carries out what comes of it. The reply is there
    /// when the input was a request.
    pub(crate) async fn apply(self: &Rc<Self>, input: Input) -> Result<Option<Reply>, Fault> {
        self.apply_after(None, input).await
    }

    /// The same by what was seen on the way here, if nothing was done since.
    pub(crate) async fn apply_after(
        self: &Rc<Self>,
        glance: Option<Glance>,
        input: Input,
    ) -> Result<Option<Reply>, Fault> {
        self.alone(async {
            if self.looks_first(&input) {
                match glance.filter(|glance| self.known() == Some(glance.known)) {
                    Some(glance) => self.take_in(glance.news).await?,
                    None => self.look_here().await?,
                }
            }
            self.step(input).await
        })
        .await
    }

    /// Looks at what others wrote without taking it in, and at the site's revision; none where the
    /// conversation would have to be loaded.
    pub(crate) async fn glance(&self) -> Result<Option<(Glance, u32)>, Fault> {
        let Some(known) = self.known() else { return Ok(None) };
        let (news, revision) = store::look(&self.log, known).await?;
        Ok(Some((Glance { known, news }, revision)))
    }

    /// Opens a stream: what others wrote is known before it begins.
    pub(crate) async fn attach(
        self: &Rc<Self>,
        caller: Caller,
        sink: Sink,
        cursor: Cursor,
    ) -> Result<Result<(), Refusal>, Fault> {
        let attached = self
            .alone(async {
                self.look_here().await?;
                if let Err(refusal) = self.admits(caller.holder.role())? {
                    return Ok(Err(refusal));
                }
                let stream = caller.stream();
                let conn = self.streams.add(caller, sink);
                self.step(Input::Attached { conn, stream, cursor }).await.map(|_| Ok(()))
            })
            .await;
        rooms::attend();
        attached
    }

    /// Takes in what others wrote.
    pub(crate) async fn look(self: &Rc<Self>) -> Result<(), Fault> {
        self.alone(self.look_here()).await
    }

    /// Streams whose reader is gone are detached.
    pub(crate) async fn sweep(self: &Rc<Self>) {
        for conn in self.streams.gone() {
            self.streams.forget(conn);
            // A fault is told where it happened.
            let _ = self.apply(Input::Detached { conn }).await;
        }
        rooms::release(self);
    }

    /// The same for something that a call reports; tells whether the call is still wanted.
    pub(crate) async fn is_calling(self: &Rc<Self>, attempt: AttemptId, input: Input) -> bool {
        if self.calls.is_under_way(attempt) {
            let _ = self.apply(input).await;
        }
        self.calls.is_under_way(attempt)
    }

    /// The life of the log, its newest seq, and whether it is there for `role`.
    pub(crate) async fn head(
        self: &Rc<Self>,
        role: Role,
    ) -> Result<Result<(u32, u32), Refusal>, Fault> {
        self.look().await?;
        let slot = self.state.borrow();
        let log = slot.log().ok_or(Fault::Corrupt("conversation"))?;
        Ok(log.admits(role).map(|()| (log.epoch(), log.seq())))
    }

    pub(crate) fn seq(&self) -> u32 {
        self.state.borrow().log().map_or(0, Conversation::seq)
    }

    async fn alone<T>(
        self: &Rc<Self>,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        self.busy.set(self.busy.get() + 1);
        let done = {
            let _alone = self.alone.lock().await;
            work.await
        };
        self.busy.set(self.busy.get() - 1);
        if let Err(fault) = &done {
            self.give_up(fault);
        }
        self.arm();
        rooms::release(self);
        done
    }

    fn admits(&self, role: Role) -> Result<Result<(), Refusal>, Fault> {
        let slot = self.state.borrow();
        slot.log().map(|log| log.admits(role)).ok_or(Fault::Corrupt("conversation"))
    }

    fn known(&self) -> Option<Known> {
        self.state.borrow().log().map(Conversation::known)
    }

    /// Loads the conversation, or what others wrote since.
    async fn look_here(self: &Rc<Self>) -> Result<(), Fault> {
        let Some(known) = self.known() else {
            let snapshot = store::load(&self.log).await?;
            metrics::count(|metrics| metrics.wakes += 1);
            self.state.borrow_mut().load(snapshot, self.node());
            return Ok(());
        };
        let (news, _) = store::look(&self.log, known).await?;
        self.take_in(news).await
    }

    async fn take_in(self: &Rc<Self>, news: News) -> Result<(), Fault> {
        let step = self.state.borrow_mut().catch_up(store::tenure(), news);
        self.act_here(step).await
    }

    /// Acts on what others told: they have told their own readers.
    async fn act_here(self: &Rc<Self>, step: Step) -> Result<(), Fault> {
        for act in step.acts {
            if let Act::Send { to, frame } = act {
                self.streams.send(to, &frame, self.epoch());
            } else {
                self.act(act).await?;
            }
        }
        Ok(())
    }

    async fn step(self: &Rc<Self>, input: Input) -> Result<Option<Reply>, Fault> {
        let hearsay = input.is_hearsay();
        for _ in 0..TRIES {
            let step = self.decide(input.clone()).await?;
            match self.store(&step.writes).await {
                Ok(()) => return self.carry_out(step, hearsay).await,
                Err(Fault::Conflict) => {
                    metrics::count(|metrics| metrics.faults += 1);
                    self.state.borrow_mut().undo();
                    self.look_here().await?;
                }
                Err(fault) => return Err(fault),
            }
        }
        Err(Fault::Conflict)
    }

    async fn decide(&self, input: Input) -> Result<Step, Fault> {
        let wanted = self.state.borrow().log().and_then(|log| log.lookup(&input));
        let prior = match wanted {
            Some(sender) => store::by_sender(&self.log, &sender).await?,
            None => None,
        };
        let step = self.state.borrow_mut().step(entropy::tick(), input, prior.as_ref());
        step.ok_or(Fault::Corrupt("conversation"))
    }

    async fn store(&self, writes: &[Write]) -> Result<(), Fault> {
        if !writes.is_empty() {
            commit(store::statements(&self.log, writes)).await?;
        }
        self.state.borrow_mut().stored();
        for write in writes {
            if let Write::Alarm(at) = write {
                self.alarm.set(*at);
            }
        }
        Ok(())
    }

    async fn carry_out(
        self: &Rc<Self>,
        mut step: Step,
        hearsay: bool,
    ) -> Result<Option<Reply>, Fault> {
        metrics::count(|metrics| metrics.step(&self.site, &step, std::time::Duration::ZERO));
        match store::kind(&step.writes) {
            Kind::Events => bus::changed(&self.log, self.seq()),
            Kind::State => bus::changed(&self.log, 0),
            Kind::Quiet => {}
        }
        let reply = step.reply.take();
        if hearsay {
            self.act_here(step).await?;
            return Ok(reply);
        }
        for act in step.acts {
            self.act(act).await?;
        }
        Ok(reply)
    }

    async fn act(self: &Rc<Self>, act: Act) -> Result<(), Fault> {
        match act {
            Act::Send { to, frame } => {
                self.streams.send(to, &frame, self.epoch());
                bus::tell(&self.log, to, &frame);
            }
            Act::Replay { conn, after, upto } => self.replay(conn, after, upto).await?,
            Act::Close { conn, code, .. } => self.streams.close(conn, code),
            Act::Prepare { turn, before } => self.prepare(turn, before),
            Act::Admit { attempt, all, candidates } => self.admit(attempt, all, candidates),
            Act::Report { provider, terms, report } => self.report(provider, terms, report),
            Act::Call { attempt, request } => self.calls.start(self, attempt, request),
            Act::Abort { attempt } => self.calls.abort(attempt),
            Act::Cancel { request } => Calls::cancel(request),
            Act::Tell { summary, since } => self.tell(summary, since),
        }
        Ok(())
    }

    async fn replay(&self, conn: ConnId, after: u32, upto: u32) -> Result<(), Fault> {
        let Some(role) = self.streams.role(conn) else { return Ok(()) };
        for event in store::range(&self.log, after, upto).await? {
            let seen = Frame::Event(view::of(&event, role).into_owned());
            self.streams.send(Audience::Conn(conn), &seen, self.epoch());
        }
        Ok(())
    }

    fn prepare(self: &Rc<Self>, turn: u32, before: u32) {
        let room = self.clone();
        spawn(async move {
            let site = sites::fetch(&room.site).await.unwrap_or_else(|fault| {
                tell_fault(&format!("site {}", room.site), &fault);
                None
            });
            let most = site.as_ref().map_or(0, |live| live.config.rounds);
            let rounds = if turn == 0 { Vec::new() } else { room.rounds(before, most).await };
            let on_duty = desks::on_duty(&room.site, site.as_deref()).await;
            let prepared = Prepared { site, rounds, on_duty };
            let _ = room.apply(Input::Prepared { turn, prepared }).await;
        });
    }

    /// Finds out which provider may be asked.
    fn admit(self: &Rc<Self>, attempt: AttemptId, all: Option<Terms>, candidates: Vec<Candidate>) {
        let room = self.clone();
        spawn(async move {
            let admission = guards::admit(&room.site, all, candidates).await;
            let _ = room.apply(Input::Admitted { attempt, admission }).await;
        });
    }

    fn report(&self, provider: String, terms: Terms, report: Report) {
        let key = Key { site: self.site.clone(), provider };
        spawn(guards::report(key, terms, report));
    }

    async fn rounds(&self, before: u32, most: u32) -> Vec<kefu_shared::provider::Round> {
        let recent = store::recent(&self.log, CONTEXT_EVENTS).await.unwrap_or_default();
        Context::of(recent.iter().map(|(event, _)| event)).before(before, most)
    }

    /// Tells the desk how the conversation stands.
    fn tell(self: &Rc<Self>, summary: InboxEntry, since: Millis) {
        let (room, seq) = (self.clone(), summary.seq);
        let entry = InboxEntry { conversation: self.id.clone(), ..summary };
        spawn(async move {
            let told = tells::tell(&room.site, entry).await;
            let age = entropy::now().since(since);
            let input = match told {
                Ok(place) => {
                    metrics::count(|metrics| metrics.told(age));
                    Input::Told { seq, place }
                }
                Err(fault) => {
                    tell_fault(&format!("desk {}", room.site), &fault);
                    metrics::count(|metrics| metrics.tells_failed += 1);
                    Input::NotTold { seq }
                }
            };
            let _ = room.apply(input).await;
        });
    }

    /// A step that could not be stored did not happen: forget it, and let everybody come back.
    fn give_up(&self, fault: &Fault) {
        tell_fault(&format!("conversation {}", self.id), fault);
        metrics::count(|metrics| metrics.faults += 1);
        self.state.borrow_mut().forget();
        self.calls.abort_all();
        self.streams.close_all(CLOSE_TRY_AGAIN);
    }

    fn looks_first(&self, input: &Input) -> bool {
        self.state.borrow().looks_first(entropy::now(), input)
    }

    fn next(&self) -> Option<Millis> {
        let deadline = self.state.borrow().log().and_then(Conversation::deadline);
        deadline.map(|(at, _)| self.alarm.get().map_or(at, |alarm| alarm.min(at)))
    }

    /// One timer, for the earliest deadline: an older one finds that it is not the newest.
    fn arm(self: &Rc<Self>) {
        let (set, number) = self.timer.get();
        let next = self.next();
        if set == next {
            return;
        }
        self.timer.set((next, number + 1));
        let Some(at) = next else { return };
        let room = self.clone();
        spawn(async move {
            sleep(at.since(entropy::now())).await;
            if room.timer.get().1 == number + 1 {
                room.timer.set((None, number + 1));
                let _ = room.apply(room.rung()).await;
            }
        });
    }

    fn rung(&self) -> Input {
        let alarmed = self.alarm.get().is_some_and(|at| at <= entropy::now());
        if alarmed { Input::Alarmed } else { Input::Woke }
    }

    fn epoch(&self) -> u32 {
        self.state.borrow().log().map_or(1, Conversation::epoch)
    }

    /// Marks this conversation's message ids: ten bits of its id.
    fn node(&self) -> u16 {
        let digits = self.id.get(..3).unwrap_or("0");
        u16::from_str_radix(digits, 16).unwrap_or(0) >> 2
    }
}
