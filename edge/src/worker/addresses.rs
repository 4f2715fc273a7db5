//! How many sessions an address asked for: exact in this isolate, so a flood is cut off where it
//! arrives and before any object is woken.

use kefu_shared::config::Rate;
use kefu_shared::limit::SlidingWindow;
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::time::Millis;
use lru::LruCache;
use std::cell::RefCell;
use std::num::NonZeroUsize;
use worker::Request;
use worker::js_sys::Reflect;

/// Addresses that an isolate remembers.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(9_999);

thread_local! {
    static WINDOWS: RefCell<LruCache<String, SlidingWindow>> =
        RefCell::new(LruCache::new(REMEMBERED));
}

/// Counts a session of `address`, or refuses it.
pub(crate) fn admit(site: &str, address: &str, rate: Rate, now: Millis) -> Result<(), Refusal> {
    WINDOWS.with_borrow_mut(|windows| {
        let key = format!("{site} {address}");
        let window = windows.get_or_insert_mut(key, SlidingWindow::default);
        window.check(rate, now).map_err(|at| {
            Refusal::new(Code::RateLimited, "too many sessions from this address").retry_at(now, at)
        })?;
        window.take(now);
        Ok(())
    })
}

/// The client's address, as Cloudflare vouches for it, or as a proxy tells that the operator
/// named, or as a bare workerd sees its peer. A header that a client can set is never believed:
/// where nobody vouches, all clients share one address.
pub(crate) fn of(request: &Request, proxy_header: Option<&str>) -> String {
    let header = |name: &str| request.headers().get(name).ok().flatten();
    let told = match proxy_header {
        _ if told_by_host(request, "colo").is_some() => header("cf-connecting-ip"),
        Some(name) => header(name),
        None => None,
    };
    let peer = || Some(told_by_host(request, "clientIp")?.rsplit_once(':')?.0.to_owned());
    told.or_else(peer).unwrap_or_else(|| "unknown".into())
}

/// A text of `request.cf`, which no client can set: a bare workerd has the peer's address in it,
/// only Cloudflare has the place.
fn told_by_host(request: &Request, name: &str) -> Option<String> {
    let cf = Reflect::get(request.inner(), &"cf".into()).ok()?;
    Reflect::get(&cf, &name.into()).ok()?.as_string()
}
