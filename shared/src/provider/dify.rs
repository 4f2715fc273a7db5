//! `dify`: chat, agent and chatflow apps of Dify.
//!
//! Frames are unnamed: a JSON object's `event` tells. There is no `[DONE]`, and the connection may
//! stay open long after the end.

use super::answer::Answer;
use super::files::{Taken, Takes};
use super::json::{self, Node};
use super::sse::Frame;
use super::{
    Adapter, Ask, Attachment, Citation, Class, Dialect, Failure, Ids, Keeps, Outcome, RequestParts,
    ResponseHead, ToolCall, chat, endpoint, failure,
};
use serde_json::Value;
use std::fmt::Write as _;

pub(super) static ADAPTER: Adapter = Adapter {
    request,
    dialect: |head| Box::new(Dify { head, ..Dify::default() }),
    cancel,
    keeps: Keeps::UnderItsName,
    takes: Some(Takes {
        upload: Some(|ask| endpoint::join(ask.provider, "v1", "files/upload")),
        put: put_files,
    }),
};

/// An app that declares this variable gets the rounds before in it.
const HISTORY: &str = "history";

/// There is no list of messages: what Dify does not remember is told in words.
fn request(ask: &Ask<'_>) -> Result<RequestParts, Failure> {
    let url = endpoint::join(ask.provider, "v1", "chat-messages")?;
    let mut inputs = json::texts(&ask.provider.inputs);
    let mut query = ask.question.to_owned();
    let transcript = transcript(ask);
    if ask.provider.inputs.contains_key(HISTORY) {
        json::put(&mut inputs, HISTORY, transcript.into());
    } else if !transcript.is_empty() {
        query = format!("{transcript}Q: {query}");
    }
    let mut body = json::object(&mut [
        ("query", query.into()),
        ("inputs", inputs),
        ("user", ask.visitor.into()),
        ("response_mode", "streaming".into()),
        // It costs a model's call and keeps the connection open (section 3.1).
        ("auto_generate_name", false.into()),
    ]);
    if let Some(memory) = ask.memory {
        json::put(&mut body, "conversation_id", memory.conversation.into());
    }
    ask.post(url, &body)
}

fn put_files(body: &mut Value, files: &[Taken]) {
    let file = |file: &Taken| {
        let kind = if file.kind == "file" { "document" } else { file.kind };
        json::object(&mut [
            ("type", kind.into()),
            ("transfer_method", "local_file".into()),
            ("upload_file_id", file.reference.as_str().into()),
        ])
    };
    json::put(body, "files", files.iter().map(file).collect());
}

fn transcript(ask: &Ask<'_>) -> String {
    ask.context().iter().fold(String::new(), |mut text, round| {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "Q: {}\nA: {}\n", round.question, round.answer);
        text
    })
}

/// It is ignored in silence unless the user is the same.
fn cancel(ask: &Ask<'_>, ids: &Ids) -> Option<RequestParts> {
    let mut url = endpoint::join(ask.provider, "v1", "chat-messages").ok()?;
    url.path_segments_mut().ok()?.push(ids.task.as_deref()?).push("stop");
    ask.post(url, &json::object(&mut [("user", ask.visitor.into())])).ok()
}

#[derive(Clone, Default)]
struct Dify {
    head: ResponseHead,
    /// An agent's pieces came: a `message` after them repeats them all.
    agent: bool,
    calls: Vec<ToolCall>,
    /// It is a chatflow, which tells how it finished before `message_end` or after it.
    flow: bool,
    finish: Option<Finish>,
    /// `message_end` has come.
    done: bool,
}

/// How a chatflow finished.
#[derive(Clone)]
enum Finish {
    Well,
    Paused,
    Stopped,
    Failed(Failure),
}

impl Dialect for Dify {
    fn frame(&mut self, frame: Frame<'_>, answer: &mut Answer) {
        match json::parse(frame.data) {
            Some(value) => self.event(&value, answer),
            None if frame.event == "error" => {
                answer.fail(Failure::new(Class::Upstream, "error").with_message(frame.data));
            }
            None if frame.event.is_empty() && frame.data.starts_with('{') => answer.garbled(),
            None => answer.skip(),
        }
    }

    fn whole(&mut self, body: &Node<'_>, answer: &mut Answer) {
        if json::text(body, "event").is_none() && body.get("answer").is_none() {
            let unexpected = || Failure::new(Class::Protocol, "unexpected_body");
            return answer.fail(complaint(body).unwrap_or_else(unexpected));
        }
        learn(body, answer);
        answer.say("", json::text(body, "answer").unwrap_or_default());
        self.ended(body, answer);
    }

    fn refusal(&self, body: &Node<'_>) -> Failure {
        self.head.refusal(complaint(body))
    }

    fn close(&mut self, answer: &mut Answer) {
        if self.done || self.finish.is_some() {
            return self.end(answer);
        }
        answer.end(Outcome::Truncated(Failure::truncated()));
    }
}

impl Dify {
    fn event(&mut self, value: &Node<'_>, answer: &mut Answer) {
        let Some(event) = json::text(value, "event") else {
            return match complaint(value) {
                Some(failure) => answer.fail(failure),
                None => answer.skip(),
            };
        };
        if event == "ping" {
            return;
        }
        answer.progress();
        learn(value, answer);
        let text = json::text(value, "answer").unwrap_or_default();
        match event {
            // Apps of agents may close with the whole answer (section 3.2).
            "message" if self.agent && !text.is_empty() => answer.settle("", text),
            "message" => answer.say("", text),
            "agent_message" => {
                self.agent = true;
                answer.say("", text);
            }
            "message_replace" => answer.replace("", text),
            "agent_thought" => self.thought(value, answer),
            "reasoning_chunk" => {
                let reasoning = value.get("data").and_then(|data| json::text(data, "reasoning"));
                answer.think(reasoning.unwrap_or_default());
            }
            "message_file" => attach(value, answer),
            "message_end" => self.ended(value, answer),
            "error" => answer.fail(complaint(value).unwrap_or_else(unnamed)),
            _ => self.flow(event, value, answer),
        }
    }

    /// What only chatflows say.
    fn flow(&mut self, event: &str, value: &Node<'_>, answer: &mut Answer) {
        match event {
            "workflow_started" => self.flow = true,
            "workflow_finished" => self.finished(value.get("data").unwrap_or(value), answer),
            // Branches may go on until the pause itself comes.
            "human_input_required" => {
                self.finish = Some(Finish::Paused);
                answer.linger();
            }
            "workflow_paused" => answer.end(Outcome::RequiresAction),
            _ => answer.skip(),
        }
    }

    fn finished(&mut self, data: &Node<'_>, answer: &mut Answer) {
        self.finish = Some(match json::text(data, "status") {
            Some("failed") => Finish::Failed(
                Failure::new(Class::Upstream, "workflow_failed")
                    .with_message(json::text(data, "error").unwrap_or_default()),
            ),
            Some("stopped") => Finish::Stopped,
            Some("paused") => Finish::Paused,
            _ => Finish::Well,
        });
        // `message_end`, or the error itself, comes next.
        if self.done { self.end(answer) } else { answer.linger() }
    }

    /// `message_end`: versions differ in whether a chatflow finishes before it or after.
    fn ended(&mut self, value: &Node<'_>, answer: &mut Answer) {
        self.done = true;
        let metadata = value.get("metadata").unwrap_or(&Node::Null);
        if let Some(usage) = metadata.get("usage").and_then(chat::usage) {
            answer.use_tokens(usage);
        }
        json::list(metadata, "retriever_resources").for_each(|source| cite(source, answer));
        json::list(value, "files").for_each(|file| attach(file, answer));
        if self.flow && self.finish.is_none() { answer.linger() } else { self.end(answer) }
    }

    fn end(&mut self, answer: &mut Answer) {
        match self.finish.take() {
            Some(Finish::Failed(failure)) => answer.fail(failure),
            Some(Finish::Paused) => answer.end(Outcome::RequiresAction),
            Some(Finish::Stopped) => answer.end(Outcome::Cancelled),
            Some(Finish::Well) | None => {
                std::mem::take(&mut self.calls).into_iter().for_each(|call| answer.call(call));
                answer.complete();
            }
        }
    }

    /// The same thought grows; only its tool is of use, since its text is the answer's.
    fn thought(&mut self, thought: &Node<'_>, answer: &mut Answer) {
        let Some(tool) = json::text(thought, "tool") else { return };
        let id = json::text(thought, "id").unwrap_or_default();
        let arguments = json::any(thought, "tool_input").unwrap_or_default();
        if !answer.charge(tool.len() + arguments.len()) {
            return;
        }
        let arguments = arguments.into_owned();
        let call = ToolCall { id: id.to_owned(), name: tool.to_owned(), arguments };
        match self.calls.iter_mut().find(|known| known.id == id) {
            Some(known) => *known = call,
            None => self.calls.push(call),
        }
    }
}

fn learn(value: &Node<'_>, answer: &mut Answer) {
    answer.name(|ids| &mut ids.conversation, json::text(value, "conversation_id"));
    answer.name(|ids| &mut ids.message, json::text(value, "message_id"));
    answer.name(|ids| &mut ids.task, json::text(value, "task_id"));
}

fn attach(file: &Node<'_>, answer: &mut Answer) {
    let text = |key| json::text(file, key).unwrap_or_default().to_owned();
    let url = json::text(file, "url").or(json::text(file, "remote_url")).unwrap_or_default();
    if !url.is_empty() && json::text(file, "belongs_to") != Some("user") {
        let file = Attachment { kind: text("type"), name: text("filename"), url: url.to_owned() };
        answer.attach(file);
    }
}

fn cite(source: &Node<'_>, answer: &mut Answer) {
    let position = json::count(source, "position").and_then(|count| u32::try_from(count).ok());
    let document = json::text(source, "document_name").or(json::text(source, "title"));
    answer.cite(Citation {
        position: position.unwrap_or(0),
        document: document.unwrap_or_default().to_owned(),
        score: json::number(source, "score"),
    });
}

fn unnamed() -> Failure {
    Failure::new(Class::Upstream, "error")
}

/// `{"code":…,"message":…,"status":…}`. The status is the app's about its model, not ours.
fn complaint(value: &Node<'_>) -> Option<Failure> {
    let code = json::word(value, "code")?;
    let message = json::text(value, "message").unwrap_or_default();
    let lower = message.to_lowercase();
    if failure::TOO_LONG.iter().any(|words| lower.contains(words)) {
        return Some(Failure::too_long(&code).with_message(message));
    }
    Some(Failure::new(class(&code, message), &code).with_message(message))
}

/// The table of errors (section 3.3).
fn class(code: &str, message: &str) -> Class {
    match code {
        // A workflow that fails is labelled as a request that is wrong.
        _ if message.starts_with("Run failed") => Class::Upstream,
        "invalid_param" | "bad_request" | "file_too_large" | "unsupported_file_type" => {
            Class::BadRequest
        }
        "not_found" if message.contains("Conversation") => Class::ConversationGone,
        "conversation_completed" => Class::ConversationGone,
        "app_unavailable"
        | "not_chat_app"
        | "provider_not_initialize"
        | "model_currently_not_support"
        | "not_found"
        | "forbidden"
        | "workflow_version_execution_not_allowed" => Class::Config,
        // The plan's: waiting does not help.
        "provider_quota_exceeded" | "rate_limit_error" => Class::Quota,
        // Requests at once.
        "too_many_requests" => Class::RateLimited,
        "unauthorized" => Class::Auth,
        _ => Class::Upstream,
    }
}

#[cfg(test)]
mod tests;
