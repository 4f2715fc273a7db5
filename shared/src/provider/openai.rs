//! `openai`: every service that speaks chat completions.

use super::answer::Answer;
use super::chat::Chat;
use super::sse::Frame;
use super::{
    Adapter, Ask, Class, Dialect, Failure, Method, Remedy, RequestParts, ResponseHead, endpoint,
    wait,
};
use complaint::Complaint;
use serde::Serialize;
use serde_json::Value;

mod complaint;

pub(super) static ADAPTER: Adapter = Adapter {
    request,
    dialect: |head| Box::new(OpenAi { head, chat: Chat::default() }),
    cancel: |_, _| None,
};

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    user: &'a str,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

fn request(ask: &Ask<'_>) -> Result<RequestParts, Failure> {
    let url = endpoint::join(ask.provider, "v1", "chat/completions")?;
    let model = ask.provider.model.as_deref().filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| Failure::config("missing_model", "openai needs a `model`"))?;
    let body = Body {
        model,
        messages: messages(ask),
        stream: true,
        stream_options: (ask.remedy != Some(Remedy::NoStreamOptions))
            .then_some(StreamOptions { include_usage: true }),
        user: ask.visitor,
    };
    let body = serde_json::to_vec(&body)
        .map_err(|error| Failure::config("bad_request_body", &error.to_string()))?;
    Ok(RequestParts { method: Method::Post, url, headers: headers(ask)?, body })
}

fn messages<'a>(ask: &'a Ask<'_>) -> Vec<Message<'a>> {
    let system = ask.provider.system_prompt.as_deref().map(|prompt| ("system", prompt));
    let rounds = ask.context().iter().flat_map(|round| {
        [("user", round.question.as_str()), ("assistant", round.answer.as_str())]
    });
    system
        .into_iter()
        .chain(rounds)
        .chain([("user", ask.question)])
        .filter(|(_, content)| !content.is_empty())
        .map(|(role, content)| Message { role, content })
        .collect()
}

fn headers(ask: &Ask<'_>) -> Result<Vec<(&'static str, String)>, Failure> {
    let mut headers = vec![
        ("content-type", "application/json".to_owned()),
        ("accept", "text/event-stream".to_owned()),
        ("x-client-request-id", ask.attempt.to_owned()),
    ];
    headers.extend(ask.bearer()?.map(|bearer| ("authorization", bearer)));
    Ok(headers)
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
        let Ok(value) = serde_json::from_str::<Value>(data) else {
            return self.unreadable(&frame, answer);
        };
        if let Some(error) = Complaint::find(&value, frame.event == "error") {
            return answer.fail(error.failure(None));
        }
        if !self.chat.read(&value, answer) {
            answer.skip();
        }
    }

    fn whole(&mut self, body: &Value, answer: &mut Answer) {
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

    fn refusal(&self, body: &Value) -> Failure {
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
                answer.fail(Failure::new(Class::Protocol, "malformed_frame"));
            }
            _ => answer.skip(),
        }
    }
}

#[cfg(test)]
mod tests;
