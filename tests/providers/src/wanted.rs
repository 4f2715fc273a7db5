//! What a fixture's expectation means for a conversation's log and for a provider's state.

use crate::case::Case;
use serde_json::{Value, json};

/// What has to be seen of a fixture.
#[derive(Debug)]
pub struct Wanted<'a>(&'a Value);

/// Who answers the visitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The service; with this outcome.
    Service(&'static str),
    /// A rule, as the service said nothing that could be shown.
    Rule,
    /// Nobody: a person is asked for.
    Person,
}

impl<'a> Wanted<'a> {
    /// Of that fixture.
    pub fn of(case: &'a Case) -> Self {
        Self(case.expect())
    }

    /// Who answers.
    ///
    /// # Panics
    /// When the outcome is unknown.
    pub fn answer(&self) -> Answer {
        let silent = self.text().is_empty();
        match self.0["outcome"].as_str() {
            Some("completed") => Answer::Service("COMPLETED"),
            Some("requires_action") if silent => Answer::Person,
            Some("requires_action") => Answer::Service("COMPLETED"),
            Some("failed" | "truncated" | "cancelled") if silent => Answer::Rule,
            Some("failed" | "truncated" | "cancelled") => Answer::Service("INTERRUPTED"),
            other => panic!("unknown outcome {other:?}"),
        }
    }

    /// The answer's text.
    pub fn text(&self) -> &str {
        self.0["text"].as_str().unwrap_or_default()
    }

    /// Tokens in the log: of an answer that reached its end.
    pub fn usage(&self) -> Value {
        match self.answer() {
            Answer::Service("COMPLETED") => self.0["usage"].clone(),
            Answer::Service(_) | Answer::Rule | Answer::Person => Value::Null,
        }
    }

    /// What comes with the answer, as the log has it.
    pub fn extras(&self) -> Value {
        let citations = self.0["citations"].as_array().into_iter().flatten();
        let citations: Vec<_> = citations
            .map(|it| json!({ "document": it["document_name"], "score": it["score"] }))
            .collect();
        let reasoning = self.0["reasoning"].as_str().unwrap_or_default().chars().count();
        json!({
            "suggestions": self.0["suggestions"],
            "citations": citations,
            "reasoning": if reasoning == 0 { Value::Null } else { json!(reasoning) },
        })
    }

    /// The service's own id of the conversation.
    pub fn conversation(&self) -> Option<&str> {
        self.0["conversation_id"].as_str()
    }

    /// Class and code of the failure.
    pub fn failure(&self) -> Option<(&str, Option<&str>)> {
        let error = &self.0["error"];
        Some((error["class"].as_str()?, error["code"].as_str()))
    }

    /// The same, as a check tells it: who calls a tool when greeted has not answered.
    pub fn checked(&self) -> Option<(&str, Option<&str>)> {
        let paused = self.answer() == Answer::Person;
        if paused { Some(("protocol", Some("empty_answer"))) } else { self.failure() }
    }

    /// The service's own words about the failure.
    pub fn words(&self) -> &str {
        self.0["error"]["message"].as_str().unwrap_or_default()
    }

    /// How the provider stands afterwards.
    pub fn standing(&self) -> &'static str {
        match self.failure() {
            Some(("quota" | "auth" | "config", _)) => "OPEN",
            Some(("rate_limited", _)) => "PAUSED",
            Some(_) | None => "CLOSED",
        }
    }

    /// For how long it is left alone, in milliseconds; five seconds where it names no time.
    pub fn pause_ms(&self) -> Option<u64> {
        let limited = self.standing() == "PAUSED";
        limited.then(|| self.0["error"]["retry_after_ms"].as_u64().unwrap_or(5_000))
    }

    /// Failures in a row afterwards; one that opens the breaker at once is not counted.
    pub fn failures(&self) -> u64 {
        u64::from(self.standing() == "CLOSED" && self.0["error"]["counts_for_breaker"] == true)
    }

    /// The class of the failure that the provider's state names: one that counts against it.
    pub fn counted(&self) -> Option<&str> {
        let counts = self.standing() == "PAUSED" || self.0["error"]["counts_for_breaker"] == true;
        self.failure().filter(|_| counts).map(|(class, _)| class)
    }
}
