//! The conversation object: what the platform calls, turned into inputs.
//!
//! The edge authenticates and forwards; what arrives here names its caller in a header that only
//! the edge can set, since an object has no address of its own.

use crate::error::Fault;
use crate::worker::glue;
use crate::worker::host::Host;
use crate::worker::sockets::protocol;
use crate::worker::uploads;
use crate::worker::{CALLER, LOG_END};
use kefu_proto::v1::EventsPage;
use kefu_proto::v1::client_frame::Frame;
use kefu_shared::conversation::{Audience, Cursor, Input, Reply};
use kefu_shared::page::{PageQuery, end_of, page};
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::trace::TurnsQuery;
use kefu_shared::view;
use kefu_shared::who::Role;
use kefu_shared::wire::{ActRoute, Answer, Caller};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use worker::js_sys::{Promise, Uint8Array};
use worker::wasm_bindgen_futures::future_to_promise;
use worker::worker_sys::DurableObjectState;
use worker::{Env, Request, Response, State, console_error, web_sys};

/// A conversation's Durable Object.
#[wasm_bindgen]
pub struct ConversationObject {
    host: Rc<Host>,
}

#[wasm_bindgen]
impl ConversationObject {
    /// Called by the platform when the object is needed: the tables are looked at when the first
    /// input comes.
    #[wasm_bindgen(constructor)]
    pub fn new(ctx: DurableObjectState, env: Env) -> Self {
        Self { host: Host::new(State::from(ctx), env) }
    }

    /// A request of the edge.
    pub fn fetch(&self, request: web_sys::Request) -> Promise {
        let host = self.host.clone();
        future_to_promise(async move {
            let answer = serve(&host, Request::from(request)).await;
            let response = answer.or_else(|fault| {
                console_error!("conversation: {fault}");
                problem(&fault)
            });
            Ok(response?.into())
        })
    }

    /// A frame of a client. Not a promise: nothing in it waits.
    #[wasm_bindgen(js_name = webSocketMessage)]
    pub fn message(&self, socket: &JsValue, message: &JsValue) {
        let Ok(conn) = glue::conn_of(socket) else { return };
        let Some(framing) = self.host.sockets.framing(conn) else { return };
        let frame = match message.as_string() {
            Some(text) => framing.decode_text(&text),
            None => framing.decode_binary(&Uint8Array::new(message).to_vec()),
        };
        match frame {
            Ok(Frame::Ping(_)) => self.pong(conn),
            Ok(frame) => {
                self.host.apply(Input::Framed { conn, frame });
            }
            Err(refusal) => self.refuse(conn, refusal),
        }
    }

    /// A socket was closed by its client.
    #[wasm_bindgen(js_name = webSocketClose)]
    pub fn closed(&self, socket: &JsValue, code: u16, reason: &str) {
        glue::answer_close(socket, code, reason);
        self.gone(socket);
    }

    /// A socket broke.
    #[wasm_bindgen(js_name = webSocketError)]
    pub fn broke(&self, socket: &JsValue) {
        self.gone(socket);
    }

    /// The alarm rang. Where the storage refuses what comes of it, the platform rings again.
    pub fn alarm(&self) -> Result<(), JsValue> {
        match self.host.apply(Input::Alarmed) {
            Some(Reply::Refused(refusal)) => Err(Fault::Platform(refusal.detail).into()),
            _ => Ok(()),
        }
    }

    fn gone(&self, socket: &JsValue) {
        if let Ok(conn) = glue::conn_of(socket) {
            self.host.sockets.forget(conn);
            self.host.apply(Input::Detached { conn });
        }
    }

    /// A ping that the automatic answer did not take, such as a binary one.
    fn pong(&self, conn: u32) {
        let frame = kefu_proto::v1::server_frame::Frame::Pong(kefu_proto::v1::Pong {});
        self.host.sockets.send(Audience::Conn(conn), frame, 0);
    }

    fn refuse(&self, conn: u32, refusal: Refusal) {
        if let Some(frame) = Reply::Refused(refusal).frame(None) {
            self.host.sockets.send(Audience::Conn(conn), frame, 0);
        }
    }
}

async fn serve(host: &Rc<Host>, mut request: Request) -> Result<web_sys::Response, Fault> {
    let caller = request.headers().get(CALLER)?.and_then(|text| Caller::read(&text));
    let caller = caller.ok_or(Fault::Misconfigured("a request without a caller"))?;
    let url = request.url()?;
    let path = url.path().trim_start_matches('/').to_owned();
    match path.as_str() {
        "upload" => {
            if let Err(refusal) = host.admits(caller.holder.role())? {
                return respond(&Answer::refused(&refusal));
            }
            let field = |name: &str| {
                url.query_pairs().find(|(key, _)| key == name).map(|(_, v)| v.into_owned())
            };
            let (id, name) = (field("id").unwrap_or_default(), field("name").unwrap_or_default());
            let path = field("path").unwrap_or_default();
            respond(&uploads::put(host, &id, path, &name, &mut request).await?)
        }
        "uploaded" => match uploads::get(host, url.query().unwrap_or_default())? {
            Some(response) => Ok(response),
            None => {
                respond(&Answer::refused(&Refusal::new(Code::NotFound, "there is no such file")))
            }
        },
        "place" => {
            let place = url.query().and_then(|place| place.parse().ok()).unwrap_or(0);
            host.apply(Input::Placed { place });
            respond(&Answer::of(&Reply::Done))
        }
        "stream" => stream(host, &caller, url.query().unwrap_or_default()),
        "turns" => turns(host, url.query().unwrap_or_default()),
        "events" => events(host, &caller, url.query().unwrap_or_default()),
        act => {
            let body = request.bytes().await?;
            let reply = perform(host, &caller, act, &body)?;
            respond(&Answer::of(&reply))
        }
    }
}

fn stream(host: &Rc<Host>, caller: &Caller, query: &str) -> Result<web_sys::Response, Fault> {
    // Load first: a stream that cannot be served is not accepted.
    if let Err(refusal) = host.admits(caller.holder.role())? {
        return respond(&Answer::refused(&refusal));
    }
    let (conn, response) = host.sockets.accept(caller, protocol(caller))?;
    let query = PageQuery::parse(query).unwrap_or_default();
    let cursor = Cursor { epoch: query.epoch, seq: query.after.unwrap_or(0) };
    host.apply(Input::Attached { conn, stream: caller.stream(), cursor });
    Ok(response)
}

fn events(host: &Rc<Host>, caller: &Caller, query: &str) -> Result<web_sys::Response, Fault> {
    let role = caller.holder.role();
    if let Err(refusal) = host.admits(role)? {
        return respond(&Answer::refused(&refusal));
    }
    let (epoch, latest) = host.log()?;
    let query = PageQuery::parse(query).unwrap_or_default();
    let page = page(epoch, latest, &query);
    let events = host.store.range(page.after, page.upto)?;
    let seen = events.iter().map(|event| view::of(event, role).into_owned());
    let page = EventsPage { epoch, recovered: page.recovered, latest, events: seen.collect() };
    let response = respond(&Answer::ok(&page))?;
    if let Some(end) = end_of(&page) {
        response.headers().set(LOG_END, &end)?;
    }
    Ok(response)
}

/// How questions were answered. Only an admin's request is handed on to here.
fn turns(host: &Rc<Host>, query: &str) -> Result<web_sys::Response, Fault> {
    if let Err(refusal) = host.admits(Role::Agent)? {
        return respond(&Answer::refused(&refusal));
    }
    let query = TurnsQuery::read(query);
    respond(&query.page(&host.store.traces(query.before, query.limit)?))
}

fn perform(host: &Rc<Host>, caller: &Caller, act: &str, body: &[u8]) -> Result<Reply, Fault> {
    let route = ActRoute::of(act).ok_or(Fault::Misconfigured("an act that is not known"))?;
    let request = match route.parse(body) {
        Ok(request) => request,
        Err(refusal) => return Ok(Reply::Refused(refusal)),
    };
    let input = Input::Requested { who: caller.who(), channel: caller.channel(), request };
    host.apply(input).ok_or(Fault::Misconfigured("a request without a reply"))
}

pub(crate) fn respond(answer: &Answer) -> Result<web_sys::Response, Fault> {
    let mut response = Response::ok(&answer.body)?.with_status(answer.status);
    response.headers_mut().set("content-type", answer.content_type())?;
    if let Some(seconds) = answer.retry_after {
        response.headers_mut().set("retry-after", &seconds.to_string())?;
    }
    Ok(response.into())
}

fn problem(fault: &Fault) -> Result<web_sys::Response, Fault> {
    let code = match fault {
        Fault::Platform(_) | Fault::Storage(_) | Fault::Conflict => Code::Unavailable,
        Fault::CutOff => Code::BadRequest,
        Fault::Misconfigured(_) | Fault::Corrupt(_) => Code::Internal,
    };
    let refusal = Refusal::new(code, "the request was not carried out: send it again")
        .retry_after(std::time::Duration::from_secs(1));
    respond(&Answer::refused(&refusal))
}
