//! A request that a host carries out for somebody who listens: what comes is told, until the
//! listener has heard enough.

use super::{BodyEnd, Failure, ResponseHead};
use crate::time::Millis;
use std::time::Duration;

/// What a host heard.
#[derive(Clone, Debug)]
pub enum Heard {
    /// A response began.
    Head(ResponseHead),
    /// A piece of its body.
    Bytes(Vec<u8>),
    /// The body ended.
    End(BodyEnd),
    /// No response came about.
    Failed(Failure),
}

/// Who listens to what comes of a request.
pub trait Listener {
    /// How long more is waited for; none when enough was heard.
    fn patience(&self, now: Millis) -> Option<Duration>;

    /// Nothing came within [`Listener::patience`].
    fn waited(&mut self, now: Millis);

    /// Takes in what came.
    fn hear(&mut self, now: Millis, heard: Heard);
}
