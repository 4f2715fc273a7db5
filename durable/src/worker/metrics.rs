//! What this isolate counted.

use crate::worker::entropy;
use crate::worker::host::contexts_bytes;
use kefu_shared::guard::{Key, Standing};
use kefu_shared::metrics::{Isolate, Metrics};
use std::cell::RefCell;

/// A page of wasm memory, in bytes.
const PAGE: u64 = 65_536;

thread_local! {
    static METRICS: RefCell<Metrics> = RefCell::default();
    static ISOLATE: RefCell<Option<String>> = const { RefCell::new(None) };
}

pub(crate) fn count(counting: impl FnOnce(&mut Metrics)) {
    METRICS.with_borrow_mut(counting);
}

/// Takes note of how a provider stands after an order; tells whether that changed.
pub(crate) fn stood(key: &Key, before: Standing, after: Standing) -> bool {
    METRICS.with_borrow_mut(|metrics| metrics.stands(key, before, after))
}

/// All of it, as Prometheus reads it.
pub fn metrics() -> String {
    let isolate = Isolate { id: isolate(), memory: memory(), contexts: contexts_bytes() };
    METRICS.with_borrow(|metrics| metrics.write(&isolate))
}

/// A name for this isolate, as long as it lives.
fn isolate() -> String {
    ISOLATE.with_borrow_mut(|id| {
        let fresh = || format!("{:08x}", u32::try_from(entropy::tick().entropy >> 96).unwrap_or(0));
        id.get_or_insert_with(fresh).clone()
    })
}

#[cfg(target_arch = "wasm32")]
fn memory() -> u64 {
    u64::try_from(core::arch::wasm32::memory_size(0)).unwrap_or(0) * PAGE
}

#[cfg(not(target_arch = "wasm32"))]
fn memory() -> u64 {
    PAGE
}
