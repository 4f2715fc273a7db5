//! A site's configuration: DESIGN section 7 as types, and how a document becomes them.
//!
//! [`Site`] is plain data, checked as a whole. Secrets stay references (`"${NAME}"`) here: they
//! are resolved where they are used, never stored resolved.

use std::time::Duration;

mod address;
mod challenge;
mod document;
mod embedded;
mod fault;
mod fields;
mod quantity;
mod read;
mod references;
mod site;
mod template;

pub use challenge::{Challenge, ChallengeKind, Turnstile};
pub use document::Format;
pub use embedded::{Texts, texts};
pub use fault::{Fault, Invalid, MAX_FAULTS};
pub use read::read;
pub use references::Reference;
pub use site::*;
pub use template::{MissingSecret, Template};

/// The defaults of DESIGN section 7, by name, so that types and documentation agree.
pub mod defaults {
    use super::Duration;
    /// Characters of context and question in one attempt.
    pub const CONTEXT_CHARACTERS: u32 = 24_000;
    /// Shanghai's clock, in minutes east of Greenwich.
    pub const UTC_OFFSET: i16 = 480;
    /// From the first message of a question to the first AI text, over all providers.
    pub const TURN_BUDGET: Duration = Duration::from_secs(15);
    /// Providers' tries at one turn.
    pub const MAX_ATTEMPTS: u32 = 3;
    /// Messages this close together are one question.
    pub const QUIET_WINDOW: Duration = Duration::from_millis(600);
    /// The most that `quiet_window` may be.
    pub const MAX_QUIET_WINDOW: Duration = Duration::from_secs(5);
    /// How long it is kept how questions were answered.
    pub const KEEP_TRACES: Duration = Duration::from_secs(30 * 86_400);
    /// Rounds of context, and the most that a stateless provider is ever sent.
    pub const ROUNDS: u32 = 20;
}
