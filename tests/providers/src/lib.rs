//! Every fixture of an AI service, served over a socket as it says that it was delivered.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and run on a real clock"
)]

mod case;
mod ours;
mod wanted;

pub use case::{Case, End};
pub use ours::{Read, read};
pub use wanted::{Answer, Wanted};
