//! The streams of one conversation in this instance.

use crate::spin::entropy;
use crate::spin::line::Line;
use futures::channel::oneshot;
use kefu_proto::v1::{ServerFrame, server_frame::Frame};
use kefu_shared::conversation::{Audience, ConnId};
use kefu_shared::time::Millis;
use kefu_shared::who::Role;
use kefu_shared::wire::Caller;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Where frames go.
pub(crate) enum Sink {
    /// To a client's event stream.
    Line(Rc<Line>),
    /// To somebody who waits for an event.
    Event(Option<oneshot::Sender<()>>),
}

struct Reader {
    caller: Caller,
    sink: Sink,
    since: Millis,
    /// Whether hello was sent: nothing comes before it, also while its step waits to be stored.
    begun: bool,
}

/// The streams of one conversation in this instance.
#[derive(Default)]
pub(crate) struct Streams {
    /// The conversation's id, which a gateway's frames carry.
    about: String,
    next: Cell<ConnId>,
    readers: RefCell<BTreeMap<ConnId, Reader>>,
}

impl Streams {
    pub(crate) fn new(about: &str) -> Self {
        Self { about: about.to_owned(), next: Cell::new(1), ..Self::default() }
    }

    pub(crate) fn add(&self, caller: Caller, sink: Sink) -> ConnId {
        let conn = self.next.replace(self.next.get().wrapping_add(1));
        self.readers
            .borrow_mut()
            .insert(conn, Reader { caller, sink, since: entropy::now(), begun: false });
        conn
    }

    pub(crate) fn send(&self, to: Audience, frame: &Frame, epoch: u32) {
        for (conn, reader) in self.readers.borrow_mut().iter_mut() {
            if to.has(*conn, reader.caller.holder.role()) {
                reader.take(frame, &self.about, epoch);
            }
        }
    }

    pub(crate) fn close(&self, conn: ConnId, code: u16) {
        let closed = self.readers.borrow_mut().remove(&conn);
        if let Some(Reader { sink: Sink::Line(line), .. }) = closed {
            line.ended(&self.about, code);
        }
    }

    pub(crate) fn close_all(&self, code: u16) {
        let conns: Vec<ConnId> = self.readers.borrow().keys().copied().collect();
        conns.into_iter().for_each(|conn| self.close(conn, code));
    }

    pub(crate) fn forget(&self, conn: ConnId) {
        self.readers.borrow_mut().remove(&conn);
    }

    pub(crate) fn role(&self, conn: ConnId) -> Option<Role> {
        self.readers.borrow().get(&conn).map(|reader| reader.caller.holder.role())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.readers.borrow().is_empty()
    }

    /// Those whose reader is gone.
    pub(crate) fn gone(&self) -> Vec<ConnId> {
        let readers = self.readers.borrow();
        let gone = |reader: &Reader| match &reader.sink {
            Sink::Line(line) => !line.is_open(),
            Sink::Event(waiting) => waiting.as_ref().is_none_or(oneshot::Sender::is_canceled),
        };
        readers.iter().filter(|(_, reader)| gone(reader)).map(|(conn, _)| *conn).collect()
    }

    /// Ends a stream that began before then, and tells whether there is one. An agent's gateway is
    /// none: whether its agent is there depends on it.
    pub(crate) fn end_one(&self, begun_before: Millis) -> bool {
        let readers = self.readers.borrow();
        let mut lines = readers.values().filter_map(|reader| match &reader.sink {
            Sink::Line(line) if reader.since < begun_before && !reader.caller.gateway => Some(line),
            Sink::Line(_) | Sink::Event(_) => None,
        });
        lines.find(|line| line.is_open()).map(|line| line.close()).is_some()
    }

    pub(crate) fn beat(&self) {
        for reader in self.readers.borrow().values() {
            // A gateway's line is the desk's to keep.
            if let (Sink::Line(line), false) = (&reader.sink, reader.caller.gateway) {
                line.beat();
            }
        }
    }
}

impl Reader {
    fn take(&mut self, frame: &Frame, about: &str, epoch: u32) {
        self.begun |= matches!(frame, Frame::Hello(_));
        if !self.begun {
            return;
        }
        match &mut self.sink {
            Sink::Line(line) => {
                let about = if self.caller.gateway { about.to_owned() } else { String::new() };
                let frame = ServerFrame { conversation: about, frame: Some(frame.clone()) };
                line.send(&frame, epoch);
            }
            Sink::Event(waiting) => {
                if let Some(waiting) = waiting.take_if(|_| matches!(frame, Frame::Event(_))) {
                    // Who waited may be gone.
                    let _ = waiting.send(());
                }
            }
        }
    }
}
