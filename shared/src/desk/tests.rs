//! The desk's promises, as sentences. [`Room`] keeps what is durable and what streams got.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test names what it looks for")]

mod agents;
mod duty;
mod inbox;
mod providers;
mod room;
