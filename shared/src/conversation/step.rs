//! What comes of an input: writes, acts and a reply, as data.

use super::input::ConnId;
use super::snapshot::{Head, TurnRecord};
use super::tally::Tally;
use super::turn::AttemptId;
use crate::guard::{Candidate, Report, Terms};
use crate::problem::Refusal;
use crate::provider::RequestParts;
use crate::time::Millis;
use crate::who::Role;
use kefu_proto::v1::{Ack, Error, Event, InboxEntry, Owner, SendReply, server_frame::Frame};
use std::time::Duration;

/// How long a provider is told to stop; nobody waits for it.
pub const CANCEL_MOST: Duration = Duration::from_secs(2);

/// What comes of an input. The writes are one transaction; the acts happen only after it, in
/// order; the reply is for whoever made the request. A step whose writes are refused did not
/// happen: the host drops the conversation, resumes it from what is stored and steps again.
#[derive(Debug, Default)]
#[must_use]
pub struct Step {
    /// One transaction.
    pub writes: Vec<Write>,
    /// After it, in order.
    pub acts: Vec<Act>,
    /// To the caller of [`super::Input::Requested`].
    pub reply: Option<Reply>,
    /// What an operator counts and the rest of the step does not show.
    pub tally: Tally,
}

/// Something to store.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "an event is what is mostly written")]
pub enum Write {
    /// A new entry of the log. Its seq, and its sender where there is one, are unique: the
    /// transaction fails when either is taken.
    Event {
        /// The entry.
        event: Event,
        /// Whose key it is, as [`crate::who::Who::sender`] writes it.
        sender: Option<String>,
        /// When, on what a visitor says: it counts towards the visitor's rate.
        spoke: Option<Millis>,
        /// How it came about, on what ends a turn: a `kefu.v1.TurnTrace` as JSON.
        trace: Option<String>,
    },
    /// Traces of events after `after` up to `upto` are forgotten.
    Forget {
        /// Exclusive.
        after: u32,
        /// Inclusive.
        upto: u32,
    },
    /// What is true of the conversation as a whole. The transaction fails unless its version
    /// follows the stored one's.
    Head(Head),
    /// How far its turns are, under the same condition.
    Turn(TurnRecord),
    /// What a participant has read: the higher seq wins.
    Mark {
        /// As [`crate::who::Who::tag`] writes it.
        who: String,
        /// Up to here.
        seq: u32,
    },
    /// Set the alarm, or clear it: it brings the object back after a crash.
    Alarm(Option<Millis>),
}

/// Something to do, once the writes are durable.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "a frame is what is mostly sent")]
pub enum Act {
    /// Send a frame.
    Send {
        /// To whom.
        to: Audience,
        /// What.
        frame: Frame,
    },
    /// Send the stored events after `after` up to `upto`, each as its reader may see it.
    Replay {
        /// To which stream.
        conn: ConnId,
        /// Exclusive.
        after: u32,
        /// Inclusive.
        upto: u32,
    },
    /// End a stream.
    Close {
        /// Which.
        conn: ConnId,
        /// 4000–4099 reconnect, 4100–4199 reconnect with a fresh token, 4200 and up stop.
        code: u16,
        /// A stable code.
        reason: &'static str,
    },
    /// Bring the site as it stands and the rounds before `before`, as `Input::Prepared`.
    Prepare {
        /// For which turn; 0 for none: only the site is needed.
        turn: u32,
        /// The seq of the question's first message.
        before: u32,
    },
    /// Ask the guards of these providers, in order, which of them may be asked, and report
    /// [`super::Input::Admitted`].
    Admit {
        /// For which attempt.
        attempt: AttemptId,
        /// What the site declares for all of its providers together.
        all: Option<Terms>,
        /// In order of preference.
        candidates: Vec<Candidate>,
    },
    /// Tell a provider's guard how an attempt ended.
    Report {
        /// Whose guard; empty for the site's own, of all providers together.
        provider: String,
        /// What the site declares of it.
        terms: Terms,
        /// How it ended.
        report: Report,
    },
    /// Send a request to a provider and report what comes.
    Call {
        /// Named in everything that is reported.
        attempt: AttemptId,
        /// What to send.
        request: RequestParts,
    },
    /// Drop a call: nothing of it is wanted any more.
    Abort {
        /// Which.
        attempt: AttemptId,
    },
    /// Tell a provider to stop what is not wanted any more, besides dropping the call: tried once,
    /// for [`CANCEL_MOST`], and nothing is reported.
    Cancel {
        /// What to send.
        request: RequestParts,
    },
    /// Tell the site's desk how the conversation stands, and report [`super::Input::Told`] or
    /// [`super::Input::NotTold`] with its seq.
    Tell {
        /// How it stands; the host adds the conversation's id.
        summary: InboxEntry,
        /// Since when there is something in it that the desk does not know.
        since: Millis,
    },
}

/// Who gets a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// One stream.
    Conn(ConnId),
    /// Everybody.
    All,
    /// Everybody but one stream.
    AllBut(ConnId),
    /// The agents.
    Agents,
    /// The visitors.
    Visitors,
}

impl Audience {
    /// Whether a stream is of it, given who reads it.
    pub fn has(self, conn: ConnId, reader: Role) -> bool {
        match self {
            Self::Conn(only) => conn == only,
            Self::All => true,
            Self::AllBut(but) => conn != but,
            Self::Agents => reader == Role::Agent,
            Self::Visitors => reader == Role::Visitor,
        }
    }
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The message is stored.
    Sent(SendReply),
    /// The rating is stored.
    Rated(SendReply),
    /// The message is changed or taken back.
    Amended(SendReply),
    /// The owner is as asked.
    Owner {
        /// Who owns the conversation.
        owner: Owner,
        /// Since which change.
        term: u32,
        /// The event that says so.
        seq: u32,
        /// The key had been seen before.
        duplicate: bool,
    },
    /// Done, and there is nothing to tell.
    Done,
    /// Not done: nothing was changed.
    Refused(Refusal),
}

impl Reply {
    /// Whether the request had been carried out before.
    pub fn is_duplicate(&self) -> bool {
        match self {
            Self::Sent(sent) | Self::Rated(sent) | Self::Amended(sent) => sent.duplicate,
            Self::Owner { duplicate, .. } => *duplicate,
            Self::Done | Self::Refused(_) => false,
        }
    }

    /// The frame that tells it to a stream; none where the act shows by itself.
    pub fn frame(&self, key: Option<&str>) -> Option<Frame> {
        match self {
            Self::Sent(sent) => Some(Frame::Ack(Ack {
                key: key.unwrap_or_default().into(),
                seq: sent.seq,
                msg_id: sent.msg_id,
                duplicate: sent.duplicate,
            })),
            Self::Refused(refusal) => Some(Frame::Error(Error {
                code: refusal.code.as_str().into(),
                message: refusal.detail.clone(),
                retry_after_ms: refusal.retry_after_ms(),
                key: key.filter(|key| !key.is_empty()).map(Into::into),
            })),
            Self::Rated(_) | Self::Amended(_) | Self::Owner { .. } | Self::Done => None,
        }
    }
}

impl Step {
    pub(super) fn write(&mut self, write: Write) {
        // Within one step only the last state counts: one row, one write.
        self.writes.retain(|earlier| {
            !matches!(
                (earlier, &write),
                (Write::Head(_), Write::Head(_))
                    | (Write::Turn(_), Write::Turn(_))
                    | (Write::Alarm(_), Write::Alarm(_))
            )
        });
        self.writes.push(write);
    }

    pub(super) fn act(&mut self, act: Act) {
        self.acts.push(act);
    }

    pub(super) fn send(&mut self, to: Audience, frame: Frame) {
        self.act(Act::Send { to, frame });
    }
}
