//! What is wrong with a configuration document, said so that its author can mend it.

use crate::sorted;
use std::error::Error;
use std::fmt;

/// Why a document was refused; nothing of it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// In the order of their lines; never empty, never more than [`MAX_FAULTS`] and a last one
    /// that counts the rest.
    pub faults: Vec<Fault>,
}

/// The most faults that are told one by one.
pub const MAX_FAULTS: usize = 100;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, such as `ai_providers[0].rate_limit`; empty when the document cannot be parsed.
    pub key: String,
    /// The line it stands on, from 1; for a missing key, its table's.
    pub line: u32,
    /// What was found, what is expected and how to mend it.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            write!(f, "line {}: {}", self.line, self.message)
        } else {
            write!(f, "{} (line {}): {}", self.key, self.line, self.message)
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            write!(f, "{}{fault}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl Error for Invalid {}

/// Faults as they are found.
#[derive(Debug, Default)]
pub(super) struct Faults {
    found: Vec<Fault>,
    more: usize,
}

impl Faults {
    /// Remembers one; past the most that are told, only counts it.
    pub(super) fn add(&mut self, key: impl Into<String>, line: u32, message: impl Into<String>) {
        if self.is_full() {
            self.more += 1;
        } else {
            self.found.push(Fault { key: key.into(), line, message: message.into() });
        }
    }

    /// Whether further ones are only counted.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= MAX_FAULTS
    }

    /// What was found wrong, if anything was.
    pub(super) fn verdict(mut self) -> Result<(), Invalid> {
        sorted::sort_by_key(&mut self.found, |fault| fault.line);
        let Some(last) = self.found.last() else { return Ok(()) };
        if self.more > 0 {
            let message = format!("and {} more, told once these are mended", self.more);
            let rest = Fault { key: String::new(), line: last.line, message };
            self.found.push(rest);
        }
        Err(Invalid { faults: self.found })
    }
}

impl From<Fault> for Invalid {
    fn from(fault: Fault) -> Self {
        Self { faults: vec![fault] }
    }
}

/// Of `known`, the one that `word` was most likely meant to be; none only when nothing is known.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = plain(word);
    known.iter().copied().min_by_key(|candidate| {
        let candidate = plain(candidate);
        let contains = !word.is_empty() && (candidate.contains(&word) || word.contains(&candidate));
        (!contains, distance(&word, &candidate))
    })
}

/// Without what people write differently: `rateLimit` and `rate-limit` are `rate_limit`.
fn plain(word: &str) -> String {
    word.chars().take(64).filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// How many insertions, removals and replacements lead from `from` to `to` (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut left = i + 1;
        let mut next = vec![left];
        for ((b, &above), &diagonal) in to.iter().zip(row.iter().skip(1)).zip(&row) {
            left = (diagonal + usize::from(a != *b)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_known_key_is_what_was_meant() {
        let known = [
            "name",
            "type",
            "endpoint",
            "api_key",
            "rate_limit",
            "circuit_breaker",
            "ai_providers",
        ];
        for (written, meant) in [
            ("ratelimit", "rate_limit"),
            ("rateLimit", "rate_limit"),
            ("rate-limt", "rate_limit"),
            ("nmae", "name"),
            ("providers", "ai_providers"),
            ("circuit_braker", "circuit_breaker"),
            ("apikey", "api_key"),
        ] {
            assert_eq!(nearest(written, &known), Some(meant), "{written}");
        }
        assert_eq!(nearest("x", &[]), None);
    }

    #[test]
    fn distances_are_levenshtein() {
        for (from, to, expected) in
            [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("退货", "退款", 1)]
        {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn faults_come_by_line_and_too_many_are_counted() {
        let mut faults = Faults::default();
        for line in (1..=103).rev() {
            faults.add("a", line, "wrong");
        }
        let told = faults.verdict().unwrap_err().faults;
        assert_eq!(told.len(), MAX_FAULTS + 1);
        assert!(told.is_sorted_by_key(|fault| fault.line));
        assert_eq!(told.last().unwrap().message, "and 3 more, told once these are mended");
    }
}
