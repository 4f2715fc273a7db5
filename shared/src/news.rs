//! What instances that share a database tell each other over a bus: that something changed, and
//! what is shown and not stored.
//!
//! The truth is in the database; a bus may lose, repeat and delay. Whoever hears of a change looks
//! there.

use crate::conversation::Audience;
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{ProviderChange, ServerFrame};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Before the second try to reach a bus, and at most.
const PAUSE: Duration = Duration::from_millis(200);
const PAUSE_MOST: Duration = Duration::from_secs(5);

/// How long to wait before the try after `failures` failed ones: full jitter, so that all who lost
/// a bus at once do not come back at once.
pub fn pause(failures: u32, entropy: u128) -> Duration {
    let most = PAUSE.saturating_mul(1 << failures.min(10)).min(PAUSE_MOST);
    let micros = most.as_micros().max(1);
    Duration::from_micros(u64::try_from(entropy % micros).unwrap_or(0))
}

/// One thing that an instance tells the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct News {
    /// Which instance tells it.
    pub from: u64,
    /// What.
    pub what: What,
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "a frame is what is mostly told")]
pub enum What {
    /// A conversation has something new, events up to a seq included.
    Conversation {
        /// `SITE/CONVERSATION`.
        log: String,
        /// Its newest event.
        seq: u32,
    },
    /// A site's desk has something new.
    Desk {
        /// The site.
        site: String,
    },
    /// A provider's breaker changed.
    Provider {
        /// Of which site.
        site: String,
        /// Which, and how.
        change: ProviderChange,
    },
    /// Readers of a conversation are shown something.
    Frame {
        /// `SITE/CONVERSATION`.
        log: String,
        /// Whom.
        to: Readers,
        /// What.
        frame: ServerFrame,
    },
}

/// Readers who may be elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Readers {
    /// Everybody.
    All,
    /// The agents.
    Agents,
    /// The visitors.
    Visitors,
}

/// How a frame reaches other instances' readers, if it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Over a bus, or where there is none through the database.
    Always,
    /// Over a bus; where there is none, what is saved is enough.
    Bus,
}

impl News {
    /// As a bus carries it.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What a bus brought; none if it is nothing of ours.
    pub fn from_json(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }
}

impl What {
    /// The frame that others' readers get too, and how. What is stored tells itself.
    pub fn of_frame(log: &str, to: Audience, frame: &Frame) -> Option<(Self, Way)> {
        let way = match frame {
            Frame::Typing(_) => Way::Always,
            Frame::Delta(_) | Frame::Replace(_) => Way::Bus,
            Frame::Hello(_)
            | Frame::Event(_)
            | Frame::Ack(_)
            | Frame::Presence(_)
            | Frame::Read(_)
            | Frame::Error(_)
            | Frame::Pong(_)
            | Frame::Inbox(_)
            | Frame::Queued(_)
            | Frame::Provider(_) => return None,
        };
        let frame = ServerFrame { conversation: String::new(), frame: Some(frame.clone()) };
        Some((Self::Frame { log: log.to_owned(), to: Readers::of(to)?, frame }, way))
    }
}

impl Readers {
    /// Those of an audience who may be elsewhere.
    fn of(to: Audience) -> Option<Self> {
        match to {
            Audience::Conn(_) => None,
            Audience::All | Audience::AllBut(_) => Some(Self::All),
            Audience::Agents => Some(Self::Agents),
            Audience::Visitors => Some(Self::Visitors),
        }
    }

    /// As an audience.
    pub fn audience(self) -> Audience {
        match self {
            Self::All => Audience::All,
            Self::Agents => Audience::Agents,
            Self::Visitors => Audience::Visitors,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kefu_proto::v1::{Delta, Event};

    #[test]
    fn what_is_stored_or_for_one_reader_is_not_told_as_a_frame() {
        let delta = Frame::Delta(Delta { turn: 1, attempt: 1, offset: 0, text: "x".into() });
        assert!(What::of_frame("s/c", Audience::All, &delta).is_some());
        assert!(What::of_frame("s/c", Audience::Conn(1), &delta).is_none());
        let event = Frame::Event(Event::default());
        assert!(What::of_frame("s/c", Audience::All, &event).is_none());
    }

    #[test]
    fn news_come_over_a_bus_as_they_were_told() {
        let frame = Frame::Delta(Delta { turn: 1, attempt: 2, offset: 3, text: "好".into() });
        let (what, way) = What::of_frame("s/c", Audience::All, &frame).unwrap();
        assert_eq!(way, Way::Bus);
        let news = News { from: u64::MAX, what };
        assert_eq!(News::from_json(news.to_json().as_bytes()), Some(news));
        assert_eq!(News::from_json(b"{\"from\":1}"), None);
    }

    #[test]
    fn tries_come_seldom_and_never_together() {
        assert!(pause(0, 199_999) < PAUSE);
        assert_eq!(pause(0, 200_000), Duration::ZERO);
        assert_eq!(pause(3, 1_500_000), Duration::from_millis(1_500));
        for failures in [5, 40, u32::MAX] {
            assert!(pause(failures, u128::MAX) < PAUSE_MOST, "{failures}");
        }
    }
}
