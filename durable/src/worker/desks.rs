//! Orders to desks, and agents' sessions as the desks know them, cached for a second.

use crate::error::Fault;
use crate::worker::entropy;
use kefu_shared::desk::{Account, Order, Outcome};
use kefu_shared::problem::Refusal;
use kefu_shared::site::{FRESH_FOR, Live};
use kefu_shared::time::Millis;
use std::cell::RefCell;
use std::collections::BTreeMap;
use wasm_bindgen::JsValue;
use worker::{Env, Method, Request, RequestInit, Stub};

/// Sessions that an isolate remembers; more are asked for each time.
const KEPT_MOST: usize = 4_096;

struct Kept {
    account: Account,
    at: Millis,
}

thread_local! {
    /// Whether an agent of a site is there, and when that was asked.
    static DUTY: RefCell<BTreeMap<String, (bool, Millis)>> = const { RefCell::new(BTreeMap::new()) };
    static KEPT: RefCell<BTreeMap<String, Kept>> = const { RefCell::new(BTreeMap::new()) };
}

/// The object of a site's desk.
pub fn desk(env: &Env, site: &str) -> Result<Stub, Fault> {
    Ok(env.durable_object("DESK")?.get_by_name(&format!("v1:{site}"))?)
}

/// Gives an order to a site's desk.
pub async fn desk_order(env: &Env, site: &str, order: &Order) -> Result<Outcome, Fault> {
    let body = serde_json::to_string(order).map_err(|_| Fault::Corrupt("order"))?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(JsValue::from_str(&body)));
    let request = Request::new_with_init("https://desk/", &init)?;
    let mut response = desk(env, site)?.fetch_with_request(request).await?;
    Ok(response.json().await?)
}

/// What is known without asking of whether an agent is there.
pub(crate) fn duty_at_hand(site: &str, live: Option<&Live>) -> Option<bool> {
    if !live.is_some_and(|live| live.config.ai.asks_who_is_there()) {
        return Some(false);
    }
    let now = entropy::now();
    let known = DUTY.with_borrow(|duty| duty.get(site).copied());
    known.filter(|(_, at)| now.since(*at) < FRESH_FOR).map(|(on_duty, _)| on_duty)
}

/// Whether an agent is there, where the site's modes ask for it. If its desk does not tell, nobody
/// is: a visitor is never left alone for that.
pub(crate) async fn on_duty(env: &Env, site: &str, live: Option<&Live>) -> bool {
    if let Some(known) = duty_at_hand(site, live) {
        return known;
    }
    let told = desk_order(env, site, &Order::WhoIsThere).await;
    let on_duty = matches!(told, Ok(Outcome::OnDuty(true)));
    DUTY.with_borrow_mut(|duty| {
        if duty.len() >= KEPT_MOST {
            duty.clear();
        }
        duty.insert(site.to_owned(), (on_duty, entropy::now()));
    });
    on_duty
}

/// The agent of a session, if it is in force: as its desk says, or said within the last second.
pub async fn agent_in_force(
    env: &Env,
    site: &str,
    session: &str,
) -> Result<Result<Account, Refusal>, Fault> {
    let now = entropy::now();
    let fresh = |kept: &&Kept| now.since(kept.at) < FRESH_FOR;
    let known =
        KEPT.with_borrow(|kept| kept.get(session).filter(fresh).map(|kept| kept.account.clone()));
    if let Some(account) = known {
        return Ok(Ok(account));
    }
    let order = Order::CheckSession { session: session.to_owned() };
    match desk_order(env, site, &order).await?.granted() {
        Ok(Outcome::Account(account)) => {
            remember(session, &account);
            Ok(Ok(account))
        }
        Ok(_) => Err(Fault::Corrupt("outcome")),
        Err(refusal) => {
            forget_session(session);
            Ok(Err(refusal))
        }
    }
}

/// A session was ended by this isolate: it does not count here from now on.
pub fn forget_session(session: &str) {
    KEPT.with_borrow_mut(|kept| kept.remove(session));
}

fn remember(session: &str, account: &Account) {
    let kept = Kept { account: account.clone(), at: entropy::now() };
    KEPT.with_borrow_mut(|all| {
        if all.len() >= KEPT_MOST {
            all.clear();
        }
        all.insert(session.to_owned(), kept);
    });
}
