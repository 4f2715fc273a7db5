//! Nudges for work that the host finishes soon.
//!
//! When another request comes to the instance meanwhile, the host may not tell that it has finished
//! until something else happens to whoever waits. One timer for all of an instance's work sees to
//! that; a timer for each costs a statement a quarter more. Who waits long is nudged less often:
//! where much is under way, much happens.

use crate::spin::entropy::{self, sleep};
use crate::spin::tasks::spawn;
use kefu_shared::time::Millis;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Waker;
use std::time::Duration;

/// Until the first nudge, and at most between two: nothing that a host does at once takes as long.
const FIRST: Duration = Duration::from_millis(2);
const MOST: Duration = Duration::from_millis(256);

thread_local! {
    static WAITING: RefCell<BTreeMap<u64, (Millis, Waker)>> =
        const { RefCell::new(BTreeMap::new()) };
    static NEXT: Cell<u64> = const { Cell::new(0) };
    static TICKING: Cell<bool> = const { Cell::new(false) };
}

/// Does work that is looked at again and again until it is done.
pub(crate) async fn nudged<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut wait = Wait { number: NEXT.replace(NEXT.get() + 1), pause: FIRST };
    poll_fn(|context| {
        let polled = work.as_mut().poll(context);
        if polled.is_pending() {
            wait.on(context.waker());
        }
        polled
    })
    .await
}

/// One that waits, as long as it does.
struct Wait {
    number: u64,
    pause: Duration,
}

impl Wait {
    fn on(&mut self, waker: &Waker) {
        WAITING.with_borrow_mut(|waiting| {
            waiting.entry(self.number).or_insert_with(|| {
                let due = entropy::now() + self.pause;
                self.pause = (self.pause * 2).min(MOST);
                (due, waker.clone())
            });
        });
        if !TICKING.replace(true) {
            spawn(tick());
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        WAITING.with_borrow_mut(|waiting| waiting.remove(&self.number));
    }
}

/// Ends when nobody waits.
async fn tick() {
    loop {
        sleep(FIRST).await;
        let now = entropy::now();
        let due: Vec<Waker> = WAITING.with_borrow_mut(|waiting| {
            waiting.extract_if(.., |_, (due, _)| *due <= now).map(|(_, (_, waker))| waker).collect()
        });
        due.into_iter().for_each(Waker::wake);
        if WAITING.with_borrow(BTreeMap::is_empty) {
            TICKING.set(false);
            return;
        }
    }
}
