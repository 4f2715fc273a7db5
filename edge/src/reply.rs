//! Responses from what the core answers.

use kefu_durable::Fault;
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::wire::Answer;
use std::time::Duration;
use worker::{Response, console_error};

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
    pub(crate) fn answer(&self) -> Answer {
        match self {
            Self::Refused(refusal) => Answer::refused(refusal),
            Self::Fault(fault) => {
                console_error!("edge: {fault}");
                let refusal = Refusal::new(Code::Unavailable, "send the same request again");
                Answer::refused(&refusal.retry_after(Duration::from_secs(1)))
            }
        }
    }
}

/// What an object answered, for a client.
pub(crate) fn passed_on(answered: &Response) -> Result<Response, Failed> {
    let headers = answered.headers().clone();
    // What is to be kept says so itself.
    if headers.get("cache-control")?.is_none() {
        headers.set("cache-control", "no-store")?;
    }
    headers.set("x-content-type-options", "nosniff")?;
    Ok(Response::from_body(answered.body().clone())?
        .with_status(answered.status_code())
        .with_headers(headers))
}

pub(crate) fn respond(answer: &Answer) -> worker::Result<Response> {
    let mut response = Response::ok(&answer.body)?.with_status(answer.status);
    let headers = response.headers_mut();
    headers.set("content-type", answer.content_type())?;
    headers.set("cache-control", "no-store")?;
    headers.set("x-content-type-options", "nosniff")?;
    if let Some(seconds) = answer.retry_after {
        headers.set("retry-after", &seconds.to_string())?;
    }
    Ok(response)
}
