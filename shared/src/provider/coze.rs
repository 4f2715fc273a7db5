//! `coze` (`kouzi`): Coze v3 chats, as the clouds and coze-studio speak them.
//!
//! Frames are named, one JSON object each; refusals are JSON under HTTP 200, told by their `code`.

use super::answer::Answer;
use super::files::{Taken, Takes};
use super::json::{self, Node};
use super::sse::Frame;
use super::{
    Adapter, Ask, Attachment, Class, Dialect, Failure, Ids, Keeps, MAX_PAUSE, Outcome, Remedy,
    RequestParts, ResponseHead, ToolCall, Usage, endpoint,
};
use serde_json::Value;
use url::Url;

pub mod oauth;
pub mod tokens;

pub(super) static ADAPTER: Adapter = Adapter {
    request,
    dialect: |head| Box::new(Coze { head, thinks: false, interrupted: false }),
    cancel,
    keeps: Keeps::UnderItsName,
    takes: Some(Takes {
        upload: Some(|ask| endpoint::at(ask.provider, "v1/files/upload")),
        put: put_files,
    }),
};

/// The context and, last, the question; the conversation's id is in the query.
fn request(ask: &Ask<'_>) -> Result<RequestParts, Failure> {
    let bot = ask.provider.bot_id.as_deref().filter(|bot| !bot.is_empty());
    let bot = bot.ok_or_else(|| Failure::config("missing_bot_id", "coze needs a `bot_id`"))?;
    let mut url = endpoint::at(ask.provider, "v3/chat")?;
    if let Some(memory) = ask.memory {
        url.query_pairs_mut().append_pair("conversation_id", memory.conversation);
    }
    let messages: Value = ask.dialogue().map(|(role, content)| message(role, content)).collect();
    let mut body = json::object(&mut [
        ("bot_id", bot.into()),
        ("user_id", ask.visitor.into()),
        ("additional_messages", messages),
        ("stream", true.into()),
        ("auto_save_history", true.into()),
    ]);
    if !ask.provider.variables.is_empty() {
        json::put(&mut body, "custom_variables", json::texts(&ask.provider.variables));
    }
    if !ask.provider.inputs.is_empty() {
        json::put(&mut body, "parameters", json::texts(&ask.provider.inputs));
    }
    post(ask, url, &body)
}

/// With the key, or with the token of an app whose configuration the key is.
fn post(ask: &Ask<'_>, url: Url, body: &Value) -> Result<RequestParts, Failure> {
    let app = oauth::App::of(ask.provider, ask.api_key.unwrap_or_default())?;
    let Some(app) = app else { return ask.post(url, body) };
    let renew = ask.remedy == Some(Remedy::NewToken);
    let sign_in = Some(Box::new(oauth::SignIn { app, renew }));
    Ok(RequestParts { sign_in, ..RequestParts::json(url.into(), body) })
}

fn message(role: &str, content: &str) -> Value {
    let kind = if role == "user" { "question" } else { "answer" };
    json::object(&mut [
        ("role", role.into()),
        ("type", kind.into()),
        ("content", content.into()),
        ("content_type", "text".into()),
    ])
}

/// The question becomes a list, in text, of its words and its files.
fn put_files(body: &mut Value, files: &[Taken]) {
    let Some(message) = json::last(body, "additional_messages") else { return };
    let words = message.get("content").and_then(Value::as_str).unwrap_or_default();
    let words = json::object(&mut [("type", "text".into()), ("text", words.into())]);
    let file = |file: &Taken| {
        // There are no videos.
        let kind = if file.kind == "video" { "file" } else { file.kind };
        json::object(&mut [("type", kind.into()), ("file_id", file.reference.as_str().into())])
    };
    let items: Value = std::iter::once(words).chain(files.iter().map(file)).collect();
    json::put(message, "content", items.to_string().into());
    json::put(message, "content_type", "object_string".into());
}

/// It does not end the open stream: the connection is to be closed as well.
fn cancel(ask: &Ask<'_>, ids: &Ids) -> Option<RequestParts> {
    let (conversation, chat) = (ids.conversation.as_deref()?, ids.task.as_deref()?);
    let url = endpoint::at(ask.provider, "v3/chat/cancel").ok()?;
    let body =
        json::object(&mut [("conversation_id", conversation.into()), ("chat_id", chat.into())]);
    post(ask, url, &body).ok()
}

#[derive(Clone)]
struct Coze {
    head: ResponseHead,
    /// Reasoning came in pieces: whole messages only repeat it.
    thinks: bool,
    /// The flow waits for the visitor, as coze-studio tells in a `verbose` message.
    interrupted: bool,
}

impl Dialect for Coze {
    fn frame(&mut self, frame: Frame<'_>, answer: &mut Answer) {
        let name = frame.event.strip_prefix("conversation.").unwrap_or(frame.event);
        // Its data has no shape: `"[DONE]"`, an object, or nothing.
        if matches!(name, "done" | "stream.done") {
            return self.close(answer);
        }
        match json::parse(frame.data) {
            Some(value) => self.event(name, &value, answer),
            None if name == "error" => answer.fail(Failure {
                code: None,
                ..Failure::new(Class::Upstream, "").with_message(frame.data)
            }),
            None if name.starts_with("message.") || name.starts_with("chat.") => {
                answer.garbled();
            }
            None => answer.skip(),
        }
    }

    fn whole(&mut self, body: &Node<'_>, answer: &mut Answer) {
        let log = body.get("detail").and_then(|detail| json::text(detail, "logid"));
        answer.name(|ids| &mut ids.request, log);
        let unexpected = || Failure::new(Class::Protocol, "unexpected_body");
        answer.fail(complaint(body).unwrap_or_else(unexpected));
    }

    fn refusal(&self, body: &Node<'_>) -> Failure {
        self.head.refusal(complaint(body))
    }

    fn close(&mut self, answer: &mut Answer) {
        answer.end(match self.interrupted {
            true => Outcome::RequiresAction,
            false => Outcome::Truncated(Failure::truncated()),
        });
    }
}

impl Coze {
    fn event(&mut self, name: &str, value: &Node<'_>, answer: &mut Answer) {
        match name {
            "message.delta" => self.delta(value, answer),
            "message.completed" => self.message(value, answer),
            "audio.delta" => answer.progress(),
            "error" => answer.fail(
                complaint(value)
                    .unwrap_or_else(|| Failure { code: None, ..Failure::new(Class::Upstream, "") }),
            ),
            _ => match name.strip_prefix("chat.") {
                Some(stage) => self.chat(stage, value, answer),
                // A stream can end with a bare refusal.
                None => match complaint(value) {
                    Some(failure) if name.is_empty() => answer.fail(failure),
                    _ => answer.skip(),
                },
            },
        }
    }

    /// More of a message. Only an answer's is for the visitor; there may be several.
    fn delta(&mut self, message: &Node<'_>, answer: &mut Answer) {
        answer.progress();
        if json::text(message, "type") != Some("answer") {
            return;
        }
        if let Some(reasoning) = json::text(message, "reasoning_content") {
            self.thinks = true;
            answer.think(reasoning);
        }
        if let (true, Some(text)) = (is_text(message), json::text(message, "content")) {
            let id = json::text(message, "id").unwrap_or_default();
            answer.name(|ids| &mut ids.message, json::text(message, "id"));
            answer.say(id, text);
        }
    }

    /// A message as a whole, which is what counts.
    fn message(&mut self, message: &Node<'_>, answer: &mut Answer) {
        answer.progress();
        let content = json::text(message, "content").unwrap_or_default();
        match json::text(message, "type") {
            Some("answer") => self.answer(message, content, answer),
            Some("follow_up") => answer.suggest(content),
            Some("verbose") => self.interrupted |= is_interrupt(content),
            _ => {}
        }
    }

    fn answer(&mut self, message: &Node<'_>, content: &str, answer: &mut Answer) {
        answer.name(|ids| &mut ids.message, json::text(message, "id"));
        if !self.thinks {
            answer.think(json::text(message, "reasoning_content").unwrap_or_default());
        }
        let id = json::text(message, "id").unwrap_or_default();
        match json::text(message, "content_type") {
            _ if content.is_empty() => {}
            Some("object_string") => several(id, content, answer),
            _ if is_text(message) => answer.settle(id, content),
            _ => {}
        }
    }

    fn chat(&mut self, stage: &str, chat: &Node<'_>, answer: &mut Answer) {
        answer.progress();
        answer.name(|ids| &mut ids.task, json::text(chat, "id"));
        answer.name(|ids| &mut ids.conversation, json::text(chat, "conversation_id"));
        match stage {
            "completed" => {
                tokens(chat, answer);
                match self.interrupted {
                    true => answer.end(Outcome::RequiresAction),
                    false => answer.complete(),
                }
            }
            "requires_action" => {
                tokens(chat, answer);
                calls(chat, answer);
                answer.end(Outcome::RequiresAction);
            }
            "failed" => answer.fail(
                chat.get("last_error")
                    .and_then(complaint)
                    .unwrap_or_else(|| Failure::new(Class::Upstream, "chat_failed")),
            ),
            // The clouds write one l, coze-studio two.
            "canceled" | "cancelled" => answer.end(Outcome::Cancelled),
            _ => {}
        }
    }
}

fn is_text(message: &Node<'_>) -> bool {
    matches!(json::text(message, "content_type"), None | Some("text"))
}

/// `{"msg_type":"interrupt",…}`, in text.
fn is_interrupt(content: &str) -> bool {
    json::parse(content).is_some_and(|value| json::text(&value, "msg_type") == Some("interrupt"))
}

/// An `object_string`: a list, in text, of texts and files.
fn several(id: &str, content: &str, answer: &mut Answer) {
    let items = json::parse(content).unwrap_or_default();
    let texts: Vec<_> = items.items().iter().filter_map(|item| json::text(item, "text")).collect();
    if !texts.is_empty() {
        answer.settle(id, &texts.join("\n"));
    }
    for item in items.items() {
        let text = |key| json::text(item, key).unwrap_or_default().to_owned();
        let file = Attachment { kind: text("type"), name: text("name"), url: text("file_url") };
        if !file.url.is_empty() {
            answer.attach(file);
        }
    }
}

/// The tools whose results are waited for; a question to the visitor has no function.
fn calls(chat: &Node<'_>, answer: &mut Answer) {
    let outputs = chat.get("required_action").and_then(|action| action.get("submit_tool_outputs"));
    for call in outputs.into_iter().flat_map(|outputs| json::list(outputs, "tool_calls")) {
        let function = call.get("function").unwrap_or(&Node::Null);
        let name = json::text(function, "name").or(json::text(call, "type")).unwrap_or_default();
        let arguments = json::any(function, "arguments").unwrap_or_default();
        let id = json::text(call, "id").unwrap_or_default();
        if answer.charge(id.len() + name.len() + arguments.len()) {
            answer.call(ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() });
        }
    }
}

/// The count is reserved and often zero, which says nothing (section 2.4).
fn tokens(chat: &Node<'_>, answer: &mut Answer) {
    let Some(usage) = chat.get("usage") else { return };
    let [input, output, total] = ["input_count", "output_count", "token_count"]
        .map(|key| json::count(usage, key).unwrap_or(0));
    if total > 0 {
        answer.use_tokens(Usage { input, output, total });
    }
}

/// `{"code":…,"msg":…}`, unless the code is 0.
fn complaint(value: &Node<'_>) -> Option<Failure> {
    let code = json::word(value, "code").or_else(|| json::word(value, "error_code"))?;
    let message = ["msg", "message", "error_message"].iter().find_map(|key| json::text(value, key));
    (code != "0").then(|| failure(&code).with_message(message.unwrap_or_default()))
}

/// The table of errors (section 2.7).
fn failure(code: &str) -> Failure {
    let class = match code {
        "4000" | "4003" | "4004" | "4005" | "4007" => Class::BadRequest,
        "4001" | "4002" => Class::ConversationGone,
        "4006" | "4012" | "4015" | "4021" | "4200" => Class::Config,
        "4008" | "4009" | "4020" | "4102" => Class::RateLimited,
        "4010" => return Failure::too_long(code),
        "4011" | "4019" | "4022" => Class::Quota,
        "4014" | "4105" => Class::ContentFilter,
        "4016" => Class::ConversationBusy,
        "4100" | "4101" | "700012006" | "401" => Class::Auth,
        // 4013 is the model's failure, whatever the vendor's SDK takes it for.
        _ => Class::Upstream,
    };
    let failure = Failure::new(class, code);
    match code {
        // Risk control: it does not pass in seconds.
        "4102" => Failure { retry_after: Some(MAX_PAUSE), ..failure },
        _ => failure,
    }
}

#[cfg(test)]
mod tests;
