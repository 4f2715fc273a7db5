//! Nudges for work that the host finishes soon.

use crate::spin::entropy::sleep;
use futures::future::{Either, select};
use std::pin::pin;
use std::time::Duration;

/// Until the first nudge, and at most between two: nothing that a host does at once takes as long.
const FIRST: Duration = Duration::from_millis(2);
const MOST: Duration = Duration::from_millis(32);

/// Does work that the host finishes soon. When another request comes to the instance meanwhile,
/// the host may not tell that it has finished until something else happens to whoever waits: a
/// timer of its own does. One for all of an instance costs less, but with it steps came late.
pub(crate) async fn nudged<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut pause = FIRST;
    loop {
        match select(work.as_mut(), pin!(sleep(pause))).await {
            Either::Left((done, _)) => return done,
            // Where much is under way, much happens.
            Either::Right(((), _)) => pause = (pause * 2).min(MOST),
        }
    }
}
