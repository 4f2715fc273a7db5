//! What happened, in order: a hash of all of it and the last lines for people.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};

const LINES_KEPT: usize = 40;
const LINE_MOST: usize = 200;

#[derive(Debug, Default)]
pub(crate) struct Journal {
    hasher: DefaultHasher,
    lines: VecDeque<String>,
    count: u64,
}

impl Journal {
    pub(crate) fn note(&mut self, now: u64, what: &impl Debug) {
        let mut line = format!("{now} {what:?}");
        line.hash(&mut self.hasher);
        self.count += 1;
        if line.len() > LINE_MOST {
            line.truncate(line.floor_char_boundary(LINE_MOST));
        }
        self.lines.push_back(line);
        if self.lines.len() > LINES_KEPT {
            self.lines.pop_front();
        }
    }

    /// How many things happened.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// A hash of everything, in order.
    pub(crate) fn hash(&self) -> u64 {
        self.hasher.finish()
    }

    /// The last things that happened.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }
}
