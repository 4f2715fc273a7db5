//! What is stored of a conversation, and what of it is loaded on wake: the same few rows whether
//! the log has ten events or a hundred thousand.

use super::input::{ConnId, Stream};
use super::turn::{Lease, Tenure};
use crate::config::{Ai, Limits, Rate, Site};
use crate::failover::Kept;
use crate::guard::{Ledger, Spent};
use crate::time::Millis;
use kefu_proto::v1::{Event, InboxEntry, Owner, owner};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How many of the newest events are loaded on wake.
pub const RECENT: u32 = 64;

/// What a conversation is resumed from.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The stored head; absent until something differs from a new conversation.
    pub head: Option<Head>,
    /// The stored record of turns; absent before the first.
    pub turn: Option<TurnRecord>,
    /// (tag, seq) of everybody's read marks.
    pub marks: Vec<(String, u32)>,
    /// The newest [`RECENT`] events with their senders, oldest first.
    pub recent: Vec<(Event, Option<String>)>,
    /// When the visitor's messages of the last rate window were, oldest first; at most as many
    /// as the rate allows.
    pub window: Vec<Millis>,
    /// The streams that outlived the conversation's sleep.
    pub streams: Vec<(ConnId, Stream)>,
    /// Who resumes it, where several processes may; none where only one can.
    pub tenure: Option<Tenure>,
    /// What the desk knows, where that can be looked up.
    pub told: Option<InboxEntry>,
}

/// What is true of a conversation as a whole. A new one has none stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Head {
    /// Raised by one with every write.
    pub version: u32,
    /// The life of the log.
    pub epoch: u32,
    /// Who answers.
    pub owner: OwnerRecord,
    /// Raised on every change of the owner.
    pub term: u32,
    /// Whether the newest session is over.
    pub closed: bool,
    /// The site's limits and waits, as last seen: what holds until the site is read again.
    pub policy: Policy,
}

impl Default for Head {
    fn default() -> Self {
        Self {
            version: 0,
            epoch: 1,
            owner: OwnerRecord::default(),
            term: 0,
            closed: false,
            policy: Policy::default(),
        }
    }
}

/// The owner, as stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OwnerRecord {
    /// AI, rules and flows.
    #[default]
    Bot,
    /// Waits for a person.
    Queue,
    /// A person.
    Agent {
        /// Whose id.
        id: String,
        /// Whose name.
        name: Option<String>,
    },
}

impl OwnerRecord {
    /// As the contract writes it.
    pub fn wire(&self) -> Owner {
        let (kind, id, name) = match self {
            Self::Bot => (owner::Kind::Bot, None, None),
            Self::Queue => (owner::Kind::Queue, None, None),
            Self::Agent { id, name } => (owner::Kind::Agent, Some(id.clone()), name.clone()),
        };
        Owner { kind: kind.into(), id, name, place: None }
    }
}

/// What of a site's configuration holds also while the site is not at hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    quiet_window_ms: u64,
    turn_budget_ms: u64,
    while_queued: bool,
    drafts: bool,
    messages: u32,
    messages_window_ms: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self::from_parts(&Ai::default(), &Limits::default())
    }
}

impl Policy {
    /// What `site` declares.
    pub fn of(site: &Site) -> Self {
        Self::from_parts(&site.ai, &site.limits)
    }

    fn from_parts(ai: &Ai, limits: &Limits) -> Self {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self {
            quiet_window_ms: millis(ai.quiet_window),
            turn_budget_ms: millis(ai.turn_budget),
            while_queued: ai.while_queued,
            drafts: ai.drafts(),
            messages: limits.messages_per_visitor.count,
            messages_window_ms: millis(limits.messages_per_visitor.window),
        }
    }

    /// Messages this close together are one question.
    pub fn quiet_window(&self) -> Duration {
        Duration::from_millis(self.quiet_window_ms)
    }

    /// From a question's first message to the first AI text.
    pub fn turn_budget(&self) -> Duration {
        Duration::from_millis(self.turn_budget_ms)
    }

    /// Whether the AI speaks while a person is asked for.
    pub fn while_queued(&self) -> bool {
        self.while_queued
    }

    /// Whether the AI drafts for agents somewhere, at some time.
    pub fn drafts(&self) -> bool {
        self.drafts
    }

    /// How much a visitor may say.
    pub fn messages_per_visitor(&self) -> Rate {
        Rate { count: self.messages, window: Duration::from_millis(self.messages_window_ms) }
    }
}

/// How far a conversation's turns are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TurnRecord {
    /// Raised by one with every write.
    pub version: u32,
    /// The newest turn's number.
    pub turn: u32,
    /// Its newest attempt's.
    pub attempt: u32,
    /// Visitors' messages up to here need no answer any more.
    pub answered: u32,
    /// The attempt under way, if one is.
    pub running: Option<RunningRecord>,
    /// What the visitor's questions cost today.
    #[serde(skip_serializing_if = "Ledger::is_empty")]
    pub spent: Ledger,
    /// What speaks for calling a person, as [`super::turn`] writes it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub signs: String,
    /// What providers remember of the conversation, the newest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Kept>,
    /// What placeholders stand for in what providers have read, as [`crate::privacy::Names`] writes it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub names: String,
    /// Since when it is kept how questions were answered, as [`super::turn`] writes it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub traced: String,
    /// In whose memory the turn is, where several processes may have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
}

/// An attempt that had begun: what a process that dies leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunningRecord {
    /// The provider's name.
    pub provider: String,
    /// Providers' failed tries at the turn so far.
    pub failures: u32,
    /// The question's last message.
    pub through: u32,
    /// What was visible when it was last saved.
    pub text: String,
    /// Whether it is for agents to approve.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub draft: bool,
    /// The turn's attempts as a trace tells them, this one as cut off.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tries: String,
    /// What this one had cost when it was last saved.
    pub spent: Spent,
}
