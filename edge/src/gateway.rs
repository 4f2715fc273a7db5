//! An agent's gateway: its one stream, joined with the desk's and with those of the conversations
//! that it opened. Each of them sleeps and resumes by itself; here frames only pass through.

use crate::agent::Agent;
use crate::conversation::{Admitted, expect_upgrade};
use crate::glue::{self, Junction};
use crate::reply::Failed;
use kefu_durable::{CALLER, Deployed, Fault, desk};
use kefu_proto::v1::{ClientFrame, Pong, ServerFrame, server_frame::Frame};
use kefu_shared::conversation::{Cursor, Reply};
use kefu_shared::gate::{self, Handshake};
use kefu_shared::gateway::{Act, Ending, Gateway};
use kefu_shared::page::PageQuery;
use kefu_shared::problem::Refusal;
use kefu_shared::wire::{Caller, Encoded, Framing};
use std::cell::RefCell;
use std::rc::Rc;
use worker::js_sys::Uint8Array;
use worker::wasm_bindgen::closure::Closure;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::spawn_local;
use worker::{Env, Headers, Method, Request, RequestInit, Response, WebSocket, console_error};

/// The name under which the desk's stream is joined; no conversation is called so.
const DESK: &str = "";

/// Between comments on an idle event stream.
const BEAT_MS: u32 = 15_000;

pub(crate) async fn socket(
    request: &Request,
    env: &Env,
    deployed: &Deployed,
) -> Result<Response, Failed> {
    expect_upgrade(request)?;
    let offered = request.headers().get("sec-websocket-protocol")?;
    let handshake = Handshake::read(offered.as_deref())?;
    let agent = Agent::of(request, env, deployed, handshake.token).await?;
    let line = Line::open(request, env, &agent, handshake.framing).await?;
    Ok(Response::from(line.junction.response(handshake.protocol).map_err(Fault::from)?))
}

pub(crate) async fn events(
    request: &Request,
    env: &Env,
    deployed: &Deployed,
) -> Result<Response, Failed> {
    let agent = Agent::of(request, env, deployed, None).await?;
    let line = Line::open(request, env, &agent, Framing::Sse).await?;
    let body = glue::event_stream(&line.junction.take_client(), BEAT_MS);
    let headers = Headers::new();
    headers.set("content-type", "text/event-stream; charset=utf-8")?;
    headers.set("cache-control", "no-cache, no-transform")?;
    headers.set("x-accel-buffering", "no")?;
    Ok(Response::builder().with_headers(headers).stream(body))
}

/// One agent's stream and what is joined in it.
struct Line {
    env: Env,
    site: String,
    caller: Caller,
    gateway: RefCell<Gateway>,
    junction: Junction,
    /// What the junction calls. It holds this line: dropped when the agent's stream is over.
    listening: RefCell<Option<Listening>>,
}

struct Listening {
    heard: Closure<dyn Fn(JsValue)>,
    ended: Closure<dyn Fn(String, u16)>,
    over: Closure<dyn Fn()>,
}

impl Line {
    /// Joins the desk's stream, from the request's cursor, and those that the request names.
    async fn open(
        request: &Request,
        env: &Env,
        agent: &Agent,
        framing: Framing,
    ) -> Result<Rc<Self>, Failed> {
        let url = request.url()?;
        let query = url.query().unwrap_or_default();
        let cursor = PageQuery::parse(query)?;
        let mut gateway = Gateway::default();
        let named = gateway.open_all(query)?;
        let line = Rc::new(Self {
            env: env.clone(),
            site: agent.claims.site.clone(),
            caller: gate::caller(&agent.claims, framing),
            gateway: RefCell::new(gateway),
            junction: Junction::new(),
            listening: RefCell::new(None),
        });
        let inbox = line.desk_stream(&cursor).await?;
        line.listen();
        line.junction.reserve(DESK);
        line.junction.join(DESK, inbox.as_ref());
        for act in named {
            line.act(act, &JsValue::UNDEFINED);
        }
        Ok(line)
    }

    async fn desk_stream(&self, cursor: &PageQuery) -> Result<WebSocket, Failed> {
        let headers = Headers::new();
        headers.set("upgrade", "websocket")?;
        headers.set(CALLER, &Caller { gateway: true, ..self.caller.clone() }.write())?;
        let mut init = RequestInit::new();
        init.with_method(Method::Get).with_headers(headers);
        let url = format!("https://desk/?{}", cursor.write());
        let request = Request::new_with_init(&url, &init)?;
        let opened = desk(&self.env, &self.site)?.fetch_with_request(request).await?;
        opened.websocket().ok_or(Failed::Fault(Fault::Misconfigured("the desk opened no socket")))
    }

    /// From here on what comes from the agent, and ends of streams, are heard.
    fn listen(self: &Rc<Self>) {
        let line = self.clone();
        let heard = Closure::new(move |data: JsValue| line.heard(&data));
        let line = self.clone();
        let ended = Closure::new(move |name: String, code: u16| line.ended(&name, code));
        let line = self.clone();
        let over = Closure::new(move || drop(line.listening.take()));
        let listening = Listening { heard, ended, over };
        self.junction.listen(
            listening.heard.as_ref().unchecked_ref(),
            listening.ended.as_ref().unchecked_ref(),
            listening.over.as_ref().unchecked_ref(),
        );
        self.listening.replace(Some(listening));
    }

    fn heard(self: &Rc<Self>, data: &JsValue) {
        let framing = self.caller.framing;
        let frame = match data.as_string() {
            Some(text) => framing.read_text(&text),
            None => framing.read_binary(&Uint8Array::new(data).to_vec()),
        };
        let about = frame.as_ref().map(|frame| frame.conversation.clone()).unwrap_or_default();
        let routed = frame.and_then(|frame| self.route(&frame));
        match routed {
            Ok(act) => self.act(act, data),
            Err(refusal) => self.refuse(about, refusal),
        }
    }

    fn route(&self, frame: &ClientFrame) -> Result<Act, Refusal> {
        self.gateway.borrow_mut().route(frame)
    }

    fn act(self: &Rc<Self>, act: Act, data: &JsValue) {
        match act {
            Act::Pong => self.tell(String::new(), Frame::Pong(Pong {})),
            Act::Forward(conversation) => self.junction.forward(&conversation, data),
            Act::Close(conversation) => self.junction.part(&conversation),
            Act::Open(conversation, cursor) => {
                self.junction.reserve(&conversation);
                let line = self.clone();
                spawn_local(async move { line.join(conversation, cursor).await });
            }
        }
    }

    async fn join(self: Rc<Self>, conversation: String, cursor: Cursor) {
        match self.conversation_stream(&conversation, cursor).await {
            Ok(socket) => self.junction.join(&conversation, socket.as_ref()),
            Err(Failed::Refused(refusal)) => {
                self.ended(&conversation, 4_200);
                self.refuse(conversation, *refusal);
            }
            Err(Failed::Fault(fault)) => {
                console_error!("gateway: {fault}");
                self.ended(&conversation, 1_006);
            }
        }
    }

    async fn conversation_stream(
        &self,
        conversation: &str,
        cursor: Cursor,
    ) -> Result<WebSocket, Failed> {
        let admitted =
            Admitted::through_gateway(&self.env, &self.site, conversation, &self.caller)?;
        let query =
            PageQuery { epoch: cursor.epoch, after: Some(cursor.seq), ..PageQuery::default() };
        crate::stream::joined(&admitted, &query).await
    }

    fn ended(&self, name: &str, code: u16) {
        let ending = match name {
            DESK => Gateway::desk_ended(code),
            conversation => self.gateway.borrow_mut().ended(conversation, code),
        };
        match ending {
            Ending::Part => self.junction.part(name),
            Ending::Whole(code) => self.junction.end(code),
        }
    }

    fn refuse(&self, conversation: String, refusal: Refusal) {
        if let Some(frame) = Reply::Refused(refusal).frame(None) {
            self.tell(conversation, frame);
        }
    }

    fn tell(&self, conversation: String, frame: Frame) {
        let frame = ServerFrame { conversation, frame: Some(frame) };
        match self.caller.framing.encode(&frame, 1) {
            Encoded::Text(text) => self.junction.send(&text.into()),
            Encoded::Binary(bytes) => {
                self.junction.send(&Uint8Array::from(bytes.as_slice()).into());
            }
        }
    }
}
