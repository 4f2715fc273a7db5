//! What is read out of a provider's answer, the same for every provider.

use super::Failure;

/// One thing that a provider said.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// More of the answer.
    Text(String),
    /// The answer so far is to be this one.
    Replace(String),
    /// What the model thinks; never part of the answer.
    Reasoning(String),
    /// The provider is at work: it forbids the idle time-out and nothing else.
    Progress,
    /// A question that the visitor may want to ask next.
    Suggestion(String),
    /// Where the answer comes from.
    Citation(Citation),
    /// A file that belongs to the answer.
    File(Attachment),
    /// What the provider calls the answer; all of it, whenever some of it becomes known.
    Ids(Ids),
    /// The attempt is over; nothing follows.
    Ended(Ending),
}

impl Reading {
    /// Whether the visitor sees something of it: from then on no other provider may answer.
    pub fn is_visible(&self) -> bool {
        matches!(self, Self::Text(text) | Self::Replace(text) if !text.is_empty())
    }

    /// Whether it stops the clock of the first token: answer or reasoning.
    pub fn is_token(&self) -> bool {
        self.is_visible() || matches!(self, Self::Reasoning(text) if !text.is_empty())
    }
}

/// Where an answer comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Citation {
    /// Its place among the sources, from 1.
    pub position: u32,
    /// The document's name.
    pub document: String,
    /// How well it fits, as the provider counts.
    pub score: Option<f64>,
}

/// A file that belongs to an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Such as `image`; empty when it is not told.
    pub kind: String,
    /// Its name; may be empty.
    pub name: String,
    /// Where it is; may be relative to the provider's address.
    pub url: String,
}

/// What the provider calls the answer: for the log, for cancelling, and for its memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// The provider's own conversation.
    pub conversation: Option<String>,
    /// The last answer message.
    pub message: Option<String>,
    /// What a cancel request names: Coze's chat, Dify's task.
    pub task: Option<String>,
    /// What the provider's support asks for: a request or log id.
    pub request: Option<String>,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// How.
    pub outcome: Outcome,
    /// Tokens, where the provider tells.
    pub usage: Option<Usage>,
    /// What the model called: to be answered after `RequiresAction`, else for the log.
    pub tool_calls: Vec<ToolCall>,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The answer is whole.
    Completed,
    /// The provider waits for the results of its tool calls, or for the visitor's choice.
    RequiresAction,
    /// The provider says that it was cancelled.
    Cancelled,
    /// The body ended before the answer did, or the answer grew over its cap; what came is kept.
    Truncated(Failure),
    /// The provider says that it failed, or cannot be understood.
    Failed(Failure),
}

impl Outcome {
    /// Why it is no success, where it is none.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Truncated(failure) | Self::Failed(failure) => Some(failure),
            Self::Completed | Self::RequiresAction | Self::Cancelled => None,
        }
    }
}

/// Tokens, as the provider counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// In the question and its context.
    pub input: u64,
    /// In the answer.
    pub output: u64,
    /// In all.
    pub total: u64,
}

/// A tool that the model called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// What the result must name.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Usually JSON, as the model wrote it.
    pub arguments: String,
}
