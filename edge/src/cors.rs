//! What a page of another origin may do: whatever its site allows.

use crate::reply::Failed;
use kefu_durable::site_in_use;
use kefu_shared::origin;
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::route;
use kefu_shared::site::Live;
use worker::{Env, Headers, Request, Response};

/// Refuses a page that the site does not name.
pub(crate) fn check(live: &Live, origin: Option<&str>) -> Result<(), Refusal> {
    if origin::is_allowed(origin, &live.config.allowed_origins) {
        return Ok(());
    }
    let detail = "add the page's origin to `allowed_origins` of the site's configuration";
    Err(Refusal::new(Code::OriginNotAllowed, detail))
}

/// Lets the page read the response. Tokens travel in headers, never in cookies: naming the origin
/// gives away nothing that the token does not.
pub(crate) fn open(response: &mut Response, origin: Option<&str>) -> worker::Result<()> {
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.set("access-control-allow-origin", origin)?;
        headers.set("access-control-expose-headers", "retry-after")?;
        headers.append("vary", "origin")?;
    }
    Ok(())
}

/// The answer to a browser that asks first. Of a conversation's route only the token tells the
/// site, and the token comes with the request itself.
pub(crate) async fn preflight(env: &Env, request: &Request) -> Result<Response, Failed> {
    if let Some(site) = route::site_of(&request.path()) {
        // A site that is not there forbids nobody: the request itself says so, in words that its
        // page can read.
        if let Ok(live) = site_in_use(env, site).await? {
            check(&live, request.headers().get("origin")?.as_deref())?;
        }
    }
    let headers = Headers::new();
    headers.set("access-control-allow-methods", "GET, POST, PUT, DELETE")?;
    headers.set("access-control-allow-headers", "authorization, content-type, last-event-id")?;
    headers.set("access-control-max-age", "86400")?;
    Ok(Response::empty()?.with_status(204).with_headers(headers))
}
