//! The provider object: the one truth about a site's provider.

use crate::error::Fault;
use crate::worker::deployment::log_waking;
use crate::worker::desks::desk_order;
use crate::worker::entropy;
use crate::worker::glue;
use crate::worker::host::parse_name;
use crate::worker::metrics;
use crate::worker::store::{migrate, rows, whole};
use kefu_proto::v1::ProviderChange;
use kefu_shared::desk;
use kefu_shared::guard::{Guard, Key, Order, Outcome, change};
use kefu_shared::schema::{self, provider_sql as sql};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use worker::js_sys::{Array, Promise, Reflect};
use worker::wasm_bindgen_futures::future_to_promise;
use worker::worker_sys::DurableObjectState;
use worker::{Env, Request, Response, State, console_error, console_log, web_sys};

/// Its one row: the object has its provider for itself.
const ROW: &str = "";

/// A provider's Durable Object.
#[wasm_bindgen]
pub struct ProviderObject {
    host: Rc<Host>,
}

#[wasm_bindgen]
impl ProviderObject {
    /// Called by the platform when the object is needed.
    #[wasm_bindgen(constructor)]
    pub fn new(ctx: DurableObjectState, env: Env) -> Self {
        Self { host: Rc::new(Host::new(State::from(ctx), env)) }
    }

    /// An [`Order`] of a conversation or of the edge; the answer is an [`Outcome`].
    pub fn fetch(&self, request: web_sys::Request) -> Promise {
        let host = self.host.clone();
        future_to_promise(async move {
            let outcome = carry_out(&host, Request::from(request)).await.map_err(|fault| {
                console_error!("provider: {fault}");
                JsValue::from(fault)
            })?;
            let response = Response::ok(outcome.to_json()).map_err(Fault::from)?;
            Ok(web_sys::Response::from(response).into())
        })
    }

    /// A provider sets no alarm.
    pub fn alarm(&self) {}

    /// A provider has no sockets.
    #[wasm_bindgen(js_name = webSocketMessage)]
    pub fn message(&self, _socket: &JsValue, _message: &JsValue) {}

    /// A provider has no sockets.
    #[wasm_bindgen(js_name = webSocketClose)]
    pub fn closed(&self, _socket: &JsValue, _code: u16, _reason: &str) {}

    /// A provider has no sockets.
    #[wasm_bindgen(js_name = webSocketError)]
    pub fn broke(&self, _socket: &JsValue) {}
}

async fn carry_out(host: &Host, mut request: Request) -> Result<Outcome, Fault> {
    let order = Order::from_json(&request.text().await?).ok_or(Fault::Corrupt("order"))?;
    host.carry_out(&order)
}

/// The only place that borrows the guard and stores it.
struct Host {
    key: Key,
    env: Env,
    state: State,
    js: glue::Store,
    guard: RefCell<Option<Guard>>,
    version: Cell<u32>,
    migrated: Cell<bool>,
}

impl Host {
    fn new(state: State, env: Env) -> Self {
        let ctx: &JsValue = state.as_raw().as_ref();
        let storage = Reflect::get(ctx, &"storage".into()).unwrap_or_default();
        let name = state.id().name().unwrap_or_default();
        let (site, provider) = parse_name(&name).unwrap_or_default();
        log_waking(&env, &format!("provider {site}/{provider}"));
        Self {
            key: Key { site, provider },
            js: glue::Store::new(&storage, "", "", ""),
            env,
            state,
            guard: RefCell::default(),
            version: Cell::new(0),
            migrated: Cell::new(false),
        }
    }

    fn carry_out(&self, order: &Order) -> Result<Outcome, Fault> {
        let (now, terms) = (entropy::now(), order.terms());
        let mut guard = match self.guard.take() {
            Some(guard) => guard,
            None => Guard::resume(self.load()?, terms, now),
        };
        let before = guard.standing(terms, now);
        let outcome = guard.carry_out(now, order);
        if guard.must_store() {
            // What cannot be stored did not happen: the guard is loaded again.
            self.store(guard.stored(terms, true))?;
        }
        let after = guard.standing(terms, now);
        if metrics::stood(&self.key, before, after) {
            let Key { site, provider } = &self.key;
            console_log!("provider {site}/{provider}: {} to {}", before.name(), after.name());
        }
        if let Some(change) = change(now, &self.key, order, before, after) {
            self.tell(change);
        }
        self.guard.replace(Some(guard));
        Ok(outcome)
    }

    /// Tells the site's desk of a change of the breaker; whoever gave the order does not wait for it.
    fn tell(&self, change: ProviderChange) {
        let (env, site) = (self.env.clone(), self.key.site.clone());
        self.state.wait_until(async move {
            if let Err(fault) = desk_order(&env, &site, &desk::Order::Provider(change)).await {
                console_error!("provider: desk of {site}: {fault}");
            }
        });
    }

    fn load(&self) -> Result<Guard, Fault> {
        if !self.migrated.get() && !self.js.has("migration")? {
            return Ok(Guard::default());
        }
        self.make_tables()?;
        let rows = rows(&self.js, sql::GUARD, &Array::of1(&ROW.into()))?;
        let Some(row) = rows.first() else { return Ok(Guard::default()) };
        self.version.set(whole(&row.get(1)));
        let value = row.get(0).as_string().unwrap_or_default();
        Guard::from_json(&value).ok_or(Fault::Corrupt("guard"))
    }

    fn store(&self, guard: &Guard) -> Result<(), Fault> {
        self.make_tables()?;
        let version = self.version.get() + 1;
        let params = Array::of3(&ROW.into(), &guard.to_json().into(), &version.into());
        if rows(&self.js, sql::PUT_GUARD, &params)?.is_empty() {
            return Err(Fault::Corrupt("guard"));
        }
        self.version.set(version);
        Ok(())
    }

    fn make_tables(&self) -> Result<(), Fault> {
        if !self.migrated.get() {
            migrate(&self.js, schema::PROVIDER)?;
            self.migrated.set(true);
        }
        Ok(())
    }
}
