//! What comes of an input of the desk: writes, acts and an outcome, as data.

use super::{Account, Left, Outcome, Session};
use crate::conversation::{Audience, ConnId};
use crate::time::Millis;
use kefu_proto::v1::{InboxEntry, server_frame::Frame};

/// What comes of an input. The writes are one transaction; the acts happen after it.
#[derive(Debug, Default)]
#[must_use]
pub struct Step {
    /// One transaction.
    pub writes: Vec<Write>,
    /// After it, in order.
    pub acts: Vec<Act>,
    /// To whoever gave the order.
    pub outcome: Option<Outcome>,
}

/// Something to store.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// A conversation's entry, in the place of its older one.
    Entry(InboxEntry),
    /// Conversations leave the inbox, which is full.
    Leave(Left),
    /// An agent, new or changed.
    Account(Account),
    /// An agent is gone.
    Forget(String),
    /// A session, new or changed.
    Session(Session),
    /// A session is over.
    End(String),
    /// An attempt to log in.
    Try {
        /// Whose.
        tag: String,
        /// When.
        at: Millis,
    },
    /// The newest attempt under this tag was a good one and does not count.
    Pardon(String),
    /// Attempts up to here do not count any more.
    DropTries(Millis),
}

/// Something to do, once the writes are durable.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "a frame is what is mostly sent")]
pub enum Act {
    /// Send a frame to gateway streams.
    Send {
        /// To which.
        to: Audience,
        /// What.
        frame: Frame,
    },
    /// Tell a conversation its visitor's place among those who wait.
    Place {
        /// Which.
        conversation: String,
        /// From 1.
        place: u32,
    },
    /// End a gateway stream.
    Close {
        /// Which.
        conn: ConnId,
        /// See [`crate::conversation::Act::Close`].
        code: u16,
        /// A stable code.
        reason: &'static str,
    },
}

impl Step {
    pub(super) fn write(&mut self, write: Write) {
        self.writes.push(write);
    }

    pub(super) fn act(&mut self, act: Act) {
        self.acts.push(act);
    }

    pub(super) fn send(&mut self, to: Audience, frame: Frame) {
        self.act(Act::Send { to, frame });
    }
}
