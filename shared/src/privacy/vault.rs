//! Which placeholder stands for which value, within one request.

use super::placeholder::{self, Key, NUMBER_MOST, Next};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The values that were masked.
pub(super) struct Vault {
    labels: Arc<[String]>,
    /// Placeholders that stand in the texts already: nobody's data is put in their place.
    taken: BTreeSet<Key>,
    keys: BTreeMap<(usize, String), Key>,
    values: BTreeMap<Key, String>,
}

impl Vault {
    pub(super) fn new(labels: Arc<[String]>) -> Self {
        Self { labels, taken: BTreeSet::new(), keys: BTreeMap::new(), values: BTreeMap::new() }
    }

    pub(super) fn labels(&self) -> &[String] {
        &self.labels
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn value(&self, key: Key) -> Option<&str> {
        self.values.get(&key).map(String::as_str)
    }

    /// Leaves alone whatever in `text` looks like a placeholder.
    pub(super) fn avoid(&mut self, text: &str) {
        let mut at = 0;
        let labels = Arc::clone(&self.labels);
        while let Next::Found { end, key, .. } = placeholder::next(text, at, None, &labels, true) {
            self.taken.insert(key);
            at = end;
        }
    }

    /// What stands for a value; the same for values that are one when they are written alike.
    pub(super) fn placeholder(&mut self, label: usize, alike: String, value: &str) -> String {
        let key = match self.keys.get(&(label, alike.clone())) {
            Some(key) => Some(*key),
            None => self.put(label, alike, value),
        };
        let name = self.labels.get(label).map_or("", String::as_str);
        match key {
            Some(Key { number, .. }) => format!("[{name}_{number}]"),
            None => format!("[{name}]"),
        }
    }

    fn put(&mut self, label: usize, alike: String, value: &str) -> Option<Key> {
        let of_label = Key { label, number: 0 }..=Key { label, number: NUMBER_MOST };
        let newest = self.values.range(of_label).next_back().map_or(0, |(key, _)| key.number);
        let numbers = newest + 1..=NUMBER_MOST;
        let mut keys = numbers.map(|number| Key { label, number });
        let key = keys.find(|key| !self.taken.contains(key))?;
        self.keys.insert((label, alike), key);
        self.values.insert(key, value.to_owned());
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_one_placeholder_and_none_that_stands_in_a_text_already() {
        let mut vault = Vault::new(["A".to_owned(), "B".to_owned()].into());
        vault.avoid("my [a_1] and B_2, [A 3]");
        let mut put = |label, value: &str| vault.placeholder(label, value.into(), value);
        assert_eq!(put(0, "x"), "[A_2]");
        assert_eq!(put(0, "y"), "[A_4]");
        assert_eq!(put(0, "x"), "[A_2]");
        assert_eq!(put(1, "x"), "[B_1]");
        assert_eq!(put(1, "y"), "[B_3]");
        assert_eq!(vault.value(Key { label: 0, number: 2 }), Some("x"));
        assert_eq!(vault.value(Key { label: 0, number: 1 }), None);
    }

    #[test]
    fn values_without_a_number_left_are_masked_all_the_same() {
        let mut vault = Vault::new(["A".to_owned()].into());
        for number in 0..NUMBER_MOST {
            vault.placeholder(0, number.to_string(), "x");
        }
        assert_eq!(vault.placeholder(0, "more".into(), "more"), "[A]");
    }
}
