//! Random bits and the time: the only two things that a host knows and the core does not.

use crate::worker::glue;
use kefu_shared::time::{Millis, Tick};
use std::cell::RefCell;
use std::time::Duration;
use worker::Delay;

/// Bytes that are drawn at once: asking the platform for each tick would be a crossing each.
const POOL: usize = 512;

thread_local! {
    static POOLED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The tick of an input that comes right now.
pub fn tick() -> Tick {
    Tick { now: now(), entropy: draw() }
}

/// The time.
pub fn now() -> Millis {
    Millis(js_sys::Date::now() as u64)
}

/// A moment on the platform's finest clock, in milliseconds. Where the platform lets no time pass
/// within an event, nothing takes any.
pub(crate) fn fine_now() -> f64 {
    glue::fine_now()
}

/// The time since such a moment.
pub(crate) fn fine_since(begun: f64) -> Duration {
    Duration::from_secs_f64((fine_now() - begun).max(0.0) / 1_000.0)
}

/// Waits.
pub(crate) async fn sleep(span: Duration) {
    Delay::from(span).await;
}

/// 128 random bits.
fn draw() -> u128 {
    POOLED.with_borrow_mut(|pool| {
        if pool.len() < 16 {
            pool.resize(POOL, 0);
            // Without randomness the platform is broken: ids would still be unique by their time.
            getrandom::fill(pool).unwrap_or_default();
        }
        let rest = pool.split_off(pool.len() - 16);
        rest.iter().fold(0, |bits, byte| bits << 8 | u128::from(*byte))
    })
}
