//! `POST /v1/sites/{site}/session` and `GET /v1/sites/{site}/widget`

use crate::cors;
use crate::host::Host;
use crate::reply::{Failed, Response};
use crate::request::Request;
use kefu_proto::v1::SessionRequest;
use kefu_shared::entry::{Entry, Next};
use kefu_shared::session;
use kefu_shared::site::{Live, no_such_site};
use kefu_shared::widget;
use kefu_shared::wire::or_default;
use std::sync::Arc;

/// The site as it stands, or the refusal that there is none.
pub(crate) async fn site_in_use<H: Host>(host: &H, site: &str) -> Result<Arc<Live>, Failed> {
    host.site(site).await?.ok_or_else(|| no_such_site(site).into())
}

pub(crate) async fn open<H: Host>(
    host: &H,
    mut request: Request<H::Body>,
    site: &str,
) -> Result<Response<H::Native>, Failed> {
    let live = site_in_use(host, site).await?;
    cors::check(&live, request.origin())?;
    let address = host.address(&request);
    let asked: SessionRequest = or_default(&request.read().await?)?;
    let (deployment, tick) = (&host.deployed().deployment, host.tick());
    let (place, bearer) = ((site, address.as_str()), request.bearer());
    let mut entry = Entry::begin(place, &live, deployment, &asked, bearer, tick);
    while let Some(next) = entry.due()? {
        match next {
            Next::Count(what, rate) => entry.counted(host.count(what, rate).await?)?,
            Next::Ask(request, mut verifier) => {
                host.send(*request, &mut verifier).await;
                let verdict = verifier.verdict();
                if let Some(complaint) = entry.complaint(verdict) {
                    host.log(&complaint);
                }
                entry.verified(verdict)?;
            }
        }
    }
    let reply = session::open(site, &live, deployment, &asked, bearer, tick)?;
    Ok(Response::ok(&reply))
}

/// What a page needs to show the launcher: no session is made, no object but the site's is asked.
pub(crate) async fn widget<H: Host>(
    host: &H,
    request: &Request<H::Body>,
    site: &str,
) -> Result<Response<H::Native>, Failed> {
    let live = site_in_use(host, site).await?;
    cors::check(&live, request.origin())?;
    let shown = widget::shown(&live.config, host.tick().now);
    Ok(Response::ok(&shown).header("cache-control", "public, max-age=60"))
}
