//! Placeholders that providers have read in a conversation.
//!
//! A provider may keep the conversation itself, for longer than the context that it is sent. None of
//! its placeholders ever comes to stand for another value: a value that is still in the context
//! keeps its number, and numbers of those that left are not given away again.

use crate::keys::hex;
use sha2::{Digest, Sha256};

/// Bytes of a digest that tell values apart.
const DIGEST: usize = 8;

/// Which numbers stand for which values. The values themselves are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(Vec<Name>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    label: String,
    number: u32,
    /// Of the value; empty once that left the context.
    digest: String,
}

impl Names {
    /// Reads what [`Names::write`] made; nothing of anything else.
    pub fn read(text: &str) -> Self {
        let name = |name: &str| {
            let mut parts = name.split('.');
            let (label, number) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?);
            Some(Name { label, number, digest: parts.next()?.to_owned() })
        };
        Self(text.split(' ').filter_map(name).collect())
    }

    /// As text, to be stored: `PHONE.1.DIGEST` each.
    pub fn write(&self) -> String {
        let names = self.0.iter().map(|it| format!("{}.{}.{}", it.label, it.number, it.digest));
        names.collect::<Vec<_>>().join(" ")
    }

    /// The highest number that any label has.
    pub fn highest(&self) -> u32 {
        self.0.iter().map(|name| name.number).max().unwrap_or(0)
    }

    /// The highest number that a label has.
    pub(super) fn newest(&self, label: &str) -> u32 {
        let of_label = self.0.iter().filter(|name| name.label == label);
        of_label.map(|name| name.number).max().unwrap_or(0)
    }

    /// The number that stands for a value, by what is the same for all ways to write it.
    pub(super) fn number(&self, label: &str, alike: &str) -> Option<u32> {
        // Most conversations have none.
        let mut of_label = self.0.iter().filter(|name| name.label == label).peekable();
        of_label.peek()?;
        let digest = digest(alike);
        of_label.find(|name| name.digest == digest).map(|name| name.number)
    }

    pub(super) fn put(&mut self, label: &str, number: u32, alike: &str) {
        self.0.push(Name { label: label.to_owned(), number, digest: digest(alike) });
    }

    /// Values that are not in the context any more are forgotten, their labels' newest numbers are
    /// not.
    pub(super) fn keep(&mut self, is_there: impl Fn(&str, u32) -> bool) {
        for name in &mut self.0 {
            if !is_there(&name.label, name.number) {
                name.digest.clear();
            }
        }
        let all = self.clone();
        self.0.retain(|name| !name.digest.is_empty() || name.number == all.newest(&name.label));
    }
}

fn digest(alike: &str) -> String {
    let digest = Sha256::digest(alike.as_bytes());
    hex(digest.get(..DIGEST).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_left_the_context_is_forgotten_and_its_number_is_not() {
        let mut names = Names::default();
        for (number, value) in [(1, "a"), (2, "b"), (3, "c")] {
            names.put("PHONE", number, value);
        }
        names.put("EMAIL", 1, "a");
        names.keep(|label, number| label == "PHONE" && number == 2);
        assert_eq!((names.number("PHONE", "b"), names.number("PHONE", "c")), (Some(2), None));
        assert_eq!((names.newest("PHONE"), names.newest("EMAIL"), names.newest("X")), (3, 1, 0));
        assert_eq!(Names::read(&names.write()), names);
        assert_eq!(names.0.len(), 3);
        assert_eq!(Names::read(""), Names::default());
    }
}
