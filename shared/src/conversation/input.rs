//! What can happen to a conversation: facts, in the past tense.

use super::turn::{Admission, AttemptId, Prepared};
use crate::provider::{BodyEnd, Failure, ResponseHead};
use crate::time::Millis;
use crate::who::Who;
use kefu_proto::v1::{
    Body, EditRequest, HandoffRequest, OwnerRequest, RateRequest, Read, RecallRequest, Resume,
    Send, Stop, Typing, channel, client_frame::Frame,
};

/// A stream of frames to somebody: a WebSocket, or what carries an SSE or long-poll request.
/// The host numbers them; a number is not used again while the object lives.
pub type ConnId = u32;

/// One thing that happened.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a request is what mostly comes")]
pub enum Input {
    /// A stream was opened.
    Attached {
        /// Its number.
        conn: ConnId,
        /// Who reads it.
        stream: Stream,
        /// What the reader has.
        cursor: Cursor,
    },
    /// A stream ended, whoever ended it.
    Detached {
        /// Its number.
        conn: ConnId,
    },
    /// A frame came over a stream.
    Framed {
        /// The stream's number.
        conn: ConnId,
        /// What came.
        frame: Frame,
    },
    /// A request came without a stream; its answer is in [`super::Step::reply`].
    Requested {
        /// Who asks.
        who: Who,
        /// Where.
        channel: channel::Type,
        /// What.
        request: Request,
    },
    /// What [`super::Act::Prepare`] asked for is here.
    Prepared {
        /// For which turn.
        turn: u32,
        /// The site as it stands, and the rounds before the question.
        prepared: Prepared,
    },
    /// The guards that [`super::Act::Admit`] asks have answered.
    Admitted {
        /// For which attempt.
        attempt: AttemptId,
        /// What.
        admission: Admission,
    },
    /// A provider's response began.
    Responded {
        /// To which call.
        attempt: AttemptId,
        /// Its head.
        head: ResponseHead,
    },
    /// A piece of the response's body.
    Received {
        /// To which call.
        attempt: AttemptId,
        /// As they came, cut anywhere.
        bytes: Vec<u8>,
    },
    /// The response's body ended.
    Ended {
        /// To which call.
        attempt: AttemptId,
        /// How.
        how: BodyEnd,
    },
    /// The call failed before a response began.
    Failed {
        /// Which call.
        attempt: AttemptId,
        /// Why.
        failure: Failure,
    },
    /// The desk has the summary of an [`super::Act::Tell`].
    Told {
        /// The summary's.
        seq: u32,
        /// The visitor's place among those who wait for a person, if the visitor waits.
        place: Option<u32>,
    },
    /// The desk tells the visitor's place among those who wait for a person.
    Placed {
        /// From 1.
        place: u32,
    },
    /// The desk could not be told.
    NotTold {
        /// The summary's.
        seq: u32,
    },
    /// Another process that has the turn showed a `delta` or `replace` to its readers.
    Relayed {
        /// What.
        frame: kefu_proto::v1::server_frame::Frame,
    },
    /// The time that [`super::Conversation::deadline`] named has come.
    Woke,
    /// The alarm rang: the object may have been away since it was set.
    Alarmed,
}

impl Input {
    /// Whether what is sent because of it is for readers here only: whoever told of it told all
    /// others too.
    pub fn is_hearsay(&self) -> bool {
        matches!(self, Self::Relayed { .. })
    }
}

/// A reader of frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Who.
    pub who: Who,
    /// On which channel.
    pub channel: channel::Type,
    /// When its token must be renewed.
    pub expires: Millis,
}

/// What a reader has. Seq 0 is nothing; no epoch means the current one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The life of the log.
    pub epoch: Option<u32>,
    /// The newest event of it.
    pub seq: u32,
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Say something.
    Send(Send),
    /// Change a message of one's own.
    Edit(EditRequest),
    /// Take back a message of one's own.
    Recall(RecallRequest),
    /// Send what the AI drafted.
    Approve(RecallRequest),
    /// Everything up to a seq was seen.
    Read(Read),
    /// Is writing.
    Typing(Typing),
    /// Cut the answer off.
    Stop(Stop),
    /// Rate the session.
    Rate(RateRequest),
    /// Get a person.
    Handoff(HandoffRequest),
    /// Own the conversation.
    Take(OwnerRequest),
    /// Give it back to the AI.
    Release(OwnerRequest),
    /// End the session.
    Resolve(OwnerRequest),
    /// Go on with the session that ended last.
    Reopen(OwnerRequest),
    /// Tell other agents something.
    Note {
        /// The author's key.
        key: String,
        /// What.
        body: Body,
    },
    /// Send what a stream lacks again; only on a stream.
    Resume(Resume),
    /// Nothing: proof of life.
    Ping,
}

impl Request {
    /// The request that a frame makes, if it has one of the kinds known here.
    pub fn of_frame(frame: Frame) -> Self {
        match frame {
            Frame::Send(send) => Self::Send(send),
            Frame::Read(read) => Self::Read(read),
            Frame::Typing(typing) => Self::Typing(typing),
            Frame::Stop(stop) => Self::Stop(stop),
            Frame::Resume(resume) => Self::Resume(resume),
            // A stream of one conversation is left by closing it.
            Frame::Ping(_) | Frame::Leave(_) => Self::Ping,
        }
    }

    /// The author's key, on requests that leave an event.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Send(send) => Some(&send.key),
            Self::Rate(rate) => Some(&rate.key),
            Self::Handoff(handoff) => Some(&handoff.key),
            Self::Edit(edit) => Some(&edit.key),
            Self::Recall(recall) => Some(&recall.key),
            Self::Approve(approve) => Some(&approve.key),
            Self::Note { key, .. } => Some(key),
            Self::Take(owner)
            | Self::Release(owner)
            | Self::Resolve(owner)
            | Self::Reopen(owner) => owner.key.as_deref(),
            Self::Read(_) | Self::Typing(_) | Self::Stop(_) | Self::Resume(_) | Self::Ping => None,
        }
    }
}
