//! An agent's gateway: one stream for the inbox and every conversation that is opened in it.
//!
//! The gateway holds no state that matters. It joins the streams of the desk and of conversations
//! and says where each frame of the agent goes; each of those streams resumes by its own cursor,
//! which the agent's client keeps.

use crate::conversation::Cursor;
use crate::page::PageQuery;
use crate::problem::{Code, Refusal};
use crate::route::is_conversation;
use crate::wire::unknown_frame;
use kefu_proto::v1::{ClientFrame, Resume, client_frame::Frame};
use std::collections::BTreeSet;

/// Conversations that may be open in one gateway.
pub const OPEN_MOST: usize = 50;

/// What of a gateway somebody has to be told: something that it depends on broke, and everybody
/// comes back with their cursors.
pub const CLOSE_RECONNECT: u16 = 4000;

/// What is open in a gateway.
#[derive(Debug, Default)]
pub struct Gateway {
    open: BTreeSet<String>,
}

/// What is done with a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Join the conversation's stream, from a cursor.
    Open(String, Cursor),
    /// Hand the frame on to the conversation.
    Forward(String),
    /// Part from the conversation's stream.
    Close(String),
    /// Answer a ping.
    Pong,
}

/// What becomes of the gateway when a stream that is joined in it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It ends with that code: its reader comes back with its cursors, or logs in again.
    Whole(u16),
    /// Only that conversation leaves it.
    Part,
}

impl Gateway {
    /// Says where a frame goes.
    pub fn route(&mut self, frame: &ClientFrame) -> Result<Act, Refusal> {
        let id = &frame.conversation;
        let kind = frame.frame.as_ref().ok_or_else(unknown_frame)?;
        match kind {
            Frame::Ping(_) => Ok(Act::Pong),
            Frame::Leave(_) => {
                self.open.remove(id);
                Ok(Act::Close(id.clone()))
            }
            Frame::Resume(resume) if !self.open.contains(id) => self.join(id, cursor_of(resume)),
            Frame::Send(_)
            | Frame::Read(_)
            | Frame::Typing(_)
            | Frame::Stop(_)
            | Frame::Resume(_) => self.forward(id),
        }
    }

    /// Opens the conversations that a request names: `open=ID:EPOCH.SEQ`, any number of times.
    pub fn open_all(&mut self, query: &str) -> Result<Vec<Act>, Refusal> {
        let named = url::form_urlencoded::parse(query.as_bytes());
        let named = named.filter(|(name, _)| name == "open");
        named.map(|(_, value)| self.open_named(&value)).collect()
    }

    /// The stream of a conversation ended by itself.
    pub fn ended(&mut self, conversation: &str, code: u16) -> Ending {
        match code {
            // What is refused for good would only be refused again.
            4200.. if self.open.remove(conversation) => Ending::Part,
            _ => Ending::Whole(CLOSE_RECONNECT),
        }
    }

    /// The stream of the desk ended by itself: its codes are for the agent.
    pub fn desk_ended(code: u16) -> Ending {
        Ending::Whole(if (4000..5000).contains(&code) { code } else { CLOSE_RECONNECT })
    }

    fn open_named(&mut self, value: &str) -> Result<Act, Refusal> {
        let (id, cursor) = value.split_once(':').unwrap_or((value, "1.0"));
        let query = PageQuery::of_last_event_id(cursor);
        let (true, Some(query)) = (is_conversation(id), query) else {
            let detail = "`open` must be a conversation's id, a colon and a cursor: ID:EPOCH.SEQ";
            return Err(Refusal::new(Code::BadCursor, detail));
        };
        self.join(id, query.cursor())
    }

    fn forward(&self, id: &str) -> Result<Act, Refusal> {
        if self.open.contains(id) {
            return Ok(Act::Forward(id.to_owned()));
        }
        let detail = "open the conversation first: send `resume` with its id";
        Err(Refusal::new(Code::NotJoined, detail))
    }

    fn join(&mut self, id: &str, cursor: Cursor) -> Result<Act, Refusal> {
        if !is_conversation(id) {
            let detail = "`conversation` must be the id of the one that the frame is about";
            return Err(Refusal::new(Code::BadFrame, detail));
        }
        if self.open.len() >= OPEN_MOST {
            let detail = format!("at most {OPEN_MOST} conversations may be open: leave one first");
            return Err(Refusal::new(Code::TooManyOpen, detail));
        }
        self.open.insert(id.to_owned());
        Ok(Act::Open(id.to_owned(), cursor))
    }
}

fn cursor_of(resume: &Resume) -> Cursor {
    Cursor { epoch: (resume.epoch > 0).then_some(resume.epoch), seq: resume.seq }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kefu_proto::v1::{Leave, Ping, Stop};

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn frame(id: &str, frame: Frame) -> ClientFrame {
        ClientFrame { conversation: id.into(), frame: Some(frame) }
    }

    fn resume(seq: u32) -> Frame {
        Frame::Resume(Resume { epoch: 1, seq, ..Resume::default() })
    }

    #[test]
    fn a_conversation_is_opened_by_resume_and_gets_frames_until_it_is_left() {
        let mut gateway = Gateway::default();
        let stop = || frame(ID, Frame::Stop(Stop { turn: 1 }));
        let refused = gateway.route(&stop()).map_err(|refusal| refusal.code);
        assert_eq!(refused, Err(Code::NotJoined));
        let cursor = Cursor { epoch: Some(1), seq: 7 };
        assert_eq!(gateway.route(&frame(ID, resume(7))), Ok(Act::Open(ID.into(), cursor)));
        assert_eq!(gateway.route(&stop()), Ok(Act::Forward(ID.into())));
        assert_eq!(gateway.route(&frame(ID, resume(9))), Ok(Act::Forward(ID.into())));
        let leave = frame(ID, Frame::Leave(Leave {}));
        assert_eq!(gateway.route(&leave), Ok(Act::Close(ID.into())));
        assert!(gateway.route(&stop()).is_err());
        assert_eq!(gateway.route(&frame("", Frame::Ping(Ping {}))), Ok(Act::Pong));
    }

    #[test]
    fn frames_that_name_no_conversation_are_refused() {
        let mut gateway = Gateway::default();
        for id in ["", "x", &ID[1..]] {
            let refused = gateway.route(&frame(id, resume(0))).map_err(|refusal| refusal.code);
            assert_eq!(refused, Err(Code::BadFrame), "{id}");
        }
        let empty = ClientFrame { conversation: ID.into(), frame: None };
        let refused = gateway.route(&empty).map_err(|refusal| refusal.code);
        assert_eq!(refused, Err(Code::UnknownFrame));
    }

    #[test]
    fn fifty_conversations_may_be_open_and_no_more() {
        let mut gateway = Gateway::default();
        for number in 0..OPEN_MOST {
            assert!(gateway.route(&frame(&format!("{number:032x}"), resume(0))).is_ok());
        }
        let refused = gateway.route(&frame(ID, resume(0))).map_err(|refusal| refusal.code);
        assert_eq!(refused, Err(Code::TooManyOpen));
    }

    #[test]
    fn a_request_may_open_conversations_at_cursors() {
        let mut gateway = Gateway::default();
        let opened = gateway.open_all(&format!("after=3&open={ID}:2.17"));
        assert_eq!(opened, Ok(vec![Act::Open(ID.into(), Cursor { epoch: Some(2), seq: 17 })]));
        assert!(gateway.open_all(&format!("open={ID}:x")).is_err());
        assert!(gateway.open_all("open=nobody").is_err());
    }

    #[test]
    fn a_stream_that_breaks_brings_everybody_back_and_one_that_is_refused_only_leaves() {
        let mut gateway = Gateway::default();
        assert!(gateway.open_all(&format!("open={ID}")).is_ok());
        assert_eq!(gateway.ended(ID, 4001), Ending::Whole(4000));
        assert_eq!(gateway.ended(ID, 1006), Ending::Whole(4000));
        assert_eq!(gateway.ended(ID, 4229), Ending::Part);
        assert_eq!(Gateway::desk_ended(4201), Ending::Whole(4201));
        assert_eq!(Gateway::desk_ended(1006), Ending::Whole(4000));
    }
}
