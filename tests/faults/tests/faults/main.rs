//! What clients see while processes, lines, objects and disks break under them.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and run on a real clock"
)]

mod absence;
mod consoles;
mod cut_lines;
mod dead_lines;
mod deploys;
mod full_disk;
mod long_conversation;
mod sleeping_objects;
mod stopped_process;
mod taking_over;

use kefu_faults::Screen;

/// No waiting for further messages, and no limit that a test would run into.
const AT_ONCE: &str = "[ai]\nquiet_window = \"0s\"\n[limits]\nmessages_per_visitor = \"10000/s\"\nsessions_per_address = \"10000/s\"\n";
/// Answers everything when no provider does.
const RULE: &str = "[[rules]]\nname = \"rescue\"\nreply = \"by rule\"\n";

/// How the AI's answers ended, as a screen shows it.
fn outcomes(screen: &Screen) -> Vec<&str> {
    let providers = screen.events.iter().map(|event| &event["message"]["provider"]);
    providers.filter_map(|provider| provider["outcome"].as_str()).collect()
}
