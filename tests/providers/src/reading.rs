//! What our own adapter makes of an exchange, as fixtures write it.

use crate::exchange::Exchange;
use kefu_shared::provider::{Ending, Ids, Outcome, Reading};
use serde_json::{Value, json};

/// What was read, joined.
#[derive(Debug, Default)]
struct Seen {
    text: String,
    reasoning: String,
    ids: Ids,
    suggestions: Vec<String>,
    citations: Vec<Value>,
    first_token: bool,
    ending: Option<Ending>,
}

/// The `expect` of a fixture with this exchange, read in pieces of that many bytes.
pub fn expect(exchange: &Exchange, size: usize) -> Value {
    let (reader, readings) = exchange.readings(size);
    let mut seen = Seen::default();
    readings.into_iter().for_each(|reading| seen.take(reading));
    let parts: Vec<_> = reader.parts().collect();
    seen.expect(&parts)
}

impl Seen {
    fn take(&mut self, reading: Reading) {
        self.first_token |= reading.is_token();
        match reading {
            Reading::Text(text) => self.text.push_str(&text),
            Reading::Replace(text) => self.text = text,
            Reading::Reasoning(text) => self.reasoning.push_str(&text),
            Reading::Suggestion(text) => self.suggestions.push(text),
            Reading::Citation(it) => self.citations.push(
                json!({ "position": it.position, "document_name": it.document, "score": it.score }),
            ),
            Reading::Ids(ids) => self.ids = ids,
            Reading::Ended(ending) => self.ending = Some(ending),
            Reading::Progress | Reading::File(_) => {}
        }
    }

    fn expect(&self, parts: &[&str]) -> Value {
        let ending = self.ending.as_ref();
        let usage = ending.and_then(|it| it.usage);
        let calls = ending.map(|it| it.tool_calls.as_slice()).unwrap_or_default().iter();
        let calls =
            calls.map(|it| json!({ "id": it.id, "name": it.name, "arguments": it.arguments }));
        json!({
            "text": self.text,
            "text_parts": parts,
            "reasoning": self.reasoning,
            "outcome": ending.map(|it| name(&it.outcome)),
            "conversation_id": self.ids.conversation,
            "message_id": self.ids.message,
            "task_id": self.ids.task,
            "usage": usage.map(|it| json!({ "input": it.input, "output": it.output, "total": it.total })),
            "error": ending.and_then(|it| error(&it.outcome)),
            "tool_calls": calls.collect::<Vec<_>>(),
            "suggestions": self.suggestions,
            "citations": self.citations,
            "first_token": self.first_token,
        })
    }
}

fn error(outcome: &Outcome) -> Option<Value> {
    let failure = outcome.failure()?;
    let wait = failure.retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    Some(json!({
        "code": failure.code,
        "message": failure.message,
        "class": failure.class.as_str(),
        "failover_before_first_token": failure.fails_over(),
        "counts_for_breaker": failure.counts_for_breaker(),
        "retry_after_ms": wait,
    }))
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::RequiresAction => "requires_action",
        Outcome::Cancelled => "cancelled",
        Outcome::Truncated(_) => "truncated",
        Outcome::Failed(_) => "failed",
    }
}
