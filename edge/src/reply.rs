//! Responses from what the core answers.

use kefu_durable::Fault;
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::wire::Answer;
use serde::Serialize;
use std::time::Duration;

/// A response: plain, or of the host's own making.
pub(crate) struct Response<N> {
    pub(crate) status: u16,
    /// Names in lower case; they go over those of a native response.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) payload: Payload<N>,
}

pub(crate) enum Payload<N> {
    Bytes(Vec<u8>),
    Native(N),
}

/// Why a request got no answer of its own.
#[derive(Debug)]
pub(crate) enum Failed {
    /// It was refused.
    Refused(Box<Refusal>),
    /// The platform failed.
    Fault(Fault),
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

#[cfg(target_os = "unknown")]
impl From<worker::Error> for Failed {
    fn from(error: worker::Error) -> Self {
        Self::Fault(error.into())
    }
}

impl Failed {
    pub(crate) fn is(&self, code: Code) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == code)
    }

    /// What the client is told: of a fault only that there was one.
    pub(crate) fn refusal(self) -> Refusal {
        match self {
            Self::Refused(refusal) => *refusal,
            Self::Fault(Fault::Storage(trouble)) => trouble.refusal(),
            Self::Fault(Fault::CutOff) => {
                Refusal::new(Code::BadRequest, "the body ended before it was whole")
            }
            Self::Fault(_) => Refusal::new(Code::Unavailable, "send the same request again")
                .retry_after(Duration::from_secs(1)),
        }
    }
}

impl<N> Response<N> {
    /// What the core answers.
    pub(crate) fn of(answer: &Answer) -> Self {
        let mut response = Self {
            status: answer.status,
            headers: vec![
                ("content-type", answer.content_type().into()),
                ("cache-control", "no-store".into()),
                ("x-content-type-options", "nosniff".into()),
            ],
            payload: Payload::Bytes(answer.body.clone().into_bytes()),
        };
        if let Some(seconds) = answer.retry_after {
            response.headers.push(("retry-after", seconds.to_string()));
        }
        response
    }

    /// 200 with a message of the contract.
    pub(crate) fn ok(message: &impl Serialize) -> Self {
        Self::of(&Answer::ok(message))
    }

    /// 200 with a text of that type, not to be kept.
    pub(crate) fn text(content_type: &str, text: String) -> Self {
        Self {
            status: 200,
            headers: vec![
                ("content-type", content_type.into()),
                ("cache-control", "no-store".into()),
            ],
            payload: Payload::Bytes(text.into_bytes()),
        }
    }

    /// A response of the host's own making.
    pub(crate) fn native(status: u16, native: N) -> Self {
        Self { status, headers: Vec::new(), payload: Payload::Native(native) }
    }

    /// A stream of server-sent events.
    pub(crate) fn event_stream(native: N) -> Self {
        Self::native(200, native)
            .header("content-type", "text/event-stream; charset=utf-8")
            .header("cache-control", "no-cache, no-transform")
            // nginx would hold it back.
            .header("x-accel-buffering", "no")
    }

    /// With a header, in the place of one of that name.
    #[must_use]
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }
}
