//! The streams of a conversation: hibernating WebSockets, and who reads each of them.

use crate::error::Fault;
use crate::worker::glue;
use js_sys::Uint8Array;
use kefu_proto::v1::{ServerFrame, server_frame::Frame};
use kefu_proto::{PING, PONG, SUBPROTOCOL_JSON, SUBPROTOCOL_PROTO};
use kefu_shared::conversation::{Audience, ConnId};
use kefu_shared::who::Role;
use kefu_shared::wire::{Caller, Encoded, Framing};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use wasm_bindgen::JsValue;
use worker::web_sys;

pub(crate) struct Sockets {
    js: glue::Sockets,
    /// What frames to a gateway say that they are about.
    about: String,
    readers: RefCell<BTreeMap<ConnId, Reader>>,
    next: Cell<ConnId>,
}

#[derive(Clone, Copy)]
struct Reader {
    role: Role,
    framing: Framing,
    gateway: bool,
}

/// How frames to readers are written, each way once.
const WAYS: [(Framing, bool); 6] = [
    (Framing::Json, false),
    (Framing::Json, true),
    (Framing::Proto, false),
    (Framing::Proto, true),
    (Framing::Sse, false),
    (Framing::Sse, true),
];

impl Sockets {
    /// Takes over the sockets that outlived the object's sleep. `about` is the conversation's id;
    /// a desk has none.
    pub(crate) fn new(ctx: &JsValue, about: &str) -> (Self, Vec<(ConnId, Caller)>) {
        let sockets = Self {
            js: glue::Sockets::new(ctx, PING, PONG),
            about: about.to_owned(),
            readers: RefCell::default(),
            next: Cell::new(1),
        };
        let streams = sockets.restore();
        (sockets, streams)
    }

    /// Accepts a stream; its other end leaves with the response.
    pub(crate) fn accept(
        &self,
        caller: &Caller,
        protocol: Option<&str>,
    ) -> Result<(ConnId, web_sys::Response), Fault> {
        let conn = self.next.get();
        self.next.set(conn.wrapping_add(1));
        let attachment = format!("{conn} {}", caller.write());
        let response = self.js.accept(conn, &attachment, protocol)?;
        self.learn(conn, caller);
        Ok((conn, response))
    }

    pub(crate) fn send(&self, to: Audience, frame: Frame, epoch: u32) {
        let mut frame = ServerFrame { conversation: String::new(), frame: Some(frame) };
        for (framing, gateway) in WAYS {
            let conns = self.audience(to, framing, gateway);
            if !conns.is_empty() {
                frame.conversation = if gateway { self.about.clone() } else { String::new() };
                match framing.encode(&frame, epoch) {
                    Encoded::Text(text) => self.js.send(&conns, &text),
                    Encoded::Binary(bytes) => {
                        self.js.send_binary(&conns, Uint8Array::from(bytes.as_slice()));
                    }
                }
            }
        }
    }

    pub(crate) fn close(&self, conn: ConnId, code: u16, reason: &str) {
        self.readers.borrow_mut().remove(&conn);
        self.js.close(conn, code, reason);
    }

    pub(crate) fn close_all(&self, code: u16, reason: &str) {
        let conns: Vec<ConnId> = self.readers.borrow().keys().copied().collect();
        for conn in conns {
            self.close(conn, code, reason);
        }
    }

    pub(crate) fn forget(&self, conn: ConnId) {
        self.readers.borrow_mut().remove(&conn);
        self.js.forget(conn);
    }

    pub(crate) fn role(&self, conn: ConnId) -> Option<Role> {
        self.readers.borrow().get(&conn).map(|reader| reader.role)
    }

    pub(crate) fn framing(&self, conn: ConnId) -> Option<Framing> {
        self.readers.borrow().get(&conn).map(|reader| reader.framing)
    }

    /// The streams that are open, and whose they are.
    fn restore(&self) -> Vec<(ConnId, Caller)> {
        let mut streams = Vec::new();
        for attachment in self.js.attachments().iter() {
            let attachment = attachment.as_string().unwrap_or_default();
            let Some((conn, caller)) = parse(&attachment) else { continue };
            self.next.set(self.next.get().max(conn.wrapping_add(1)));
            self.learn(conn, &caller);
            streams.push((conn, caller));
        }
        streams
    }

    fn learn(&self, conn: ConnId, caller: &Caller) {
        let (role, framing) = (caller.holder.role(), caller.framing);
        let reader = Reader { role, framing, gateway: caller.gateway };
        self.readers.borrow_mut().insert(conn, reader);
    }

    fn audience(&self, to: Audience, framing: Framing, gateway: bool) -> Vec<ConnId> {
        let readers = self.readers.borrow();
        let heard = readers
            .iter()
            .filter(|(_, reader)| (reader.framing, reader.gateway) == (framing, gateway))
            .filter(|(conn, reader)| to.has(**conn, reader.role));
        heard.map(|(conn, _)| *conn).collect()
    }
}

/// The subprotocol to agree to with a caller.
pub(crate) fn protocol(caller: &Caller) -> Option<&'static str> {
    match caller.framing {
        Framing::Json => Some(SUBPROTOCOL_JSON),
        Framing::Proto => Some(SUBPROTOCOL_PROTO),
        Framing::Sse => None,
    }
}

fn parse(attachment: &str) -> Option<(ConnId, Caller)> {
    let (conn, caller) = attachment.split_once(' ')?;
    Some((conn.parse().ok()?, Caller::read(caller)?))
}
