//! The desk object: what the platform calls, turned into inputs of the core's desk.

use crate::error::Fault;
use crate::worker::desk_store::DeskStore;
use crate::worker::entropy;
use crate::worker::glue;
use crate::worker::metrics;
use crate::worker::sockets::{Sockets, protocol};
use crate::worker::timer::Timer;
use crate::worker::{CALLER, object_name};
use kefu_shared::conversation::ConnId;
use kefu_shared::desk::{Act, Desk, Input, Order, Outcome, Snapshot, Step};
use kefu_shared::page::PageQuery;
use kefu_shared::wire::Caller;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use worker::js_sys::{Promise, Reflect};
use worker::wasm_bindgen_futures::future_to_promise;
use worker::worker_sys::DurableObjectState;
use worker::{Env, Headers, Request, RequestInit, Response, State, console_error, web_sys};

/// Storage refused: everybody comes back.
const CLOSE_TRY_AGAIN: u16 = 4001;

/// A desk's Durable Object.
#[wasm_bindgen]
pub struct DeskObject {
    host: Rc<Host>,
}

#[wasm_bindgen]
impl DeskObject {
    /// Called by the platform when the object is needed.
    #[wasm_bindgen(constructor)]
    pub fn new(ctx: DurableObjectState, env: Env) -> Self {
        Self { host: Host::new(State::from(ctx), env) }
    }

    /// An order, or an agent's gateway stream.
    pub fn fetch(&self, request: web_sys::Request) -> Promise {
        let host = self.host.clone();
        future_to_promise(async move {
            let answer = serve(&host, Request::from(request)).await.map_err(|fault| {
                console_error!("desk: {fault}");
                JsValue::from(fault)
            })?;
            Ok(answer.into())
        })
    }

    /// A desk sets no alarm.
    pub fn alarm(&self) {}

    /// Agents speak to conversations, not to the desk: only a ping may come.
    #[wasm_bindgen(js_name = webSocketMessage)]
    pub fn message(&self, _socket: &JsValue, _message: &JsValue) {}

    /// A gateway stream was closed.
    #[wasm_bindgen(js_name = webSocketClose)]
    pub fn closed(&self, socket: &JsValue, code: u16, reason: &str) {
        glue::answer_close(socket, code, reason);
        self.broke(socket);
    }

    /// A gateway stream broke.
    #[wasm_bindgen(js_name = webSocketError)]
    pub fn broke(&self, socket: &JsValue) {
        if let Ok(conn) = glue::conn_of(socket) {
            self.host.sockets.forget(conn);
            self.host.apply(Input::Detached { conn });
        }
    }
}

/// The only place that borrows the desk, stores and sends.
struct Host {
    desk: RefCell<Option<Desk>>,
    store: DeskStore,
    sockets: Sockets,
    woken: RefCell<Vec<(ConnId, Caller)>>,
    timer: RefCell<Timer>,
    state: State,
    env: Env,
    /// Whose desk this is; absent when the object was not found by name.
    site: Option<String>,
}

impl Host {
    fn new(state: State, env: Env) -> Rc<Self> {
        let ctx: &JsValue = state.as_raw().as_ref();
        let (sockets, woken) = Sockets::new(ctx, "");
        let storage = Reflect::get(ctx, &"storage".into()).unwrap_or_default();
        let name = state.id().name();
        let host = Rc::new(Self {
            site: name.and_then(|name| Some(name.strip_prefix("v1:")?.to_owned())),
            desk: RefCell::default(),
            store: DeskStore::new(&storage),
            sockets,
            woken: RefCell::new(woken),
            timer: RefCell::default(),
            state,
            env,
        });
        let weak = Rc::downgrade(&host);
        host.timer.borrow_mut().calls(move |which| {
            if let Some(host) = weak.upgrade() {
                host.timer.borrow_mut().rang(which);
                host.apply(Input::Woke);
            }
        });
        host
    }

    /// Gives an input to the desk and carries out what comes of it.
    fn apply(&self, input: Input) -> Option<Outcome> {
        let outcome = self.step(input).unwrap_or_else(|fault| self.give_up(&fault));
        let deadline = self.desk.borrow().as_ref().and_then(Desk::deadline);
        self.timer.borrow_mut().set(deadline);
        outcome
    }

    fn step(&self, input: Input) -> Result<Option<Outcome>, Fault> {
        let Step { writes, acts, outcome } = self.decide(input)?;
        self.store.commit(&writes)?;
        metrics::count(|metrics| metrics.rows_written += writes.len() as u64);
        for act in acts {
            match act {
                Act::Send { to, frame } => self.sockets.send(to, frame, 1),
                Act::Close { conn, code, reason } => self.sockets.close(conn, code, reason),
                Act::Place { conversation, place } => self.place(&conversation, place),
            }
        }
        Ok(outcome)
    }

    /// Borrow, step, drop.
    fn decide(&self, input: Input) -> Result<Step, Fault> {
        let mut slot = self.desk.borrow_mut();
        if slot.is_none() {
            let streams = self.woken.take();
            let streams = streams.iter().map(|(conn, caller)| (*conn, caller.gateway_stream()));
            *slot =
                Some(Desk::resume(Snapshot { streams: streams.collect(), ..self.store.load()? }));
        }
        let desk = slot.as_mut().ok_or(Fault::Corrupt("desk"))?;
        Ok(desk.step(entropy::tick(), input))
    }

    /// Tells a conversation its visitor's place. One that is not told shows an older one.
    fn place(&self, conversation: &str, place: u32) {
        let Some(site) = self.site.clone() else { return };
        let (env, conversation) = (self.env.clone(), conversation.to_owned());
        self.state.wait_until(async move {
            if let Err(fault) = tell_place(&env, &site, &conversation, place).await {
                console_error!("desk: conversation {conversation}: {fault}");
            }
        });
    }

    /// A step that could not be stored did not happen.
    fn give_up(&self, fault: &Fault) -> Option<Outcome> {
        console_error!("desk: {fault}");
        self.desk.replace(None);
        self.sockets.close_all(CLOSE_TRY_AGAIN, "try_again");
        None
    }
}

async fn serve(host: &Rc<Host>, mut request: Request) -> Result<web_sys::Response, Fault> {
    let caller = request.headers().get(CALLER)?.and_then(|text| Caller::read(&text));
    if let Some(caller) = caller {
        let url = request.url()?;
        let query = PageQuery::parse(url.query().unwrap_or_default()).unwrap_or_default();
        let (conn, response) = host.sockets.accept(&caller, protocol(&caller))?;
        let (stream, cursor) = (caller.gateway_stream(), query.cursor());
        host.apply(Input::Attached { conn, stream, cursor });
        return Ok(response);
    }
    let order: Order = request.json().await?;
    let outcome = host.apply(Input::Ordered(order)).ok_or(Fault::Corrupt("desk"))?;
    Ok(Response::from_json(&outcome)?.into())
}

async fn tell_place(env: &Env, site: &str, conversation: &str, place: u32) -> Result<(), Fault> {
    let stub = env.durable_object("CONVERSATION")?.get_by_name(&object_name(site, conversation))?;
    let headers = Headers::new();
    headers.set(CALLER, &Caller::nobody().write())?;
    let mut init = RequestInit::new();
    init.with_headers(headers);
    let url = format!("https://conversation/place?{place}");
    stub.fetch_with_request(Request::new_with_init(&url, &init)?).await?;
    Ok(())
}
