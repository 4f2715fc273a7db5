//! The desk's promises, as sentences. [`Room`] keeps what is durable and what streams got.

mod agents;
mod inbox;
mod room;
