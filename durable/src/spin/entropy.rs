//! Random bits and the time: what a host knows and the core does not.

use kefu_shared::time::{Millis, Tick};
use spin_sdk::wasip3::clocks::system_clock;
use spin_sdk::wasip3::random::random::get_random_u64;
use std::cell::Cell;
use std::time::Duration;

thread_local! {
    static HOLDER: Cell<u64> = const { Cell::new(0) };
}

/// The tick of an input that comes right now.
pub fn tick() -> Tick {
    let entropy = u128::from(get_random_u64()) << 64 | u128::from(get_random_u64());
    Tick { now: now(), entropy }
}

/// The time.
pub fn now() -> Millis {
    let now = system_clock::now();
    let seconds = u64::try_from(now.seconds).unwrap_or(0);
    Millis(seconds * 1_000 + u64::from(now.nanoseconds) / 1_000_000)
}

/// The number of this instance: no other has it, also in another process. SQLite can hold it.
pub(crate) fn holder() -> u64 {
    HOLDER.with(|holder| {
        if holder.get() == 0 {
            holder.set((get_random_u64() >> 1).max(1));
        }
        holder.get()
    })
}

/// Waits after a race for a row that was lost for the nth time, from 0: a random while, longer each
/// time, so that those who met don't meet again.
pub(crate) async fn lost(tries: u32) {
    const FIRST_MILLIS: u64 = 8;
    const DOUBLED_MOST: u32 = 5;
    let most = FIRST_MILLIS << tries.min(DOUBLED_MOST);
    let random = u64::try_from(tick().entropy >> 64).unwrap_or(0);
    sleep(Duration::from_millis(random % most)).await;
}

/// Waits.
pub(crate) async fn sleep(span: Duration) {
    spin_sdk::time::sleep(span).await;
}
