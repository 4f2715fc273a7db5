//! Providers' guards: a row each, changed by compare-and-swap, and copies of them for a moment.

use crate::Fault;
use crate::spin::bus;
use crate::spin::database::{rows, small, string, text};
use crate::spin::entropy::{self, lost};
use crate::spin::metrics;
use crate::spin::operator::tell_fault;
use crate::spin::writer::{Statement, commit};
use futures::lock::Mutex;
use kefu_shared::conversation::{Admission, Admitted};
use kefu_shared::guard::{
    Admitting, Candidate, Copies, Decision, Guard, Key, Order, Outcome, Report, Terms, change,
};
use kefu_shared::schema::shared_sql::provider as sql;
use spin_sdk::sqlite::Value;
use std::cell::RefCell;
use std::rc::Rc;

/// How often an order is given again when another instance was first.
const TRIES: u32 = 24;

thread_local! {
    static COPIES: RefCell<Copies> = RefCell::default();
    static ASKING: Rc<Mutex<()>> = Rc::default();
    static ORDERING: Rc<Mutex<()>> = Rc::default();
}

/// Finds out which of the candidates may be asked.
pub(crate) async fn admit(site: &str, all: Option<Terms>, candidates: Vec<Candidate>) -> Admission {
    let mut admitting = Admitting::new(site, all, candidates);
    // One asks for all: those who waited find the permits that it was granted.
    let asking = ASKING.with(Rc::clone);
    let _alone = asking.lock().await;
    look(&admitting).await;
    loop {
        let decision = COPIES.with_borrow_mut(|copies| copies.next(entropy::now(), &mut admitting));
        let admitted = match decision {
            Decision::Ask { key, ask } => {
                if let Some(Outcome::Granted(grant)) = told(&key, Order::Take(ask)).await {
                    let now = entropy::now();
                    COPIES.with_borrow_mut(|copies| copies.granted(now, key, grant));
                }
                continue;
            }
            Decision::Go { provider, pass } => Some(Admitted { provider, pass }),
            Decision::Nobody => None,
        };
        return Admission { admitted, skips: admitting.into_skips() };
    }
}

/// Looks at the guards of which something is at hand: other instances may have changed them, and
/// the database is near.
async fn look(admitting: &Admitting) {
    for key in admitting.keys() {
        let now = entropy::now();
        if !COPIES.with_borrow(|copies| copies.has(now, &key)) {
            continue;
        }
        match load(&key).await {
            Ok((guard, _)) => COPIES.with_borrow_mut(|copies| copies.compare(now, &key, &guard)),
            Err(fault) => told_fault(&key, &fault),
        }
    }
}

/// Tells a provider's guard how an attempt ended.
pub(crate) async fn report(key: Key, terms: Terms, report: Report) {
    let ask = COPIES.with_borrow_mut(|copies| copies.report(&key, terms, report));
    if let Some(Outcome::Granted(grant)) = told(&key, Order::Take(ask)).await {
        COPIES.with_borrow_mut(|copies| copies.told(entropy::now(), key, grant));
    }
}

/// Gives an order to the guard of a site's provider.
pub async fn order(key: &Key, order: &Order) -> Result<Outcome, Fault> {
    // Those of one instance don't race.
    let ordering = ORDERING.with(Rc::clone);
    let _alone = ordering.lock().await;
    for tries in 0..TRIES {
        let (stored, version) = load(key).await?;
        let (now, terms) = (entropy::now(), order.terms());
        let mut guard = Guard::resume(stored, terms, now);
        let before = guard.standing(terms, now);
        let outcome = guard.carry_out(now, order);
        let after = guard.standing(terms, now);
        if !guard.must_store() {
            metrics::stood(key, before, after);
            return Ok(outcome);
        }
        match commit(vec![statement(key, guard.stored(terms, false), version + 1)]).await {
            Ok(()) => {
                if metrics::stood(key, before, after) {
                    let Key { site, provider } = key;
                    eprintln!("provider {site}/{provider}: {} to {}", before.name(), after.name());
                }
                if let Some(change) = change(now, key, order, before, after) {
                    bus::provider_changed(&key.site, change);
                }
                return Ok(outcome);
            }
            Err(Fault::Conflict) => lost(tries).await,
            Err(fault) => return Err(fault),
        }
    }
    Err(Fault::Conflict)
}

async fn told(key: &Key, asked: Order) -> Option<Outcome> {
    match order(key, &asked).await {
        Ok(outcome) => Some(outcome),
        Err(fault) => {
            told_fault(key, &fault);
            None
        }
    }
}

fn told_fault(key: &Key, fault: &Fault) {
    tell_fault(&format!("guard of {}/{}", key.site, key.provider), fault);
}

async fn load(key: &Key) -> Result<(Guard, u32), Fault> {
    let found = rows(sql::GUARD, vec![string(&*key.site), string(&*key.provider)]).await?;
    match found.first() {
        Some(row) => {
            let guard = Guard::from_json(text(row, 0)).ok_or(Fault::Corrupt("guard"))?;
            Ok((guard, small(row, 1)))
        }
        None => Ok((Guard::default(), 0)),
    }
}

fn statement(key: &Key, guard: &Guard, version: u32) -> Statement {
    let params = vec![
        string(&*key.site),
        string(&*key.provider),
        string(guard.to_json()),
        Value::Integer(version.into()),
    ];
    Statement::must(sql::PUT_GUARD, params)
}
