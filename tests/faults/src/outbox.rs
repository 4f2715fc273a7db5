//! Messages with their own keys, kept until the log shows them and sent again on every new
//! connection until they are acknowledged.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A message of ours that the log does not show yet.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) key: String,
    text: String,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Queued,
    Sent { at: Instant },
    Acked { seq: u64 },
}

/// The letters, in the order of writing.
#[derive(Debug, Default)]
pub struct Outbox {
    letters: Vec<Letter>,
    held_until: Option<Instant>,
}

impl Outbox {
    /// Writes a letter.
    pub(crate) fn add(&mut self, key: &str, text: &str) {
        let (key, text) = (key.to_owned(), text.to_owned());
        self.letters.push(Letter { key, text, stage: Stage::Queued });
    }

    /// What is to be sent now, in order; it counts as sent.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<Value> {
        if self.held_until.is_some_and(|until| now < until) {
            return Vec::new();
        }
        let queued = self.letters.iter_mut().filter(|letter| letter.stage == Stage::Queued);
        let send = |letter: &mut Letter| {
            letter.stage = Stage::Sent { at: now };
            json!({ "send": { "key": letter.key, "text": letter.text } })
        };
        queued.map(send).collect()
    }

    /// The connection ended: what was not acknowledged is sent again.
    pub(crate) fn cut(&mut self) {
        for letter in &mut self.letters {
            if matches!(letter.stage, Stage::Sent { .. }) {
                letter.stage = Stage::Queued;
            }
        }
    }

    /// The server has stored it.
    pub(crate) fn acked(&mut self, key: &str, seq: u64) {
        if let Some(letter) = self.letters.iter_mut().find(|letter| letter.key == key) {
            letter.stage = Stage::Acked { seq };
        }
    }

    /// The log shows it.
    pub(crate) fn shown(&mut self, key: &str) {
        self.letters.retain(|letter| letter.key != key);
    }

    /// The log has passed `last`: letters up to there are shown by it.
    pub(crate) fn passed(&mut self, last: u64) {
        self.letters.retain(|it| !matches!(it.stage, Stage::Acked { seq } if seq <= last));
    }

    /// The server did not take it now; all letters wait.
    pub(crate) fn refused(&mut self, key: &str, pause: Duration, now: Instant) {
        self.held_until = Some(now + pause);
        if let Some(letter) = self.letters.iter_mut().find(|letter| letter.key == key) {
            letter.stage = Stage::Queued;
        }
    }

    /// When something becomes due that is held back.
    pub(crate) fn held_until(&self, now: Instant) -> Option<Instant> {
        let queued = self.letters.iter().any(|letter| letter.stage == Stage::Queued);
        self.held_until.filter(|until| queued && *until > now)
    }

    /// When the letter was sent that waits longest for its acknowledgement.
    pub(crate) fn waiting_since(&self) -> Option<Instant> {
        self.letters.iter().find_map(|letter| match letter.stage {
            Stage::Sent { at } => Some(at),
            Stage::Queued | Stage::Acked { .. } => None,
        })
    }

    /// Whether nothing is left to be acknowledged or shown.
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// How many the log does not show yet.
    pub fn len(&self) -> usize {
        self.letters.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(frames: &[Value]) -> Vec<&str> {
        frames.iter().filter_map(|frame| frame["send"]["key"].as_str()).collect()
    }

    #[test]
    fn what_was_not_acknowledged_is_sent_again_in_order() {
        let now = Instant::now();
        let mut outbox = Outbox::default();
        for key in ["a", "b", "c"] {
            outbox.add(key, "hi");
        }
        assert_eq!(keys(&outbox.due(now)), ["a", "b", "c"]);
        assert!(outbox.due(now).is_empty(), "once a connection");
        outbox.acked("b", 2);
        outbox.cut();
        assert_eq!(keys(&outbox.due(now)), ["a", "c"]);
    }

    #[test]
    fn a_letter_is_kept_until_the_log_shows_it_or_has_passed_it() {
        let mut outbox = Outbox::default();
        outbox.add("a", "hi");
        outbox.add("b", "hi");
        outbox.acked("a", 1);
        outbox.acked("b", 2);
        outbox.shown("a");
        assert_eq!(outbox.len(), 1);
        outbox.passed(2);
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_pause_that_the_server_asks_for_holds_all_letters() {
        let now = Instant::now();
        let mut outbox = Outbox::default();
        outbox.add("a", "hi");
        outbox.due(now);
        outbox.refused("a", Duration::from_secs(1), now);
        assert!(outbox.due(now).is_empty());
        let later = outbox.held_until(now).unwrap();
        assert_eq!(keys(&outbox.due(later)), ["a"]);
    }
}
