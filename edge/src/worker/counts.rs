//! What is counted in sliding windows: exact in this isolate, so a flood is cut off where it arrives
//! and before any object is woken.

use kefu_shared::config::Rate;
use kefu_shared::counted::Counted;
use kefu_shared::limit::SlidingWindow;
use kefu_shared::time::Millis;
use lru::LruCache;
use std::cell::RefCell;
use std::num::NonZeroUsize;

/// Windows that an isolate remembers: those that were looked at last.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(9_999);

thread_local! {
    static WINDOWS: RefCell<LruCache<String, SlidingWindow>> =
        RefCell::new(LruCache::new(REMEMBERED));
}

/// Counts one, or says when the next one is allowed.
pub(crate) fn take(what: Counted<'_>, rate: Rate, now: Millis) -> Result<(), Millis> {
    WINDOWS.with_borrow_mut(|windows| {
        let window = windows.get_or_insert_mut(what.name(), SlidingWindow::default);
        window.check(rate, now)?;
        window.take(now);
        Ok(())
    })
}
