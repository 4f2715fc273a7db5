//! Why an attempt failed, and what follows from it for failover, breaker and limiter.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// How long a provider that limits us is left alone when it names no time.
pub const DEFAULT_PAUSE: Duration = Duration::from_secs(5);
/// The longest that a provider's own word keeps us away.
pub const MAX_PAUSE: Duration = Duration::from_secs(60);

const MAX_MESSAGE: usize = 500;
/// How models say, in any vendor's envelope, that they were sent too much; in lower case.
pub(crate) const TOO_LONG: &[&str] =
    &["maximum context length", "context window", "prompt is too long"];

/// The kinds of failure that are treated differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Too many requests for now.
    RateLimited,
    /// The account has nothing left; waiting does not help.
    Quota,
    /// The credentials are refused.
    Auth,
    /// The provider cannot make sense of this request.
    BadRequest,
    /// The provider, the model or the app is set up wrongly.
    Config,
    /// The question or the answer was refused for its content.
    ContentFilter,
    /// The provider's own conversation is still busy with another turn.
    ConversationBusy,
    /// The provider no longer knows its own conversation.
    ConversationGone,
    /// The provider, or what it depends on, broke.
    Upstream,
    /// Nothing came in time.
    Timeout,
    /// What came is not what the protocol says, or ended too early.
    Protocol,
    /// The visitor or an agent stopped it.
    Cancelled,
}

impl Class {
    /// The name in logs and configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::Quota => "quota",
            Self::Auth => "auth",
            Self::BadRequest => "bad_request",
            Self::Config => "config",
            Self::ContentFilter => "content_filter",
            Self::ConversationBusy => "conversation_busy",
            Self::ConversationGone => "conversation_gone",
            Self::Upstream => "upstream",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether another provider may do better, provided that nothing has been shown.
    pub fn fails_over(self) -> bool {
        !matches!(self, Self::BadRequest | Self::ContentFilter | Self::Cancelled)
    }

    /// Whether the breaker counts it, or opens for it at once.
    pub fn counts_for_breaker(self) -> bool {
        self.opens_breaker() || matches!(self, Self::Upstream | Self::Timeout | Self::Protocol)
    }

    /// Whether the breaker opens at once: nothing gets better before someone acts.
    pub fn opens_breaker(self) -> bool {
        matches!(self, Self::Quota | Self::Auth | Self::Config)
    }

    /// What an HTTP status means by itself, in a response that is no success.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::Auth,
            402 => Self::Quota,
            404 | 405 | 300..=399 => Self::Config,
            408 => Self::Timeout,
            409 => Self::Upstream,
            429 => Self::RateLimited,
            400..=499 => Self::BadRequest,
            _ => Self::Upstream,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What may be tried once more at the same provider, inside the turn's budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The same request, after 100–400 ms.
    Again,
    /// With fewer rounds of context.
    ShorterContext,
    /// Without `stream_options`.
    NoStreamOptions,
    /// With a new conversation at the provider, whose stored id is to be forgotten.
    NewConversation,
    /// With a new token of the app.
    NewToken,
    /// Without the question's files.
    WithoutFiles,
}

/// Why an attempt failed.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure {
    /// How it is treated.
    pub class: Class,
    /// The provider's own code where it has one, else ours; safe to log.
    pub code: Option<String>,
    /// The provider's own words, at most 500 bytes. They may quote keys, prompts and visitors, so
    /// they are for an agent's eyes only: never for visitors, never logged.
    pub message: String,
    /// How long the provider asks to be left alone.
    pub retry_after: Option<Duration>,
    /// What may be tried once more at the same provider.
    pub remedy: Option<Remedy>,
    /// The breaker looks away, whatever the class: the provider is sloppy and not broken.
    pub excused: bool,
}

impl Failure {
    /// A failure with our own code and no words.
    pub fn new(class: Class, code: &str) -> Self {
        let remedy = (class == Class::ConversationGone).then_some(Remedy::NewConversation);
        let code = Some(code.to_owned());
        Self { class, code, message: String::new(), retry_after: None, remedy, excused: false }
    }

    /// The same with words, cut to 500 bytes.
    #[must_use]
    pub fn with_message(mut self, message: &str) -> Self {
        message
            .get(..message.floor_char_boundary(MAX_MESSAGE))
            .unwrap_or_default()
            .clone_into(&mut self.message);
        self
    }

    /// The same with a remedy.
    #[must_use]
    pub fn with_remedy(mut self, remedy: Remedy) -> Self {
        self.remedy = Some(remedy);
        self
    }

    /// No connection came about, or it broke before the response's head.
    pub fn unreachable() -> Self {
        Self::new(Class::Upstream, "unreachable").with_remedy(Remedy::Again)
    }

    /// A time-out; `code` says which one, such as `first_token_timeout`.
    pub fn timeout(code: &str) -> Self {
        Self::new(Class::Timeout, code)
    }

    /// The visitor or an agent stopped it.
    pub fn cancelled() -> Self {
        Self::new(Class::Cancelled, "cancelled")
    }

    /// The body ended before the answer did.
    pub(crate) fn truncated() -> Self {
        Self::new(Class::Protocol, "stream_truncated")
    }

    /// A response that is no success and says nothing else that can be read.
    pub(crate) fn of_status(status: u16) -> Self {
        let failure = Self::new(Class::of_status(status), &format!("http_{status}"));
        if matches!(status, 502..=504) { failure.with_remedy(Remedy::Again) } else { failure }
    }

    /// The question and its context are more than the model takes.
    pub(crate) fn too_long(code: &str) -> Self {
        Self::new(Class::BadRequest, code).with_remedy(Remedy::ShorterContext)
    }

    /// The site's configuration of the provider cannot work.
    pub(crate) fn config(code: &str, message: &str) -> Self {
        Self::new(Class::Config, code).with_message(message)
    }

    /// An app's private key is none that can sign.
    pub(crate) fn bad_private_key() -> Self {
        Self::config("bad_private_key", "the app's `private_key` is no RSA key as PKCS #8 in PEM")
    }

    /// Whether another provider may do better, provided that nothing has been shown.
    pub fn fails_over(&self) -> bool {
        self.class.fails_over()
    }

    /// Whether the breaker counts it, or opens for it at once.
    pub fn counts_for_breaker(&self) -> bool {
        self.class.counts_for_breaker() && !self.excused
    }

    /// Whether the breaker opens at once.
    pub fn opens_breaker(&self) -> bool {
        self.class.opens_breaker()
    }

    /// How long to leave the provider alone; only a limit asks for it.
    pub fn pause(&self) -> Option<Duration> {
        (self.class == Class::RateLimited)
            .then(|| self.retry_after.unwrap_or(DEFAULT_PAUSE).min(MAX_PAUSE))
    }
}

/// Class and code, without the provider's words.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} ({code})", self.class),
            None => write!(f, "{}", self.class),
        }
    }
}

/// All but the provider's words, of which only the length is shown.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("class", &self.class)
            .field("code", &self.code)
            .field("message_bytes", &self.message.len())
            .field("retry_after", &self.retry_after)
            .field("remedy", &self.remedy)
            .field("excused", &self.excused)
            .finish()
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_is_treated_as_the_table_says() {
        use Class::*;
        // class, next provider, counted, opens at once
        for (class, over, counted, opens) in [
            (Upstream, true, true, false),
            (Timeout, true, true, false),
            (Protocol, true, true, false),
            (RateLimited, true, false, false),
            (Quota, true, true, true),
            (Auth, true, true, true),
            (Config, true, true, true),
            (BadRequest, false, false, false),
            (ContentFilter, false, false, false),
            (Cancelled, false, false, false),
            (ConversationBusy, true, false, false),
            (ConversationGone, true, false, false),
        ] {
            let seen = (class.fails_over(), class.counts_for_breaker(), class.opens_breaker());
            assert_eq!(seen, (over, counted, opens), "{class}");
        }
    }

    #[test]
    fn only_a_limit_pauses_and_never_for_more_than_a_minute() {
        let limited = |seconds: Option<u64>| Failure {
            retry_after: seconds.map(Duration::from_secs),
            ..Failure::new(Class::RateLimited, "x")
        };
        for (asked, pause) in [(None, 5), (Some(20), 20), (Some(3600), 60)] {
            assert_eq!(limited(asked).pause(), Some(Duration::from_secs(pause)), "{asked:?}");
        }
        assert_eq!(Failure::unreachable().pause(), None);
    }

    #[test]
    fn an_excused_failure_is_not_counted() {
        let failure = Failure { excused: true, ..Failure::truncated() };
        assert!(!failure.counts_for_breaker() && failure.fails_over());
    }

    #[test]
    fn a_lost_conversation_is_started_anew() {
        let failure = Failure::new(Class::ConversationGone, "4002");
        assert_eq!(failure.remedy, Some(Remedy::NewConversation));
    }

    #[test]
    fn the_words_are_bounded_and_never_printed() {
        let failure =
            Failure::new(Class::Auth, "invalid_api_key").with_message(&"密钥".repeat(500));
        assert_eq!(failure.message.len(), 498);
        assert_eq!(failure.to_string(), "auth (invalid_api_key)");
        assert!(!format!("{failure:?}").contains('密'));
    }
}
