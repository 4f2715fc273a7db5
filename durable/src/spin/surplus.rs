//! An instance that is one too many leaves: it takes no request any more, and the host ends it once
//! its streams and its work are over. Their readers come again with their cursors, as after any cut,
//! and are served by others.

use crate::Fault;
use crate::spin::database::{number, rows, small};
use crate::spin::entropy::{self, sleep};
use crate::spin::operator::tell_fault;
use crate::spin::rooms;
use crate::spin::tasks::spawn;
use crate::spin::writer::{Statement, commit};
use kefu_shared::schema::shared_sql::host as sql;
use kefu_shared::surplus::{LATELY, Others, PACE, REST, SEEN_FOR, STREAM_STAYS, Shift};
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
    SHIFT.with_borrow_mut(|shift| shift.ends(entropy::now()));
    ask();
    done
}

/// Waits for something with which this instance has nothing to do, while it does a request's work.
pub(crate) async fn off_shift<T>(waiting: impl Future<Output = T>) -> T {
    SHIFT.with_borrow_mut(|shift| shift.ends(entropy::now()));
    let done = waiting.await;
    SHIFT.with_borrow_mut(|shift| shift.begins(entropy::now()));
    done
}

/// Finds out whether anybody needs this instance, if it is time to.
pub(crate) fn ask() {
    let begun = SHIFT.with_borrow_mut(|shift| shift.asks(entropy::now()));
    if let Some(begun) = begun
        && !ASKING.replace(true)
    {
        spawn(async move {
            match look(begun).await {
                Ok(true) => {
                    LEAVING.set(true);
                    hand_over().await;
                }
                Ok(false) => ASKING.set(false),
                Err(fault) => {
                    tell_fault("instances", &fault);
                    ASKING.set(false);
                }
            }
        });
    }
}

/// Ends this instance's streams one after the other, until nobody waits here.
async fn hand_over() {
    while rooms::is_attended() {
        let ended = rooms::end_a_stream(entropy::now() - STREAM_STAYS).await;
        sleep(if ended { PACE } else { REST }).await;
    }
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
