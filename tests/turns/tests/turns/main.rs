//! Turns, crashes and hibernation on the built Worker.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking, and run on a real clock"
)]

mod answering;
mod article;
mod binding;
mod conducting;
mod costing;
mod counting;
mod crashing;
mod drafting;
mod failing_over;
mod foreign;
mod guarding;
mod handing_over;
mod hibernating;
mod joining;
mod questioning;
mod showing;
mod signing_in;
mod speaking;
mod spoiling;
mod thousand;
mod tracing;

/// No waiting for further messages: a question is whole at once.
const AT_ONCE: &str = "[ai]\nquiet_window = \"0s\"\n";
/// Answers everything when no provider does.
const RULE: &str = "[[rules]]\nname = \"rescue\"\nreply = \"by rule\"\n";
