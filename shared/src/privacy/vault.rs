//! Which placeholder stands for which value, within one request and, where a provider remembers, beyond.

use super::names::Names;
use super::placeholder::{self, Key, NUMBER_MOST, Next};
use std::sync::Arc;

/// The values that were masked: few, so lists do for looking them up.
pub(super) struct Vault {
    labels: Arc<[String]>,
    /// Placeholders that stand in the texts already: nobody's data is put in their place.
    taken: Vec<Key>,
    masked: Vec<Masked>,
    /// Those of earlier requests too.
    names: Names,
}

struct Masked {
    key: Key,
    /// The same for values that are one.
    alike: String,
    value: String,
}

impl Vault {
    pub(super) fn new(labels: Arc<[String]>, names: Names) -> Self {
        Self { labels, taken: Vec::new(), masked: Vec::new(), names }
    }

    /// What the next request has to know.
    pub(super) fn names(&self) -> Names {
        let mut names = self.names.clone();
        names.keep(|name, number| {
            let stands = |it: &Masked| {
                it.key.number == number
                    && self.labels.get(it.key.label).is_some_and(|it| it == name)
            };
            self.masked.iter().any(stands)
        });
        names
    }

    pub(super) fn labels(&self) -> &[String] {
        &self.labels
    }

    pub(super) fn is_empty(&self) -> bool {
        self.masked.is_empty()
    }

    /// How many values each label stands for, of those that stand for any.
    pub(super) fn counts(&self) -> Vec<(&str, u32)> {
        let count = |label| self.masked.iter().filter(|it| it.key.label == label).count();
        let counts = self.labels.iter().enumerate();
        let counts = counts.map(|(label, name)| (name.as_str(), count(label)));
        let counts = counts.filter(|(_, count)| *count > 0);
        counts.map(|(name, count)| (name, u32::try_from(count).unwrap_or(u32::MAX))).collect()
    }

    pub(super) fn value(&self, key: Key) -> Option<&str> {
        let masked = self.masked.iter().find(|masked| masked.key == key)?;
        Some(&masked.value)
    }

    /// Leaves alone whatever in `text` looks like a placeholder.
    pub(super) fn avoid(&mut self, text: &str) {
        let mut at = 0;
        while let Next::Found { end, key, .. } =
            placeholder::next(text, at, None, &self.labels, true)
        {
            if !self.taken.contains(&key) {
                self.taken.push(key);
            }
            at = end;
        }
    }

    /// What stands for a value; the same for values that are one when they are written alike.
    pub(super) fn placeholder(&mut self, label: usize, alike: String, value: &str) -> String {
        let known = self.masked.iter().find(|it| it.key.label == label && it.alike == alike);
        let key = known.map(|masked| masked.key).or_else(|| self.put(label, alike, value));
        let name = self.labels.get(label).map_or("", String::as_str);
        match key {
            Some(Key { number, .. }) => format!("[{name}_{number}]"),
            None => format!("[{name}]"),
        }
    }

    fn put(&mut self, label: usize, alike: String, value: &str) -> Option<Key> {
        let name = self.labels.get(label)?;
        let known = self.names.number(name, &alike).map(|number| Key { label, number });
        let key = match known.filter(|key| !self.taken.contains(key)) {
            Some(key) => key,
            None => self.fresh(label, &alike)?,
        };
        self.masked.push(Masked { key, alike, value: value.to_owned() });
        Some(key)
    }

    /// A number that never stood for anything.
    fn fresh(&mut self, label: usize, alike: &str) -> Option<Key> {
        let name = self.labels.get(label)?;
        let mut key = Key { label, number: self.names.newest(name) + 1 };
        while self.taken.contains(&key) {
            key.number += 1;
        }
        if key.number > NUMBER_MOST {
            return None;
        }
        self.names.put(name, key.number, alike);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_one_placeholder_and_none_that_stands_in_a_text_already() {
        let mut vault = Vault::new(["A".to_owned(), "B".to_owned()].into(), Names::default());
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
        let mut vault = Vault::new(["A".to_owned()].into(), Names::default());
        for number in 0..NUMBER_MOST {
            vault.placeholder(0, number.to_string(), "x");
        }
        assert_eq!(vault.placeholder(0, "more".into(), "more"), "[A]");
    }
}
