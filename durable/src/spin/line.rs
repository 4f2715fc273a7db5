//! A client's event stream: what is written to it, and what ends it.

use futures::channel::mpsc;
use kefu_proto::v1::ServerFrame;
use kefu_shared::gateway::{Ending, Gateway};
use kefu_shared::wire::{Encoded, Framing};
use std::cell::RefCell;
use std::rc::Rc;

pub use bytes::Bytes;

/// What a client gets.
pub type Frames = mpsc::Receiver<Bytes>;

/// A reader that lets this much pile up comes back with its cursor instead.
const QUEUE: usize = 1_000;
/// What shows whether a client is still there: only a write does.
const BEAT: &[u8] = b": still here\n\n";

/// A client's event stream. Dropping the sender ends it.
pub(crate) struct Line {
    out: RefCell<Option<mpsc::Sender<Bytes>>>,
    /// What is joined in it, on an agent's.
    gateway: RefCell<Option<Gateway>>,
}

impl Line {
    pub(crate) fn new(gateway: Option<Gateway>) -> (Rc<Self>, Frames) {
        let (out, frames) = mpsc::channel(QUEUE);
        let line = Self { out: RefCell::new(Some(out)), gateway: RefCell::new(gateway) };
        (Rc::new(line), frames)
    }

    pub(crate) fn send(&self, frame: &ServerFrame, epoch: u32) {
        if let Encoded::Text(text) = Framing::Sse.encode(frame, epoch) {
            self.write(Bytes::from(text));
        }
    }

    pub(crate) fn beat(&self) {
        self.write(Bytes::from_static(BEAT));
    }

    /// Whether somebody reads it.
    pub(crate) fn is_open(&self) -> bool {
        self.out.borrow().as_ref().is_some_and(|out| !out.is_closed())
    }

    pub(crate) fn close(&self) {
        self.out.replace(None);
    }

    /// What is joined in it under that name, empty for the desk, was ended with that code.
    pub(crate) fn ended(&self, name: &str, code: u16) {
        let mut gateway = self.gateway.borrow_mut();
        let ending = match gateway.as_mut() {
            Some(_) if name.is_empty() => Gateway::desk_ended(code),
            Some(gateway) => gateway.ended(name, code),
            None => Ending::Whole(code),
        };
        if let Ending::Whole(_) = ending {
            self.close();
        }
    }

    fn write(&self, bytes: Bytes) {
        let failed = match self.out.borrow_mut().as_mut() {
            Some(out) => out.try_send(bytes).is_err(),
            None => false,
        };
        if failed {
            self.close();
        }
    }
}
