//! AI services: what to ask them, and how to read what they answer.
//!
//! Everything here is data in and data out. [`request`] makes the parts of an HTTP request, the
//! host sends it, [`reader`] takes the response's head and gives a [`Reader`], which takes the
//! body's bytes as they come, cut anywhere, and gives [`Reading`]s. The last one is
//! [`Reading::Ended`]: it comes at the answer's logical end, which is when the host closes the
//! connection, whatever the server does.
//!
//! An adapter is one file with the same parts as its siblings ([`Adapter`] and [`Dialect`]) and a
//! line in [`adapter`].

use crate::config::{Provider, ProviderKind, defaults};
use crate::time::Millis;
use serde_json::Value;
use std::fmt;
use url::Url;

pub mod answer;
mod chat;
pub mod check;
#[cfg(test)]
mod conformance;
mod coze;
mod dify;
mod endpoint;
pub mod errand;
mod failure;
mod fastgpt;
mod files;
mod json;
mod listener;
mod openai;
mod reader;
mod reading;
pub mod sse;
mod thoughts;
mod wait;
mod workers_ai;

pub use coze::oauth;
pub use failure::{Class, DEFAULT_PAUSE, Failure, MAX_PAUSE, Remedy};
pub use files::{FILES_MOST, Files, INLINE_MOST, Loaded};
pub use listener::{Heard, Listener};
pub use reader::{BodyEnd, Dialect, LINGER, Reader};
pub use reading::{Attachment, Citation, Ending, Ids, Outcome, Reading, ToolCall, Usage};

/// The table of adapters.
fn adapter(kind: ProviderKind) -> &'static Adapter {
    match kind {
        ProviderKind::Coze => &coze::ADAPTER,
        ProviderKind::FastGpt => &fastgpt::ADAPTER,
        ProviderKind::Dify => &dify::ADAPTER,
        ProviderKind::OpenAi => &openai::ADAPTER,
        ProviderKind::WorkersAi => &workers_ai::ADAPTER,
    }
}

/// The parts of an adapter.
pub(crate) struct Adapter {
    /// Asks for an answer.
    request: fn(&Ask<'_>) -> Result<RequestParts, Failure>,
    /// Reads the response.
    dialect: fn(ResponseHead) -> Box<dyn Dialect>,
    /// Asks the provider to stop an answer; closing the connection is enough where this is none.
    cancel: fn(&Ask<'_>, &Ids) -> Option<RequestParts>,
    /// Whether it remembers conversations.
    keeps: Keeps,
    /// How it takes files, if it does.
    takes: Option<files::Takes>,
}

/// How a provider remembers a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// Not at all: it is sent the rounds before with every question.
    Nothing,
    /// Under an id that it gives, which comes in [`Ids::conversation`].
    UnderItsName,
    /// Under an id that the first request gives: the attempt's.
    UnderOurName,
}

/// What one attempt asks. It holds a secret, so it has no `Debug`.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// Who is asked.
    pub provider: &'a Provider,
    /// The provider's `api_key`, resolved; none when there is none or it does not resolve.
    pub api_key: Option<&'a str>,
    /// The rounds before, oldest first. A stateless provider is sent the last 20 at most.
    pub rounds: &'a [Round],
    /// What the visitor asks.
    pub question: &'a str,
    /// The ids of stored files that belong to the question, oldest first.
    pub files: &'a [String],
    /// The visitor, as the provider may know them: the same for all of a visitor's questions.
    pub visitor: &'a str,
    /// The visitor's language, BCP 47; may be empty.
    pub locale: &'a str,
    /// Unique for the attempt.
    pub attempt: &'a str,
    /// What the provider already remembers, if it keeps conversations and has one.
    pub memory: Option<Memory<'a>>,
    /// What is tried differently after a failure that names a remedy.
    pub remedy: Option<Remedy>,
}

/// A question and its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// What the visitor asked.
    pub question: String,
    /// What was answered; empty when nothing was.
    pub answer: String,
    /// The place in the log of the answer's last message: who holds the log up to there holds the
    /// round.
    pub seq: u32,
}

/// A conversation that the provider keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory<'a> {
    /// The provider's id of it.
    pub conversation: &'a str,
    /// How many of the ask's rounds, from the oldest, it holds: these are not sent again.
    pub rounds: usize,
}

/// An HTTP request to be sent.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RequestParts {
    /// How.
    pub method: Method,
    /// Where.
    pub url: String,
    /// Names are in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Empty for GET.
    pub body: Vec<u8>,
    /// Who signs in for it first, where its key is no token.
    pub sign_in: Option<Box<oauth::SignIn>>,
    /// The files that are put into it first.
    pub files: Option<Box<Files>>,
    /// The model that the host's own Workers AI runs on the body: then it goes to no address.
    pub model: Option<String>,
}

impl RequestParts {
    /// A request that posts JSON.
    pub(crate) fn json(url: String, body: &Value) -> Self {
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("accept", "text/event-stream".to_owned()),
        ];
        let body = body.to_string().into_bytes();
        Self { url, headers, body, ..Self::default() }
    }

    /// With that key.
    pub(crate) fn authorize(&mut self, key: &str) {
        self.headers.push(("authorization", ["Bearer ", key].concat()));
    }
}

/// Without the values of headers, which hold secrets, and the body, which holds what visitors say.
impl fmt::Debug for RequestParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestParts")
            .field("method", &self.method)
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The methods that providers want.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    #[default]
    Post,
}

impl Method {
    /// As it stands in a request line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// The head of a provider's response.
#[derive(Clone, Debug, Default)]
pub struct ResponseHead {
    /// The status code.
    pub status: u16,
    /// All of them, in any case.
    pub headers: Vec<(String, String)>,
    /// When it came: what dates in it are compared with.
    pub at: Millis,
}

impl ResponseHead {
    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim())
    }

    /// Whether the status says success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What a refusal means: what it `says`, else its status; with the wait that its headers ask.
    pub(crate) fn refusal(&self, says: Option<Failure>) -> Failure {
        let mut failure = says.unwrap_or_else(|| Failure::of_status(self.status));
        // A code that no table has says less than these.
        if failure.class == Class::Upstream && matches!(self.status, 401..=403 | 408 | 429) {
            failure.class = Class::of_status(self.status);
        }
        if failure.class == Class::RateLimited {
            failure.retry_after = wait::asked(self).or(failure.retry_after);
        }
        failure
    }
}

/// The request that asks for an answer. Fails, without any request, when the configuration cannot
/// work: an api key that does not resolve or cannot be sent, a missing model, a bad endpoint.
pub fn request(ask: &Ask<'_>) -> Result<RequestParts, Failure> {
    let request = (adapter(ask.provider.kind).request)(ask)?;
    Ok(RequestParts { files: Files::of(ask)?, ..request })
}

/// The reader of the response to [`request`].
pub fn reader(kind: ProviderKind, head: ResponseHead) -> Reader {
    Reader::new(adapter(kind).dialect, head)
}

/// The request that stops an answer at the provider, to be sent besides closing the connection;
/// none where closing is all there is, or where the ids needed have not come.
pub fn cancel(ask: &Ask<'_>, ids: &Ids) -> Option<RequestParts> {
    (adapter(ask.provider.kind).cancel)(ask, ids)
}

/// The provider's own conversation that a request to it goes to, as far as that is known before
/// the answer names it; none at a provider that keeps none.
pub fn conversation<'a>(ask: &Ask<'a>) -> Option<&'a str> {
    let kept = ask.memory.map(|memory| memory.conversation);
    match adapter(ask.provider.kind).keeps {
        Keeps::Nothing => None,
        Keeps::UnderItsName => kept,
        Keeps::UnderOurName => kept.or(Some(ask.attempt)),
    }
}

/// Whether providers of that kind remember conversations.
pub fn remembers(kind: ProviderKind) -> bool {
    adapter(kind).keeps != Keeps::Nothing
}

impl Ask<'_> {
    /// The rounds that the provider is sent: those that it does not hold, 20 at most, half of
    /// them after a failure that asks for less.
    pub(crate) fn context(&self) -> &[Round] {
        let held = self.memory.map_or(0, |memory| memory.rounds);
        let lacking = self.rounds.get(held..).unwrap_or_default();
        let most = usize::try_from(defaults::ROUNDS).unwrap_or(usize::MAX);
        let kept = lacking.len().min(most);
        let kept = if self.remedy == Some(Remedy::ShorterContext) { kept / 2 } else { kept };
        lacking.get(lacking.len() - kept..).unwrap_or_default()
    }

    /// The context and the question as messages of `user` and `assistant`, none of them empty.
    pub(crate) fn dialogue(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let rounds = self.context().iter().flat_map(|round| {
            [("user", round.question.as_str()), ("assistant", round.answer.as_str())]
        });
        rounds.chain([("user", self.question)]).filter(|(_, content)| !content.is_empty())
    }

    /// A request that posts JSON, with the api key.
    pub(crate) fn post(&self, url: Url, body: &Value) -> Result<RequestParts, Failure> {
        let mut parts = RequestParts::json(url.into(), body);
        if let Some(key) = self.key()? {
            parts.authorize(key);
        }
        Ok(parts)
    }

    /// The key; none when the provider is configured without one.
    pub(crate) fn key(&self) -> Result<Option<&str>, Failure> {
        if self.provider.api_key.is_none() {
            return Ok(None);
        }
        let key = self.api_key.unwrap_or_default().trim();
        if key.is_empty() {
            return Err(Failure::config("unresolved_api_key", "the api_key does not resolve"));
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::config("bad_api_key", "the api_key is not plain ASCII"));
        }
        Ok(Some(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{CircuitBreaker, Template, Timeouts};
    use std::collections::BTreeMap;

    /// A provider with what every kind needs.
    pub(crate) fn provider(kind: ProviderKind) -> Provider {
        Provider {
            name: "p".into(),
            kind,
            endpoint: Some("https://h/v1".into()),
            api_key: Some(Template("${KEY}".into())),
            model: Some("m".into()),
            bot_id: Some("1".into()),
            system_prompt: None,
            inputs: BTreeMap::new(),
            variables: BTreeMap::new(),
            rate_limit: None,
            circuit_breaker: CircuitBreaker::default(),
            timeouts: Timeouts::default(),
            weight: None,
            canary: None,
            price: None,
        }
    }

    /// A plain question to it.
    pub(crate) fn ask(provider: &Provider) -> Ask<'_> {
        Ask {
            provider,
            api_key: Some("sk-1"),
            rounds: &[],
            question: "退货怎么办",
            files: &[],
            visitor: "v1",
            locale: "zh-CN",
            attempt: "a1",
            memory: None,
            remedy: None,
        }
    }

    #[test]
    fn at_most_twenty_rounds_are_context_and_the_newest_stay() {
        let round = |n: usize| Round { question: n.to_string(), ..Round::default() };
        let rounds: Vec<_> = (0..30).map(round).collect();
        let provider = provider(ProviderKind::OpenAi);
        let all = Ask { rounds: &rounds, ..ask(&provider) };
        let shorter = Ask { remedy: Some(Remedy::ShorterContext), ..all };
        assert_eq!(all.context(), &rounds[10..]);
        assert_eq!(shorter.context(), &rounds[20..]);
    }

    #[test]
    fn a_key_that_cannot_be_sent_is_a_failure_of_the_configuration() {
        let provider = provider(ProviderKind::OpenAi);
        for (key, code) in [
            (None, "unresolved_api_key"),
            (Some(" "), "unresolved_api_key"),
            (Some("sk\r\nx: y"), "bad_api_key"),
            (Some("密钥"), "bad_api_key"),
        ] {
            let failure = Ask { api_key: key, ..ask(&provider) }.key().unwrap_err();
            assert_eq!(failure.to_string(), format!("config ({code})"));
        }
    }

    #[test]
    fn requests_print_no_secret() {
        let ids = Ids { conversation: Some("v".into()), task: Some("t".into()), ..Ids::default() };
        for kind in [
            ProviderKind::Coze,
            ProviderKind::FastGpt,
            ProviderKind::Dify,
            ProviderKind::OpenAi,
            ProviderKind::WorkersAi,
        ] {
            let mut provider = provider(kind);
            provider.endpoint = Some("https://h/v2".into());
            let ask = ask(&provider);
            for parts in [Some(request(&ask).unwrap()), cancel(&ask, &ids)].into_iter().flatten() {
                let printed = format!("{parts:?}");
                assert!(printed.contains("authorization"));
                assert!(!printed.contains("sk-1") && !printed.contains("退货"), "{printed}");
                assert!(!parts.url.contains("sk-1"));
            }
        }
    }
}
