//! The only place that borrows a conversation's state, stores and sends.
//!
//! Borrow, step, drop; then store; then act. Acts that bring further inputs at once put them in a
//! queue, so a step never runs inside another one.

use crate::error::Fault;
use crate::worker::calls::Calls;
use crate::worker::deployment::log_waking;
use crate::worker::desks;
use crate::worker::entropy;
use crate::worker::guards;
use crate::worker::metrics;
use crate::worker::sites::{self, Lookup};
use crate::worker::sockets::Sockets;
use crate::worker::store::Store;
use crate::worker::tells;
use crate::worker::timer::Timer;
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{Event, InboxEntry};
use kefu_shared::context::{Context, Contexts};
use kefu_shared::conversation::{
    Act, AttemptId, Audience, ConnId, Conversation, Input, Prepared, Reply, Snapshot, Step, Write,
};
use kefu_shared::guard::{Candidate, Key, Report, Terms};
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::site::Live;
use kefu_shared::time::Millis;
use kefu_shared::view;
use kefu_shared::who::Role;
use kefu_shared::wire::Caller;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use wasm_bindgen::JsValue;
use worker::{Env, State, console_error};

/// Bytes of text that an isolate keeps of its conversations' contexts.
const CONTEXTS_BUDGET: usize = 8 * 1024 * 1024;
/// Events that are read to find the rounds of a context.
const CONTEXT_EVENTS: u32 = 120;
/// Storage refused: everybody comes back and brings what was not acknowledged.
const CLOSE_TRY_AGAIN: u16 = 4001;

thread_local! {
    static CONTEXTS: RefCell<Contexts> = RefCell::new(Contexts::new(CONTEXTS_BUDGET));
}

pub(crate) struct Host {
    state: State,
    pub(crate) env: Env,
    /// Which site and conversation this is; absent when the object was not found by name.
    name: Option<(String, String)>,
    conversation: RefCell<Option<Conversation>>,
    pub(crate) store: Store,
    pub(crate) sockets: Sockets,
    /// The streams that were there when the object woke, until they are given to the core.
    woken: RefCell<Vec<(ConnId, Caller)>>,
    calls: Calls,
    queue: RefCell<VecDeque<Input>>,
    stepping: Cell<bool>,
    timer: RefCell<Timer>,
}

impl Host {
    pub(crate) fn new(state: State, env: Env) -> Rc<Self> {
        let raw: &JsValue = state.as_raw().as_ref();
        let storage = js_sys::Reflect::get(raw, &"storage".into()).unwrap_or_default();
        let name = state.id().name().and_then(|name| parse_name(&name));
        let id = name.as_ref().map_or("", |(_, id)| id);
        let (sockets, woken) = Sockets::new(raw, id);
        let host = Rc::new(Self {
            store: Store::new(&storage),
            sockets,
            woken: RefCell::new(woken),
            name,
            state,
            env,
            conversation: RefCell::default(),
            calls: Calls::default(),
            queue: RefCell::default(),
            stepping: Cell::new(false),
            timer: RefCell::default(),
        });
        let weak = Rc::downgrade(&host);
        host.timer.borrow_mut().calls(move |which| {
            if let Some(host) = weak.upgrade() {
                host.timer.borrow_mut().rang(which);
                host.apply(Input::Woke);
            }
        });
        log_waking(&host.env, &format!("conversation {}", host.conversation_id()));
        host
    }

    /// Gives an input to the conversation and carries out what comes of it. The reply is there
    /// when the input was a request.
    pub(crate) fn apply(self: &Rc<Self>, input: Input) -> Option<Reply> {
        if self.stepping.replace(true) {
            self.queue.borrow_mut().push_back(input);
            return None;
        }
        let reply = self.step(input);
        while let Some(next) = self.next_input() {
            self.step(next);
        }
        self.stepping.set(false);
        self.arm_timer();
        reply
    }

    /// The same for something that a call reports; tells whether the call is still wanted.
    pub(crate) fn is_calling(self: &Rc<Self>, attempt: AttemptId, input: Input) -> bool {
        if self.calls.is_under_way(attempt) {
            self.apply(input);
        }
        self.calls.is_under_way(attempt)
    }

    /// Keeps the object in memory until `work` is done.
    pub(crate) fn keep_alive(&self, work: impl Future<Output = ()> + 'static) {
        self.state.wait_until(work);
    }

    /// Whether the log is there for `role`.
    pub(crate) fn admits(&self, role: Role) -> Result<Result<(), Refusal>, Fault> {
        self.ensure()?;
        let slot = self.conversation.borrow();
        slot.as_ref().map(|log| log.admits(role)).ok_or(Fault::Corrupt("conversation"))
    }

    /// The life of the log and its newest seq.
    pub(crate) fn log(&self) -> Result<(u32, u32), Fault> {
        self.ensure()?;
        let slot = self.conversation.borrow();
        slot.as_ref().map(|log| (log.epoch(), log.seq())).ok_or(Fault::Corrupt("conversation"))
    }

    fn next_input(&self) -> Option<Input> {
        self.queue.borrow_mut().pop_front()
    }

    fn step(self: &Rc<Self>, input: Input) -> Option<Reply> {
        let begun = entropy::fine_now();
        let step = match self.decide(input) {
            Ok(step) => step,
            Err(fault) => return Some(self.give_up(&fault)),
        };
        if let Err(fault) = self.store.commit(&step.writes) {
            return Some(self.give_up(&fault));
        }
        let site = self.name.as_ref().map_or("", |(site, _)| site);
        metrics::count(|metrics| metrics.step(site, &step, entropy::fine_since(begun)));
        self.fold_context(&step.writes);
        for act in step.acts {
            self.act(act);
        }
        step.reply
    }

    /// Borrow, step, drop.
    fn decide(&self, input: Input) -> Result<Step, Fault> {
        self.ensure()?;
        let wanted = self.conversation.borrow().as_ref().and_then(|it| it.lookup(&input));
        let prior = match wanted {
            Some(sender) => self.store.by_sender(&sender)?,
            None => None,
        };
        let mut slot = self.conversation.borrow_mut();
        let conversation = slot.as_mut().ok_or(Fault::Corrupt("conversation"))?;
        Ok(conversation.step(entropy::tick(), input, prior.as_ref()))
    }

    /// Loads the conversation if it is not in memory.
    fn ensure(&self) -> Result<(), Fault> {
        if self.conversation.borrow().is_some() {
            return Ok(());
        }
        let snapshot = self.store.load(entropy::now())?;
        metrics::count(|metrics| metrics.wakes += 1);
        let streams = self.woken.take();
        let streams = streams.iter().map(|(conn, caller)| (*conn, caller.stream())).collect();
        let snapshot = Snapshot { streams, ..snapshot };
        let resumed = Conversation::resume(snapshot, self.node());
        self.conversation.replace(Some(resumed));
        Ok(())
    }

    /// A step that could not be stored did not happen: forget it, and let everybody come back.
    fn give_up(&self, fault: &Fault) -> Reply {
        console_error!("conversation {}: {fault}", self.conversation_id());
        metrics::count(|metrics| metrics.faults += 1);
        self.conversation.replace(None);
        self.calls.abort_all();
        self.queue.borrow_mut().clear();
        self.sockets.close_all(CLOSE_TRY_AGAIN, "try_again");
        let refusal = Refusal::new(Code::Unavailable, "storage did not take it: send it again");
        Reply::Refused(refusal.retry_after(Duration::from_secs(1)))
    }

    fn act(self: &Rc<Self>, act: Act) {
        match act {
            Act::Send { to, frame } => self.sockets.send(to, frame, self.epoch()),
            Act::Replay { conn, after, upto } => self.replay(conn, after, upto),
            Act::Close { conn, code, reason } => self.sockets.close(conn, code, reason),
            Act::Prepare { turn, before } => self.prepare(turn, before),
            Act::Admit { attempt, all, candidates } => self.admit(attempt, all, candidates),
            Act::Report { provider, terms, report } => self.report(provider, terms, report),
            Act::Call { attempt, request } => self.calls.start(self, attempt, request),
            Act::Abort { attempt } => self.calls.abort(attempt),
            Act::Cancel { request } => Calls::cancel(self, request),
            Act::Tell { summary, since } => self.tell(summary, since),
        }
    }

    /// Tells the desk how the conversation stands.
    fn tell(self: &Rc<Self>, summary: InboxEntry, since: Millis) {
        let Some((site, id)) = self.name.clone() else { return };
        let (weak, env, seq) = (Rc::downgrade(self), self.env.clone(), summary.seq);
        let entry = InboxEntry { conversation: id, ..summary };
        self.keep_alive(async move {
            let told = tells::tell(&env, &site, entry).await;
            let age = entropy::now().since(since);
            metrics::count(|metrics| match told {
                Some(_) => metrics.told(age),
                None => metrics.tells_failed += 1,
            });
            if let Some(host) = weak.upgrade() {
                host.apply(match told {
                    Some(place) => Input::Told { seq, place },
                    None => Input::NotTold { seq },
                });
            }
        });
    }

    fn replay(&self, conn: ConnId, after: u32, upto: u32) {
        let Some(role) = self.sockets.role(conn) else { return };
        match self.store.range(after, upto) {
            Ok(events) => {
                for event in events {
                    let seen = view::of(&event, role).into_owned();
                    self.sockets.send(Audience::Conn(conn), Frame::Event(seen), self.epoch());
                }
            }
            Err(fault) => {
                self.give_up(&fault);
            }
        }
    }

    fn prepare(self: &Rc<Self>, turn: u32, before: u32) {
        let Some((site, _)) = &self.name else { return };
        if let Lookup::Fresh(live) = sites::live(site)
            && let Some(on_duty) = desks::duty_at_hand(site, live.as_deref())
        {
            return self.prepared(turn, before, live, on_duty);
        }
        let (weak, env, site) = (Rc::downgrade(self), self.env.clone(), site.clone());
        self.keep_alive(async move {
            let live = match sites::fetch(&env, &site).await {
                Ok(live) => live,
                Err(fault) => {
                    console_error!("site {site}: {fault}");
                    None
                }
            };
            let on_duty = desks::on_duty(&env, &site, live.as_deref()).await;
            if let Some(host) = weak.upgrade() {
                host.prepared(turn, before, live, on_duty);
            }
        });
    }

    /// Finds out which provider may be asked: mostly without asking anybody.
    fn admit(self: &Rc<Self>, attempt: AttemptId, all: Option<Terms>, candidates: Vec<Candidate>) {
        let Some((site, _)) = &self.name else { return };
        let pending = match guards::at_hand(site, all, candidates) {
            Ok(admission) => {
                self.apply(Input::Admitted { attempt, admission });
                return;
            }
            Err(pending) => pending,
        };
        let (weak, env) = (Rc::downgrade(self), self.env.clone());
        self.keep_alive(async move {
            let admission = pending.asked(&env).await;
            if let Some(host) = weak.upgrade() {
                host.apply(Input::Admitted { attempt, admission });
            }
        });
    }

    fn report(&self, provider: String, terms: Terms, report: Report) {
        let Some((site, _)) = self.name.clone() else { return };
        let env = self.env.clone();
        self.keep_alive(async move {
            guards::report(&env, Key { site, provider }, terms, report).await;
        });
    }

    fn prepared(self: &Rc<Self>, turn: u32, before: u32, site: Option<Arc<Live>>, on_duty: bool) {
        let most = site.as_ref().map_or(0, |live| live.config.rounds);
        let rounds = if turn == 0 { Vec::new() } else { self.rounds(before, most) };
        let prepared = Prepared { site, rounds, on_duty };
        self.apply(Input::Prepared { turn, prepared });
    }

    /// The rounds before an event: from the isolate's cache, else from the log.
    fn rounds(&self, before: u32, most: u32) -> Vec<kefu_shared::provider::Round> {
        let id = self.conversation_id();
        // One that another isolate went on with meanwhile is not taken for the whole.
        let newest = self.conversation.borrow().as_ref().map_or(0, Conversation::seq);
        CONTEXTS.with_borrow_mut(|contexts| {
            if let Some(context) = contexts.get(id, newest) {
                return context.before(before, most);
            }
            let recent = self.store.recent(CONTEXT_EVENTS).unwrap_or_default();
            let context = Context::of(recent.iter().map(|(event, _)| event));
            let rounds = context.before(before, most);
            contexts.put(id.to_owned(), context);
            rounds
        })
    }

    fn fold_context(&self, writes: &[Write]) {
        let events = writes.iter().filter_map(|write| match write {
            Write::Event { event, .. } => Some(event),
            Write::Forget { .. }
            | Write::Head(_)
            | Write::Turn(_)
            | Write::Mark { .. }
            | Write::Alarm(_) => None,
        });
        let fold = |event: &Event| {
            CONTEXTS.with_borrow_mut(|contexts| contexts.fold(self.conversation_id(), event));
        };
        events.for_each(fold);
    }

    /// One timer, for the earliest deadline.
    fn arm_timer(&self) {
        let deadline = self.conversation.borrow().as_ref().and_then(Conversation::deadline);
        self.timer.borrow_mut().set(deadline.map(|(at, _)| at));
    }

    fn epoch(&self) -> u32 {
        self.conversation.borrow().as_ref().map_or(1, Conversation::epoch)
    }

    fn conversation_id(&self) -> &str {
        self.name.as_ref().map_or("", |(_, id)| id)
    }

    /// Marks this conversation's message ids: ten bits of its id.
    fn node(&self) -> u16 {
        let digits = self.conversation_id().get(..3).unwrap_or("0");
        u16::from_str_radix(digits, 16).unwrap_or(0) >> 2
    }
}

/// Bytes of text in the isolate's cache of contexts.
pub(crate) fn contexts_bytes() -> u64 {
    CONTEXTS.with_borrow(|contexts| u64::try_from(contexts.bytes()).unwrap_or(0))
}

/// The parts of `v1:SITE:NAME`.
pub(crate) fn parse_name(name: &str) -> Option<(String, String)> {
    let (site, conversation) = name.strip_prefix("v1:")?.split_once(':')?;
    Some((site.to_owned(), conversation.to_owned()))
}
