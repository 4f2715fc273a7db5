//! `workers_ai`: Workers AI by the host's binding, or over REST in its native form and in OpenAI's.

use super::answer::Answer;
use super::chat::{self, Chat};
use super::json::{self, Node};
use super::sse::Frame;
use super::{
    Adapter, Ask, Class, Dialect, Failure, Keeps, RequestParts, ResponseHead, endpoint, failure,
};

pub(super) static ADAPTER: Adapter = Adapter {
    request,
    dialect: |head| Box::new(WorkersAi { head, chat: Chat::default() }),
    cancel: |_, _| None,
    keeps: Keeps::Nothing,
    // Each model takes pictures in a way of its own, if any.
    takes: None,
};

/// The native form's own limit, 256, cuts answers off.
const MOST_TOKENS: u32 = 2048;

/// In OpenAI's form where the endpoint ends with `v1`, else in the native one; by the binding
/// where there is no endpoint.
fn request(ask: &Ask<'_>) -> Result<RequestParts, Failure> {
    let model = chat::model(ask)?;
    let inputs = json::object(&mut [
        ("messages", chat::messages(ask)),
        ("stream", true.into()),
        ("max_tokens", MOST_TOKENS.into()),
    ]);
    if ask.provider.endpoint.is_none() {
        let body = inputs.to_string().into_bytes();
        return Ok(RequestParts { body, model: Some(model.to_owned()), ..RequestParts::default() });
    }
    let mut url = endpoint::base(ask.provider)?;
    let path = url.path().trim_end_matches('/');
    if path.ends_with("/v1") || path.ends_with("/chat/completions") {
        let url = endpoint::join(ask.provider, "v1", "chat/completions")?;
        return ask.post(url, &chat::body(ask)?);
    }
    // `…/accounts/ID`, with or without `ai` and `run`; a gateway's path ends with its own name.
    let missing = match path {
        _ if path.contains("/ai/run/") => "",
        _ if path.ends_with("/ai/run") || path.ends_with("/workers-ai") => "/",
        _ if path.ends_with("/ai") => "/run/",
        _ => "/ai/run/",
    };
    let named = path.trim_end_matches(model);
    let path = [named, missing, model].concat();
    url.set_path(&path);
    ask.post(url, &inputs)
}

#[derive(Clone)]
struct WorkersAi {
    head: ResponseHead,
    chat: Chat,
}

impl Dialect for WorkersAi {
    fn frame(&mut self, frame: Frame<'_>, answer: &mut Answer) {
        let data = frame.data.trim();
        if data == "[DONE]" {
            return self.chat.done(answer);
        }
        match json::parse(data) {
            Some(value) => match complaint(&value) {
                Some(failure) => answer.fail(failure),
                None => self.read(&value, answer),
            },
            None if frame.event == "error" => answer.fail(of_text(data)),
            None if frame.event.is_empty() && data.starts_with('{') => answer.garbled(),
            None => answer.skip(),
        }
    }

    fn whole(&mut self, body: &Node<'_>, answer: &mut Answer) {
        if let Some(failure) = complaint(body) {
            return answer.fail(failure);
        }
        self.read(body.get("result").filter(|result| result.is_object()).unwrap_or(body), answer);
        if !answer.ended() {
            self.chat.done(answer);
        }
    }

    fn refusal(&self, body: &Node<'_>) -> Failure {
        self.head.refusal(complaint(body).filter(|failure| failure.code.is_some()))
    }

    fn close(&mut self, answer: &mut Answer) {
        self.chat.close(answer);
    }
}

impl WorkersAi {
    /// A frame may say the same token twice, natively and as a chunk: the chunk's counts.
    fn read(&mut self, value: &Node<'_>, answer: &mut Answer) {
        let chunk = value.get("choices").and_then(|choices| choices.first());
        let chunk = chunk.and_then(|choice| choice.get("delta").or_else(|| choice.get("message")));
        let said = chunk.is_some_and(|delta| json::text(delta, "content").is_some());
        let known = self.chat.read(value, answer) | value.get("response").is_some();
        if !said && let Some(text) = json::any(value, "response") {
            self.chat.text(&text, answer);
        }
        for (index, call) in (0..).zip(json::list(value, "tool_calls")) {
            self.chat.tool(index, call.get("function").unwrap_or(call), answer);
        }
        if known { answer.progress() } else { answer.skip() }
    }
}

/// `{"errors":[{"code":…,"message":…}]}`, OpenAI's `error`, an object or a text, or what the
/// binding is told: `{"internalCode":…,"description":…}`.
fn complaint(value: &Node<'_>) -> Option<Failure> {
    if let Some(code) = json::word(value, "internalCode") {
        return Some(of_code(&code, json::text(value, "description").unwrap_or_default()));
    }
    if let Some(error) = value.get("errors").and_then(|errors| errors.first()) {
        return Some(of_object(error));
    }
    match value.get("error") {
        Some(Node::Text(text)) => Some(of_text(text)),
        Some(error @ Node::Object(_)) => Some(of_object(error)),
        _ if matches!(value.get("success"), Some(Node::Bool(false))) => Some(of_text("")),
        _ => None,
    }
}

fn of_object(error: &Node<'_>) -> Failure {
    let message = json::text(error, "message").unwrap_or_default();
    match json::word(error, "code").or_else(|| json::word(error, "internal_code")) {
        Some(code) if class(&code).is_some() => of_code(&code, message),
        Some(code) => {
            let said = of_text(message);
            if said.code.is_some() { said } else { Failure { code: Some(code), ..said } }
        }
        None => of_text(message),
    }
}

/// The number stands in the text, as in `AiError: 3040: Capacity temporarily exceeded`.
fn of_text(text: &str) -> Failure {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit());
    match numbers.find(|number| number.len() >= 4 && class(number).is_some()) {
        Some(code) => of_code(code, text),
        None => Failure { code: None, ..Failure::new(Class::Upstream, "").with_message(text) },
    }
}

fn of_code(code: &str, message: &str) -> Failure {
    let lower = message.to_lowercase();
    if code == "3006" || failure::TOO_LONG.iter().any(|words| lower.contains(words)) {
        return Failure::too_long(code).with_message(message);
    }
    let class = class(code).unwrap_or(Class::Upstream);
    Failure::new(class, code).with_message(message)
}

/// The table of errors (section 6).
fn class(code: &str) -> Option<Class> {
    Some(match code {
        // The day's free share is used up.
        "3036" => Class::Quota,
        "3040" | "429" => Class::RateLimited,
        "3007" | "408" => Class::Timeout,
        "3008" => Class::Upstream,
        "3003" | "3006" | "400" | "413" => Class::BadRequest,
        "5007" | "3042" | "5016" | "404" => Class::Config,
        "3023" | "3041" | "10000" | "401" | "403" => Class::Auth,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
