//! Every fixture of an AI service, served over a socket as it says that it was delivered; and the
//! recorder, which makes one of a real exchange.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and run on a real clock"
)]

mod case;
mod exchange;
mod reading;
mod record;
mod secrets;
mod wanted;

pub use case::{Case, End};
pub use exchange::{Exchange, exchange};
pub use reading::expect;
pub use record::{Order, record};
pub use wanted::{Answer, Wanted};
