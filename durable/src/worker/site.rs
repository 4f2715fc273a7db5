//! The site object: the one truth about a site's configuration and secrets.

use crate::error::Fault;
use crate::worker::entropy;
use crate::worker::glue;
use crate::worker::store::{migrate, rows, whole};
use kefu_shared::config::Format;
use kefu_shared::schema::{self, site_sql as sql};
use kefu_shared::secrets::Sealed;
use kefu_shared::site::{Change, Order, Outcome, Shelf, Stored};
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use worker::js_sys::{Array, Promise, Reflect};
use worker::wasm_bindgen_futures::future_to_promise;
use worker::worker_sys::DurableObjectState;
use worker::{Env, Request, Response, console_error, web_sys};

/// A site's Durable Object.
#[wasm_bindgen]
pub struct SiteObject {
    rows: Rc<Rows>,
}

#[wasm_bindgen]
impl SiteObject {
    /// Called by the platform when the object is needed.
    #[wasm_bindgen(constructor)]
    #[allow(clippy::needless_pass_by_value, reason = "the platform passes it so")]
    pub fn new(ctx: DurableObjectState, _env: Env) -> Self {
        let storage = Reflect::get(ctx.as_ref(), &"storage".into()).unwrap_or_default();
        let js = glue::Store::new(&storage, "", "", "");
        Self { rows: Rc::new(Rows { js, migrated: Cell::new(false) }) }
    }

    /// An [`Order`] of the edge or of another object; the answer is an [`Outcome`].
    pub fn fetch(&self, request: web_sys::Request) -> Promise {
        let rows = self.rows.clone();
        future_to_promise(async move {
            let outcome = carry_out(&rows, Request::from(request)).await.map_err(|fault| {
                console_error!("site: {fault}");
                JsValue::from(fault)
            })?;
            let response = Response::from_json(&outcome).map_err(Fault::from)?;
            Ok(web_sys::Response::from(response).into())
        })
    }

    /// A site sets no alarm.
    pub fn alarm(&self) {}

    /// A site has no sockets.
    #[wasm_bindgen(js_name = webSocketMessage)]
    pub fn message(&self, _socket: &JsValue, _message: &JsValue) {}

    /// A site has no sockets.
    #[wasm_bindgen(js_name = webSocketClose)]
    pub fn closed(&self, _socket: &JsValue, _code: u16, _reason: &str) {}

    /// A site has no sockets.
    #[wasm_bindgen(js_name = webSocketError)]
    pub fn broke(&self, _socket: &JsValue) {}
}

async fn carry_out(rows: &Rows, mut request: Request) -> Result<Outcome, Fault> {
    let order: Order = request.json().await?;
    let shelf = rows.shelf()?;
    let (outcome, change) = shelf.take(order, entropy::now());
    if let Some(change) = change {
        rows.store(&change)?;
    }
    Ok(outcome)
}

/// A site's rows.
struct Rows {
    js: glue::Store,
    migrated: Cell<bool>,
}

impl Rows {
    fn shelf(&self) -> Result<Shelf, Fault> {
        if !self.migrated.get() {
            if !self.js.has("migration")? {
                return Ok(Shelf::default());
            }
            self.open()?;
        }
        let text = |row: &Array, index| row.get(index).as_string().unwrap_or_default();
        let versions = rows(&self.js, sql::VERSIONS, &Array::new())?;
        let versions = versions.iter().map(|row| Stored {
            version: whole(&row.get(0)),
            format: Format::of_name(&text(row, 1)).unwrap_or(Format::Toml),
            document: text(row, 2),
        });
        let secrets = rows(&self.js, sql::SECRETS, &Array::new())?;
        let secrets = secrets.iter().map(|row| Sealed {
            name: text(row, 0),
            sealed: text(row, 1),
            hosts: text(row, 2).split_whitespace().map(ToOwned::to_owned).collect(),
        });
        let revision = rows(&self.js, sql::REVISION, &Array::new())?;
        Ok(Shelf {
            revision: revision.first().map_or(0, |row| whole(&row.get(0))),
            versions: versions.collect(),
            secrets: secrets.collect(),
        })
    }

    fn open(&self) -> Result<(), Fault> {
        migrate(&self.js, schema::SITE)?;
        self.migrated.set(true);
        Ok(())
    }

    fn store(&self, change: &Change) -> Result<(), Fault> {
        self.open()?;
        let run = |text: &str, params: Array| self.js.rows(text, &params).map(|_| ());
        Ok(self.js.transaction(&mut || {
            match change {
                Change::Version { stored, drop_upto, at } => {
                    let params = Array::of4(
                        &stored.version.into(),
                        &stored.format.name().into(),
                        &stored.document.as_str().into(),
                        &(at.0 as f64).into(),
                    );
                    run(sql::PUT_VERSION, params)?;
                    run(sql::DROP_VERSIONS, Array::of1(&(*drop_upto).into()))?;
                }
                Change::Secret(secret) => {
                    let hosts = secret.hosts.join(" ");
                    run(
                        sql::PUT_SECRET,
                        Array::of3(
                            &secret.name.as_str().into(),
                            &secret.sealed.as_str().into(),
                            &hosts.into(),
                        ),
                    )?;
                }
                Change::Forgotten(name) => {
                    run(sql::DROP_SECRET, Array::of1(&name.as_str().into()))?;
                }
            }
            run(sql::RAISE_REVISION, Array::new())
        })?)
    }
}
