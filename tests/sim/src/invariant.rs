//! What must hold, and what is told when it does not.

use std::fmt;

/// What must hold in every world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// What was acknowledged is in the log, whatever died.
    Acknowledged,
    /// Each key is stored once, and answered the same each time.
    Once,
    /// Seqs are dense from 1, ids and terms rise.
    Dense,
    /// A screen is a prefix of the log as its reader may see it, and equals it at rest.
    Screen,
    /// No event is shown twice.
    ShownOnce,
    /// Nothing is sent that is not durable.
    DurableFirst,
    /// Every question is answered, or a person takes it, within the turn's budget.
    Answered,
    /// Calls are bounded; what is shown and stored is of one attempt, as its provider said it.
    Attempts,
    /// The inbox is the fold of the conversations, and every agent's list is the inbox.
    Inbox,
    /// The same seed is the same world, letter for letter.
    Repeatable,
    /// Where nothing is under way no timer, no call and no alarm is left.
    Rest,
    /// Memory stays within its budget, and what is kept there equals the log.
    Bounded,
    /// Not a byte of the machine after a person's owner event, stored or shown.
    Silence,
    /// What is for agents never reaches a visitor.
    Privacy,
    /// Where the AI drafts no text of it reaches a visitor that no agent approved, and each draft is
    /// sent once.
    Approved,
    /// The core does not panic.
    Alive,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Acknowledged,
        Self::Once,
        Self::Dense,
        Self::Screen,
        Self::ShownOnce,
        Self::DurableFirst,
        Self::Answered,
        Self::Attempts,
        Self::Inbox,
        Self::Repeatable,
        Self::Rest,
        Self::Bounded,
        Self::Silence,
        Self::Privacy,
        Self::Approved,
        Self::Alive,
    ];

    /// Its number among the reliability rules and its name; the last four have only a name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Acknowledged => "I1-acknowledged",
            Self::Once => "I2-once",
            Self::Dense => "I3-dense",
            Self::Screen => "I4-screen",
            Self::ShownOnce => "I5-shown-once",
            Self::DurableFirst => "I6-durable-first",
            Self::Answered => "I7-answered",
            Self::Attempts => "I8-attempts",
            Self::Inbox => "I9-inbox",
            Self::Repeatable => "I10-repeatable",
            Self::Rest => "I11-rest",
            Self::Bounded => "I12-bounded",
            Self::Silence => "silence",
            Self::Privacy => "privacy",
            Self::Approved => "approved",
            Self::Alive => "alive",
        }
    }

    /// Says that it does not hold.
    pub(crate) fn broken(self, what: impl Into<String>) -> Broken {
        Broken { invariant: self, what: what.into() }
    }

    /// Checks it.
    pub(crate) fn holds(self, condition: bool, what: impl FnOnce() -> String) -> Held {
        if condition { Ok(()) } else { Err(self.broken(what())) }
    }
}

/// What did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which promise.
    pub invariant: Invariant,
    /// What was seen instead.
    pub what: String,
}

impl Broken {
    /// Says where.
    pub(crate) fn at(self, place: impl fmt::Display) -> Self {
        Self { what: format!("{} ({place})", self.what), ..self }
    }
}

/// The result of whatever checks while it happens.
pub(crate) type Held<T = ()> = Result<T, Broken>;

/// A world in which something did not hold.
#[derive(Clone, Debug)]
pub struct Violation {
    /// What.
    pub broken: Broken,
    /// The variables and the test that make its plan again.
    pub origin: (String, &'static str),
    /// The items of its plan that happened; all of them when nothing was left out.
    pub kept: Option<Vec<usize>>,
    /// When, in virtual milliseconds.
    pub at: u64,
    /// What was planned.
    pub items: Vec<String>,
    /// The last things that happened.
    pub trace: Vec<String>,
}

impl Violation {
    /// The one line that repeats it.
    pub fn repeat(&self) -> String {
        let keep = self.kept.as_ref().map_or_else(String::new, |kept| {
            let ids: Vec<_> = kept.iter().map(ToString::to_string).collect();
            format!("KEFU_KEEP={} ", ids.join(","))
        });
        let (variables, test) = &self.origin;
        format!("{variables} {keep}cargo test -p kefu-sim {test}")
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "violates {} at {} ms: {}",
            self.broken.invariant.name(),
            self.at,
            self.broken.what
        )?;
        for line in self.trace.iter().chain(["planned:".to_owned()].iter()).chain(&self.items) {
            writeln!(f, "  {line}")?;
        }
        write!(f, "repeat with: {}", self.repeat())
    }
}

impl std::error::Error for Violation {}
