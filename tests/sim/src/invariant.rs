//! What must hold, and what is told when it does not.

use std::fmt;

/// Something that did not hold.
#[derive(Clone, Debug)]
pub struct Violation {
    /// In which world.
    pub seed: u64,
    /// When, in virtual milliseconds.
    pub at: u64,
    /// What.
    pub what: String,
    /// The last things that happened.
    pub trace: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} at {} ms: {}", self.seed, self.at, self.what)?;
        for line in &self.trace {
            writeln!(f, "  {line}")?;
        }
        write!(f, "repeat with: KEFU_SEED={} cargo test -p kefu-sim one_seed", self.seed)
    }
}

impl std::error::Error for Violation {}
