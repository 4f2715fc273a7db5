//! The routes of a conversation: who may, and on to its object.

use crate::reply::{Failed, passed_on};
use crate::{body, cors, stream};
use kefu_durable::{CALLER, Deployed, agent_in_force, now, object_name, site_in_use};
use kefu_shared::gate::{self, Handshake};
use kefu_shared::page::PageQuery;
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::wire::{ActRoute, Caller, Framing};
use worker::wasm_bindgen::JsValue;
use worker::{Env, Headers, Method, Request, RequestInit, Response, Stub};

/// A caller that may use a conversation, and the way to the conversation's object.
pub(crate) struct Admitted {
    pub(crate) site: String,
    caller: Caller,
    stub: Stub,
}

impl Admitted {
    /// Admits the holder of a token to its conversation.
    pub(crate) async fn of(
        request: &Request,
        env: &Env,
        deployed: &Deployed,
        conversation: &str,
        framing: Framing,
        token: Option<&str>,
    ) -> Result<Self, Failed> {
        let authorization = request.headers().get("authorization")?;
        let token = token.or_else(|| gate::bearer(authorization.as_deref()));
        let now = now();
        let claims = gate::participant(&deployed.deployment.keys, token, conversation, now)?;
        let live = site_in_use(env, &claims.site).await??;
        cors::check(&live, request.headers().get("origin")?.as_deref())?;
        let mut caller = gate::caller(&claims, framing);
        if let Some(session) = &claims.session {
            agent_in_force(env, &claims.site, session).await??;
            caller.expires = gate::recheck(&claims, now);
        }
        let stub = object(env, &claims.site, conversation)?;
        Ok(Self { site: claims.site, caller, stub })
    }

    /// The agent of a gateway, in one of its site's conversations.
    pub(crate) fn through_gateway(
        env: &Env,
        site: &str,
        conversation: &str,
        agent: &Caller,
    ) -> Result<Self, Failed> {
        let caller = Caller { gateway: true, ..agent.clone() };
        Ok(Self { site: site.to_owned(), caller, stub: object(env, site, conversation)? })
    }

    /// Sends a request to the object.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: Headers,
        body: Option<JsValue>,
    ) -> Result<Response, Failed> {
        headers.set(CALLER, &self.caller.write())?;
        let mut init = RequestInit::new();
        init.with_method(method).with_headers(headers).with_body(body);
        let request = Request::new_with_init(&format!("https://conversation/{path}"), &init)?;
        Ok(self.stub.fetch_with_request(request).await?)
    }
}

fn object(env: &Env, site: &str, conversation: &str) -> Result<Stub, Failed> {
    let name = object_name(site, conversation);
    Ok(env.durable_object("CONVERSATION")?.get_by_name(&name)?)
}

pub(crate) async fn act(
    mut request: Request,
    env: &Env,
    deployed: &Deployed,
    conversation: &str,
    act: ActRoute,
) -> Result<Response, Failed> {
    let admitted = Admitted::of(&request, env, deployed, conversation, Framing::Json, None).await?;
    let body = body::read(&mut request).await?;
    // Refused here, it wakes nothing.
    act.parse(&body)?;
    let bytes = worker::js_sys::Uint8Array::from(body.as_slice());
    let answered =
        admitted.ask(Method::Post, act.name(), Headers::new(), Some(bytes.into())).await?;
    passed_on(&answered)
}

pub(crate) async fn events(
    request: &Request,
    env: &Env,
    deployed: &Deployed,
    conversation: &str,
) -> Result<Response, Failed> {
    let mut query = PageQuery::parse(request.url()?.query().unwrap_or_default())?;
    let accept = request.headers().get("accept")?.unwrap_or_default();
    let as_stream = accept.contains("text/event-stream");
    let framing = if as_stream { Framing::Sse } else { Framing::Json };
    let admitted = Admitted::of(request, env, deployed, conversation, framing, None).await?;
    if as_stream {
        if let Some(last) = request.headers().get("last-event-id")? {
            query = PageQuery::of_last_event_id(&last).unwrap_or(query);
        }
        return stream::server_sent_events(&admitted, &query).await;
    }
    stream::page(&admitted, &query).await
}

pub(crate) async fn socket(
    request: &Request,
    env: &Env,
    deployed: &Deployed,
    conversation: &str,
) -> Result<Response, Failed> {
    expect_upgrade(request)?;
    let offered = request.headers().get("sec-websocket-protocol")?;
    let handshake = Handshake::read(offered.as_deref())?;
    let query = PageQuery::parse(request.url()?.query().unwrap_or_default())?;
    let admitted =
        Admitted::of(request, env, deployed, conversation, handshake.framing, handshake.token)
            .await?;
    stream::web_socket(&admitted, &query, handshake.protocol).await
}

/// Refuses what is no handshake of a WebSocket.
pub(crate) fn expect_upgrade(request: &Request) -> Result<(), Failed> {
    let upgrade = request.headers().get("upgrade")?.unwrap_or_default();
    if upgrade.eq_ignore_ascii_case("websocket") {
        return Ok(());
    }
    let detail = "open it as a WebSocket, or use the events route";
    Err(Refusal::new(Code::UpgradeRequired, detail).into())
}
