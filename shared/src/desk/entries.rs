//! The entries of an inbox: by conversation, by their changes, and those that wait for a person in
//! the order in which they do. What changed may be taken back.

use kefu_proto::v1::{InboxEntry, owner};
use std::collections::BTreeMap;

/// The entries, each as its newest change left it.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    known: BTreeMap<String, InboxEntry>,
    /// Which conversation changed at which revision, its newest change only.
    order: BTreeMap<u32, String>,
    /// Who waits for a person, since when; the longest waiting first.
    queue: Vec<(Option<i64>, String)>,
    /// While changes are recorded: what each of them replaced.
    replaced: Option<Vec<Replaced>>,
}

/// A conversation, and its entry before a change.
pub(super) type Replaced = (String, Option<InboxEntry>);

impl Entries {
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn get(&self, conversation: &str) -> Option<&InboxEntry> {
        self.known.get(conversation)
    }

    /// All, by conversation.
    pub(super) fn all(&self) -> impl Iterator<Item = &InboxEntry> {
        self.known.values()
    }

    /// Those that changed after a revision, in the order of their changes.
    pub(super) fn after(&self, revision: u32) -> impl Iterator<Item = &InboxEntry> {
        let from = revision.saturating_add(1);
        self.order.range(from..).filter_map(|(_, id)| self.known.get(id))
    }

    /// Those that wait for a person, the longest waiting first.
    pub(super) fn queue(&self) -> impl Iterator<Item = &str> {
        self.queue.iter().map(|(_, id)| id.as_str())
    }

    /// The place of one that waits for a person, from 1.
    pub(super) fn place(&self, conversation: &str) -> Option<u32> {
        let entry = self.known.get(conversation).filter(|entry| is_queued(entry))?;
        u32::try_from(self.ahead_of(entry) + 1).ok()
    }

    pub(super) fn put(&mut self, entry: InboxEntry) {
        self.replace(entry.conversation.clone(), Some(entry));
    }

    pub(super) fn remove(&mut self, conversation: &str) {
        self.replace(conversation.to_owned(), None);
    }

    /// From here on what changes may be taken back, with what [`Entries::recorded`] gives.
    pub(super) fn record(&mut self) {
        self.replaced = Some(Vec::new());
    }

    pub(super) fn recorded(&mut self) -> Vec<Replaced> {
        self.replaced.take().unwrap_or_default()
    }

    pub(super) fn take_back(&mut self, replaced: Vec<Replaced>) {
        replaced.into_iter().rev().for_each(|(id, entry)| self.replace(id, entry));
    }

    fn replace(&mut self, id: String, entry: Option<InboxEntry>) {
        let old = self.known.remove(&id);
        if let Some(old) = &old {
            self.order.remove(&old.revision);
            if is_queued(old) {
                self.queue.remove(self.ahead_of(old));
            }
        }
        if let Some(entry) = entry {
            self.order.insert(entry.revision, id.clone());
            if is_queued(&entry) {
                self.queue.insert(self.ahead_of(&entry), (entry.queued_since, id.clone()));
            }
            self.known.insert(id.clone(), entry);
        }
        if let Some(replaced) = &mut self.replaced {
            replaced.push((id, old));
        }
    }

    /// How many wait for longer.
    fn ahead_of(&self, entry: &InboxEntry) -> usize {
        let one = (entry.queued_since, entry.conversation.as_str());
        self.queue.partition_point(|(since, id)| (*since, id.as_str()) < one)
    }
}

/// Whether its visitor waits for a person.
pub(super) fn is_queued(entry: &InboxEntry) -> bool {
    let kind = entry.owner.as_ref().map(kefu_proto::v1::Owner::kind).unwrap_or_default();
    kind == owner::Kind::Queue && !entry.closed
}

#[cfg(test)]
mod tests {
    use super::*;
    use kefu_proto::v1::Owner;

    fn entry(id: &str, revision: u32, queued_since: Option<i64>) -> InboxEntry {
        let kind = queued_since.map_or(owner::Kind::Bot, |_| owner::Kind::Queue);
        let owner = Some(Owner { kind: kind.into(), ..Owner::default() });
        let conversation = id.to_owned();
        InboxEntry { conversation, revision, queued_since, owner, ..InboxEntry::default() }
    }

    fn queue(entries: &Entries) -> Vec<&str> {
        entries.queue().collect()
    }

    #[test]
    fn whoever_waits_has_a_place_and_whoever_does_not_has_none() {
        let mut entries = Entries::default();
        entries.put(entry("late", 1, Some(30)));
        entries.put(entry("early", 2, Some(10)));
        entries.put(entry("bot", 3, None));
        entries.put(entry("as-early", 4, Some(10)));
        assert_eq!(queue(&entries), ["as-early", "early", "late"]);
        assert_eq!(entries.place("late"), Some(3));
        assert_eq!((entries.place("bot"), entries.place("nobody")), (None, None));
        entries.put(entry("early", 5, None));
        entries.remove("as-early");
        assert_eq!(queue(&entries), ["late"]);
        let order: Vec<u32> = entries.after(1).map(|entry| entry.revision).collect();
        assert_eq!(order, [3, 5]);
    }

    #[test]
    fn what_was_recorded_is_taken_back_to_the_last_detail() {
        let mut entries = Entries::default();
        entries.put(entry("a", 1, Some(10)));
        entries.put(entry("b", 2, None));
        let before = format!("{entries:?}");
        entries.record();
        entries.put(entry("a", 3, None));
        entries.put(entry("c", 4, Some(20)));
        entries.put(entry("c", 5, Some(20)));
        entries.remove("b");
        entries.remove("nobody");
        let recorded = entries.recorded();
        assert_eq!(recorded.len(), 5);
        entries.take_back(recorded);
        assert_eq!(format!("{entries:?}"), before);
    }
}
