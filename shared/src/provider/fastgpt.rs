//! `fastgpt`: FastGPT's chat completions, v1 and v2, with and without details.
//!
//! They look like OpenAI's and are not: errors are frames named `error` under HTTP 200, a body's
//! `code` counts and the status does not, tokens and sources are in the records of nodes, which
//! v1 sends after `[DONE]`.

use super::answer::Answer;
use super::files::Takes;
use super::json::{self, Node};
use super::sse::Frame;
use super::{
    Adapter, Ask, Citation, Class, Dialect, Failure, Ids, Keeps, Outcome, RequestParts,
    ResponseHead, ToolCall, Usage, chat, endpoint, failure, wait,
};
use serde_json::Value;

pub(super) static ADAPTER: Adapter = Adapter {
    request,
    dialect: |head| Box::new(FastGpt { head, ..FastGpt::default() }),
    cancel,
    keeps: Keeps::UnderOurName,
    takes: Some(Takes { upload: None, put: chat::put_pictures }),
};

/// `chatId` decides what is remembered: earlier messages are added to those that are stored.
fn request(ask: &Ask<'_>) -> Result<RequestParts, Failure> {
    let url = endpoint::join(ask.provider, "v1", "chat/completions")?;
    let messages: Value = ask.dialogue().map(|(role, text)| chat::message(role, text)).collect();
    let chat = ask.memory.map_or(ask.attempt, |memory| memory.conversation);
    let mut body = json::object(&mut [
        ("messages", messages),
        ("stream", true.into()),
        ("detail", true.into()),
        ("chatId", chat.into()),
        ("responseChatItemId", ask.attempt.into()),
        ("customUid", ask.visitor.into()),
    ]);
    if !ask.provider.variables.is_empty() {
        json::put(&mut body, "variables", json::texts(&ask.provider.variables));
    }
    ask.post(url, &body)
}

/// Only v2 can be told, and only by the app's id (section 4.5).
fn cancel(ask: &Ask<'_>, ids: &Ids) -> Option<RequestParts> {
    let app = ask.provider.bot_id.as_deref().filter(|app| !app.is_empty())?;
    let mut url = endpoint::join(ask.provider, "v1", "chat/completions").ok()?;
    url.path_segments()?.any(|part| part == "v2").then_some(())?;
    url.path_segments_mut().ok()?.pop().push("stop");
    let chat = ids.conversation.as_deref()?;
    ask.post(url, &json::object(&mut [("appId", app.into()), ("chatId", chat.into())])).ok()
}

#[derive(Clone, Default)]
struct FastGpt {
    head: ResponseHead,
    /// The tools that the app itself called.
    calls: Vec<ToolCall>,
    usage: Option<Usage>,
    cited: u32,
    /// A finish reason has come.
    finished: bool,
    /// `[DONE]` has come.
    done: bool,
    /// Records of nodes have come.
    recorded: bool,
    /// The app asks the visitor something.
    asks: bool,
}

impl Dialect for FastGpt {
    fn frame(&mut self, frame: Frame<'_>, answer: &mut Answer) {
        let data = frame.data.trim();
        if matches!(data, "[DONE]" | "\"[DONE]\"") {
            return self.done(!frame.event.is_empty(), answer);
        }
        match json::parse(data) {
            Some(value) => self.event(frame.event, &value, answer),
            None if frame.event == "error" => answer.fail(in_words(data)),
            None if is_answer(frame.event) && data.starts_with('{') => answer.garbled(),
            None => answer.skip(),
        }
    }

    fn whole(&mut self, body: &Node<'_>, answer: &mut Answer) {
        let Some(message) = message_of(body) else {
            let unexpected = || Failure::new(Class::Protocol, "unexpected_body");
            return answer.fail(complaint(body).unwrap_or_else(unexpected));
        };
        answer.name(|ids| &mut ids.conversation, json::text(body, "id"));
        self.delta(message, answer);
        json::list(body, "responseData").for_each(|node| self.node(node, answer));
        // A node's failure is a warning where there is an answer all the same.
        match body.get("error").filter(|error| !matches!(error, Node::Null) && answer.is_blank()) {
            Some(error) => answer.fail(
                complaint(error).unwrap_or_else(|| in_words(error.as_str().unwrap_or_default())),
            ),
            None => self.end(answer),
        }
    }

    fn refusal(&self, body: &Node<'_>) -> Failure {
        self.head.refusal(complaint(body))
    }

    fn close(&mut self, answer: &mut Answer) {
        if self.done || self.finished || self.asks {
            return self.end(answer);
        }
        answer.end(Outcome::Truncated(Failure::truncated()));
    }
}

impl FastGpt {
    fn event(&mut self, name: &str, value: &Node<'_>, answer: &mut Answer) {
        match name {
            "error" => return answer.fail(complaint(value).unwrap_or_else(|| in_words(""))),
            "toolCall" | "toolParams" | "toolResponse" => self.tool(value, answer),
            "flowNodeStatus" => {}
            "flowNodeResponse" => self.records(std::slice::from_ref(value), answer),
            "flowResponses" => self.records(value.items(), answer),
            "interactive" => self.interactive(value, answer),
            _ if is_answer(name) => self.chunk(value, answer),
            _ => answer.skip(),
        }
        answer.progress();
    }

    /// An empty content keeps the connection alive and is no token.
    fn chunk(&mut self, value: &Node<'_>, answer: &mut Answer) {
        let Some(message) = message_of(value) else {
            return match complaint(value) {
                Some(failure) => answer.fail(failure),
                None => answer.skip(),
            };
        };
        self.delta(message, answer);
        let mut choices = json::list(value, "choices");
        self.finished |= choices.any(|choice| json::text(choice, "finish_reason").is_some());
    }

    fn delta(&mut self, delta: &Node<'_>, answer: &mut Answer) {
        answer.think(json::text(delta, "reasoning_content").unwrap_or_default());
        match delta.get("content") {
            Some(Node::Text(text)) => answer.say("", text),
            Some(Node::List(items)) => items.iter().for_each(|item| self.item(item, answer)),
            _ => {}
        }
    }

    /// One part of a whole answer with details.
    fn item(&mut self, item: &Node<'_>, answer: &mut Answer) {
        let content = |key| item.get(key).and_then(|part| json::text(part, "content"));
        answer.think(content("reasoning").unwrap_or_default());
        answer.say("", content("text").unwrap_or_default());
        self.interactive(item, answer);
    }

    /// Pieces of a call: the name comes first, the parameters one by one.
    fn tool(&mut self, value: &Node<'_>, answer: &mut Answer) {
        let tool = value.get("tool").unwrap_or(value);
        let id = json::text(tool, "id").unwrap_or_default();
        let params = json::text(tool, "params").unwrap_or_default();
        let known = self.calls.iter().position(|call| call.id == id);
        if !answer.charge(params.len() + if known.is_some() { 0 } else { size_of::<ToolCall>() }) {
            return;
        }
        if let Some(call) = known.and_then(|at| self.calls.get_mut(at)) {
            return call.arguments.push_str(params);
        }
        let name = json::text(tool, "functionName").or(json::text(tool, "toolName"));
        let name = name.unwrap_or_default().to_owned();
        self.calls.push(ToolCall { id: id.to_owned(), name, arguments: params.to_owned() });
    }

    fn records(&mut self, nodes: &[Node<'_>], answer: &mut Answer) {
        self.recorded = true;
        nodes.iter().for_each(|node| self.node(node, answer));
        if self.done {
            self.end(answer);
        }
    }

    /// What a node used and quoted; `usage` itself is the same 1/1/1 for every answer.
    fn node(&mut self, node: &Node<'_>, answer: &mut Answer) {
        let [input, output, both] =
            ["inputTokens", "outputTokens", "tokens"].map(|key| json::count(node, key));
        if input.or(output).or(both).is_some() {
            let (input, output) = (input.unwrap_or(0), output.unwrap_or(0));
            let sum = self.usage.get_or_insert(Usage { input: 0, output: 0, total: 0 });
            sum.input = sum.input.saturating_add(input);
            sum.output = sum.output.saturating_add(output);
            let total = input.saturating_add(output).max(both.unwrap_or(0));
            sum.total = sum.total.saturating_add(total);
            answer.use_tokens(*sum);
        }
        for quote in json::list(node, "quoteList") {
            self.cited = self.cited.saturating_add(1);
            let document = json::text(quote, "sourceName").unwrap_or_default().to_owned();
            let score = json::list(quote, "score").find_map(|score| json::number(score, "value"));
            let score = score.or_else(|| json::number(quote, "score"));
            answer.cite(Citation { position: self.cited, document, score });
        }
    }

    /// The app asks: what there is to choose are suggestions, and the next message is the answer.
    fn interactive(&mut self, value: &Node<'_>, answer: &mut Answer) {
        let Some(params) = value.get("interactive").and_then(|asked| asked.get("params")) else {
            return;
        };
        self.asks = true;
        if answer.is_blank() {
            answer.say("", json::text(params, "description").unwrap_or_default());
        }
        json::list(params, "userSelectOptions")
            .filter_map(|option| json::text(option, "value"))
            .for_each(|option| answer.suggest(option));
    }

    /// With details (every frame is named), v1 has yet to send the records.
    fn done(&mut self, detailed: bool, answer: &mut Answer) {
        self.done = true;
        if detailed && !self.recorded { answer.linger() } else { self.end(answer) }
    }

    fn end(&mut self, answer: &mut Answer) {
        std::mem::take(&mut self.calls).into_iter().for_each(|call| answer.call(call));
        if self.asks { answer.end(Outcome::RequiresAction) } else { answer.complete() }
    }
}

fn is_answer(name: &str) -> bool {
    matches!(name, "" | "message" | "answer" | "fastAnswer")
}

fn message_of<'a>(value: &'a Node<'a>) -> Option<&'a Node<'a>> {
    let choice = value.get("choices")?.first()?;
    choice.get("delta").or_else(|| choice.get("message"))
}

/// `{"code":…,"statusText":…,"message":…}`, of which an error in a stream may have the last only.
fn complaint(value: &Node<'_>) -> Option<Failure> {
    let message = json::text(value, "message").unwrap_or_default();
    let status = json::text(value, "statusText").unwrap_or_default();
    let code = json::word(value, "code").filter(|code| code != "200");
    if code.is_none() && message.is_empty() {
        return None;
    }
    let said = in_words(message);
    let class = match code.as_deref() {
        None => said.class,
        Some(code) => class(code, status).unwrap_or(said.class),
    };
    let retry_after = (class == Class::RateLimited).then(|| wait::in_words(message)).flatten();
    let remedy = said.remedy.filter(|_| class == said.class);
    Some(Failure { class, code, retry_after, remedy, ..said })
}

/// What a code means (section 4.4); nothing where only its words tell.
fn class(code: &str, status: &str) -> Option<Class> {
    let lacks = status.contains("NotEnough") || status.contains("insufficient");
    Some(match code {
        "403" | "514" => Class::Auth,
        "510" => Class::Quota,
        "511" | "513" => Class::Config,
        "429" => Class::RateLimited,
        "409" => Class::ConversationBusy,
        _ if status == "chatIsGenerating" => Class::ConversationBusy,
        _ if lacks => Class::Quota,
        // Of the team, 500xxx, and of its knowledge, 501xxx.
        _ if code.len() == 6 && code.starts_with("50") => Class::Config,
        _ => return None,
    })
}

/// What a message means that comes without a code, or with 500, which says nothing. A model's own
/// error is often handed on as its status and its words.
fn in_words(message: &str) -> Failure {
    let lower = message.to_lowercase();
    if failure::TOO_LONG.iter().any(|words| lower.contains(words)) {
        return Failure { code: None, ..Failure::too_long("").with_message(message) };
    }
    let class = match message.get(..3).and_then(|digits| digits.parse::<u16>().ok()) {
        // The app sent it, and not we.
        Some(status) if Class::of_status(status) != Class::BadRequest => Class::of_status(status),
        _ if lower.contains("messages is empty") => Class::BadRequest,
        _ if message.contains("工作流版本过低") => Class::Config,
        _ => Class::Upstream,
    };
    Failure { code: None, ..Failure::new(class, "").with_message(message) }
}

#[cfg(test)]
mod tests;
