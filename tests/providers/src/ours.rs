//! What our own adapter makes of a response, read from a socket.

use kefu_shared::config::ProviderKind;
use kefu_shared::provider::{BodyEnd, LINGER, Outcome, Reading, ResponseHead, reader};
use kefu_shared::time::Millis;
use reqwest::{Client, Response};

/// What is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// The answer.
    pub text: String,
    /// `completed`, `failed`, `requires_action`, `cancelled` or `truncated`.
    pub outcome: String,
    /// Tokens in all.
    pub usage: Option<u64>,
    /// Of a failure: the service's code where it has one, else ours.
    pub code: Option<String>,
}

/// Asks a server of that kind, named as a configuration does, and reads what it answers.
///
/// # Panics
/// When nobody is there, or it goes silent before the answer is over.
pub async fn read(kind: &str, url: &str) -> Read {
    let mut response = Client::new().post(url).body("{}").send().await.expect("a response");
    let head = head(&response);
    let mut reader = reader(named(kind), head);
    let (mut seen, mut over) = (Read::default(), false);
    while !over {
        let mut readings = Vec::new();
        let patience = reader.linger().unwrap_or(LINGER * 10);
        match tokio::time::timeout(patience, response.chunk()).await {
            Ok(Ok(Some(bytes))) => reader.push(&bytes, &mut readings),
            Ok(Ok(None)) | Err(_) => reader.finish(BodyEnd::Clean, &mut readings),
            Ok(Err(_)) => reader.finish(BodyEnd::Reset, &mut readings),
        }
        over = readings.into_iter().any(|reading| seen.take(reading));
    }
    seen
}

fn head(response: &Response) -> ResponseHead {
    let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let fields = response.headers().iter();
    ResponseHead {
        status: response.status().as_u16(),
        headers: fields.map(|(name, value)| (name.to_string(), text(value))).collect(),
        at: Millis::default(),
    }
}

fn named(kind: &str) -> ProviderKind {
    match kind {
        "coze" => ProviderKind::Coze,
        "dify" => ProviderKind::Dify,
        "fastgpt" => ProviderKind::FastGpt,
        "openai" => ProviderKind::OpenAi,
        "workers_ai" => ProviderKind::WorkersAi,
        other => panic!("unknown kind {other}"),
    }
}

impl Read {
    /// Whether that was the end.
    fn take(&mut self, reading: Reading) -> bool {
        match reading {
            Reading::Text(text) => self.text.push_str(&text),
            Reading::Replace(text) => self.text = text,
            Reading::Ended(ending) => {
                self.outcome = name(&ending.outcome).to_owned();
                self.usage = ending.usage.map(|usage| usage.total);
                self.code = ending.outcome.failure().and_then(|failure| failure.code.clone());
                return true;
            }
            Reading::Reasoning(_)
            | Reading::Progress
            | Reading::Suggestion(_)
            | Reading::Citation(_)
            | Reading::File(_)
            | Reading::Ids(_) => {}
        }
        false
    }
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
