//! An agent's gateway: its one stream, joined with the desk's and with those of the conversations
//! that it opened. Each of them sleeps and resumes by itself; here frames only pass through.

use crate::host::Place;
use crate::reply::{Failed, Response};
use crate::worker::cloudflare::Native;
use crate::worker::glue::Junction;
use crate::worker::stream;
use kefu_durable::Fault;
use kefu_durable::worker::{CALLER, desk};
use kefu_proto::v1::{ClientFrame, Pong, ServerFrame, server_frame::Frame};
use kefu_shared::conversation::{Cursor, Reply};
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
use worker::{Env, Headers, Method, Request, RequestInit, WebSocket, console_error};

/// The name under which the desk's stream is joined; no conversation is called so.
const DESK: &str = "";

/// Opens a gateway: a socket, or a stream of events for a caller that reads those.
pub(crate) async fn open(
    env: &Env,
    site: &str,
    caller: Caller,
    query: &str,
    protocol: Option<&'static str>,
) -> Result<Response<Native>, Failed> {
    let as_events = caller.framing == Framing::Sse;
    let line = Line::open(env, site, caller, query).await?;
    if as_events {
        return Ok(Response::event_stream(stream::body(&line.junction.take_client())));
    }
    let response = line.junction.response(protocol).map_err(Fault::from)?;
    Ok(Response::native(101, worker::Response::from(response)))
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
    async fn open(env: &Env, site: &str, caller: Caller, query: &str) -> Result<Rc<Self>, Failed> {
        let cursor = PageQuery::parse(query)?;
        let mut gateway = Gateway::default();
        let named = gateway.open_all(query)?;
        let line = Rc::new(Self {
            env: env.clone(),
            site: site.to_owned(),
            caller,
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
        let place = Place {
            site: self.site.clone(),
            conversation: conversation.to_owned(),
            caller: Caller { gateway: true, ..self.caller.clone() },
        };
        let query =
            PageQuery { epoch: cursor.epoch, after: Some(cursor.seq), ..PageQuery::default() };
        stream::joined(&self.env, &place, &query).await
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
