//! What goes over the wire, once decided: frames in their three framings, requests and replies of
//! the HTTP routes. The same on every host.

use crate::conversation::{Reply, Request, Stream, Write};
use crate::desk;
use crate::problem::{Code, Refusal};
use crate::time::Millis;
use crate::who::Who;
use kefu_proto::Encode;
use kefu_proto::v1::{
    Body, ClientFrame, Empty, Envelope, Event, NoteRequest, OwnerReply, ServerFrame, body, channel,
    client_frame, server_frame::Frame,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The largest body of a request, uploads apart, and of a frame, in bytes.
pub const BODY_MOST: usize = 256 * 1024;

/// How a stream's frames are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Framing {
    /// Text frames in JSON (`kefu.v1.json`).
    Json,
    /// Binary frames in protobuf (`kefu.v1.proto`).
    Proto,
    /// Server-sent events: one frame a `data:` line, `id: epoch.seq` on events of the log.
    Sse,
}

/// A frame as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encoded {
    /// As text.
    Text(String),
    /// As bytes.
    Binary(Vec<u8>),
}

impl Framing {
    /// Writes a frame of the log with that epoch.
    pub fn encode(self, frame: &ServerFrame, epoch: u32) -> Encoded {
        match self {
            Self::Json => Encoded::Text(json(frame)),
            Self::Proto => Encoded::Binary(frame.encode_to_vec()),
            Self::Sse => {
                let id = match &frame.frame {
                    // On a gateway one number would not tell which conversation it is of.
                    Some(Frame::Event(event)) if frame.conversation.is_empty() => {
                        format!("id: {epoch}.{}\n", event.seq)
                    }
                    _ => String::new(),
                };
                Encoded::Text(format!("{id}data: {}\n\n", json(frame)))
            }
        }
    }

    /// Reads a client's text frame.
    pub fn decode_text(self, text: &str) -> Result<client_frame::Frame, Refusal> {
        self.read_text(text).and_then(known)
    }

    /// The same with the conversation that it is about.
    pub fn read_text(self, text: &str) -> Result<ClientFrame, Refusal> {
        if self != Self::Json {
            return Err(Refusal::new(Code::BadFrame, "this subprotocol takes binary frames"));
        }
        if text.len() > BODY_MOST {
            return Err(too_large());
        }
        serde_json::from_str(text).map_err(|error| bad_frame(&error.to_string()))
    }

    /// Reads a client's binary frame.
    pub fn decode_binary(self, bytes: &[u8]) -> Result<client_frame::Frame, Refusal> {
        self.read_binary(bytes).and_then(known)
    }

    /// The same with the conversation that it is about.
    pub fn read_binary(self, bytes: &[u8]) -> Result<ClientFrame, Refusal> {
        if self != Self::Proto {
            return Err(Refusal::new(Code::BadFrame, "this subprotocol takes text frames"));
        }
        if bytes.len() > BODY_MOST {
            return Err(too_large());
        }
        ClientFrame::decode(bytes).map_err(|error| bad_frame(&error.to_string()))
    }
}

/// Who reads a stream, and how it is written: what a socket carries while its object sleeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Which side.
    #[serde(rename = "r")]
    pub holder: crate::token::Holder,
    /// The visitor's or agent's id.
    #[serde(rename = "i")]
    pub id: String,
    /// Shown to the other side.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// BCP 47.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The channel's number in the contract.
    #[serde(rename = "c")]
    pub channel: i32,
    /// When the token ends, Unix milliseconds.
    #[serde(rename = "e")]
    pub expires: u64,
    /// How frames are written.
    #[serde(rename = "f")]
    pub framing: Framing,
    /// An agent's session.
    #[serde(rename = "j", default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Whether frames are for a gateway and say which conversation they are about.
    #[serde(rename = "g", default, skip_serializing_if = "std::ops::Not::not")]
    pub gateway: bool,
}

impl Caller {
    /// The participant.
    pub fn who(&self) -> Who {
        Who {
            role: self.holder.role(),
            id: self.id.clone(),
            name: self.name.clone(),
            locale: self.locale.clone(),
        }
    }

    /// The channel.
    pub fn channel(&self) -> channel::Type {
        channel::Type::try_from(self.channel).unwrap_or_default()
    }

    /// The stream that this caller opened.
    pub fn stream(&self) -> Stream {
        Stream { who: self.who(), channel: self.channel(), expires: Millis(self.expires) }
    }

    /// Somebody who only has an address that cannot be guessed.
    pub fn nobody() -> Self {
        Self {
            holder: crate::token::Holder::Visitor,
            id: String::new(),
            name: None,
            locale: None,
            channel: 0,
            expires: 0,
            framing: Framing::Json,
            session: None,
            gateway: false,
        }
    }

    /// The gateway stream that this agent opened.
    pub fn gateway_stream(&self) -> desk::Stream {
        desk::Stream {
            session: self.session.clone().unwrap_or_default(),
            expires: Millis(self.expires),
        }
    }

    /// As text: for a header between the edge and an object, and for an attachment.
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what [`Caller::write`] made.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// An answer over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `application/json` below 400, `application/problem+json` from there.
    pub body: String,
    /// For the `Retry-After` header, in seconds.
    pub retry_after: Option<u64>,
}

impl Answer {
    /// 200 with a message of the contract.
    pub fn ok(message: &impl Serialize) -> Self {
        Self { status: 200, body: json(message), retry_after: None }
    }

    /// A refusal.
    pub fn refused(refusal: &Refusal) -> Self {
        let wait = refusal.retry_after.map(|wait| wait.as_millis().div_ceil(1_000));
        Self {
            status: refusal.code.status(),
            body: json(&refusal.problem()),
            retry_after: wait.and_then(|seconds| u64::try_from(seconds).ok()),
        }
    }

    /// What a conversation replied.
    pub fn of(reply: &Reply) -> Self {
        match reply {
            Reply::Sent(sent) => Self { status: 202, ..Self::ok(sent) },
            Reply::Rated(done) | Reply::Amended(done) => Self::ok(done),
            Reply::Owner { owner, term, seq, duplicate } => Self::ok(&OwnerReply {
                owner: Some(owner.clone()),
                term: *term,
                seq: *seq,
                duplicate: *duplicate,
            }),
            Reply::Done => Self::ok(&Empty {}),
            Reply::Refused(refusal) => Self::refused(refusal),
        }
    }

    /// The content type.
    pub fn content_type(&self) -> &'static str {
        if self.status < 400 { "application/json" } else { "application/problem+json" }
    }
}

/// Which act a POST route is: the last part of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActRoute {
    /// `messages`
    Messages,
    /// `read`
    Read,
    /// `typing`
    Typing,
    /// `stop`
    Stop,
    /// `rating`
    Rating,
    /// `handoff`
    Handoff,
    /// `take`
    Take,
    /// `release`
    Release,
    /// `resolve`
    Resolve,
    /// `reopen`
    Reopen,
    /// `notes`
    Notes,
    /// `edit`
    Edit,
    /// `recall`
    Recall,
    /// `approve`
    Approve,
}

impl ActRoute {
    const ALL: [Self; 14] = [
        Self::Messages,
        Self::Read,
        Self::Typing,
        Self::Stop,
        Self::Rating,
        Self::Handoff,
        Self::Take,
        Self::Release,
        Self::Resolve,
        Self::Reopen,
        Self::Notes,
        Self::Edit,
        Self::Recall,
        Self::Approve,
    ];

    /// By the last part of the path.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.name() == name)
    }

    /// The last part of the path.
    pub fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Read => "read",
            Self::Typing => "typing",
            Self::Stop => "stop",
            Self::Rating => "rating",
            Self::Handoff => "handoff",
            Self::Take => "take",
            Self::Release => "release",
            Self::Resolve => "resolve",
            Self::Reopen => "reopen",
            Self::Notes => "notes",
            Self::Edit => "edit",
            Self::Recall => "recall",
            Self::Approve => "approve",
        }
    }

    /// Reads the route's body.
    pub fn parse(self, body: &[u8]) -> Result<Request, Refusal> {
        Ok(match self {
            Self::Messages => Request::Send(message(body)?),
            Self::Read => Request::Read(message(body)?),
            Self::Typing => Request::Typing(message(body)?),
            Self::Stop => Request::Stop(message(body)?),
            Self::Rating => Request::Rate(message(body)?),
            Self::Handoff => Request::Handoff(message(body)?),
            Self::Take => Request::Take(or_default(body)?),
            Self::Edit => Request::Edit(message(body)?),
            Self::Recall => Request::Recall(message(body)?),
            Self::Approve => Request::Approve(message(body)?),
            Self::Release => Request::Release(or_default(body)?),
            Self::Resolve => Request::Resolve(or_default(body)?),
            Self::Reopen => Request::Reopen(or_default(body)?),
            Self::Notes => {
                let NoteRequest { key, text } = message(body)?;
                let note = body::Kind::Note(body::NoteText { text });
                Request::Note { key, body: Body { kind: Some(note) } }
            }
        })
    }
}

/// Reads a message of the contract from a request's body.
pub fn message<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    if body.len() > BODY_MOST {
        return Err(too_large());
    }
    let text = std::str::from_utf8(body)
        .map_err(|error| Refusal::new(Code::BadUtf8, format!("the body is not UTF-8: {error}")))?;
    serde_json::from_str(text).map_err(|error| {
        Refusal::new(Code::BadJson, format!("the body is not as expected: {error}"))
    })
}

/// The same where every field may be left out, and so the body too.
pub fn or_default<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, Refusal> {
    if body.is_empty() { Ok(T::default()) } else { message(body) }
}

/// A body or frame over [`BODY_MOST`].
pub fn too_large() -> Refusal {
    Refusal::new(Code::TooLarge, format!("at most {BODY_MOST} bytes are taken"))
}

/// An event as it is stored and published: a `kefu.v1.Envelope`.
pub fn seal(event: &Event) -> Vec<u8> {
    let envelope = Envelope {
        msg_id: event.msg_id.unwrap_or_default(),
        channel: event.channel.unwrap_or_default(),
        payload: event.encode_to_vec(),
        ts: event.ts.unwrap_or_default(),
    };
    envelope.encode_to_vec()
}

/// The event in a stored envelope; `None` when the bytes are none.
pub fn open(envelope: &[u8]) -> Option<Event> {
    Event::decode(Envelope::decode(envelope).ok()?.payload.as_slice()).ok()
}

/// How many rows a write is, at the least.
pub fn rows(write: &Write) -> u32 {
    match write {
        // Its sender stands in an index too.
        Write::Event { sender: Some(_), .. } => 2,
        Write::Event { sender: None, .. }
        | Write::Forget { .. }
        | Write::Head(_)
        | Write::Turn(_)
        | Write::Mark { .. }
        | Write::Alarm(_) => 1,
    }
}

fn json(message: &impl Serialize) -> String {
    serde_json::to_string(message).unwrap_or_default()
}

fn bad_frame(why: &str) -> Refusal {
    Refusal::new(Code::BadFrame, format!("the frame is not a ClientFrame: {why}"))
}

fn known(frame: ClientFrame) -> Result<client_frame::Frame, Refusal> {
    frame.frame.ok_or_else(unknown_frame)
}

/// A frame of no kind that is known here.
pub fn unknown_frame() -> Refusal {
    Refusal::new(
        Code::UnknownFrame,
        "the frame has none of the fields send, read, typing, stop, resume, leave and ping",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use kefu_proto::v1::{Hidden, Pong, Send, event};

    fn frame(frame: Frame) -> ServerFrame {
        ServerFrame { conversation: String::new(), frame: Some(frame) }
    }

    #[test]
    fn an_event_of_the_log_has_an_id_to_resume_from_and_other_frames_have_none() {
        let event =
            Event { seq: 4, kind: Some(event::Kind::Hidden(Hidden {})), ..Event::default() };
        let sse = |body| Framing::Sse.encode(&frame(body), 2);
        assert_eq!(
            sse(Frame::Event(event)),
            Encoded::Text(
                "id: 2.4\ndata: {\"conversation\":\"\",\"event\":{\"seq\":4,\"hidden\":{}}}\n\n"
                    .into()
            )
        );
        assert_eq!(
            sse(Frame::Pong(Pong {})),
            Encoded::Text("data: {\"conversation\":\"\",\"pong\":{}}\n\n".into())
        );
    }

    #[test]
    fn frames_that_say_nothing_known_are_told_from_frames_that_are_none() {
        let text = |text: &str| Framing::Json.decode_text(text).map_err(|refusal| refusal.code);
        let sent = Send { key: "k".into(), content: None };
        assert_eq!(text(r#"{"send":{"key":"k"},"later":1}"#), Ok(client_frame::Frame::Send(sent)));
        assert_eq!(text(r#"{"dance":{}}"#), Err(Code::UnknownFrame));
        for bad in
            ["", "[]", "{", r#"{"send":{"key":7}}"#, r#"{"send":{"key":"k"},"read":{"seq":1}}"#]
        {
            assert_eq!(text(bad), Err(Code::BadFrame), "{bad}");
        }
        assert_eq!(text(&format!("\"{}\"", "x".repeat(BODY_MOST))), Err(Code::TooLarge));
        let binary = |bytes: &[u8]| Framing::Proto.decode_binary(bytes).map_err(|r| r.code);
        assert_eq!(binary(&[]), Err(Code::UnknownFrame));
        assert_eq!(binary(&[0xff]), Err(Code::BadFrame));
        assert_eq!(Framing::Json.decode_binary(&[]).map_err(|r| r.code), Err(Code::BadFrame));
    }
}
