//! Sites in use, one cache an isolate: asked for again when a copy is a second old, and compiled
//! again only when something changed.

use crate::error::Fault;
use crate::worker::deployment::{deployed, variable};
use crate::worker::entropy;
use kefu_shared::site::{FRESH_FOR, Live, Order, Outcome};
use kefu_shared::time::Millis;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use wasm_bindgen::JsValue;
use worker::{Env, Method, Request, RequestInit};

/// Sites that an isolate keeps; more are asked for each time.
const KEPT_MOST: usize = 256;

struct Kept {
    live: Option<Arc<Live>>,
    at: Millis,
}

thread_local! {
    static KEPT: RefCell<BTreeMap<String, Kept>> = const { RefCell::new(BTreeMap::new()) };
}

/// What is known of a site without asking.
pub(crate) enum Lookup {
    /// A copy of the last second; `None` is a site without configuration.
    Fresh(Option<Arc<Live>>),
    /// Ask.
    Stale,
}

/// What is known of a site without asking.
pub(crate) fn live(site: &str) -> Lookup {
    let now = entropy::now();
    KEPT.with_borrow(|kept| match kept.get(site) {
        Some(kept) if now.since(kept.at) < FRESH_FOR => Lookup::Fresh(kept.live.clone()),
        _ => Lookup::Stale,
    })
}

/// The site as it stands, asking its object when no fresh copy is at hand.
pub async fn fetch(env: &Env, site: &str) -> Result<Option<Arc<Live>>, Fault> {
    if let Lookup::Fresh(live) = live(site) {
        return Ok(live);
    }
    let known = KEPT.with_borrow(|kept| kept.get(site).and_then(|kept| kept.live.clone()));
    let have = known.as_ref().map_or(0, |live| live.revision);
    let live = match order(env, site, &Order::Read { have }).await? {
        Outcome::Unchanged => known,
        Outcome::Page(page) => {
            let deployed = deployed(env).map_err(Fault::Misconfigured)?;
            let variable = |name: &str| variable(env, name);
            let live = Live::open(site, &page, &deployed.deployment, variable);
            Some(Arc::new(live.map_err(|_| Fault::Corrupt("configuration"))?))
        }
        Outcome::Absent | Outcome::Done { .. } | Outcome::Refused { .. } => None,
    };
    remember(site, live.clone());
    Ok(live)
}

/// The site as it stands right now, whatever copy is at hand.
pub async fn reopen(env: &Env, site: &str) -> Result<Option<Arc<Live>>, Fault> {
    KEPT.with_borrow_mut(|kept| kept.remove(site));
    fetch(env, site).await
}

/// Keeps a copy of a site.
fn remember(site: &str, live: Option<Arc<Live>>) {
    let kept = Kept { live, at: entropy::now() };
    KEPT.with_borrow_mut(|all| {
        if all.len() >= KEPT_MOST && !all.contains_key(site) {
            all.clear();
        }
        all.insert(site.to_owned(), kept);
    });
}

/// Gives an order to a site's object.
pub async fn order(env: &Env, site: &str, order: &Order) -> Result<Outcome, Fault> {
    let body = serde_json::to_string(order).map_err(|_| Fault::Corrupt("order"))?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(JsValue::from_str(&body)));
    let request = Request::new_with_init("https://site/", &init)?;
    let stub = env.durable_object("SITE")?.get_by_name(&format!("v1:{site}"))?;
    let mut response = stub.fetch_with_request(request).await?;
    Ok(response.json().await?)
}
