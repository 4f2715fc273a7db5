//! `openai`: every service that speaks chat completions.

use super::answer::Answer;
use super::chat::{self, Chat};
use super::files::Takes;
use super::json::{self, Node};
use super::sse::Frame;
use super::{
    Adapter, Ask, Class, Dialect, Failure, Keeps, Remedy, RequestParts, ResponseHead, endpoint,
    wait,
};
use complaint::Complaint;

mod complaint;

pub(super) static ADAPTER: Adapter = Adapter {
    request,
    dialect: |head| Box::new(OpenAi { head, chat: Chat::default() }),
    cancel: |_, _| None,
    keeps: Keeps::Nothing,
    takes: Some(Takes { upload: None, put: chat::put_pictures }),
};

fn request(ask: &Ask<'_>) -> Result<RequestParts, Failure> {
    let url = endpoint::join(ask.provider, "v1", "chat/completions")?;
    let mut body = chat::body(ask)?;
    // Some servers refuse what they do not know (section 5).
    if ask.remedy != Some(Remedy::NoStreamOptions) {
        json::put(&mut body, "stream_options", json::object(&mut [("include_usage", true.into())]));
    }
    let mut parts = ask.post(url, &body)?;
    parts.headers.push(("x-client-request-id", ask.attempt.to_owned()));
    Ok(parts)
}

#[derive(Clone)]
struct OpenAi {
    head: ResponseHead,
    chat: Chat,
}

impl Dialect for OpenAi {
    fn frame(&mut self, frame: Frame<'_>, answer: &mut Answer) {
        let data = frame.data.trim();
        if matches!(data, "[DONE]" | "\"[DONE]\"") {
            return self.chat.done(answer);
        }
        let Some(value) = json::parse(data) else {
            return self.unreadable(&frame, answer);
        };
        if let Some(error) = Complaint::find(&value, frame.event == "error") {
            return answer.fail(error.failure(None));
        }
        if !self.chat.read(&value, answer) {
            answer.skip();
        }
    }

    fn whole(&mut self, body: &Node<'_>, answer: &mut Answer) {
        if let Some(error) = Complaint::find(body, false) {
            return answer.fail(error.failure(None));
        }
        if !self.chat.read(body, answer) {
            answer.fail(Failure::new(Class::Protocol, "unexpected_body"));
        }
        if !answer.ended() {
            self.chat.done(answer);
        }
    }

    fn refusal(&self, body: &Node<'_>) -> Failure {
        let error = Complaint::find(body, true).unwrap_or_default();
        let mut failure = error.failure(Some(self.head.status));
        failure.retry_after = wait::asked(&self.head).or(failure.retry_after);
        if self.head.header("x-should-retry") == Some("false")
            && failure.remedy == Some(Remedy::Again)
        {
            failure.remedy = None;
        }
        failure
    }

    fn close(&mut self, answer: &mut Answer) {
        self.chat.close(answer);
    }
}

impl OpenAi {
    /// Broken JSON is a broken protocol, unless no one knows the frame; pings are text or nothing.
    fn unreadable(&mut self, frame: &Frame<'_>, answer: &mut Answer) {
        match frame.event {
            "error" => answer.fail(Complaint::text(frame.data).failure(None)),
            "" | "message" if frame.data.trim_start().starts_with('{') => {
                answer.garbled();
            }
            _ => answer.skip(),
        }
    }
}

#[cfg(test)]
mod tests;
