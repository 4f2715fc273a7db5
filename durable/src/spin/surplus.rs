//! An instance that is one too many leaves: it takes no request any more, and the host ends it once
//! its streams and its work are over.

use crate::Fault;
use crate::spin::database::{number, rows, small};
use crate::spin::entropy;
use crate::spin::operator::tell_fault;
use crate::spin::tasks::spawn;
use crate::spin::writer::{Statement, commit};
use kefu_shared::schema::shared_sql::host as sql;
use kefu_shared::surplus::{LATELY, Others, SEEN_FOR, Shift};
use kefu_shared::time::Millis;
use std::cell::{Cell, RefCell};

thread_local! {
    static SHIFT: RefCell<Shift> = RefCell::default();
    static ASKING: Cell<bool> = const { Cell::new(false) };
    /// Whether it leaves with the next request.
    static LEAVING: Cell<bool> = const { Cell::new(false) };
}

/// Does a request's work, and looks now and then whether anybody needs this instance.
///
/// One that leaves says so at the beginning of a request and nowhere else: the host gives the next
/// one only once this one has begun to wait, and what it had given before it knew would be lost.
pub async fn on_shift<T>(work: impl Future<Output = T>) -> T {
    if LEAVING.take() {
        wit_bindgen::backpressure_inc();
    }
    SHIFT.with_borrow_mut(|shift| shift.begins(entropy::now()));
    let done = work.await;
    let now = entropy::now();
    let begun = SHIFT.with_borrow_mut(|shift| {
        shift.ends(now);
        shift.asks(now)
    });
    if let Some(begun) = begun
        && !ASKING.replace(true)
    {
        spawn(async move {
            match look(begun).await {
                Ok(true) => LEAVING.set(true),
                Ok(false) => ASKING.set(false),
                Err(fault) => {
                    tell_fault("instances", &fault);
                    ASKING.set(false);
                }
            }
        });
    }
    done
}

/// Says that this instance is there, and finds out whether it leaves.
async fn look(begun: Millis) -> Result<bool, Fault> {
    let (now, holder) = (entropy::now(), number(entropy::holder()));
    let seen = vec![holder.clone(), number(begun.0), number(now.0)];
    commit(vec![Statement::new(sql::SEE, seen)]).await?;
    let since = [now - SEEN_FOR, begun, now - LATELY].map(|at| number(at.0));
    let [seen, begun, left] = since;
    let found = rows(sql::OTHERS, vec![seen, begun, holder.clone(), left]).await?;
    let count = |index| found.first().map_or(0, |row| small(row, index));
    let others = Others { older: count(0), left: count(1) };
    if !SHIFT.with_borrow_mut(|shift| shift.leaves(entropy::now(), others)) {
        return Ok(false);
    }
    let old = number((now - LATELY - SEEN_FOR).0);
    commit(vec![
        Statement::new(sql::LEAVE, vec![number(now.0), holder]),
        Statement::new(sql::DROP_INSTANCES, vec![old]),
    ])
    .await?;
    Ok(true)
}
