//! Nudges for work that the host finishes soon.
//!
//! When another request comes to the instance meanwhile, the host may not tell that it has finished
//! until something else happens to whoever waits. One timer for all of an instance's work sees to
//! that: a timer for each is a third of what a statement costs, and more the more there are. Who
//! waits long is nudged less often: where much is under way, much happens.

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
/// A ticker that was not heard for as long is gone: it ends with the request that began it.
const GONE: Duration = Duration::from_millis(100);

thread_local! {
    static WAITING: RefCell<BTreeMap<u64, (Millis, Waker)>> =
        const { RefCell::new(BTreeMap::new()) };
    static NEXT: Cell<u64> = const { Cell::new(0) };
    /// The newest ticker, and when it was heard; none while nobody waits.
    static TICKER: Cell<(u64, Option<Millis>)> = const { Cell::new((0, None)) };
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
        let now = entropy::now();
        WAITING.with_borrow_mut(|waiting| {
            waiting.entry(self.number).or_insert_with(|| {
                let due = now + self.pause;
                self.pause = (self.pause * 2).min(MOST);
                (due, waker.clone())
            });
        });
        let (number, heard) = TICKER.get();
        if heard.is_none_or(|at| now.since(at) > GONE) {
            TICKER.set((number + 1, Some(now)));
            spawn(tick(number + 1));
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        WAITING.with_borrow_mut(|waiting| waiting.remove(&self.number));
    }
}

/// Ends when nobody waits, or another one is at it.
async fn tick(number: u64) {
    loop {
        sleep(FIRST).await;
        if TICKER.get().0 != number {
            return;
        }
        let now = entropy::now();
        let due: Vec<Waker> = WAITING.with_borrow_mut(|waiting| {
            waiting.extract_if(.., |_, (due, _)| *due <= now).map(|(_, (_, waker))| waker).collect()
        });
        due.into_iter().for_each(Waker::wake);
        let waits = !WAITING.with_borrow(BTreeMap::is_empty);
        TICKER.set((number, waits.then_some(now)));
        if !waits {
            return;
        }
    }
}
