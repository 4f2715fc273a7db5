//! Work that goes on beside whoever began it.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

thread_local! {
    static SPAWNED: Cell<bool> = const { Cell::new(false) };
}

/// Has work go on by itself, from now on. It is the only door to the executor's own `spawn`.
#[allow(clippy::disallowed_methods, reason = "here it is made to begin")]
pub(crate) fn spawn(work: impl Future<Output = ()> + 'static) {
    SPAWNED.set(true);
    spin_sdk::wasip3::spawn(begun(work));
}

/// Has work go as far as it comes by itself, and then on beside whoever began it.
pub async fn go_on(work: impl Future<Output = ()> + 'static) {
    let mut work = Box::pin(work);
    let done = poll_fn(|context| Poll::Ready(work.as_mut().poll(context).is_ready())).await;
    if !done {
        spawn(work);
    }
}

/// Does work, and lets what it spawns begin: the executor (wit-bindgen 0.57.1) takes new work in
/// after it has polled what it has, and polls it only when somebody is woken after that. So
/// whoever spawned is woken once more. Every request is done in this, and all that is spawned.
pub async fn begun<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        let polled = work.as_mut().poll(context);
        if SPAWNED.take() {
            context.waker().wake_by_ref();
        }
        polled
    })
    .await
}
