//! Chat completions as streams and bodies carry them: what `openai` and its relatives share.

use super::answer::Answer;
use super::files::Taken;
use super::json::{self, Node};
use super::thoughts::Thoughts;
use super::{Ask, Class, Failure, Outcome, ToolCall, Usage};
use serde_json::Value;

/// The body of a request for a stream, with what every server takes.
pub(super) fn body(ask: &Ask<'_>) -> Result<Value, Failure> {
    Ok(json::object(&mut [
        ("model", model(ask)?.into()),
        ("messages", messages(ask)),
        ("stream", true.into()),
        ("user", ask.visitor.into()),
    ]))
}

/// The model that is configured.
pub(super) fn model<'a>(ask: &Ask<'a>) -> Result<&'a str, Failure> {
    let model = ask.provider.model.as_deref().filter(|model| !model.is_empty());
    model.ok_or_else(|| Failure::config("missing_model", "the provider needs a `model`"))
}

/// What the model is told before, the context, and the question.
pub(super) fn messages(ask: &Ask<'_>) -> Value {
    let system = ask.provider.system_prompt.as_deref().filter(|prompt| !prompt.is_empty());
    let messages = system.map(|prompt| ("system", prompt)).into_iter().chain(ask.dialogue());
    messages.map(|(role, content)| message(role, content)).collect()
}

/// One message.
pub(super) fn message(role: &str, content: &str) -> Value {
    json::object(&mut [("role", role.into()), ("content", content.into())])
}

/// Pictures stand beside the text of the last message.
pub(super) fn put_pictures(body: &mut Value, files: &[Taken]) {
    let Some(content) = json::last(body, "messages").and_then(|last| last.get_mut("content"))
    else {
        return;
    };
    let text = json::object(&mut [("type", "text".into()), ("text", content.take())]);
    let picture = |file: &Taken| {
        let url = json::object(&mut [("url", file.reference.as_str().into())]);
        json::object(&mut [("type", "image_url".into()), ("image_url", url)])
    };
    *content = std::iter::once(text).chain(files.iter().map(picture)).collect();
}

/// What a `chat.completion` and its chunks have said so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Chat {
    calls: Vec<Call>,
    thoughts: Thoughts,
    /// The last `finish_reason` that is not empty.
    finish: Option<String>,
}

/// A tool call whose pieces come one by one.
#[derive(Clone, Debug)]
struct Call {
    index: Option<u64>,
    call: ToolCall,
}

impl Chat {
    /// Reads one chunk, or a whole completion. False if it is neither.
    pub(super) fn read(&mut self, value: &Node<'_>, answer: &mut Answer) -> bool {
        let known = self.take(value, answer);
        if known {
            answer.progress();
        }
        known
    }

    /// Reads text that came in another field than chat completions have.
    pub(super) fn text(&mut self, text: &str, answer: &mut Answer) {
        self.thoughts.split(text, answer);
    }

    /// Ends the answer: the protocol's end has come.
    pub(super) fn done(&mut self, answer: &mut Answer) {
        self.thoughts.flush(answer);
        let calls = std::mem::take(&mut self.calls);
        if calls.is_empty() {
            return answer.complete();
        }
        calls.into_iter().for_each(|Call { call, .. }| answer.call(call));
        answer.end(Outcome::RequiresAction);
    }

    /// Ends the answer: the body has ended without the protocol's end. A finish reason will do;
    /// a count of tokens only tells that the server is sloppy.
    pub(super) fn close(&mut self, answer: &mut Answer) {
        if self.finish.is_some() {
            return self.done(answer);
        }
        self.thoughts.flush(answer);
        let excused = answer.usage().is_some();
        answer.end(Outcome::Truncated(Failure { excused, ..Failure::truncated() }));
    }

    fn take(&mut self, value: &Node<'_>, answer: &mut Answer) -> bool {
        answer.name(|ids| &mut ids.message, json::text(value, "id"));
        let usage = value.get("usage").and_then(usage);
        if let Some(usage) = usage {
            answer.use_tokens(usage);
        }
        let choices = value.get("choices").filter(|choices| matches!(choices, Node::List(_)));
        let Some(choice) = json::list(value, "choices").find(|choice| is_first(choice)) else {
            return choices.is_some() || usage.is_some();
        };
        if let Some(delta) = choice.get("delta").or_else(|| choice.get("message")) {
            self.delta(delta, answer);
        }
        if let Some(reason) = json::text(choice, "finish_reason") {
            self.finish(reason, answer);
        }
        true
    }

    fn delta(&mut self, delta: &Node<'_>, answer: &mut Answer) {
        let reasoning = json::text(delta, "reasoning_content").or(json::text(delta, "reasoning"));
        answer.think(reasoning.unwrap_or_default());
        match delta.get("content") {
            Some(Node::Text(text)) => self.thoughts.split(text, answer),
            Some(Node::List(items)) => items.iter().for_each(|item| content_item(item, answer)),
            _ => {}
        }
        // A refusal is the model's own answer, meant for the person who asks.
        answer.say("", json::text(delta, "refusal").unwrap_or_default());
        json::list(delta, "tool_calls").for_each(|call| self.tool_call(call, answer));
        if let Some(call) = delta.get("function_call").filter(|call| call.is_object()) {
            self.function(Some(0), None, call, answer);
        }
    }

    /// Reads a tool call that came as a whole.
    pub(super) fn tool(&mut self, index: u64, function: &Node<'_>, answer: &mut Answer) {
        self.function(Some(index), None, function, answer);
    }

    fn tool_call(&mut self, call: &Node<'_>, answer: &mut Answer) {
        let function = call.get("function").unwrap_or(&Node::Null);
        self.function(json::count(call, "index"), json::text(call, "id"), function, answer);
    }

    /// Adds a piece to the call that it belongs to.
    fn function(
        &mut self,
        index: Option<u64>,
        id: Option<&str>,
        piece: &Node<'_>,
        answer: &mut Answer,
    ) {
        let name = json::text(piece, "name").unwrap_or_default();
        let arguments = json::any(piece, "arguments").unwrap_or_default();
        let known = self.known(index, id);
        let overhead = if known.is_some() { 0 } else { size_of::<Call>() + name.len() };
        if !answer.charge(overhead + arguments.len()) {
            return;
        }
        let at = known.unwrap_or(self.calls.len());
        if known.is_none() {
            self.calls.push(Call { index, call: ToolCall::default() });
        }
        if let Some(Call { call, .. }) = self.calls.get_mut(at) {
            // Lax servers repeat id and name with every piece of the arguments.
            [(id.unwrap_or_default(), &mut call.id), (name, &mut call.name)]
                .into_iter()
                .filter(|(new, known)| known.is_empty() && !new.is_empty())
                .for_each(|(new, known)| new.clone_into(known));
            call.arguments.push_str(&arguments);
        }
    }

    /// Where the call is: by index; without one by id, or else the last one.
    fn known(&self, index: Option<u64>, id: Option<&str>) -> Option<usize> {
        match index {
            Some(_) => self.calls.iter().position(|known| known.index == index),
            None => self.calls.iter().rposition(|known| id.is_none_or(|id| known.call.id == id)),
        }
    }

    fn finish(&mut self, reason: &str, answer: &mut Answer) {
        self.finish = Some(reason.to_owned());
        match reason {
            "content_filter" => answer.fail(Failure::new(Class::ContentFilter, reason)),
            "error" => answer.fail(Failure::new(Class::Upstream, "finish_error")),
            // The count of tokens and `[DONE]` may follow.
            _ => answer.linger(),
        }
    }
}

/// The first of several alternatives; lax servers leave the index out.
fn is_first(choice: &Node<'_>) -> bool {
    json::count(choice, "index").unwrap_or(0) == 0
}

/// One item of a content that is a list: text, or Mistral's `thinking`, itself a list.
fn content_item(item: &Node<'_>, answer: &mut Answer) {
    match item.get("thinking") {
        Some(Node::List(thoughts)) => {
            thoughts
                .iter()
                .filter_map(|thought| json::text(thought, "text"))
                .for_each(|text| answer.think(text));
        }
        Some(Node::Text(text)) => answer.think(text),
        _ => answer.say("", json::text(item, "text").unwrap_or_default()),
    }
}

/// `prompt_tokens`, `completion_tokens`, `total_tokens`; the sum where the total is left out.
pub(super) fn usage(value: &Node<'_>) -> Option<Usage> {
    let [input, output, total] =
        ["prompt_tokens", "completion_tokens", "total_tokens"].map(|key| json::count(value, key));
    input.or(output).or(total)?;
    let (input, output) = (input.unwrap_or(0), output.unwrap_or(0));
    Some(Usage { input, output, total: total.unwrap_or(input.saturating_add(output)) })
}
