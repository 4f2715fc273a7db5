//! Where a client is, as far as somebody vouches for it.

use worker::Request;
use worker::js_sys::Reflect;

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
