//! The routes of a conversation: who may, and on to it.

use crate::cors;
use crate::host::{Host, Place};
use crate::reply::{Failed, Response};
use crate::request::Request;
use kefu_shared::gate::{self, Handshake};
use kefu_shared::page::PageQuery;
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::site::no_such_site;
use kefu_shared::wire::{ActRoute, Framing};

/// Admits the holder of a token to its conversation.
pub(crate) async fn admit<H: Host>(
    host: &H,
    request: &Request<H::Body>,
    conversation: String,
    framing: Framing,
    token: Option<&str>,
) -> Result<Place, Failed> {
    let token = token.or_else(|| request.bearer());
    let now = host.tick().now;
    let claims = gate::participant(&host.deployed().deployment.keys, token, &conversation, now)?;
    let live = host.site_of(&claims.site, &conversation).await?;
    let live = live.ok_or_else(|| no_such_site(&claims.site))?;
    cors::check(&live, request.origin())?;
    let mut caller = gate::caller(&claims, framing);
    if let Some(session) = &claims.session {
        host.agent_in_force(&claims.site, session).await??;
        caller.expires = gate::recheck(&claims, now);
    }
    Ok(Place { site: claims.site, conversation, caller })
}

pub(crate) async fn act<H: Host>(
    host: &H,
    mut request: Request<H::Body>,
    conversation: String,
    act: ActRoute,
) -> Result<Response<H::Native>, Failed> {
    let place = admit(host, &request, conversation, Framing::Json, None).await?;
    let body = request.read().await?;
    // Refused here, it wakes nothing.
    act.parse(&body)?;
    host.act(&place, act, body).await
}

pub(crate) async fn events<H: Host>(
    host: &H,
    request: &Request<H::Body>,
    conversation: String,
) -> Result<Response<H::Native>, Failed> {
    let query = PageQuery::parse(&request.query)?;
    let accept = request.header("accept").unwrap_or_default();
    if !accept.contains("text/event-stream") {
        let place = admit(host, request, conversation, Framing::Json, None).await?;
        return page(host, &place, &query).await;
    }
    let place = admit(host, request, conversation, Framing::Sse, None).await?;
    let last = request.header("last-event-id").and_then(PageQuery::of_last_event_id);
    host.event_stream(&place, &last.unwrap_or(query)).await
}

/// A page of events; when it is empty and the client waits, the page as soon as there is one.
async fn page<H: Host>(
    host: &H,
    place: &Place,
    query: &PageQuery,
) -> Result<Response<H::Native>, Failed> {
    let page = host.page(place, query).await?;
    let waits = !query.wait().is_zero() && query.before.is_none();
    let Some(end) = page.end.filter(|_| waits) else {
        return Ok(page.response);
    };
    let seen = PageQuery { epoch: end.epoch, after: end.after, ..*query };
    host.wait_for_event(place, &seen, query.wait()).await?;
    Ok(host.page(place, query).await?.response)
}

pub(crate) async fn socket<H: Host>(
    host: &H,
    request: &Request<H::Body>,
    conversation: String,
) -> Result<Response<H::Native>, Failed> {
    expect_upgrade(host, request)?;
    let handshake = Handshake::read(request.header("sec-websocket-protocol"))?;
    let query = PageQuery::parse(&request.query)?;
    let place = admit(host, request, conversation, handshake.framing, handshake.token).await?;
    host.web_socket(&place, &query, handshake.protocol).await
}

/// Refuses what is no handshake of a WebSocket. A host without any says so once it knows who asks.
pub(crate) fn expect_upgrade<H: Host>(host: &H, request: &Request<H::Body>) -> Result<(), Failed> {
    let upgrade = request.header("upgrade").unwrap_or_default();
    if host.instead_of_sockets().is_some() || upgrade.eq_ignore_ascii_case("websocket") {
        return Ok(());
    }
    let detail = "open it as a WebSocket, or use the events route";
    Err(Refusal::new(Code::UpgradeRequired, detail).into())
}
