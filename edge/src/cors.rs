//! What a page of another origin may do: whatever its site allows.

use crate::host::Host;
use crate::reply::{Failed, Payload, Response};
use crate::request::Request;
use kefu_shared::origin;
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::route;
use kefu_shared::site::Live;

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
pub(crate) fn open<N>(response: Response<N>, origin: &str) -> Response<N> {
    response
        .header("access-control-allow-origin", origin)
        .header("access-control-expose-headers", "retry-after")
        .header("vary", "origin")
}

/// The answer to a browser that asks first. Of a conversation's route only the token tells the
/// site, and the token comes with the request itself.
pub(crate) async fn preflight<H: Host>(
    host: &H,
    request: &Request<H::Body>,
) -> Result<Response<H::Native>, Failed> {
    if let Some(site) = route::site_of(&request.path) {
        // A site that is not there forbids nobody: the request itself says so, in words that its
        // page can read.
        if let Some(live) = host.site(site).await? {
            check(&live, request.origin())?;
        }
    }
    let empty = Response { status: 204, headers: Vec::new(), payload: Payload::Bytes(Vec::new()) };
    Ok(empty
        .header("access-control-allow-methods", "GET, POST, PUT, DELETE")
        .header("access-control-allow-headers", "authorization, content-type, last-event-id")
        .header("access-control-max-age", "86400"))
}
