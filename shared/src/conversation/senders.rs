//! Which senders' keys the log may already have: enough to spare the storage a look-up for a new
//! message, never wrong about an old one.

use kefu_proto::v1::Event;
use std::collections::{BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many keys are remembered while awake.
const REMEMBERED: usize = 4_096;

/// Hashes of the keys that were seen. A hash that is present asks for a look-up, one that is
/// absent proves that the key is new, as long as the whole log is covered.
#[derive(Clone, Debug)]
pub(super) struct Senders {
    hashes: BTreeSet<u64>,
    order: VecDeque<u64>,
    covers_log: bool,
}

impl Senders {
    pub(super) fn resume(seq: u32, recent: &[(Event, Option<String>)]) -> Self {
        let mut senders = Self {
            hashes: BTreeSet::new(),
            order: VecDeque::new(),
            covers_log: recent.len() >= usize::try_from(seq).unwrap_or(usize::MAX),
        };
        for sender in recent.iter().filter_map(|(_, sender)| sender.as_ref()) {
            senders.learn(sender);
        }
        senders
    }

    /// Whether the log may have this sender's event.
    pub(super) fn may_know(&self, sender: &str) -> bool {
        !self.covers_log || self.hashes.contains(&hash(sender))
    }

    pub(super) fn learn(&mut self, sender: &str) {
        let hash = hash(sender);
        if self.hashes.insert(hash) {
            self.order.push_back(hash);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.hashes.remove(&oldest);
            self.covers_log = false;
        }
    }
}

fn hash(sender: &str) -> u64 {
    // SipHash with fixed keys. A visitor who finds two keys of one hash wins a look-up.
    let mut hasher = DefaultHasher::new();
    sender.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_new_only_while_the_whole_log_is_covered() {
        let mut senders = Senders::resume(0, &[]);
        assert!(!senders.may_know("V:a:1"));
        senders.learn("V:a:1");
        assert!(senders.may_know("V:a:1"));
        assert!(Senders::resume(65, &[]).may_know("V:a:2"), "older events were not loaded");
        for key in 0..=REMEMBERED {
            senders.learn(&format!("V:b:{key}"));
        }
        assert!(senders.may_know("V:a:1"), "what was forgotten is not taken for new");
    }
}
