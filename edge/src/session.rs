//! `POST /v1/sites/{site}/session` and `GET /v1/sites/{site}/widget`

use crate::reply::{Failed, respond};
use crate::{addresses, body, cors};
use kefu_durable::{Deployed, site_in_use, tick};
use kefu_proto::v1::SessionRequest;
use kefu_shared::gate;
use kefu_shared::session;
use kefu_shared::widget;
use kefu_shared::wire::{Answer, message};
use worker::{Env, Request, Response};

pub(crate) async fn open(
    mut request: Request,
    env: &Env,
    deployed: &Deployed,
    site: &str,
) -> Result<Response, Failed> {
    let live = site_in_use(env, site).await??;
    let origin = request.headers().get("origin")?;
    cors::check(&live, origin.as_deref())?;
    let address = addresses::of(&request, deployed.address_header.as_deref());
    let tick = tick();
    addresses::admit(site, &address, live.config.limits.sessions_per_address, tick.now)?;
    let body = body::read(&mut request).await?;
    let asked: SessionRequest =
        if body.is_empty() { SessionRequest::default() } else { message(&body)? };
    let authorization = request.headers().get("authorization")?;
    let bearer = gate::bearer(authorization.as_deref());
    let reply = session::open(site, &live, &deployed.deployment, &asked, bearer, tick)?;
    Ok(respond(&Answer::ok(&reply))?)
}

/// What a page needs to show the launcher: no session is made, no object but the site's is asked.
pub(crate) async fn widget(request: &Request, env: &Env, site: &str) -> Result<Response, Failed> {
    let live = site_in_use(env, site).await??;
    cors::check(&live, request.headers().get("origin")?.as_deref())?;
    let mut response = respond(&Answer::ok(&widget::shown(&live.config, tick().now)))?;
    response.headers_mut().set("cache-control", "public, max-age=60")?;
    Ok(response)
}
