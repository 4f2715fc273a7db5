//! Reading a response: what every adapter needs done with bytes before it can understand them.

use super::answer::Answer;
use super::json::{self, Node};
use super::sse::{FRAME_CAP, Frame, Sse};
use super::{Class, Failure, Outcome, Reading, ResponseHead};
use serde::de::IgnoredAny;
use std::ops::ControlFlow;
use std::time::Duration;

/// How long the rest of an answer is waited for once it is known how it ended.
pub const LINGER: Duration = Duration::from_secs(1);

/// What an adapter understands. An answer that has ended is not asked to take more.
pub trait Dialect: CopyDialect {
    /// Reads one frame of a stream.
    fn frame(&mut self, frame: Frame<'_>, answer: &mut Answer);

    /// Reads a successful response that is one JSON value: the whole answer, or a refusal after all.
    fn whole(&mut self, body: &Node<'_>, answer: &mut Answer);

    /// What a response that is no success says; the body is null when it is no JSON.
    fn refusal(&self, body: &Node<'_>) -> Failure;

    /// Ends the answer when the stream has ended without saying so; by default it is truncated.
    fn close(&mut self, answer: &mut Answer) {
        answer.end(Outcome::Truncated(Failure::truncated()));
    }
}

/// What lets a step be taken again: a reader as it was. Every dialect that is `Clone` has it.
pub trait CopyDialect {
    /// Another one in the same state.
    fn copy(&self) -> Box<dyn Dialect>;
}

impl<T: Dialect + Clone + 'static> CopyDialect for T {
    fn copy(&self) -> Box<dyn Dialect> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Dialect> {
    fn clone(&self) -> Self {
        // Not the box's own: that one would copy itself for ever.
        (**self).copy()
    }
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyEnd {
    /// As HTTP ends one, or after [`Reader::linger`] had passed.
    Clean,
    /// The connection broke.
    Reset,
}

/// Reads one response. Feed it until it has given [`Reading::Ended`].
#[derive(Clone)]
pub struct Reader {
    dialect: Box<dyn Dialect>,
    framing: Framing,
    answer: Answer,
    success: bool,
}

#[derive(Clone)]
enum Framing {
    /// Nothing but blanks has come.
    Unknown,
    Stream(Sse),
    /// One JSON value, or what an error page has.
    Body(Vec<u8>),
}

impl Reader {
    pub(super) fn new(dialect: fn(ResponseHead) -> Box<dyn Dialect>, head: ResponseHead) -> Self {
        let mut answer = Answer::default();
        let request = ["x-request-id", "x-tt-logid", "cf-ray"].iter().find_map(|h| head.header(h));
        answer.name(|ids| &mut ids.request, request);
        let success = head.is_success();
        let framing = if success { Framing::Unknown } else { Framing::Body(Vec::new()) };
        Self { dialect: dialect(head), framing, answer, success }
    }

    /// Reads the next bytes of the body and appends what they say to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Reading>) {
        if !self.answer.ended() {
            self.read(bytes);
        }
        self.answer.drain(out);
    }

    /// Ends the body; afterwards [`Reading::Ended`] has been given in any case.
    pub fn finish(&mut self, how: BodyEnd, out: &mut Vec<Reading>) {
        if !self.answer.ended() {
            self.close(how);
        }
        if !self.answer.ended() {
            self.answer.end(Outcome::Truncated(Failure::truncated()));
        }
        self.answer.drain(out);
    }

    /// Set once it is known how the answer ended and only more about it may come. From then on the
    /// body is waited for no longer than this, whatever comes: finish it with [`BodyEnd::Clean`].
    pub fn linger(&self) -> Option<Duration> {
        let known = self.answer.lingers() || !self.success || self.has_whole_body();
        (known && !self.answer.ended()).then_some(LINGER)
    }

    /// The answer messages so far; the whole answer joins them with line feeds.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.answer.parts()
    }

    /// Frames that were skipped because no one knows them.
    pub fn skipped(&self) -> u32 {
        self.answer.skipped()
    }

    fn read(&mut self, bytes: &[u8]) {
        let bytes = self.frame_by(bytes);
        match &mut self.framing {
            Framing::Unknown => {}
            Framing::Stream(sse) => {
                let (dialect, answer) = (&mut self.dialect, &mut self.answer);
                let read = sse.push(bytes, |frame| {
                    dialect.frame(frame, answer);
                    if answer.ended() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                });
                if read.is_err() {
                    answer.fail(Failure::new(Class::Protocol, "frame_too_long"));
                }
            }
            Framing::Body(body) => {
                let room = FRAME_CAP.saturating_sub(body.len()).min(bytes.len());
                body.extend_from_slice(bytes.get(..room).unwrap_or_default());
            }
        }
    }

    fn has_whole_body(&self) -> bool {
        let Framing::Body(body) = &self.framing else {
            return false;
        };
        body.trim_ascii_end().ends_with(b"}") && is_json(body)
    }

    /// Tells a stream from a body by its first byte, as content types do not: refusals come as
    /// streams and answers as JSON, whatever was asked for. Gives the bytes from there.
    fn frame_by<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if !matches!(self.framing, Framing::Unknown) {
            return bytes;
        }
        let Some(start) = bytes.iter().position(|byte| !b" \t\r\n\xEF\xBB\xBF".contains(byte))
        else {
            return &[];
        };
        let bytes = bytes.get(start..).unwrap_or_default();
        self.framing = match bytes.first() {
            Some(b'{' | b'[' | b'<') => Framing::Body(Vec::new()),
            _ => Framing::Stream(Sse::default()),
        };
        bytes
    }

    fn close(&mut self, how: BodyEnd) {
        let (dialect, answer) = (&mut self.dialect, &mut self.answer);
        match &mut self.framing {
            Framing::Unknown => dialect.close(answer),
            Framing::Stream(sse) => {
                sse.finish(|frame| {
                    if makes_sense(frame.data) {
                        dialect.frame(frame, answer);
                    }
                });
                if !answer.ended() {
                    dialect.close(answer);
                }
            }
            Framing::Body(body) if !self.success => {
                let json = json::in_body(body).unwrap_or_default();
                answer.fail(dialect.refusal(&json));
            }
            Framing::Body(body) => match json::in_body(body) {
                Some(json) => dialect.whole(&json, answer),
                None if how == BodyEnd::Reset => dialect.close(answer),
                None => answer.fail(Failure::new(Class::Protocol, "malformed_body")),
            },
        }
    }
}

/// Whether the data of a frame that was never ended is whole.
fn makes_sense(data: &str) -> bool {
    !data.starts_with('{') || is_json(data.as_bytes())
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}
