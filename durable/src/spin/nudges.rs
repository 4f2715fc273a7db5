//! Nudges for work that the host finishes soon.
//!
//! When another request comes to the instance meanwhile, the host may not tell that it has finished
//! until something else happens. One timer for all of an instance's work makes something happen; a
//! timer for each costs a statement a quarter more.

use crate::spin::entropy::sleep;
use crate::spin::tasks::spawn;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Waker;
use std::time::Duration;

/// Between two nudges: nothing that a host does at once takes as long.
const NUDGE: Duration = Duration::from_millis(2);

thread_local! {
    static WAITING: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
    static TICKING: Cell<bool> = const { Cell::new(false) };
}

/// Does work that is looked at again and again until it is done.
pub(crate) async fn nudged<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        let polled = work.as_mut().poll(context);
        if polled.is_pending() {
            wait(context.waker());
        }
        polled
    })
    .await
}

fn wait(waker: &Waker) {
    WAITING.with_borrow_mut(|waiting| {
        // Whoever is woken for something else waits once.
        if !waiting.iter().any(|known| known.will_wake(waker)) {
            waiting.push(waker.clone());
        }
    });
    if !TICKING.replace(true) {
        spawn(tick());
    }
}

/// Ends when a whole nudge long nobody waited.
async fn tick() {
    loop {
        sleep(NUDGE).await;
        let waiting = WAITING.take();
        if waiting.is_empty() {
            TICKING.set(false);
            return;
        }
        waiting.into_iter().for_each(Waker::wake);
    }
}
