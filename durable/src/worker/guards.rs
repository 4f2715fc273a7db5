//! Providers' guards as their objects know them: permits and standings, cached for a moment.

use crate::error::Fault;
use crate::worker::entropy;
use kefu_shared::conversation::{Admission, Admitted};
use kefu_shared::guard::{
    Admitting, Candidate, Copies, Decision, Grant, Key, Order, Outcome, Report, Terms,
};
use std::cell::RefCell;
use wasm_bindgen::JsValue;
use worker::{Env, Method, Request, RequestInit, console_error};

thread_local! {
    static COPIES: RefCell<Copies> = RefCell::default();
}

/// Who of the candidates may be asked, if that is known without asking; otherwise the question.
pub(crate) fn at_hand(
    site: &str,
    all: Option<Terms>,
    candidates: Vec<Candidate>,
) -> Result<Admission, Box<Pending>> {
    let mut admitting = Admitting::new(site, all, candidates);
    let decision = next(&mut admitting);
    Pending { admitting, decision }.settled()
}

/// An admission that needs the word of a guard.
pub(crate) struct Pending {
    admitting: Admitting,
    decision: Decision,
}

impl Pending {
    fn settled(self) -> Result<Admission, Box<Self>> {
        let admitted = match &self.decision {
            Decision::Ask { .. } => return Err(Box::new(self)),
            Decision::Go { provider, pass } => {
                Some(Admitted { provider: provider.clone(), pass: *pass })
            }
            Decision::Nobody => None,
        };
        Ok(Admission { admitted, skips: self.admitting.into_skips() })
    }

    /// Asks until it is known.
    pub(crate) async fn asked(self, env: &Env) -> Admission {
        let mut pending = self;
        loop {
            if let Decision::Ask { key, ask } = pending.decision {
                match order(env, &key, &Order::Take(ask)).await {
                    Ok(Outcome::Granted(grant)) => granted(key, grant),
                    Ok(Outcome::Seen(_) | Outcome::Tried(_)) => {}
                    Err(fault) => console_error!("guard of {}: {fault}", key.provider),
                }
            }
            let decision = next(&mut pending.admitting);
            pending = match (Pending { decision, ..pending }).settled() {
                Ok(admission) => return admission,
                Err(pending) => *pending,
            };
        }
    }
}

/// Tells a provider's guard how an attempt ended.
pub(crate) async fn report(env: &Env, key: Key, terms: Terms, report: Report) {
    let ask = COPIES.with_borrow_mut(|copies| copies.report(&key, terms, report));
    match order(env, &key, &Order::Take(ask)).await {
        Ok(Outcome::Granted(grant)) => {
            COPIES.with_borrow_mut(|copies| copies.told(entropy::now(), key, grant));
        }
        Ok(Outcome::Seen(_) | Outcome::Tried(_)) => {}
        Err(fault) => console_error!("guard of {}: {fault}", key.provider),
    }
}

/// Gives an order to the guard of a site's provider.
pub async fn order(env: &Env, key: &Key, order: &Order) -> Result<Outcome, Fault> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(JsValue::from_str(&order.to_json())));
    let request = Request::new_with_init("https://provider/", &init)?;
    let name = format!("v1:{}:{}", key.site, key.provider);
    let stub = env.durable_object("PROVIDER")?.get_by_name(&name)?;
    let mut response = stub.fetch_with_request(request).await?;
    Outcome::from_json(&response.text().await?).ok_or(Fault::Corrupt("outcome"))
}

fn next(admitting: &mut Admitting) -> Decision {
    COPIES.with_borrow_mut(|copies| copies.next(entropy::now(), admitting))
}

fn granted(key: Key, grant: Grant) {
    COPIES.with_borrow_mut(|copies| copies.granted(entropy::now(), key, grant));
}
