//! The shape of a site's configuration.

use super::{Challenge, Template, defaults};
use kefu_proto::v1::channel;
use kefu_proto::v1::widget_invitations::Invitation;
use kefu_proto::v1::{WidgetForm, WidgetLook, WidgetPrivacy};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// A site's whole configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Shown to visitors; empty when the configuration names none.
    pub name: String,
    /// BCP 47, such as `zh-CN`.
    pub locale: String,
    /// Origins that may embed the widget, such as `https://shop.example`, or with all subdomains
    /// `https://*.shop.example`; `*` allows all, and so does an empty list.
    pub allowed_origins: Vec<String>,
    /// What the host site signs its visitors' identity with (HS256).
    pub identity_secret: Option<Template>,
    /// In order of preference.
    pub providers: Vec<Provider>,
    /// How turns go.
    pub ai: Ai,
    /// Rounds of context for stateless providers.
    pub rounds: u32,
    /// Characters of context and question that one attempt sends at most.
    pub context_characters: u32,
    /// What AI may cost in a day.
    pub budgets: Budgets,
    /// What visitors may do in a minute.
    pub limits: Limits,
    /// What newcomers prove before they are let in.
    pub challenge: Option<Challenge>,
    /// Declared answers.
    pub rules: Vec<Rule>,
    /// What providers are not told of visitors.
    pub masking: Masking,
    /// Words that are not said, or not sent.
    pub words: Vec<Words>,
    /// Where visitors come from, besides the web.
    pub channels: Vec<Channel>,
    /// What the widget shows before anything is said.
    pub widget: Widget,
}

/// How turns go.
#[derive(Clone, Debug, PartialEq)]
pub struct Ai {
    /// Whether there is any AI: false silences it at once, answers under way too.
    pub enabled: bool,
    /// What the AI does with a question where no entry of `modes` says otherwise.
    pub mode: Mode,
    /// The same for some channels and hours; the first that fits holds.
    pub modes: Vec<ModeRule>,
    /// What a visitor is told whose answer an agent approves first; absent means the built-in
    /// text.
    pub draft_reply: Option<String>,
    /// When a person is called without a rule.
    pub handoff: Handoff,
    /// How long it is kept how questions were answered; zero is not at all.
    pub keep_traces: Duration,
    /// From the first message of a question to the first AI text.
    pub turn_budget: Duration,
    /// Providers' tries at one turn.
    pub max_attempts: u32,
    /// Messages this close together are one question.
    pub quiet_window: Duration,
    /// Whether AI, rules and flows speak while a person is asked for.
    pub while_queued: bool,
    /// Whether a provider is asked all the same when its limits cannot be read.
    pub fail_open: bool,
    /// Whether a session stays with the provider that answered in it.
    pub sticky: bool,
}

/// What holds for a site that nobody configured: `config/defaults.toml`.
impl Default for Site {
    fn default() -> Self {
        super::embedded::site()
    }
}

impl Default for Ai {
    fn default() -> Self {
        Self {
            enabled: true,
            mode: Mode::default(),
            modes: Vec::new(),
            draft_reply: None,
            handoff: Handoff::default(),
            keep_traces: defaults::KEEP_TRACES,
            turn_budget: defaults::TURN_BUDGET,
            max_attempts: defaults::MAX_ATTEMPTS,
            quiet_window: defaults::QUIET_WINDOW,
            while_queued: false,
            fail_open: true,
            sticky: true,
        }
    }
}

/// What the AI does with a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It answers.
    #[default]
    Answer,
    /// It drafts an answer, and an agent approves it.
    Draft,
    /// It answers while no agent is there.
    OffDuty,
    /// Nothing: rules and people answer.
    Off,
}

/// An entry of `ai.modes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModeRule {
    /// What holds.
    pub mode: Mode,
    /// Where; empty means everywhere.
    pub channels: Vec<channel::Type>,
    /// When; absent means always.
    pub hours: Option<Hours>,
}

/// When a person is called without a rule. A limit of 0 is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handoff {
    /// Words by which a visitor asks for a person.
    pub request: Vec<String>,
    /// Words by which a visitor is displeased.
    pub negative: Vec<String>,
    /// After so many such questions in a row.
    pub negative_limit: u32,
    /// Words by which an answer says that it is none.
    pub unsure: Vec<String>,
    /// After so many such answers in a row.
    pub unsure_limit: u32,
    /// Whether an answer without sources is one, too.
    pub sources_required: bool,
    /// When the same is asked so many times in a row.
    pub repeated_limit: u32,
}

/// What AI may cost in a day, and what happens when it did.
#[derive(Clone, Debug, PartialEq)]
pub struct Budgets {
    /// One visitor's questions.
    pub visitor: Budget,
    /// All of the site's.
    pub site: Budget,
    /// Whose midnight ends a day: minutes east of Greenwich.
    pub utc_offset: i16,
    /// What happens to a question that is over.
    pub on_limit: OnLimit,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            visitor: Budget::default(),
            site: Budget::default(),
            utc_offset: defaults::UTC_OFFSET,
            on_limit: OnLimit::default(),
        }
    }
}

/// At most so much; what is not declared is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Attempts at an answer.
    pub turns: Option<u32>,
    /// Tokens, as the providers count them.
    pub tokens: Option<u64>,
    /// Millionths of the money that prices are in.
    pub cost: Option<u64>,
}

impl Budget {
    /// Whether anything is declared.
    pub fn is_declared(&self) -> bool {
        *self != Self::default()
    }
}

/// What happens to a question that no budget is left for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OnLimit {
    /// Rules answer, and where none matches a person is offered.
    #[default]
    Rules,
    /// A person is asked for.
    Person,
    /// This is said.
    Message(String),
}

/// What a million tokens cost, in millionths of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Of the question and its context.
    pub input: u64,
    /// Of the answer.
    pub output: u64,
}

/// An AI service.
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// Unique within the site.
    pub name: String,
    /// Which adapter speaks to it.
    pub kind: ProviderKind,
    /// With or without its version suffix; absent means the kind's own.
    pub endpoint: Option<String>,
    /// Usually a reference, `"${NAME}"`.
    pub api_key: Option<Template>,
    /// For `openai` and `workers_ai`.
    pub model: Option<String>,
    /// For `coze`; for `fastgpt` the app's id, without which an answer cannot be stopped there.
    pub bot_id: Option<String>,
    /// For `openai` and `workers_ai`: what the model is told before the conversation.
    pub system_prompt: Option<String>,
    /// For `dify`, and for `coze` what a chatflow begins with.
    pub inputs: BTreeMap<String, String>,
    /// For `fastgpt` and `coze`.
    pub variables: BTreeMap<String, String>,
    /// The most requests that may be sent to it.
    pub rate_limit: Option<Rate>,
    /// When to stop asking it.
    pub circuit_breaker: CircuitBreaker,
    /// All counted from when the request is sent; the earliest wins.
    pub timeouts: Timeouts,
    /// Its share among neighbours that have one too: they stand at the same place.
    pub weight: Option<u32>,
    /// The percentage of visitors for whom it is asked first; nobody else's questions go to it.
    pub canary: Option<u32>,
    /// What it costs, where that is to be counted.
    pub price: Option<Price>,
}

impl Provider {
    /// Where its requests go: the endpoint, else its kind's own; none for a binding.
    pub fn address(&self) -> Option<&str> {
        self.endpoint.as_deref().or_else(|| self.kind.default_endpoint())
    }
}

/// Which adapter speaks to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// `kouzi` or `coze`.
    Coze,
    /// `fastgpt`.
    FastGpt,
    /// `dify`.
    Dify,
    /// `openai`: any compatible service.
    OpenAi,
    /// `workers_ai`: over REST with an endpoint, by the binding without.
    WorkersAi,
}

impl ProviderKind {
    /// How `type` may name a kind.
    pub(super) const NAMES: &str = "kouzi (= coze), fastgpt, dify, openai, workers_ai";

    /// The kind that `type` names.
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "kouzi" | "coze" => Self::Coze,
            "fastgpt" => Self::FastGpt,
            "dify" => Self::Dify,
            "openai" => Self::OpenAi,
            "workers_ai" => Self::WorkersAi,
            _ => return None,
        })
    }

    /// Its name in `type`; `coze` for both of its names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Coze => "coze",
            Self::FastGpt => "fastgpt",
            Self::Dify => "dify",
            Self::OpenAi => "openai",
            Self::WorkersAi => "workers_ai",
        }
    }

    /// The vendor's own service; none for the Workers AI binding.
    pub fn default_endpoint(self) -> Option<&'static str> {
        match self {
            Self::Coze => Some("https://api.coze.cn"),
            Self::FastGpt => Some("https://api.fastgpt.in/api"),
            Self::Dify => Some("https://api.dify.ai/v1"),
            Self::OpenAi => Some("https://api.openai.com/v1"),
            Self::WorkersAi => None,
        }
    }
}

/// `"1000/分钟"`: at most so many in any window of that length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In how long.
    pub window: Duration,
}

/// When a provider is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CircuitBreaker {
    /// Opens on this many consecutive counted failures.
    pub failure_threshold: u32,
    /// How long it stays open before one probe.
    pub cooldown: Duration,
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self { failure_threshold: 5, cooldown: Duration::from_secs(30) }
    }
}

/// How long a provider may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To the response's head.
    pub connect: Duration,
    /// To the first real text; progress events and pings don't count.
    pub first_token: Duration,
    /// Between bytes, once the text has begun.
    pub idle: Duration,
    /// To the logical end.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_token: Duration::from_secs(8),
            idle: Duration::from_secs(20),
            total: Duration::from_secs(120),
        }
    }
}

/// What visitors may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sessions asked for by one address.
    pub sessions_per_address: Rate,
    /// Messages of one visitor: exact, in the conversation.
    pub messages_per_visitor: Rate,
}

impl Default for Limits {
    fn default() -> Self {
        let per_minute = Rate { count: 60, window: Duration::from_secs(60) };
        Self { sessions_per_address: per_minute, messages_per_visitor: per_minute }
    }
}

/// A declared answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Unique within the site; the source of its answers.
    pub name: String,
    /// When it is asked.
    pub when: When,
    /// Higher is asked first; equal ones in the order written.
    pub priority: i32,
    /// What the question must be.
    pub matching: Matching,
    /// When it holds, on the site's clock; empty means always.
    pub hours: Option<Hours>,
    /// Visitors' languages for which it holds (`zh` covers `zh-CN`); empty means all.
    pub locales: Vec<String>,
    /// What is said. Absent only when there is an action.
    pub reply: Option<String>,
    /// Offered below the reply.
    pub quick_replies: Vec<String>,
    /// What is done besides.
    pub action: Option<RuleAction>,
}

/// When a rule is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// When AI cannot answer in time, or there is none.
    #[default]
    Fallback,
    /// Before AI.
    First,
}

/// What a question must be: every given condition holds. All empty matches every question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matching {
    /// At least one of these occurs.
    pub any: Vec<String>,
    /// Each of these occurs.
    pub all: Vec<String>,
    /// None of these occurs.
    pub none: Vec<String>,
    /// This matches somewhere (case-insensitive, on the folded text).
    pub regex: Option<String>,
}

impl Matching {
    /// All its keywords, of whichever condition.
    pub fn keywords(&self) -> impl Iterator<Item = &String> {
        self.any.iter().chain(&self.all).chain(&self.none)
    }
}

/// What a rule does besides replying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleAction {
    /// Asks for a person.
    Handoff,
}

/// Opening hours: `hours = { days = "mon-fri", from = "09:00", to = "18:00", utc_offset = "+08:00", outside = false }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Monday first.
    pub days: [bool; 7],
    /// Minutes from midnight.
    pub from: u16,
    /// Minutes from midnight, exclusive; at or before `from` it is on the next day.
    pub to: u16,
    /// Minutes east of Greenwich.
    pub utc_offset: i16,
    /// The rule holds outside these hours instead.
    pub outside: bool,
}

/// What is masked before it goes to a provider, and restored in its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masking {
    /// What is known by its form and its check digits.
    pub kinds: Vec<MaskKind>,
    /// What else.
    pub patterns: Vec<MaskPattern>,
}

/// Personal data in China that goes to somebody else's service wants a reason: what is least
/// needed for an answer is masked unless the site says otherwise.
impl Default for Masking {
    fn default() -> Self {
        let kinds = vec![MaskKind::Phone, MaskKind::IdCard, MaskKind::BankCard];
        Self { kinds, patterns: Vec::new() }
    }
}

/// Personal data that is known by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskKind {
    /// Mobile numbers of mainland China.
    Phone,
    /// Its identity cards.
    IdCard,
    /// Bank cards.
    BankCard,
    /// E-mail addresses.
    Email,
}

impl MaskKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Phone, Self::IdCard, Self::BankCard, Self::Email];

    /// Its name in `privacy.mask`; in upper case it is what models read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::IdCard => "id_card",
            Self::BankCard => "bank_card",
            Self::Email => "email",
        }
    }
}

/// What a site masks besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskPattern {
    /// Unique within the site: lower-case letters, digits and `_`.
    pub name: String,
    /// What is masked.
    pub regex: String,
}

/// Words with something in common: what is done where one of them is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The words.
    pub list: Vec<String>,
    /// In what they are looked for.
    pub direction: Direction,
    /// What is done.
    pub action: WordAction,
    /// What stands for the word, or is said instead of an answer; absent means the built-in text.
    pub text: Option<String>,
}

/// Whose words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Visitors' questions.
    In,
    /// Providers' answers.
    Out,
    /// Both.
    #[default]
    Both,
}

/// What is done about a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WordAction {
    /// Another text stands in its place.
    Replace,
    /// Something else is said instead of an answer.
    Refuse,
    /// The same, and a person is asked for.
    Handoff,
}

/// Where visitors come from, besides the web. Its keys belong to the channel's own adapter.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// Such as `wechat`.
    pub kind: String,
    /// The last part of its webhook path.
    pub account: String,
    /// All its other keys; a list of hosts with commas between.
    pub settings: BTreeMap<String, Template>,
}

/// What the widget shows before anything is said. Its parts are as the contract has them: nobody
/// but the widget reads them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Widget {
    /// The first thing a visitor reads.
    pub greeting: Option<String>,
    /// Questions to start from.
    pub suggestions: Vec<String>,
    /// Hex, such as `#1668dc`.
    pub color: Option<String>,
    /// How it looks.
    pub look: Option<WidgetLook>,
    /// Asked before the first message.
    pub prechat: Option<WidgetForm>,
    /// Shown in place of the chat outside the hours.
    pub offline: Option<WidgetForm>,
    /// When people are there; empty means always.
    pub hours: Vec<Hours>,
    /// What the widget says by itself.
    pub invitations: Vec<Invitation>,
    /// What is told and asked about data.
    pub privacy: Option<WidgetPrivacy>,
}
